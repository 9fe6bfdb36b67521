//! `flowrun restart`: has a process stopped and begun anew, and does not wait for that.

use super::control_args::RestartArgs;
use super::{Failure, Status, reach};
use crate::control::message::Request;

/// Asks.
///
/// # Errors
/// There is no such run or process, or the process does not run.
pub fn restart(args: &RestartArgs) -> Result<Status, Failure> {
    let (run, process) = match args.words.as_slice() {
        [run, process] => (Some(run.as_str()), process),
        [process] => (None, process),
        _ => return Err(Failure::usage("write `flowrun restart PROCESS`, and before it the run where several go on")),
    };
    reach::run_of_process("restart", run)?.ask(Request::Restart { process: process.clone() }, |_| true).map_err(reach::failure)?;
    Ok(Status::Success)
}
