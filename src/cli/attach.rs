//! `flowrun attach`: everything that a run tells from now on, as one JSON object a line.

use super::control_args::AttachArgs;
use super::{Failure, Status, print, reach, wait};
use crate::control::message::Request;

/// Prints what is told until the run has ended, or nobody reads it any more; ends as the run does.
///
/// # Errors
/// There is no such run, or it does not answer.
pub fn attach(args: &AttachArgs) -> Result<Status, Failure> {
    let mut open = true;
    let tell = |event: serde_json::Value| {
        open = print::piece(&format!("{event}\n"));
        open
    };
    let answer = reach::run(args.run.as_deref())?.ask(Request::Attach, tell).map_err(reach::failure)?;
    if open { wait::status(answer) } else { Ok(Status::Success) }
}
