//! Single rules of the language, each in a run of its own: what random worlds meet too seldom, and what
//! only size shows.

use flowrun::base::ids::ProcessId;
use flowrun::base::time::RunTime;
use flowrun::notice::{CancelReason, Event, Exit, Failure, Outcome, OutcomeKind, RunSummary, Share, SkipReason, StopReason};
use flowrun::plan::{Control, Plan, StepControl};
use flowrun::sched::{Effect, Input};
use flowrun::source::model::{Condition, OnFailure, OnTimeout};

use crate::by_hand::{Run, bounded, daemon, finite, joining, lock, ms, plan, retrying};

#[test]
fn what_was_waited_for_long_enough_may_fail_later() {
    let waits = joining(finite(), &[(0, Condition::Success), (1, Condition::Success)]);
    let waits = bounded(bounded(waits, 0, 10, OnTimeout::Continue), 1, 50, OnTimeout::Continue);
    let mut run = Run::new(plan(vec![finite(), finite(), waits]));
    run.wait(20);
    run.fails(0);
    assert_eq!(run.outcome(2), None);
    run.wait(40);
    assert_eq!(run.starts(), [2]);
}

#[test]
fn the_clock_of_a_join_starts_when_the_joins_without_one_hold() {
    let waits = joining(finite(), &[(0, Condition::Success), (1, Condition::Success)]);
    let mut run = Run::new(plan(vec![finite(), finite(), bounded(waits, 1, 50, OnTimeout::Fail)]));
    run.wait(1000);
    run.succeeds(0);
    run.wait(49);
    assert_eq!(run.outcome(2), None);
    run.wait(1);
    let failure = Failure::JoinTimeout { process: ProcessId(1), timeout: ms(50) };
    assert_eq!(run.outcome(2), Some(Outcome::Failed { failure, allowed: false }));
}

#[test]
fn what_ends_in_the_moment_of_a_bound_has_ended_in_time() {
    let waits = bounded(joining(finite(), &[(0, Condition::Exit)]), 0, 50, OnTimeout::Fail);
    let mut run = Run::new(plan(vec![finite(), waits]));
    run.now = RunTime(ms(50));
    run.fails(0);
    assert_eq!(run.starts(), [1]);
}

#[test]
fn a_failure_that_is_allowed_is_a_success_and_a_failure_to_joins() {
    let allowed = Control { allow_failure: true, ..finite() };
    let mut run = Run::new(plan(vec![
        allowed,
        joining(finite(), &[(0, Condition::Success)]),
        joining(finite(), &[(0, Condition::Failure)]),
        joining(finite(), &[(0, Condition::Exit)]),
    ]));
    run.fails(0);
    assert_eq!(run.starts(), [1, 2, 3]);
    (1..4).for_each(|id| run.succeeds(id));
    assert_eq!(run.summary(), Some(&RunSummary::default()));
}

#[test]
fn exit_of_what_was_never_started_skips() {
    let mut run = Run::new(plan(vec![
        finite(),
        joining(finite(), &[(0, Condition::Success)]),
        joining(finite(), &[(1, Condition::Exit)]),
        Control { disabled: true, ..finite() },
        joining(finite(), &[(3, Condition::Exit)]),
        joining(finite(), &[(3, Condition::Success)]),
    ]));
    assert_eq!(run.starts(), [0, 5]);
    run.fails(0);
    let root = (ProcessId(0), OutcomeKind::Failed);
    let reason = SkipReason::Join { process: ProcessId(1), until: Condition::Exit, because: OutcomeKind::Skipped, root };
    assert_eq!(run.outcome(2), Some(Outcome::Skipped(reason)));
    assert_eq!(run.kind(4), Some(OutcomeKind::Skipped));
}

#[test]
fn cleaning_up_after_copies_needs_only_those_that_were_begun() {
    let mut copies = plan(vec![finite(), finite(), joining(finite(), &[(0, Condition::Exit), (1, Condition::Exit)])]);
    copies.jobs = Some(1);
    for (id, copy) in copies.processes.iter_mut().enumerate().take(2) {
        (copy.name, copy.declared) = (format!("copy[{id}]"), "copy".to_owned());
    }
    // The second copy still waits for a slot when the signal comes.
    let mut run = Run::new(copies);
    assert_eq!(run.starts(), [0]);
    run.interrupt();
    assert_eq!(run.kind(1), Some(OutcomeKind::Cancelled));
    run.fails(0);
    assert_eq!(run.starts(), [2]);
    run.succeeds(2);
    assert!(run.summary().is_some());
}

#[test]
fn nothing_is_cleaned_up_after_copies_of_which_none_was_begun() {
    let mut copies =
        plan(vec![finite(), joining(finite(), &[(0, Condition::Success)]), joining(finite(), &[(0, Condition::Success)]), finite()]);
    for (id, copy) in copies.processes.iter_mut().enumerate().skip(1).take(2) {
        (copy.name, copy.declared) = (format!("copy[{id}]"), "copy".to_owned());
    }
    let cleanup = joining(finite(), &[(1, Condition::Exit), (2, Condition::Exit)]);
    copies.processes[ProcessId(3)].control = cleanup;
    let mut run = Run::new(copies);
    run.fails(0);
    assert_eq!(run.kind(3), Some(OutcomeKind::Skipped));
    assert!(run.summary().is_some());
}

#[test]
fn a_chain_of_a_hundred_thousand_skips_and_one_of_starts_overflow_nothing() {
    let count = 100_000;
    let chain = |id: usize| if id == 0 { finite() } else { joining(finite(), &[(id - 1, Condition::Success)]) };
    let mut run = Run::new(plan((0..count).map(chain).collect()));
    run.fails(0);
    assert!(run.summary().is_some_and(|summary| summary.failed == 1));
    let mut run = Run::new(plan((0..count).map(chain).collect()));
    (0..count).for_each(|id| run.succeeds(id));
    assert_eq!(run.summary(), Some(&RunSummary::default()));
}

#[test]
fn fifty_thousand_levels_of_daemons_are_stopped_one_by_one() {
    let count = 50_000;
    let chain = |id: usize| if id == 0 { daemon() } else { joining(daemon(), &[(id - 1, Condition::Ready)]) };
    let mut controls: Vec<Control> = (0..count).map(chain).collect();
    controls.push(joining(finite(), &[(count - 1, Condition::Ready)]));
    let mut run = Run::within(plan(controls), 100_000_000);
    run.succeeds(count);
    for id in (0..count).rev() {
        assert_eq!(run.terminates(), [id]);
        run.ends(id, Exit::Signal(15));
    }
    assert!(run.summary().is_some());
}

#[test]
fn ten_thousand_behind_a_lock_that_a_daemon_holds_in_a_step() {
    let step = |request| StepControl { request, ..StepControl::default() };
    let holds = Control { steps: vec![step(vec![lock()]), step(Vec::new())], ..daemon() };
    let shared = Share { shared: true, ..lock() };
    let readers = |_| Control { request: vec![shared], ..finite() };
    let writers = |_| Control { steps: vec![step(vec![lock()])], ..finite() };
    for jobs in [Some(1), None] {
        let mut controls = vec![holds.clone()];
        controls.extend((0..5_000).map(readers));
        controls.extend((0..5_000).map(writers));
        let mut run = Run::new(Plan { jobs, ..plan(controls) });
        assert_eq!(run.starts(), [0]);
        run.succeeds(0);
        let mut running: std::collections::VecDeque<usize> = run.starts().into_iter().filter(|id| *id > 0).collect();
        assert_eq!(running.len(), if jobs.is_some() { 1 } else { 5_000 });
        while let Some(id) = running.pop_front() {
            run.succeeds(id);
            running.extend(run.starts());
        }
        assert_eq!(run.terminates(), [0]);
        run.ends(0, Exit::Signal(15));
        assert_eq!(run.summary(), Some(&RunSummary::default()));
    }
}

#[test]
fn what_can_not_start_for_its_own_joins_is_skipped_for_them_and_the_rest_is_cancelled() {
    for on_failure in [OnFailure::Finish, OnFailure::Kill] {
        // The file names the last of the chain first, and another that waits for what still runs.
        let controls = vec![
            joining(finite(), &[(1, Condition::Success)]),
            joining(finite(), &[(2, Condition::Success), (4, Condition::Success)]),
            finite(),
            joining(finite(), &[(4, Condition::Success)]),
            finite(),
            joining(finite(), &[(0, Condition::Failure)]),
        ];
        let mut run = Run::new(Plan { on_failure, ..plan(controls) });
        assert_eq!(run.starts(), [2, 4]);
        run.fails(2);
        let skipped = |process, until, because| {
            let root = (ProcessId(2), OutcomeKind::Failed);
            Some(Outcome::Skipped(SkipReason::Join { process: ProcessId(process), until, because, root }))
        };
        assert_eq!(run.outcome(1), skipped(2, Condition::Success, OutcomeKind::Failed));
        assert_eq!(run.outcome(0), skipped(1, Condition::Success, OutcomeKind::Skipped));
        assert_eq!(run.outcome(5), skipped(0, Condition::Failure, OutcomeKind::Skipped));
        assert_eq!(run.outcome(3), Some(Outcome::Cancelled(CancelReason::Failure(ProcessId(2)))));
        assert!(run.starts().is_empty());
    }
}

#[test]
fn what_waits_for_a_process_that_gets_no_other_attempt_is_skipped_for_it() {
    let controls = vec![joining(finite(), &[(1, Condition::Success)]), retrying(3, 1000), finite()];
    let mut run = Run::new(Plan { on_failure: OnFailure::Finish, ..plan(controls) });
    run.fails(1);
    run.fails(2);
    let root = (ProcessId(1), OutcomeKind::Failed);
    let reason = SkipReason::Join { process: ProcessId(1), until: Condition::Success, because: OutcomeKind::Failed, root };
    assert_eq!(run.outcome(0), Some(Outcome::Skipped(reason)));
}

#[test]
fn who_waits_too_long_is_told_who_holds() {
    let holding = |steps| Control { steps, request: vec![lock()], ..finite() };
    let in_a_step = vec![StepControl { request: vec![lock()], ..StepControl::default() }];
    for holder in [holding(finite().steps), Control { request: Vec::new(), ..holding(in_a_step) }] {
        let patient = Control { acquire_timeout: Some(ms(50)), ..holding(finite().steps) };
        let mut run = Run::new(plan(vec![finite(), holder, patient]));
        run.wait(50);
        let failure = Failure::AcquireTimeout { bound: ms(50), held_by: vec![ProcessId(1)] };
        assert_eq!(run.outcome(2), Some(Outcome::Failed { failure, allowed: false }));
    }
}

#[test]
fn an_interrupt_between_two_attempts_ends_the_process() {
    let mut run = Run::new(plan(vec![retrying(3, 1000), joining(finite(), &[(0, Condition::Exit)])]));
    run.fails(0);
    run.interrupt();
    assert_eq!(run.outcome(0), Some(Outcome::Cancelled(CancelReason::Interrupt)));
    assert_eq!(run.starts(), [1], "it was started and has ended: the cleanup runs");
    run.succeeds(1);
    assert_eq!(run.summary().and_then(|summary| summary.interrupted), Some(2));
}

#[test]
fn a_second_interrupt_ends_cleanups_too() {
    let mut run = Run::new(plan(vec![finite(), joining(finite(), &[(0, Condition::Exit)]), joining(finite(), &[(1, Condition::Exit)])]));
    run.interrupt();
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.starts(), [1]);
    run.input(Input::Interrupt { signal: 15, at_once: false });
    assert_eq!(run.kills(), [1]);
    run.killed(1);
    assert_eq!(run.kind(2), Some(OutcomeKind::Cancelled));
    assert_eq!(run.summary().and_then(|summary| summary.interrupted), Some(2), "the first signal says how it ended");
}

#[test]
fn stopping_is_bounded_as_a_whole() {
    let slow = Control { grace: ms(60_000), ..finite() };
    let mut run = Run::within(plan(vec![slow, joining(finite(), &[(0, Condition::Exit)]), daemon()]), 500);
    run.interrupt();
    run.wait(400);
    run.ends(0, Exit::Code(0));
    assert_eq!(run.starts(), [1]);
    run.wait(99);
    assert!(run.kills().is_empty());
    run.wait(1);
    assert_eq!(run.kills(), [1, 2]);
}

#[test]
fn after_a_failure_the_bound_begins_when_only_cleanups_and_daemons_are_left() {
    let cleanup = joining(finite(), &[(0, Condition::Failure)]);
    let mut run = Run::within(Plan { on_failure: OnFailure::Finish, ..plan(vec![finite(), finite(), cleanup, daemon()]) }, 500);
    run.fails(0);
    assert_eq!(run.starts(), [2]);
    run.wait(10_000);
    assert!(run.kills().is_empty(), "what runs is let run");
    run.succeeds(1);
    run.wait(499);
    assert!(run.kills().is_empty());
    run.wait(1);
    assert_eq!(run.kills(), [2, 3]);
}

#[test]
fn the_policy_kill_stops_everything_at_once() {
    let base = plan(vec![finite(), finite(), daemon(), retrying(1, 1000), joining(finite(), &[(0, Condition::Failure)])]);
    let mut run = Run::new(Plan { on_failure: OnFailure::Kill, ..base });
    run.fails(3);
    run.fails(0);
    assert_eq!(run.terminates(), [1, 2]);
    assert_eq!((run.kind(3), run.kind(4)), (Some(OutcomeKind::Cancelled), Some(OutcomeKind::Cancelled)));
    run.wait(100);
    assert_eq!(run.kills(), [1, 2], "who is deaf is killed after its grace");
    run.killed(1);
    run.killed(2);
    assert_eq!((run.kind(1), run.kind(2)), (Some(OutcomeKind::Cancelled), Some(OutcomeKind::Stopped)));
}

#[test]
fn only_daemons_run_until_interrupted_or_one_fails() {
    let controls = || vec![daemon(), joining(daemon(), &[(0, Condition::Ready)])];
    let mut run = Run::new(plan(controls()));
    assert_eq!(run.starts(), [0, 1]);
    run.wait(1_000_000);
    assert!(run.effects.is_empty());
    run.interrupt();
    assert_eq!(run.terminates(), [1]);
    run.ends(1, Exit::Signal(15));
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(0));
    let mut run = Run::new(plan(controls()));
    run.fails(1);
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(1));
}

#[test]
fn a_daemon_that_is_wanted_for_its_own_sake_outlives_what_prepares_it() {
    let wanted = |control| Control { wanted: true, ..control };
    let controls = || vec![daemon(), finite(), joining(wanted(daemon()), &[(0, Condition::Ready), (1, Condition::Success)])];
    let mut run = Run::new(plan(controls()));
    assert_eq!(run.starts(), [0, 1]);
    run.ends(1, Exit::Code(0));
    assert_eq!(run.starts(), [2]);
    run.wait(1_000_000);
    assert!(run.effects.is_empty(), "nothing is left to prepare, but somebody wants it");
    run.interrupt();
    assert_eq!(run.terminates(), [2]);
    run.ends(2, Exit::Signal(15));
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(0));
    // When it can come no more, what it needed is not needed either.
    let mut run = Run::new(Plan { on_failure: OnFailure::Continue, ..plan(controls()) });
    run.starts();
    run.fails(1);
    assert_eq!(run.terminates(), [0]);
}

#[test]
fn an_alarm_on_a_daemon_holds_nothing_open_and_rings_when_it_fails() {
    let controls = || {
        vec![
            daemon(),
            finite(),
            joining(finite(), &[(0, Condition::Failure)]),
            // Behind a daemon that waits for the failure too.
            joining(daemon(), &[(0, Condition::Failure)]),
            joining(finite(), &[(3, Condition::Ready)]),
        ]
    };
    let mut run = Run::new(plan(controls()));
    run.succeeds(1);
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Code(1));
    assert_eq!(run.kind(0), Some(OutcomeKind::Stopped));
    assert_eq!((run.kind(2), run.kind(4)), (Some(OutcomeKind::Skipped), Some(OutcomeKind::Skipped)));
    assert!(run.summary().is_some());
    let mut run = Run::new(plan(controls()));
    run.fails(0);
    assert_eq!(run.starts(), [2, 3, 4]);
    run.succeeds(1);
    run.succeeds(4);
    assert!(run.terminates().is_empty(), "the alarm that rings holds the run open");
    run.succeeds(2);
    assert_eq!(run.terminates(), [3]);
}

#[test]
fn a_daemon_that_ends_by_itself_is_a_success_with_a_warning() {
    let mut run = Run::new(plan(vec![daemon(), finite()]));
    run.succeeds(0);
    assert_eq!(run.outcome(0), Some(Outcome::Success));
    assert!(run.told.iter().any(|event| matches!(event, Event::Warning { process: Some(ProcessId(0)), .. })));
}

#[test]
fn daemons_between_two_steps_keep_their_place_in_the_order() {
    let step = |request| StepControl { request, ..StepControl::default() };
    let two_steps = Control { steps: vec![step(Vec::new()), step(vec![lock()])], ..daemon() };
    let needs = joining(Control { request: vec![lock()], ..daemon() }, &[(0, Condition::Start)]);
    for interrupted in [false, true] {
        let mut run = Run::new(plan(vec![two_steps.clone(), needs.clone(), finite()]));
        run.succeeds(0);
        if interrupted {
            run.interrupt();
            run.ends(2, Exit::Signal(15));
        } else {
            run.succeeds(2);
        }
        assert_eq!((run.terminates(), run.outcome(0)), (vec![1], None), "the one in need is stopped first");
        run.ends(1, Exit::Signal(15));
        assert_eq!(run.terminates(), [0], "it got the lock and was stopped in its turn");
        run.ends(0, Exit::Signal(15));
        assert_eq!(run.kind(0), Some(OutcomeKind::Stopped));
    }
}

#[test]
fn a_stop_on_request_ends_whatever_a_process_does() {
    let holder = Control { request: vec![lock()], ..finite() };
    let waiting = joining(finite(), &[(0, Condition::Success)]);
    let cleanup = |id| joining(finite(), &[(id, Condition::Exit)]);
    let mut run = Run::new(plan(vec![holder.clone(), waiting, holder, retrying(5, 1000), cleanup(3), cleanup(2)]));
    run.stop(1);
    run.stop(2);
    assert_eq!(run.outcome(1), Some(Outcome::Cancelled(CancelReason::Requested)));
    assert_eq!(run.outcome(2), Some(Outcome::Cancelled(CancelReason::Requested)));
    assert_eq!(run.kind(5), Some(OutcomeKind::Skipped), "it was never started");
    run.fails(3);
    run.stop(3);
    assert_eq!(run.outcome(3), Some(Outcome::Stopped));
    assert_eq!(run.starts(), [4]);
    run.stop(0);
    assert_eq!(run.terminates(), [0]);
    run.succeeds(0);
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
    run.succeeds(4);
    assert_eq!(run.summary(), Some(&RunSummary::default()), "no failure");
}

#[test]
fn what_is_asked_to_stop_is_not_tried_again_though_its_time_was_over_before() {
    let mut run = Run::new(plan(vec![Control { timeout: Some(ms(10)), ..retrying(5, 1000) }]));
    run.wait(10);
    assert_eq!(run.terminates(), [0]);
    run.stop(0);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.outcome(0), Some(Outcome::Stopped));
}

#[test]
fn what_could_not_be_started_has_failed_whoever_wanted_it_to_end() {
    let mut run = Run::new(plan(vec![daemon(), finite()]));
    run.succeeds(1);
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::NotStarted("no such file".to_owned()));
    assert_eq!(run.kind(0), Some(OutcomeKind::Failed));
    assert_eq!(run.summary().map(|summary| summary.failed), Some(1));
}

#[test]
fn the_order_of_stopping_is_command_signal_kill() {
    let with_command = Control { stop_command: true, ..finite() };
    let mut run = Run::new(plan(vec![with_command]));
    let job = run.job(0);
    run.stop(0);
    assert_eq!(run.effects, [Effect::RunStopCommand { job }]);
    run.wait(50);
    run.input(Input::StopCommandEnded { job });
    assert_eq!(run.effects, [Effect::Terminate { job }]);
    run.input(Input::StopCommandEnded { job });
    assert_eq!(run.effects, []);
    run.wait(49);
    assert_eq!(run.effects, []);
    run.wait(1);
    assert_eq!(run.effects, [Effect::Kill { job }], "the grace counts from the first asking");
    run.input(Input::StopCommandEnded { job });
    assert_eq!(run.effects, []);
}

#[test]
fn daemons_are_stopped_level_by_level_also_through_finite_processes() {
    let mut run = Run::new(plan(vec![
        daemon(),
        joining(finite(), &[(0, Condition::Ready)]),
        joining(daemon(), &[(1, Condition::Success)]),
        joining(daemon(), &[(0, Condition::Ready)]),
        joining(finite(), &[(2, Condition::Ready)]),
    ]));
    run.succeeds(1);
    run.succeeds(4);
    assert_eq!(run.terminates(), [2, 3]);
    run.ends(3, Exit::Signal(15));
    assert!(run.terminates().is_empty());
    run.ends(2, Exit::Signal(15));
    assert_eq!(run.terminates(), [0]);
    let stopped = run.told.iter().filter(|event| matches!(event, Event::Stopping { reason: StopReason::WorkEnded, .. })).count();
    assert_eq!(stopped, 3);
}

#[test]
fn a_process_that_waits_for_a_lock_gives_its_slot_back() {
    let step = |request| StepControl { request, ..StepControl::default() };
    let section = Control { steps: vec![step(Vec::new()), step(vec![lock()])], ..finite() };
    let holder = Control { request: vec![lock()], ..daemon() };
    let mut run = Run::new(Plan { jobs: Some(1), ..plan(vec![holder, section, finite()]) });
    assert_eq!(run.starts(), [0, 1]);
    run.succeeds(1);
    assert_eq!(run.starts(), [2]);
    run.succeeds(0);
    assert!(run.starts().is_empty(), "the lock is free, the slot is not");
    run.succeeds(2);
    assert_eq!(run.starts(), [1]);
}

#[test]
fn time_spent_waiting_for_locks_is_not_of_the_attempt() {
    let step = |request| StepControl { request, ..StepControl::default() };
    let steps = vec![step(Vec::new()), step(vec![lock()])];
    let holder = Control { request: vec![lock()], ..finite() };
    let mut run = Run::new(plan(vec![holder, Control { steps, timeout: Some(ms(100)), ..finite() }]));
    run.wait(60);
    run.succeeds(1);
    run.wait(1_000);
    run.succeeds(0);
    assert_eq!(run.starts(), [1]);
    run.wait(39);
    assert!(run.terminates().is_empty());
    run.wait(1);
    assert_eq!(run.terminates(), [1]);
}
