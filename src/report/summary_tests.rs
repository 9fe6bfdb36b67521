//! Whole texts of ended runs.

use super::super::testing::{ended, failed, output, plan, run_started, started, told};
use super::*;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, OutcomeKind, SkipReason};
use crate::plan::Plan;

fn skipped(because_of: u32) -> Outcome {
    let process = ProcessId(because_of);
    Outcome::Skipped(SkipReason::Join {
        process,
        until: Default::default(),
        because: OutcomeKind::Failed,
        root: (process, OutcomeKind::Failed),
    })
}

fn run_ended(summary: RunSummary) -> Event {
    Event::RunEnded { summary }
}

/// A run with some of everything.
fn mixed() -> (Plan, Vec<(u64, Event)>) {
    let mut plan = plan(&["build", "migrate", "deploy", "smoke", "db", "lint", "slow", "report", "docs"]);
    plan.processes[ProcessId(1)].control.retries.count = 2;
    plan.processes[ProcessId(4)].control.daemon = true;
    let events = vec![
        (0, run_started()),
        (0, started(4, 1)),
        (0, started(0, 1)),
        (10, output(0, Stream::Stdout, b"fine\n")),
        (900, ended(0, Outcome::Success)),
        (900, started(1, 3)),
        (910, output(1, Stream::Stderr, b"connecting to db:5432\r\n\nrelation \"users\" does not exist\n")),
        (
            1320,
            Event::Ended {
                process: ProcessId(1),
                outcome: failed(3),
                exit: Some(Exit::Code(3)),
                attempts: 3,
                started: Some(crate::base::time::RunTime::ZERO),
            },
        ),
        (1320, ended(2, skipped(1))),
        (1320, ended(3, skipped(1))),
        (1330, ended(5, Outcome::Failed { failure: Failure::Code(1), allowed: true })),
        (1330, started(6, 1)),
        (1400, ended(6, Outcome::Failed { failure: Failure::Timeout(Duration::from_millis(70)), allowed: false })),
        (1400, ended(7, Outcome::Cancelled(CancelReason::Failure(ProcessId(1))))),
        (1400, ended(8, Outcome::Skipped(SkipReason::Condition))),
        (1400, Event::Warning { process: Some(ProcessId(0)), message: "left a process behind".to_owned() }),
        (1420, ended(4, Outcome::Stopped)),
        (1420, run_ended(RunSummary { failed: 2, ..RunSummary::default() })),
    ];
    (plan, events)
}

const QUIET: Settings = Settings {
    mode: OutputMode::Quiet,
    verbosity: -1,
    stdout: Surface { terminal: false, color: false },
    stderr: Surface { terminal: false, color: false },
    progress: false,
    heartbeat: None,
    stamp: None,
    whole_blocks: false,
    host: None,
};

#[test]
fn everything_is_told() {
    let (plan, events) = mixed();
    let expected = r#"
✗ migrate failed: exit code 3, attempt 3 of 3, after 0.42 s
  | connecting to db:5432
  |
  | relation "users" does not exist

✗ slow failed: timed out after 70 ms, signal 15 (SIGTERM), exit code -15, after 70 ms

! lint failed (allowed): exit code 1

- deploy, smoke skipped: `migrate` failed
- report cancelled: `migrate` failed
- docs skipped: its `if` is false
! build: left a process behind

slowest: slow 1.40 s, lint 1.33 s, migrate 1.32 s
shop: 1 succeeded, 2 failed, 1 failed as allowed, 3 skipped, 1 cancelled, 1 stopped in 1.42 s
"#;
    let written = told(plan, QUIET, events);
    assert_eq!(written.stderr(), expected);
    assert_eq!(written.stdout(), "");
}

#[test]
fn a_quiet_success_is_silent_and_any_other_is_one_line() {
    let events = || vec![(0, run_started()), (420, ended(0, Outcome::Success)), (420, run_ended(RunSummary::default()))];
    assert_eq!(told(plan(&["a"]), QUIET, events()).both(), "");
    assert_eq!(told(plan(&["a"]), Settings::default(), events()).both(), "shop: 1 succeeded in 0.42 s\n");
}

#[test]
fn a_long_success_tells_what_was_slow() {
    let end = |process, start| Event::Ended {
        process: ProcessId(process),
        outcome: Outcome::Success,
        exit: Some(Exit::Code(0)),
        attempts: 1,
        started: Some(super::super::testing::at(start)),
    };
    let events = vec![(0, run_started()), (2000, end(0, 1500)), (2000, end(1, 0)), (2500, end(2, 0)), (2500, end(3, 2400))];
    let events = events.into_iter().chain([(2500, run_ended(RunSummary::default()))]).collect();
    let text = told(plan(&["a", "b", "c", "d"]), Settings::default(), events).stderr();
    assert_eq!(text, "slowest: c 2.50 s, b 2.00 s, a 0.50 s\nshop: 4 succeeded in 2.50 s\n");
}

#[test]
fn interrupts_and_timeouts_are_told() {
    let cancelled = || ended(0, Outcome::Cancelled(CancelReason::Interrupt));
    let interrupted = RunSummary { interrupted: Some(2), ..RunSummary::default() };
    let text = told(plan(&["a"]), QUIET, vec![(0, run_started()), (50, cancelled()), (50, run_ended(interrupted))]).stderr();
    assert_eq!(text, "\n- a cancelled: the run was interrupted\n\nshop: 1 cancelled in 50 ms, interrupted by SIGINT\n");
    let mut limited = plan(&[]);
    limited.timeout = Some(Duration::from_secs(10));
    let summary = RunSummary { timed_out: true, unaccounted: 1, ..RunSummary::default() };
    let text = told(limited, QUIET, vec![(10_000, run_ended(summary))]).stderr();
    assert_eq!(text, "shop: 1 unaccounted for (a fault of flowrun's own) in 10.0 s, timed out after 10 s\n");
}

#[test]
fn many_failures_make_a_page() {
    let names: Vec<_> = (0..1000).map(|number| format!("p{number}")).collect();
    let plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut events: Vec<_> = (0..1000).map(|process| (0, ended(process, failed(1)))).collect();
    events.push((0, run_ended(RunSummary { failed: 1000, ..RunSummary::default() })));
    let text = told(plan, QUIET, events).stderr();
    assert!(text.contains("✗ 980 more failed: p20, p21, p22, p23, p24, p25, p26, p27, p28, p29, … and 970 more\n"), "{text}");
    assert!(text.lines().count() < 50);
}

#[test]
fn what_was_cut_off_while_it_ran_is_told_apart_from_what_never_began() {
    let mut limited = plan(&["hangs", "a", "b", "c", "d", "api"]);
    limited.timeout = Some(Duration::from_secs(10));
    limited.processes[ProcessId(5)].control.daemon = true;
    let cut = |process, reason| Event::Ended {
        process: ProcessId(process),
        outcome: Outcome::Cancelled(reason),
        exit: Some(Exit::Signal(15)),
        attempts: 1,
        started: Some(super::super::testing::at(0)),
    };
    let mut events = vec![(0, run_started()), (0, started(0, 1)), (5, output(0, Stream::Stdout, b"connecting\n"))];
    events.extend((1..5).map(|process| (10_000, ended(process, Outcome::Cancelled(CancelReason::RunTimeout)))));
    events.push((10_000, cut(0, CancelReason::RunTimeout)));
    events.push((10_000, run_ended(RunSummary { timed_out: true, ..RunSummary::default() })));
    let text = told(limited, QUIET, events).stderr();
    let expected = "
✗ hangs cancelled while running: the run took longer than its timeout, after 10.0 s
  | connecting

- 4 cancelled because the run took longer than its timeout: a, b, c, … and 1 more

shop: 5 cancelled in 10.0 s, timed out after 10 s
";
    assert_eq!(text, expected);
    let failure = || CancelReason::Failure(ProcessId(1));
    let events = vec![
        (0, run_started()),
        (0, started(0, 1)),
        (1, ended(1, failed(2))),
        (1, ended(2, Outcome::Cancelled(failure()))),
        (2, cut(0, failure())),
        (2, run_ended(RunSummary { failed: 1, ..RunSummary::default() })),
    ];
    let text = told(plan(&["a", "b", "c"]), QUIET, events).stderr();
    assert!(text.contains("- c cancelled: `b` failed\n- a cancelled while running: `b` failed\n"), "{text}");
}

/// A worker that waits for another item does not run, though it ran before.
#[test]
fn what_waits_between_two_items_is_not_cut_off_while_it_runs() {
    let mut plan = plan(&["w"]);
    plan.queues.push(crate::plan::Queue { name: "q".to_owned(), ..Default::default() });
    let waits = Event::WaitsForItem { job: super::super::testing::job(0, 2), queue: crate::base::ids::QueueId(0) };
    let cancelled = Event::Ended {
        process: ProcessId(0),
        outcome: Outcome::Cancelled(CancelReason::RunTimeout),
        exit: Some(Exit::Code(0)),
        attempts: 1,
        started: Some(super::super::testing::at(0)),
    };
    let summary = RunSummary { timed_out: true, ..RunSummary::default() };
    let events = vec![(0, run_started()), (0, started(0, 1)), (5, waits), (9, cancelled), (9, run_ended(summary))];
    let text = told(plan, QUIET, events).stderr();
    assert!(text.contains("\n- w cancelled: the run took longer than its timeout\n") && !text.contains('✗'), "{text}");
}
