//! Being ready and alive: single rules, each in a run of its own.

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::base::time::RunTime;
use flowrun::notice::{Event, Exit, Failure, Outcome, OutcomeKind, SkipReason, StopReason};
use flowrun::plan::{Control, Liveness, Readiness, Restart, Rhythm, StepControl};
use flowrun::sched::{Effect, Input};
use flowrun::source::model::{Condition, OnTimeout, RestartPolicy};

use crate::by_hand::{Run, bounded, daemon, finite, joining, ms, plan, retrying};

/// Probes after 10 ms, then 10, 20, 40, 40 ms after each answer; an answer may take 50 ms.
pub fn rhythm() -> Rhythm {
    Rhythm { initial_delay: ms(10), first_interval: ms(10), interval: ms(40), timeout: ms(50) }
}

fn polled(control: Control, within: u64) -> Control {
    Control { ready: Some(Readiness { polled: true, rhythm: rhythm(), within: ms(within) }), ..control }
}

fn watched(control: Control, within: u64) -> Control {
    Control { ready: Some(Readiness { polled: false, rhythm: rhythm(), within: ms(within) }), ..control }
}

fn alive(control: Control, failures: u32) -> Control {
    Control { live: Some(Liveness { rhythm: rhythm(), failures }), ..control }
}

fn needs_ready(id: usize) -> Control {
    joining(finite(), &[(id, Condition::Ready)])
}

impl Run {
    fn probes(&self) -> Vec<u32> {
        self.effects.iter().filter_map(|effect| if let Effect::Probe { probe, .. } = effect { Some(*probe) } else { None }).collect()
    }

    fn answers(&mut self, id: usize, probe: u32, result: Result<(), &str>) {
        let job = self.job(id);
        self.input(Input::Probed { job, probe: Some(probe), result: result.map_err(str::to_owned) });
    }

    pub fn seen_ready(&mut self, id: usize) {
        let job = self.job(id);
        self.input(Input::Probed { job, probe: None, result: Ok(()) });
    }

    /// Why probes failed, as it was told.
    fn reasons(&self) -> Vec<(u32, &str)> {
        let mut reasons = Vec::new();
        for event in &self.told {
            if let Event::ProbeFailed { failures, why, .. } = event {
                reasons.push((*failures, why.as_str()));
            }
        }
        reasons
    }
}

#[test]
fn without_a_condition_a_process_is_ready_when_its_last_step_runs() {
    let steps = vec![StepControl::default(); 2];
    let mut run = Run::new(plan(vec![Control { steps, ..daemon() }, needs_ready(0), joining(finite(), &[(0, Condition::Start)])]));
    assert_eq!(run.starts(), [0, 2]);
    run.succeeds(0);
    assert_eq!(run.starts(), [0, 1]);
}

#[test]
fn probes_come_faster_at_first_and_tell_each_reason_once() {
    let mut run = Run::new(plan(vec![polled(daemon(), 1000), needs_ready(0)]));
    for (number, after) in (0..).zip([10, 10, 20, 40, 40]) {
        run.wait(after - 1);
        assert!(run.probes().is_empty(), "before {after} ms");
        run.wait(1);
        assert_eq!(run.probes(), [number]);
        run.answers(0, number, Err(if number < 3 { "refused" } else { "503" }));
    }
    assert_eq!(run.reasons(), [(1, "refused"), (4, "503")]);
    run.wait(40);
    run.answers(0, 5, Ok(()));
    assert_eq!(run.starts(), [1]);
}

#[test]
fn only_the_answer_to_the_probe_under_way_counts() {
    let mut run = Run::new(plan(vec![polled(daemon(), 1000), needs_ready(0)]));
    run.answers(0, 0, Ok(()));
    run.wait(10);
    let job = run.job(0);
    for (attempt, probe) in [(1, 1), (0, 0), (2, 0), (1, u32::MAX)] {
        run.input(Input::Probed { job: JobId { attempt, ..job }, probe: Some(probe), result: Ok(()) });
        assert!(run.starts().is_empty());
    }
    run.answers(0, 0, Err("refused"));
    run.answers(0, 0, Ok(()));
    assert!(run.starts().is_empty(), "it was answered already");
}

#[test]
fn a_probe_without_an_answer_is_given_up_and_has_failed() {
    let mut run = Run::new(plan(vec![polled(daemon(), 1000), needs_ready(0)]));
    let job = run.job(0);
    run.wait(60);
    assert_eq!(run.effects, [Effect::Probe { job, probe: 0, live: false }, Effect::EndProbe { job }]);
    assert_eq!(run.reasons(), [(1, "no answer within 50 ms")]);
    run.answers(0, 0, Ok(()));
    assert!(run.starts().is_empty(), "too late");
    run.wait(10);
    assert_eq!(run.probes(), [1]);
}

#[test]
fn what_waits_is_skipped_as_soon_as_its_daemon_will_not_be_ready_any_more() {
    let mut run = Run::new(plan(vec![polled(daemon(), 40), needs_ready(0)]));
    run.wait(10);
    run.answers(0, 0, Err("refused"));
    run.wait(30);
    assert_eq!(run.terminates(), [0]);
    let root = (ProcessId(0), OutcomeKind::Failed);
    let reason = SkipReason::Join { process: ProcessId(0), until: Condition::Ready, because: OutcomeKind::Failed, root };
    assert_eq!(run.outcome(1), Some(Outcome::Skipped(reason)), "while the daemon is still being stopped");
    run.killed(0);
    let failure = Failure::NeverReady { within: ms(40), why: Some("refused".to_owned()) };
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure, allowed: false }));
}

#[test]
fn what_waits_is_skipped_as_soon_as_its_daemon_is_asked_to_stop() {
    let mut run = Run::new(plan(vec![watched(daemon(), 100), needs_ready(0), finite()]));
    run.stop(0);
    assert_eq!(run.kind(1), Some(OutcomeKind::Skipped));
    assert_eq!(run.kind(0), None);
}

#[test]
fn a_finite_process_that_is_not_ready_in_time_is_tried_again() {
    let mut run = Run::new(plan(vec![watched(retrying(1, 0), 100), needs_ready(0)]));
    run.wait(100);
    assert_eq!((run.terminates(), run.outcome(1)), (vec![0], None));
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.starts(), [0]);
    run.seen_ready(0);
    assert_eq!(run.starts(), [1]);
    run.succeeds(0);
    assert_eq!(run.outcome(0), Some(Outcome::Success));
}

#[test]
fn who_ends_well_before_it_was_ready_has_failed() {
    let mut run = Run::new(plan(vec![watched(finite(), 100), polled(daemon(), 100), watched(finite(), 100), finite()]));
    run.succeeds(0);
    run.succeeds(1);
    run.ends(2, Exit::Code(7));
    let failed = |failure| Some(Outcome::Failed { failure, allowed: false });
    assert_eq!(run.outcome(0), failed(Failure::EndedBeforeReady));
    assert_eq!(run.outcome(1), failed(Failure::EndedBeforeReady));
    assert_eq!(run.outcome(2), failed(Failure::Code(7)));
}

#[test]
fn the_time_for_becoming_ready_begins_with_the_last_step() {
    let steps = vec![StepControl::default(); 2];
    let mut run = Run::new(plan(vec![watched(Control { steps, ..daemon() }, 100), needs_ready(0)]));
    run.seen_ready(0);
    run.wait(1000);
    run.succeeds(0);
    assert_eq!(run.starts(), [0], "what was seen in an earlier step is not meant");
    run.wait(99);
    assert!(run.terminates().is_empty());
    run.wait(1);
    assert_eq!(run.terminates(), [0]);
}

#[test]
fn liveness_is_asked_for_at_equal_intervals_once_it_is_ready_and_forgives_single_failures() {
    let mut run = Run::new(plan(vec![alive(daemon(), 2), finite()]));
    for number in 0..5 {
        run.wait(39);
        assert!(run.probes().is_empty());
        run.wait(1);
        assert_eq!(run.probes(), [number]);
        run.answers(0, number, if number % 2 == 0 { Err("503") } else { Ok(()) });
    }
    assert!(run.terminates().is_empty());
    run.wait(40 + 50);
    assert_eq!(run.terminates(), [0], "no answer is a failure too");
    assert_eq!(run.reasons(), [(1, "503"), (1, "503"), (1, "503"), (2, "no answer within 50 ms")]);
    run.wait(1000);
    assert_eq!(run.kills(), [0]);
    run.killed(0);
    let failure = Failure::NotLive { failures: 2, why: "no answer within 50 ms".to_owned() };
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure, allowed: false }));
}

#[test]
fn what_is_being_stopped_is_not_probed() {
    let mut run = Run::new(plan(vec![alive(daemon(), 1), polled(daemon(), 1000), finite()]));
    run.wait(40);
    assert_eq!(run.probes(), [0, 0]);
    run.succeeds(2);
    let jobs = [run.job(0), run.job(1)];
    let expected: Vec<Effect> = jobs.into_iter().flat_map(|job| [Effect::EndProbe { job }, Effect::Terminate { job }]).collect();
    assert_eq!(run.effects, expected);
    run.answers(0, 0, Err("503"));
    run.answers(1, 0, Ok(()));
    run.wait(99);
    assert!(run.effects.is_empty());
}

#[test]
fn who_says_that_it_is_about_to_end_is_not_ready_any_more() {
    let waits = joining(finite(), &[(0, Condition::Ready), (1, Condition::Success)]);
    let mut run = Run::new(plan(vec![alive(watched(daemon(), 100), 1), finite(), waits]));
    run.seen_ready(0);
    let job = run.job(0);
    run.input(Input::SaysStopping { job });
    assert_eq!(run.kind(2), Some(OutcomeKind::Skipped));
    run.seen_ready(0);
    run.wait(99);
    assert!(run.effects.is_empty(), "it is let go in peace");
    run.succeeds(0);
    assert_eq!(run.outcome(0), Some(Outcome::Success), "it was ready once");
}

#[test]
fn who_says_that_it_is_about_to_end_and_does_not_is_stopped_after_its_grace() {
    let mut run = Run::new(plan(vec![watched(daemon(), 100)]));
    run.seen_ready(0);
    let job = run.job(0);
    run.input(Input::SaysStopping { job });
    let grace = Control::default().grace.min(daemon().grace);
    run.wait(grace.as_millis() as u64);
    assert_eq!(run.terminates(), [0]);
    run.ends(0, Exit::Signal(15));
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure: Failure::NeverEnded(grace), allowed: false }));
}

#[test]
fn a_bounded_join_that_held_and_does_so_no_more_is_waited_for_anew() {
    let restart = Restart { policy: RestartPolicy::OnFailure, delay: ms(10), ..Default::default() };
    let server = Control { restart, ..daemon() };
    let waits = joining(finite(), &[(0, Condition::Ready), (1, Condition::Success)]);
    let waits = bounded(bounded(waits, 0, 50, OnTimeout::Fail), 1, 1000, OnTimeout::Fail);
    let mut run = Run::new(plan(vec![watched(server, 10_000), finite(), waits]));
    run.wait(40);
    run.seen_ready(0);
    run.wait(500);
    run.fails(0);
    run.wait(49);
    assert_eq!(run.outcome(2), None);
    run.wait(1);
    assert_eq!(run.kind(2), Some(OutcomeKind::Failed));
}

#[test]
fn clocks_of_bounded_joins_stop_while_what_they_waited_for_is_lost() {
    let restart = Restart { policy: RestartPolicy::OnFailure, delay: ms(10), ..Default::default() };
    let server = watched(Control { restart, ..daemon() }, 10_000);
    let waits = joining(finite(), &[(0, Condition::Ready), (1, Condition::Success)]);
    let mut run = Run::new(plan(vec![server.clone(), finite(), bounded(waits.clone(), 1, 50, OnTimeout::Continue)]));
    run.seen_ready(0);
    run.wait(40);
    run.fails(0);
    run.wait(1000);
    run.seen_ready(0);
    run.wait(49);
    assert!(run.starts().is_empty());
    run.wait(1);
    assert_eq!(run.starts(), [2]);
    // One that was given up stays so.
    let third = joining(finite(), &[(0, Condition::Ready), (1, Condition::Success), (2, Condition::Success)]);
    let third = bounded(third, 0, 50, OnTimeout::Continue);
    let mut run = Run::new(plan(vec![server, finite(), finite(), third]));
    run.succeeds(1);
    run.succeeds(2);
    run.wait(50);
    assert_eq!(run.starts(), [3]);
}

#[test]
fn a_suspended_run_lets_no_time_pass() {
    let controls = || vec![polled(daemon(), 100), Control { timeout: Some(ms(10)), ..finite() }];
    let mut run = Run::new(plan(controls()));
    run.input(Input::Suspend);
    assert_eq!(run.effects, [Effect::Suspend]);
    run.input(Input::Suspend);
    assert_eq!(run.effects, []);
    assert_eq!(run.scheduler.deadline(), None);
    // A tick that was late when the wish came.
    run.now = RunTime(ms(10));
    run.input(Input::Tick);
    assert_eq!(run.effects, []);
    run.input(Input::Resume);
    let (server, job) = (run.job(0), run.job(1));
    assert_eq!(run.effects, [Effect::Resume, Effect::Terminate { job }, Effect::Probe { job: server, probe: 0, live: false }]);
    run.input(Input::Resume);
    assert_eq!(run.effects, []);
    let told = run.told.iter().filter(|event| matches!(event, Event::Suspended | Event::Resumed));
    assert_eq!(told.count(), 2);
    let mut run = Run::new(plan(controls()));
    run.input(Input::Suspend);
    run.interrupt();
    assert_eq!(run.effects[0], Effect::Resume, "what is to end must hear it");
    assert_eq!(run.terminates(), [1]);
    assert!(run.told.iter().any(|event| matches!(event, Event::Stopping { reason: StopReason::RunStopped, .. })));
}
