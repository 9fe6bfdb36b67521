//! What may be wrong with a workflow that did not come to its end by itself.
//!
//! Guesses, told as such, and only where the run gave a reason for them.

use std::collections::HashSet;

use super::view::{End, RunView};
use super::words;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Outcome};
use crate::source::model::Condition;

/// The most processes that are named.
const NAMES: usize = 3;

/// Somebody had to end the run while others waited for the end of a process that ran: a server, perhaps, that nobody
/// said to be one.
pub fn daemon_forgotten(view: &RunView) -> Option<String> {
    let by_hand = |end: &&End| matches!(end.outcome, Outcome::Cancelled(CancelReason::Interrupt | CancelReason::RunTimeout));
    let ends = || view.troubles().iter().filter(by_hand);
    let waited: HashSet<ProcessId> = ends()
        .filter(|end| end.took.is_none())
        .flat_map(|end| &view.plan().processes[end.process].control.joins)
        .filter(|join| matches!(join.until, Condition::Success | Condition::Exit))
        .map(|join| join.process)
        .collect();
    let ran = |end: &&End| end.took.is_some() && waited.contains(&end.process) && !view.plan().processes[end.process].control.daemon;
    let names: Vec<String> = ends().filter(ran).map(|end| words::quoted(view.plan(), end.process)).collect();
    let (it, is) = if names.len() == 1 { ("it", "is a server") } else { ("they", "are servers") };
    match names.len() {
        0 => None,
        many if many > NAMES => None,
        _ => Some(format!("others waited for the end of {}; if {it} {is}, `daemon: true` lets others begin", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{ended, note, plan, started};
    use super::*;
    use crate::plan::Join;

    fn told(daemon: bool, until: Condition, reason: &CancelReason) -> Option<String> {
        let mut plan = plan(&["web", "test"]);
        plan.processes[ProcessId(0)].control.daemon = daemon;
        let (timeout, on_timeout, place) = Default::default();
        plan.processes[ProcessId(1)].control.joins.push(Join { process: ProcessId(0), until, timeout, on_timeout, place });
        let mut view = RunView::new(Arc::new(plan));
        view.apply(&note(0, started(0, 1)));
        for process in [1, 0] {
            view.apply(&note(9000, ended(process, Outcome::Cancelled(reason.clone()))));
        }
        daemon_forgotten(&view)
    }

    #[test]
    fn a_server_that_nobody_said_to_be_one_is_guessed() {
        let guess = Some("others waited for the end of `web`; if it is a server, `daemon: true` lets others begin".to_owned());
        assert_eq!(told(false, Condition::Success, &CancelReason::Interrupt), guess);
        assert_eq!(told(false, Condition::Exit, &CancelReason::RunTimeout), guess);
        assert_eq!(told(true, Condition::Success, &CancelReason::Interrupt), None);
        assert_eq!(told(false, Condition::Start, &CancelReason::Interrupt), None);
        assert_eq!(told(false, Condition::Success, &CancelReason::WorkEnded), None);
    }
}
