//! `flowrun wait`: until a run or a process has ended; its exit status says how.

use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

use super::control_args::WaitArgs;
use super::{Failure, Status, over, reach};
use crate::control::message::Request;

/// Waits: 0 when all that was waited for went well, a run's own status for a run, else 1. When none goes on and none is
/// named, the newest in the background is meant.
///
/// # Errors
/// There is no such run or process, it takes too long, or the run is lost. A run that is over has no processes to wait for.
pub fn wait(args: &WaitArgs) -> Result<Status, Failure> {
    let until = args.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    if let Some(over) = over::meant(&args.words)? {
        return if args.words.len() > 1 { Err(over.failure()) } else { over.tell(until) };
    }
    let timeout = args.timeout.map(|timeout| timeout.as_secs_f64());
    let found = match (reach::run_and_process("wait", &args.words), args.words.as_slice()) {
        (Ok(found), _) => found,
        (Err(failure), [_, _, ..]) => return Err(failure),
        (Err(failure), words) => return over::instead(words.first().map(String::as_str), true, failure, until),
    };
    match found.ask(Request::Wait { process: found.process.clone(), timeout }, |_| true) {
        Ok(answer) => {
            if found.process.is_none() {
                over::all_is_written(&found, until)?;
            }
            status(answer)
        }
        Err(trouble) => over::meanwhile(&found, trouble, until),
    }
}

/// How a run or processes ended.
#[derive(Deserialize)]
#[serde(untagged)]
enum End {
    Run { status: u8 },
    Processes { processes: Vec<Ended> },
}

#[derive(Deserialize)]
struct Ended {
    state: String,
}

/// The exit status for the end of a run or of processes, as an answer tells it.
///
/// # Errors
/// The answer is of another version.
pub fn status(answer: Value) -> Result<Status, Failure> {
    let went_well = |process: &Ended| ["success", "stopped"].contains(&process.state.as_str());
    match serde_json::from_value(answer) {
        Ok(End::Run { status }) => Ok(Status::Recorded(status)),
        Ok(End::Processes { processes }) if processes.iter().all(went_well) => Ok(Status::Success),
        Ok(End::Processes { .. }) => Ok(Status::Failed),
        Err(error) => Err(Failure::system(format!("the run speaks another version: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_status_is_that_of_the_run_or_of_the_worst_process() {
        let processes = |states: &[&str]| json!({"processes": states.iter().map(|state| json!({"state": state})).collect::<Vec<_>>()});
        let all = [
            json!({"summary": {"failed": 0}, "status": 0}),
            json!({"summary": {"failed": 1}, "status": 7}),
            processes(&["success", "stopped"]),
            processes(&["success", "skipped"]),
        ];
        let codes = all.map(|answer| status(answer).expect("it is known").code());
        assert_eq!(codes, [0, 7, 0, 1]);
        assert!(status(json!({"else": 1})).is_err());
    }
}
