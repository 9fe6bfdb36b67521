//! `flowrun stop`: asks a run or a process of it to end, and does not wait for that.

use super::control_args::StopArgs;
use super::{Failure, Status, reach};
use crate::control::message::Request;

/// Asks.
///
/// # Errors
/// There is no such run or process, or it does not answer.
pub fn stop(args: &StopArgs) -> Result<Status, Failure> {
    let found = reach::run_and_process("stop", &args.words)?;
    found.tell_default();
    found.ask(Request::Stop { process: found.process.clone() }, |_| true).map_err(reach::failure)?;
    Ok(Status::Success)
}
