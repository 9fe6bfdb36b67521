//! Processes that are stopped and begun anew because somebody asked for it: single rules.

use flowrun::base::ids::ProcessId;
use flowrun::notice::{Event, Exit, Failure, Outcome, OutcomeKind, StopReason};
use flowrun::plan::Control;
use flowrun::sched::Input;
use flowrun::source::model::Condition;

use crate::by_hand::{Run, daemon, finite, joining, lock, ms, plan, retrying};

fn locked() -> Control {
    Control { request: vec![lock()], ..finite() }
}

impl Run {
    fn restart(&mut self, id: usize) {
        self.input(Input::RestartProcess { process: ProcessId(id as u32) });
    }

    fn begun_anew(&self) -> usize {
        self.told.iter().filter(|event| matches!(event, Event::BeginningAnew { .. })).count()
    }
}

#[test]
fn what_runs_is_stopped_and_begun_anew_at_once_whatever_its_policy() {
    let mut run = Run::new(plan(vec![daemon(), joining(finite(), &[(0, Condition::Ready)]), finite()]));
    run.restart(0);
    assert_eq!((run.terminates(), run.starts()), (vec![0], vec![]));
    assert!(run.told.iter().any(|event| matches!(event, Event::Stopping { reason: StopReason::Restart, .. })));
    run.ends(0, Exit::Signal(15));
    assert_eq!((run.starts(), run.started[0], run.begun_anew()), (vec![0], (2, 0), 1));
    run.succeeds(1);
    run.succeeds(2);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.kind(0), Some(OutcomeKind::Stopped));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(0));
}

#[test]
fn what_waits_until_it_is_ready_goes_on_waiting_unless_it_can_not_come_back() {
    let waiter = joining(finite(), &[(0, Condition::Ready), (1, Condition::Exit)]);
    let mut run = Run::new(plan(vec![daemon(), finite(), waiter]));
    run.restart(0);
    assert_eq!(run.outcome(2), None);
    run.interrupt();
    assert_eq!(run.kind(2), Some(OutcomeKind::Skipped), "the run is ending, so it is not begun anew");
    run.ends(1, Exit::Signal(15));
    run.ends(0, Exit::Signal(15));
    assert_eq!((run.kind(0), run.begun_anew()), (Some(OutcomeKind::Stopped), 0));
}

#[test]
fn it_takes_its_locks_anew_behind_those_that_wait() {
    let mut run = Run::new(plan(vec![locked(), locked()]));
    assert_eq!(run.starts(), [0]);
    run.restart(0);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.starts(), [1]);
    run.succeeds(1);
    assert_eq!((run.starts(), run.started[0]), (vec![0], (2, 0)));
}

#[test]
fn it_counts_as_no_attempt() {
    let mut run = Run::new(plan(vec![retrying(1, 10)]));
    for _ in 0..3 {
        run.restart(0);
        run.ends(0, Exit::Signal(15));
    }
    run.fails(0);
    run.wait(1000);
    assert_eq!((run.outcome(0), run.started[0].0), (None, 5));
    assert!(run.told.iter().any(|event| matches!(event, Event::Retrying { attempts: 5, .. })));
    run.fails(0);
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure: Failure::Code(1), allowed: false }));
}

#[test]
fn what_is_asked_to_stop_meanwhile_is_not_begun_anew() {
    let mut run = Run::new(plan(vec![Control { grace: ms(10), ..finite() }, finite()]));
    run.restart(0);
    run.stop(0);
    run.wait(10);
    assert_eq!(run.kills(), [0]);
    run.killed(0);
    assert_eq!((run.kind(0), run.begun_anew()), (Some(OutcomeKind::Stopped), 0));
    run.restart(0);
    assert!(run.effects.is_empty() && !run.scheduler.can_restart(ProcessId(0)));
}
