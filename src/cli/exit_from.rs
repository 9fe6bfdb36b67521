//! `--exit-code-from`: the exit status of a run is that of one of its processes.

use super::{Failure, Status};
use crate::base::ids::ProcessId;
use crate::base::suggest;
use crate::plan::Plan;

/// The process of this name.
///
/// # Errors
/// There is none in the run, or the name has copies.
pub fn find(plan: &Plan, name: &str) -> Result<ProcessId, Failure> {
    if let Some((id, _)) = plan.processes.entries().find(|(_, process)| process.name == name) {
        return Ok(id);
    }
    let mut copies = plan.processes.iter().filter(|process| process.declared == name);
    if let (Some(first), count) = (copies.next(), copies.count()) {
        return Err(Failure::usage(format!(
            "--exit-code-from {name}: there are {} copies of it, and one of them must be named, as in {}",
            count + 1,
            first.name
        )));
    }
    let help = suggest::hint(name, plan.processes.iter().map(|process| process.name.as_str()));
    Err(Failure::usage(format!("--exit-code-from {name}: there is no such process in this run{help}")))
}

/// The status of the run, given its own and the exit code of the process, as Python shows it. That a run was cut off is not for
/// a process to say. One that never ran has no code, and that is no success.
pub fn status(own: Status, code: Option<i32>) -> Status {
    match (own, code) {
        (Status::System | Status::Interrupted(_) | Status::TimedOut, _) => own,
        (_, Some(code)) => Status::Process(code),
        (Status::Success, None) => Status::Failed,
        (own, None) => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_decides_unless_the_run_was_cut_off_or_flowrun_is_broken() {
        for (own, code, number) in [
            (Status::Success, Some(0), 0),
            (Status::Success, Some(7), 7),
            (Status::Failed, Some(0), 0),
            (Status::Failed, Some(-15), 143),
            (Status::Interrupted(2), Some(-15), 130),
            (Status::Interrupted(15), Some(0), 143),
            (Status::TimedOut, Some(0), 124),
            (Status::System, Some(0), 3),
            (Status::Success, None, 1),
            (Status::TimedOut, None, 124),
        ] {
            assert_eq!(status(own, code).code(), number, "{own:?} {code:?}");
        }
    }
}
