//! Notice lists and what is recorded of them.

use super::*;
use crate::base::ids::QueueId;
use crate::notice::{self, CancelReason, Failure, Outcome as Ended, StopReason, Stream};
use crate::report::record::model::{Counts, ReasonKind, RunOutcome, Use};
use crate::report::record::testing::{join, mixed, over, recorded};
use crate::report::testing::{at, ended, failed, job, output, plan, run_started, share, started};
use crate::source::model::Condition;
use std::time::Duration;

fn run_ended(summary: RunSummary) -> Event {
    Event::RunEnded { summary }
}

#[test]
fn times_of_waiting_holding_and_running_are_kept() {
    let report = mixed();
    let b = &report.processes[1];
    assert_eq!((b.attempts_begun, b.attempts.len(), b.code), (2, 2, Some(3)));
    let first = &b.attempts[0];
    assert_eq!((first.from, first.to), (at(6), Some(at(200))));
    assert_eq!((first.waits[0].from, first.waits[0].to, first.waits[0].granted), (at(6), Some(at(100)), true));
    assert_eq!(first.waits[0].freed_by.as_deref(), Some("a"));
    assert_eq!((first.holds[0].from, first.holds[0].to), (at(100), Some(at(200))));
    assert_eq!((first.steps[0].from, first.steps[0].to, first.steps[0].pid), (at(102), Some(at(200)), Some(101)));
    assert_eq!(first.outcome, Some(AttemptOutcome::Failed));
    assert_eq!(first.last_lines.len(), 4);
    let second = &b.attempts[1];
    assert_eq!((second.waits[0].kind, second.waits[0].from, second.waits[0].to), (WaitKind::Delay, at(200), Some(at(300))));
    let c = &report.processes[2];
    assert_eq!((c.joined, c.joins[0].held), (Some(at(100)), Some(at(100))));
    let db = &report.processes[3];
    assert_eq!(db.attempts[0].ready, Some(at(5)));
    assert_eq!(db.attempts[0].stopping.as_ref().map(|stopping| stopping.from), Some(at(500)));
    assert_eq!((report.run.outcome, report.run.length, report.run.status), (RunOutcome::Failed, at(520), 1));
    let counts = Counts { processes: 7, success: 2, failed: 1, skipped: 2, cancelled: 1, stopped: 1, allowed: 0 };
    assert_eq!(report.run.counts, counts);
}

#[test]
fn locks_tell_who_waited_and_held() {
    let report = mixed();
    let told = |one: &Use| (one.process.to_string(), one.attempt, one.asked, one.had, one.freed);
    let till = &report.resources[0];
    assert_eq!(
        till.uses.iter().map(told).collect::<Vec<_>>(),
        [
            ("a".to_owned(), 1, at(5), Some(at(5)), Some(at(100))),
            ("b|*[x]".to_owned(), 1, at(6), Some(at(100)), Some(at(200))),
            ("b|*[x]".to_owned(), 2, at(300), Some(at(300)), Some(at(400))),
        ]
    );
    assert_eq!((till.held, till.waited), (3, 0.094));
}

#[test]
fn reasons_are_data_and_words() {
    let report = mixed();
    let reason = |process: usize| report.processes[process].outcome.clone().and_then(|outcome| outcome.reason).expect("a reason");
    assert_eq!((reason(1).kind, reason(1).code, reason(1).text.as_str()), (ReasonKind::ExitCode, Some(3), "exit code 3"));
    assert_eq!((reason(5).kind, reason(5).process.as_deref()), (ReasonKind::Join, Some("b|*[x]")));
    assert_eq!((reason(4).kind, reason(4).process.as_deref()), (ReasonKind::Failure, Some("b|*[x]")));
    assert_eq!(reason(6).kind, ReasonKind::Condition);
    assert_eq!(report.processes[5].joined, None);
}

#[test]
fn of_many_attempts_the_first_and_the_last_are_kept() {
    let mut events = vec![(0, run_started())];
    for attempt in 1..=1000 {
        let millis = u64::from(attempt);
        events.push((millis, started(0, attempt)));
        let delay = Duration::ZERO;
        events.push((millis, Event::Restarting { job: job(0, attempt), failure: Some(Failure::Code(1)), restarts: 1, max: 5, delay }));
    }
    events.push((2000, over(0, failed(1), Exit::Code(1), 1000)));
    let mut plan = plan(&["a"]);
    plan.processes[ProcessId(0)].control.daemon = true;
    let report = recorded(plan, events, 1);
    let numbers: Vec<u32> = report.processes[0].attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3, 994, 995, 996, 997, 998, 999, 1000]);
    assert_eq!(report.processes[0].attempts_begun, 1000);
}

#[test]
fn uses_and_warnings_are_bounded_and_counted() {
    let mut plan = plan(&["a"]);
    crate::report::testing::lock(&mut plan, "till");
    let holds = || vec![share(0)];
    let mut events = vec![(0, run_started())];
    for attempt in 1..=1500 {
        events.push((1, Event::Acquired { job: job(0, attempt), step: None, holds: holds() }));
        events.push((2, Event::Released { job: job(0, attempt), step: None, freed: holds() }));
        events.push((2, Event::Warning { process: None, message: "again".to_owned() }));
    }
    let report = recorded(plan, events, 0);
    let till = &report.resources[0];
    assert_eq!((till.uses.len(), till.uses_left_out, till.held), (1000, 500, 1500));
    assert_eq!((report.warnings.len(), report.warnings_left_out), (100, 1400));
}

#[test]
fn a_slot_is_had_when_another_gives_it_back() {
    let mut plan = plan(&["a", "b"]);
    plan.jobs = Some(1);
    let events = vec![
        (0, run_started()),
        (0, Event::Queued { job: job(1, 1), step: Some(0), wants: vec![] }),
        (1, started(0, 1)),
        (50, ended(0, Ended::Success)),
        (53, started(1, 1)),
        (90, ended(1, Ended::Success)),
        (90, run_ended(RunSummary::default())),
    ];
    let report = recorded(plan, events, 0);
    let wait = &report.processes[1].attempts[0].waits[0];
    assert_eq!((wait.kind, wait.to, wait.freed_by.as_deref()), (WaitKind::Slot, Some(at(50)), Some("a")));
}

#[test]
fn interrupts_and_lost_runs_are_told() {
    let begin = || vec![(0, run_started()), (1, started(0, 1)), (5, output(0, Stream::Stdout, b"x\n"))];
    let mut events = begin();
    events.push((10, Event::Halted { reason: notice::HaltReason::Interrupt { signal: 2 } }));
    events.push((10, Event::Stopping { job: job(0, 1), reason: StopReason::RunStopped, grace: Duration::from_secs(1) }));
    events.push((12, Event::Killing { job: job(0, 1), grace_over: false }));
    events.push((13, over(0, Ended::Cancelled(CancelReason::Interrupt), Exit::Signal(9), 1)));
    events.push((13, run_ended(RunSummary { interrupted: Some(2), ..RunSummary::default() })));
    let report = recorded(plan(&["a"]), events, 130);
    assert_eq!(
        (report.run.outcome, report.run.signal, report.run.text.as_str()),
        (RunOutcome::Interrupted, Some(2), "interrupted by SIGINT")
    );
    let attempt = &report.processes[0].attempts[0];
    assert_eq!(attempt.outcome, Some(AttemptOutcome::Cancelled));
    let stopping = attempt.stopping.as_ref().expect("it was stopped");
    assert_eq!((stopping.from, stopping.killed, stopping.text.as_str()), (at(10), Some(at(12)), "the run is being stopped"));

    let report = recorded(plan(&["a", "b"]), begin(), 3);
    assert_eq!(report.run.outcome, RunOutcome::Lost);
    assert_eq!((report.processes[0].outcome.is_none(), report.processes[0].attempts[0].to), (true, None));
    assert!(report.processes[1].attempts.is_empty());
}

#[test]
fn what_the_timeout_of_the_run_cut_off_keeps_its_last_lines() {
    let of = |reason| {
        let events = vec![
            (0, run_started()),
            (1, started(0, 1)),
            (5, output(0, Stream::Stdout, b"connecting\n")),
            (9, over(0, Ended::Cancelled(reason), Exit::Signal(15), 1)),
        ];
        recorded(plan(&["a"]), events, 124).processes[0].attempts[0].last_lines.clone()
    };
    assert_eq!(of(CancelReason::RunTimeout), ["connecting"]);
    assert!(of(CancelReason::Interrupt).is_empty());
}

/// With `--exit-code-from` the exit status is that of one process.
#[test]
fn how_a_run_went_is_not_read_from_its_exit_status() {
    let of = |summary: RunSummary, outcome, status| {
        let events = vec![(0, run_started()), (1, started(0, 1)), (2, ended(0, outcome)), (2, run_ended(summary))];
        let run = recorded(plan(&["a"]), events, status).run;
        (run.outcome, run.status, run.counts.failed, run.counts.allowed)
    };
    let allowed = Ended::Failed { failure: Failure::Code(1), allowed: true };
    assert_eq!(of(RunSummary { failed: 1, ..RunSummary::default() }, failed(1), 0), (RunOutcome::Failed, 0, 1, 0));
    assert_eq!(of(RunSummary { queues: 1, ..RunSummary::default() }, Ended::Success, 0), (RunOutcome::Failed, 0, 0, 0));
    assert_eq!(of(RunSummary::default(), allowed, 1), (RunOutcome::Success, 1, 0, 1));
    assert_eq!(of(RunSummary::default(), Ended::Success, 7), (RunOutcome::Success, 7, 0, 0));
}

#[test]
fn workers_have_an_attempt_for_each_item() {
    let mut plan = plan(&["w[0]", "after"]);
    plan.queues.push(crate::plan::Queue { name: "buns".to_owned(), max_deliveries: 1, ..Default::default() });
    plan.processes[ProcessId(0)].control.for_each = Some(QueueId(0));
    join(&mut plan, 1, 0, Condition::Start);
    let queue = QueueId(0);
    let events = vec![
        (0, run_started()),
        (0, Event::WaitsForItem { job: job(0, 1), queue }),
        (10, started(0, 1)),
        (20, Event::ItemDone { job: job(0, 1), queue }),
        (20, Event::WaitsForItem { job: job(0, 2), queue }),
        (30, started(0, 2)),
        (40, Event::ItemFailed { job: job(0, 2), queue, failure: Failure::Code(1), deliveries: 1, max: 1 }),
        (40, Event::ItemSetAside { queue, item: b"bun\xff".to_vec(), deliveries: 1 }),
        (40, Event::WaitsForItem { job: job(0, 3), queue }),
        (50, Event::QueueClosed { queue, items: 2 }),
        (50, over(0, Ended::Failed { failure: Failure::ItemsSetAside(1), allowed: false }, Exit::Code(1), 2)),
    ];
    let report = recorded(plan, events, 1);
    let queue = &report.queues[0];
    assert_eq!((queue.items, queue.done, queue.failed, queue.closed), (Some(2), 1, 1, Some(at(50))));
    assert_eq!(queue.set_aside[0].item, "bun\u{fffd}");
    let outcomes: Vec<_> = report.processes[0].attempts.iter().map(|attempt| (attempt.waits[0].to, attempt.outcome)).collect();
    let expected = [(10, AttemptOutcome::Success), (30, AttemptOutcome::Failed), (50, AttemptOutcome::Failed)];
    assert_eq!(outcomes, expected.map(|(millis, outcome)| (Some(at(millis)), Some(outcome))));
    assert_eq!(report.processes[0].attempts_begun, 2);
}
