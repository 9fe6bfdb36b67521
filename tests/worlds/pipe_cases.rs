//! Processes tied by pipes, and `if`s that are asked for: single rules.

use flowrun::base::ids::{Id, ProcessId};
use flowrun::notice::{Failure, Outcome, OutcomeKind, SkipReason};
use flowrun::plan::{Control, Plan};
use flowrun::sched::{Effect, Input};
use flowrun::source::model::Condition;

use crate::by_hand::{Run, daemon, finite, joining, lock, ms, plan};

/// Reads what another process writes.
fn reading(source: usize, control: Control) -> Control {
    Control { pipe_from: Some(ProcessId::from_index(source)), ..control }
}

fn holding(control: Control) -> Control {
    Control { request: vec![lock()], ..control }
}

fn partner(id: usize) -> Option<Outcome> {
    Some(Outcome::Skipped(SkipReason::Partner { process: ProcessId::from_index(id) }))
}

impl Run {
    fn decided(&mut self, id: usize, holds: Result<bool, String>) {
        self.input(Input::Decided { process: ProcessId::from_index(id), holds });
    }

    fn asks(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Decide { .. })).count()
    }
}

#[test]
fn partners_start_when_the_joins_of_all_hold_and_in_one_slot() {
    let late = joining(finite(), &[(0, Condition::Success)]);
    let controls = vec![finite(), finite(), reading(1, late), finite()];
    let mut run = Run::new(Plan { jobs: Some(1), ..plan(controls) });
    assert_eq!(run.starts(), [0]);
    run.succeeds(0);
    // Who asked before has the slot.
    assert_eq!(run.starts(), [3]);
    run.succeeds(3);
    assert_eq!(run.starts(), [1, 2]);
}

#[test]
fn the_slot_is_free_when_the_last_partner_has_ended() {
    let controls = vec![finite(), reading(0, finite()), finite()];
    let mut run = Run::new(Plan { jobs: Some(1), ..plan(controls) });
    assert_eq!(run.starts(), [0, 1]);
    run.succeeds(0);
    assert!(run.starts().is_empty());
    run.succeeds(1);
    assert_eq!(run.starts(), [2]);
}

#[test]
fn what_each_holds_is_free_at_its_own_end() {
    let controls = vec![holding(finite()), reading(0, finite()), holding(joining(finite(), &[]))];
    let mut run = Run::new(plan(controls));
    assert_eq!(run.starts(), [0, 1]);
    run.succeeds(0);
    assert_eq!(run.starts(), [2]);
}

#[test]
fn who_gives_up_waiting_for_locks_takes_its_partners_along() {
    let patient = Control { acquire_timeout: Some(ms(50)), ..holding(finite()) };
    let mut run = Run::new(plan(vec![holding(finite()), patient, reading(1, finite()), holding(finite())]));
    assert_eq!(run.starts(), [0]);
    run.wait(50);
    let failure = Failure::AcquireTimeout { bound: ms(50), held_by: vec![ProcessId(0)] };
    assert_eq!(run.outcome(1), Some(Outcome::Failed { failure, allowed: false }));
    assert_eq!(run.outcome(2), partner(1));
    // Their request is gone: who stands behind it is not held up.
    run.succeeds(0);
    assert_eq!(run.starts(), [3]);
}

#[test]
fn one_that_is_stopped_or_skipped_before_the_start_keeps_all_from_it() {
    let late = joining(finite(), &[(0, Condition::Success)]);
    let mut run = Run::new(plan(vec![finite(), finite(), reading(1, late), reading(2, finite())]));
    run.stop(3);
    assert_eq!((run.outcome(1), run.outcome(2)), (partner(3), partner(3)));
    let late = joining(finite(), &[(0, Condition::Success)]);
    let mut run = Run::new(plan(vec![finite(), finite(), reading(1, late)]));
    run.fails(0);
    assert_eq!((run.kind(2), run.outcome(1)), (Some(OutcomeKind::Skipped), partner(2)));
    assert!(run.summary().is_some());
}

#[test]
fn a_false_if_of_one_is_one_of_all() {
    let off = Control { disabled: true, ..finite() };
    let after = joining(finite(), &[(0, Condition::Success)]);
    let run = Run::new(plan(vec![finite(), reading(0, off), after]));
    assert_eq!(run.outcome(0), Some(Outcome::Skipped(SkipReason::Condition)));
    assert_eq!(run.starts(), [2]);
}

#[test]
fn a_partner_that_lost_a_join_is_waited_for_again() {
    let up = Control {
        restart: flowrun::plan::Restart { policy: flowrun::source::model::RestartPolicy::Always, ..Default::default() },
        ..daemon()
    };
    let server = joining(finite(), &[(0, Condition::Ready)]);
    let late = joining(finite(), &[(1, Condition::Success)]);
    let mut run = Run::new(plan(vec![up, finite(), server, reading(2, late)]));
    run.fails(0);
    run.succeeds(1);
    assert!(run.starts().is_empty());
    run.wait(1000);
    assert_eq!(run.starts(), [0, 2, 3]);
}

#[test]
fn an_if_is_asked_for_when_the_joins_hold_and_answered_once() {
    let asks = Control { decided_late: true, ..joining(finite(), &[(0, Condition::Success)]) };
    let mut run = Run::new(plan(vec![finite(), asks.clone(), asks.clone(), asks]));
    assert_eq!(run.asks(), 0);
    run.decided(1, Ok(true));
    assert!(run.starts().is_empty());
    run.succeeds(0);
    assert_eq!((run.asks(), run.starts()), (3, vec![]));
    run.decided(1, Ok(true));
    assert_eq!(run.starts(), [1]);
    run.decided(1, Ok(false));
    run.decided(2, Ok(false));
    assert_eq!((run.outcome(1), run.outcome(2)), (None, Some(Outcome::Skipped(SkipReason::Condition))));
    run.decided(3, Err("no such output".to_owned()));
    assert_eq!(run.outcome(3), Some(Outcome::Failed { failure: Failure::NotStarted("no such output".to_owned()), allowed: false }));
}
