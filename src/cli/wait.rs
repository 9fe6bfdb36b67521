//! `flowrun wait`: until a run or a process has ended; its exit status says how.

use serde::Deserialize;
use serde_json::Value;

use super::control_args::WaitArgs;
use super::{Failure, Status, over, reach};
use crate::control::message::Request;
use crate::notice::RunSummary;

/// Waits: 0 when all that was waited for went well, a run's own status for a run, else 1.
///
/// # Errors
/// There is no such run or process, it takes too long, or the run is lost. A run that is over has no processes to wait for.
pub fn wait(args: &WaitArgs) -> Result<Status, Failure> {
    if let Some(over) = over::meant(&args.words)? {
        return if args.words.len() > 1 { Err(over.failure()) } else { over.tell() };
    }
    let timeout = args.timeout.map(|timeout| timeout.as_secs_f64());
    let answer = reach::run_and_process(&args.words).and_then(|mut reached| {
        let request = Request::Wait { process: reached.process, timeout };
        reached.client.ask(request, |_| true).map_err(reach::failure)
    });
    match (answer, args.words.as_slice()) {
        (Ok(answer), _) => status(answer),
        (Err(failure), [run]) => over::instead(run, true, failure),
        (Err(failure), _) => Err(failure),
    }
}

/// How a run or processes ended.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Summary(RunSummary),
    Processes(Vec<Ended>),
}

#[derive(Deserialize)]
struct Ended {
    state: String,
}

/// The exit status for the end of a run, as an answer tells it.
///
/// # Errors
/// The answer is of another version.
pub fn status(answer: Value) -> Result<Status, Failure> {
    match serde_json::from_value(answer) {
        Ok(End::Summary(summary)) => Ok(Status::of(&summary)),
        Ok(End::Processes(all)) if all.iter().all(|process| ["success", "stopped"].contains(&process.state.as_str())) => {
            Ok(Status::Success)
        }
        Ok(End::Processes(_)) => Ok(Status::Failed),
        Err(error) => Err(Failure::system(format!("the run speaks another version: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_status_is_that_of_the_run_or_of_the_worst_process() {
        let summary = |failed: usize, interrupted: Option<i32>| json!({"summary": {"failed": failed, "interrupted": interrupted, "timed_out": false, "unaccounted": 0}});
        let processes = |states: &[&str]| json!({"processes": states.iter().map(|state| json!({"state": state})).collect::<Vec<_>>()});
        let all = [
            summary(0, None),
            summary(1, None),
            summary(1, Some(15)),
            processes(&["success", "stopped"]),
            processes(&["success", "skipped"]),
        ];
        let codes = all.map(|answer| status(answer).expect("it is known").code());
        assert_eq!(codes, [0, 1, 143, 0, 1]);
        assert!(status(json!({"else": 1})).is_err());
    }
}
