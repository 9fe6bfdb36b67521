//! `flowrun logs`: the last lines of processes, and what comes.

use serde::Deserialize;
use serde_json::Value;

use super::control_args::LogsArgs;
use super::{Failure, Status, over, print, reach};
use crate::control::message::Request;

/// Lines of one process.
#[derive(Deserialize)]
struct Lines {
    process: String,
    lines: String,
}

/// Prints lines; those of all processes with the name of each. Of a run in the background that is over, its log.
///
/// # Errors
/// There is no such run or process, or it does not answer.
pub fn logs(args: &LogsArgs) -> Result<Status, Failure> {
    if let Some(over) = over::meant(&args.words)? {
        if args.words.len() > 1 {
            return Err(over.failure());
        }
        if args.words.is_empty() {
            // Nobody has named it: which one it is must be said.
            print::err(&over.failure().message);
        }
        return over.print_log(args.lines);
    }
    let found = reach::run_and_process("logs", &args.words)?;
    let prefix = found.process.is_none();
    let request = Request::Logs { process: found.process.clone(), follow: args.follow, last: args.lines };
    found.ask(request, |event| print::piece(&text(event, prefix))).map_err(reach::failure)?;
    Ok(Status::Success)
}

fn text(event: Value, prefix: bool) -> String {
    match serde_json::from_value::<Lines>(event) {
        Ok(Lines { process, lines }) if prefix => lines.lines().map(|line| format!("{process} | {line}\n")).collect(),
        Ok(Lines { lines, .. }) => lines,
        // Of another version: nothing that could be shown.
        Err(_) => String::new(),
    }
}
