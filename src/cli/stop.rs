//! `flowrun stop`: asks a run or a process of it to end, and does not wait for that.

use super::control_args::StopArgs;
use super::{Failure, Status, reach};
use crate::control::message::Request;

/// Asks.
///
/// # Errors
/// There is no such run or process, or it does not answer.
pub fn stop(args: &StopArgs) -> Result<Status, Failure> {
    let mut reached = reach::run_and_process(&args.words)?;
    reached.client.ask(Request::Stop { process: reached.process }, |_| true).map_err(reach::failure)?;
    Ok(Status::Success)
}
