//! `flowrun signal`: sends a signal to the commands of a process that run.

use super::control_args::{self, SignalArgs};
use super::{Failure, Status, reach};
use crate::control::message::Request;

/// Sends it.
///
/// # Errors
/// There is no such run, process or signal, or no command of the process runs.
pub fn signal(args: &SignalArgs) -> Result<Status, Failure> {
    let (run, process, signal) = match args.words.as_slice() {
        [run, process, signal] => (Some(run.as_str()), process, signal),
        [process, signal] => (None, process, signal),
        _ => return Err(Failure::usage("write `flowrun signal PROCESS SIGNAL`, and before both the run where several go on")),
    };
    let signal = control_args::signal(signal).map_err(|why| {
        let swapped = control_args::signal(process).is_ok();
        Failure::usage(if swapped { format!("the signal stands last: `flowrun signal {signal} {process}`") } else { why })
    })?;
    let request = Request::Signal { process: process.clone(), signal };
    reach::run_of_process("signal", run)?.ask(request, |_| true).map_err(reach::failure)?;
    Ok(Status::Success)
}
