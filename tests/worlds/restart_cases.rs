//! Daemons that are started again, and those that nobody needs any more: single rules.

use flowrun::base::ids::ProcessId;
use flowrun::notice::{CancelReason, Event, Exit, Failure, Outcome, OutcomeKind, StopReason};
use flowrun::plan::{Control, Plan, Readiness, Restart, StepControl};
use flowrun::source::model::{Backoff, Condition, OnFailure, RestartPolicy};

use crate::by_hand::{Run, daemon, finite, joining, lock, ms, plan, retrying};

fn restarted(max: u32) -> Control {
    let restart =
        Restart { policy: RestartPolicy::OnFailure, max, within: ms(1000), delay: ms(10), backoff: Backoff::Exponential, max_delay: None };
    Control { restart, ..daemon() }
}

fn always(max: u32) -> Control {
    let control = restarted(max);
    Control { restart: Restart { policy: RestartPolicy::Always, ..control.restart }, ..control }
}

fn unused(control: Control) -> Control {
    Control { stop_unused: true, ..control }
}

fn needs_ready(id: usize) -> Control {
    joining(finite(), &[(id, Condition::Ready)])
}

impl Run {
    /// The number and delay (milliseconds) of each restart.
    fn restarts(&self) -> Vec<(u32, u128)> {
        let restart = |event| match event {
            &Event::Restarting { restarts, delay, .. } => Some((restarts, delay.as_millis())),
            _ => None,
        };
        self.told.iter().filter_map(restart).collect()
    }
}

#[test]
fn a_daemon_that_falls_too_often_has_failed_for_good_and_only_then_rings_alarms() {
    let alarm = joining(finite(), &[(0, Condition::Failure)]);
    let mut run = Run::new(plan(vec![restarted(2), finite(), alarm]));
    run.fails(0);
    run.wait(10);
    assert_eq!(run.starts(), [0]);
    run.ends(0, Exit::Signal(11));
    run.wait(20);
    assert_eq!((run.starts(), run.outcome(2)), (vec![0], None));
    run.fails(0);
    let failure = Failure::FellTooOften { max: 2, within: ms(1000), last: Some(Box::new(Failure::Code(1))) };
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure, allowed: false }));
    assert_eq!(run.restarts(), [(1, 10), (2, 20)]);
    assert_eq!(run.starts(), [2]);
}

#[test]
fn restarts_that_lie_long_back_do_not_count() {
    let mut run = Run::new(plan(vec![restarted(1), finite()]));
    for _ in 0..5 {
        run.fails(0);
        run.wait(1000);
    }
    assert_eq!(run.restarts(), [(1, 10); 5]);
}

#[test]
fn a_success_is_followed_by_a_restart_only_if_always() {
    let mut run = Run::new(plan(vec![restarted(5), always(1), always(0), finite()]));
    (0..3).for_each(|id| run.succeeds(id));
    assert_eq!((run.outcome(0), run.outcome(1), run.outcome(2)), (Some(Outcome::Success), None, Some(Outcome::Success)));
    let warned = run.told.iter().filter(|event| matches!(event, Event::Warning { .. })).count();
    assert_eq!(warned, 2, "not of the one that is started again");
    run.wait(10);
    run.succeeds(1);
    let failure = Failure::FellTooOften { max: 1, within: ms(1000), last: None };
    assert_eq!(run.outcome(1), Some(Outcome::Failed { failure, allowed: false }));
}

#[test]
fn what_waits_for_others_too_waits_until_the_daemon_is_ready_again() {
    let waits = joining(finite(), &[(0, Condition::Ready), (1, Condition::Success)]);
    let mut run = Run::new(plan(vec![restarted(5), finite(), waits, needs_ready(0)]));
    assert_eq!(run.starts(), [0, 1, 3]);
    run.fails(0);
    assert_eq!(run.outcome(3), None, "what has begun is not affected");
    run.succeeds(1);
    assert!(run.starts().is_empty());
    run.wait(10);
    assert_eq!(run.starts(), [0, 2]);
}

#[test]
fn nothing_is_restarted_that_was_asked_to_stop() {
    let mut run = Run::new(plan(vec![always(5), always(5), finite()]));
    run.fails(0);
    run.stop(0);
    assert_eq!(run.outcome(0), Some(Outcome::Stopped), "between two attempts");
    run.stop(1);
    run.fails(1);
    assert_eq!(run.outcome(1), Some(Outcome::Stopped));
    let ready = Some(Readiness { polled: false, rhythm: crate::health_cases::rhythm(), within: ms(10) });
    let mut run = Run::new(plan(vec![Control { ready, ..restarted(5) }, finite()]));
    run.wait(10);
    assert_eq!(run.terminates(), [0]);
    run.stop(0);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.outcome(0), Some(Outcome::Stopped), "while it is stopped because it was not ready");
}

#[test]
fn no_daemon_is_restarted_once_the_run_ends() {
    // Between two attempts when the work ends, when a signal comes, when another fails.
    let mut run = Run::new(plan(vec![restarted(5), finite()]));
    run.fails(0);
    run.succeeds(1);
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(0));
    let mut run = Run::new(plan(vec![restarted(5), finite(), joining(finite(), &[(1, Condition::Exit)])]));
    run.fails(0);
    run.interrupt();
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
    let mut run = Run::new(Plan { on_failure: OnFailure::Finish, ..plan(vec![restarted(5), always(5), finite(), finite()]) });
    run.fails(0);
    run.succeeds(1);
    run.fails(2);
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure: Failure::Code(1), allowed: false }), "it gets no other chance");
    assert_eq!(run.outcome(1), Some(Outcome::Stopped), "it had not failed");
}

#[test]
fn what_waits_for_a_daemon_that_is_stopped_and_started_again_is_skipped_when_that_can_not_be_any_more() {
    let ready = Some(Readiness { polled: false, rhythm: crate::health_cases::rhythm(), within: ms(10) });
    // A cleanup is not cancelled by the signal; what it waits for can not come.
    let cleanup = joining(finite(), &[(0, Condition::Ready), (1, Condition::Exit)]);
    let mut run = Run::new(plan(vec![Control { ready, ..restarted(5) }, finite(), cleanup]));
    run.wait(10);
    assert_eq!((run.terminates(), run.outcome(2)), (vec![0], None));
    run.interrupt();
    assert_eq!((run.kind(2), run.kind(0)), (Some(OutcomeKind::Skipped), None));
}

#[test]
fn a_restarted_daemon_begins_at_its_first_step_and_asks_anew_for_its_locks() {
    let steps = vec![StepControl::default(); 2];
    let holder = Control { request: vec![lock()], ..finite() };
    let server = Control { request: vec![lock()], steps, ..restarted(5) };
    let mut run = Run::new(plan(vec![server, holder, finite()]));
    run.succeeds(0);
    run.fails(0);
    assert_eq!(run.starts(), [1], "the lock is free");
    run.wait(10);
    assert!(run.starts().is_empty());
    run.succeeds(1);
    assert_eq!(run.starts(), [0]);
    assert_eq!(run.started[0], (2, 0), "the second attempt, the first step");
}

#[test]
fn a_daemon_is_stopped_when_the_last_that_uses_it_has_ended() {
    let watches = joining(finite(), &[(0, Condition::Failure)]);
    let user = joining(retrying(1, 100), &[(0, Condition::Ready)]);
    let mut run = Run::new(plan(vec![unused(restarted(5)), user, joining(finite(), &[(0, Condition::Start)]), watches, finite()]));
    run.succeeds(2);
    run.fails(1);
    assert!(run.terminates().is_empty(), "it is tried again");
    run.wait(100);
    run.succeeds(1);
    assert_eq!(run.terminates(), [0]);
    assert!(run.told.iter().any(|event| matches!(event, Event::Stopping { reason: StopReason::Unused, .. })));
    run.fails(0);
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
    assert_eq!(run.kind(3), Some(OutcomeKind::Skipped), "an alarm is no user");
}

#[test]
fn a_daemon_that_loses_its_users_before_it_starts_is_cancelled() {
    let late = unused(joining(daemon(), &[(0, Condition::Success)]));
    let skipped = Control { disabled: true, ..needs_ready(3) };
    let mut run = Run::new(plan(vec![finite(), late, needs_ready(1), unused(daemon()), skipped]));
    assert_eq!(run.outcome(3), Some(Outcome::Cancelled(CancelReason::Unused)), "its only user is switched off");
    assert!(!run.starts().contains(&3));
    run.stop(2);
    assert_eq!(run.outcome(1), Some(Outcome::Cancelled(CancelReason::Unused)));
}

#[test]
fn all_copies_of_a_user_count() {
    let mut copies = plan(vec![unused(daemon()), needs_ready(0), needs_ready(0), finite()]);
    for id in 1..3u32 {
        copies.processes[ProcessId(id)].declared = "copy".to_owned();
    }
    let mut run = Run::new(copies);
    run.succeeds(1);
    assert!(run.terminates().is_empty());
    run.succeeds(2);
    assert_eq!(run.terminates(), [0]);
}

#[test]
fn a_chain_of_a_hundred_thousand_unused_daemons_overflows_nothing() {
    let count = 100_000;
    let chain = |id: usize| {
        let join = (id > 0).then_some((id.saturating_sub(1), Condition::Ready));
        unused(joining(daemon(), join.as_slice()))
    };
    let mut controls: Vec<Control> = (0..count).map(chain).collect();
    controls[0] = joining(controls[0].clone(), &[(count + 1, Condition::Success)]);
    controls.push(needs_ready(count - 1));
    controls.push(finite());
    let mut run = Run::new(plan(controls));
    run.stop(count);
    assert_eq!(run.outcome(0), Some(Outcome::Cancelled(CancelReason::Unused)));
}

#[test]
fn a_failure_does_not_pass_for_being_unused() {
    let ready = Some(Readiness { polled: false, rhythm: crate::health_cases::rhythm(), within: ms(10) });
    let failing = |control: Control| Control { ready, ..unused(control) };
    let controls = |control: Control| vec![failing(control), needs_ready(0), finite()];
    // Skipped is who waits for it: nobody uses it from then on.
    let mut run = Run::new(plan(controls(daemon())));
    run.wait(10);
    assert_eq!(run.kind(1), Some(OutcomeKind::Skipped));
    run.killed(0);
    let failure = Failure::NeverReady { within: ms(10), why: None };
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure, allowed: false }));
    // This one would only have been started again.
    let mut run = Run::new(plan(controls(restarted(5))));
    run.wait(10);
    run.stop(1);
    run.killed(0);
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
}

#[test]
fn a_daemon_that_would_be_restarted_is_stopped_when_the_work_has_ended() {
    let needs = |id| joining(daemon(), &[(id, Condition::Ready)]);
    let mut run = Run::new(plan(vec![restarted(5), always(5), daemon(), needs(0), needs(1), needs(2), finite()]));
    run.succeeds(6);
    assert_eq!(run.terminates(), [3, 4, 5]);
    run.fails(0);
    run.succeeds(1);
    run.fails(2);
    assert_eq!((run.kind(0), run.kind(1)), (Some(OutcomeKind::Stopped), Some(OutcomeKind::Stopped)));
    assert_eq!(run.kind(2), Some(OutcomeKind::Failed));
}

#[test]
fn an_alarm_hears_at_once_that_no_daemon_is_restarted_any_more() {
    let ready = Some(Readiness { polled: false, rhythm: crate::health_cases::rhythm(), within: ms(10) });
    let alarm = joining(finite(), &[(0, Condition::Failure), (1, Condition::Ready)]);
    let mut run = Run::new(plan(vec![daemon(), Control { ready, ..restarted(5) }, alarm, finite()]));
    run.wait(10);
    assert_eq!((run.terminates(), run.outcome(2)), (vec![1], None));
    run.succeeds(3);
    assert_eq!(run.kind(2), Some(OutcomeKind::Skipped));
}
