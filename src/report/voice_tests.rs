//! What is said at which verbosity.

use std::time::Duration;

use super::super::testing::{TERMINAL, ended, failed, job, lock, output, plan, run_started, share, started, told};
use super::super::{OutputMode, Settings};
use super::*;
use crate::base::ids::ProcessId;
use crate::notice::{Failure, RunSummary, SkipReason, StopReason};

fn shop() -> Plan {
    let mut plan = plan(&["a", "b"]);
    lock(&mut plan, "db");
    plan.processes[ProcessId(0)].control.retries.count = 2;
    plan.processes[ProcessId(1)].control.steps.push(crate::plan::StepControl::default());
    plan
}

fn events() -> Vec<(u64, Event)> {
    let retrying = Event::Retrying { job: job(0, 1), failure: Failure::Code(1), attempts: 3, delay: Duration::from_secs(2) };
    vec![
        (0, Event::RunStarted { name: "shop".to_owned(), processes: 2 }),
        (0, Event::Acquired { job: job(0, 1), step: None, holds: vec![share(0)] }),
        (0, started(0, 1)),
        (0, Event::Queued { job: job(1, 1), step: Some(0), wants: vec![share(0)] }),
        (0, output(0, Stream::Stdout, b"text\n")),
        (10, retrying),
        (10, Event::Released { job: job(0, 1), step: None, freed: vec![share(0)] }),
        (2010, started(0, 2)),
        (2020, ended(0, failed(1))),
        (2020, Event::Halted { reason: HaltReason::Failure { process: ProcessId(0) } }),
        (2020, Event::Warning { process: None, message: "disk is\nnearly full".to_owned() }),
        (3000, Event::Halted { reason: HaltReason::Interrupt { signal: 2 } }),
        (3000, Event::Stopping { job: job(1, 1), reason: StopReason::RunStopped, grace: Duration::from_secs(10) }),
        (3000, Event::WaitingFor { processes: vec![ProcessId(1)], at_most: Some(Duration::from_secs(30)) }),
        (13_000, Event::Killing { job: job(1, 1), grace_over: true }),
        (14_000, Event::KillingAll { overdue: true }),
        (14_000, ended(1, Outcome::Stopped)),
    ]
}

fn said(verbosity: i8) -> String {
    told(shop(), Settings { mode: OutputMode::Raw, verbosity, ..Settings::default() }, events()).stderr()
}

#[test]
fn a_workflow_of_the_usual_name_does_not_say_it_twice() {
    let loud = Settings { verbosity: 1, ..Settings::default() };
    let begun = |name: &str| vec![(0, Event::RunStarted { name: name.to_owned(), processes: 2 })];
    assert_eq!(told(plan(&["a", "b"]), loud, begun("flowrun")).stderr(), "flowrun: 2 processes\n");
    assert_eq!(told(plan(&["a", "b"]), loud, begun("shop")).stderr(), "flowrun: shop: 2 processes\n");
}

#[test]
fn trouble_is_told() {
    let expected = "\
flowrun: a failed: exit code 1, attempt 1 of 3; again in 2 s
flowrun: a failed: exit code 1
flowrun: `a` failed: starting nothing new but cleanups
flowrun: warning: disk is nearly full
flowrun: interrupted by SIGINT: stopping; a second signal kills what still runs
flowrun: stopping: waiting for `b` (at most 30 s)
flowrun: b did not end when asked: killed
flowrun: the time for stopping is over: killing what still runs
";
    assert_eq!(said(0), expected);
}

#[test]
fn quiet_tells_what_a_waiting_person_must_know() {
    let expected = "\
flowrun: interrupted by SIGINT: stopping; a second signal kills what still runs
flowrun: stopping: waiting for `b` (at most 30 s)
flowrun: the time for stopping is over: killing what still runs
";
    assert_eq!(said(-1), expected);
}

#[test]
fn verbose_tells_everything() {
    let text = said(1);
    let lines: Vec<_> = text.lines().map(|line| line.trim_start_matches("flowrun: ")).collect();
    let expected = [
        "shop: 2 processes",
        "a holds lock `db`",
        "a started, pid 100",
        "b, step 1 of 2 waits for lock `db` behind 1",
        "a failed: exit code 1, attempt 1 of 3; again in 2 s",
        "a no longer holds lock `db`",
        "a started, attempt 2, pid 100",
    ];
    assert_eq!(lines[..expected.len()], expected);
    assert!(lines.contains(&"b is asked to end within 10 s: the run is being stopped"), "{text}");
    assert!(lines.contains(&"b stopped after 14.0 s: signal 15 (SIGTERM), exit code -15"), "{text}");
}

#[test]
fn exit_codes_are_told_where_they_say_something() {
    let plan = shop();
    let took = Some(Duration::from_secs(2));
    let success = |exit| end(&plan, ProcessId(0), &Outcome::Success, Some(&exit), took);
    assert_eq!(success(Exit::Code(0)), "succeeded in 2.00 s");
    assert_eq!(success(Exit::Code(1)), "succeeded in 2.00 s: exit code 1");
    let stopped = |exit: Option<&Exit>, took| end(&plan, ProcessId(0), &Outcome::Stopped, exit, took);
    assert_eq!(stopped(Some(&Exit::Code(0)), took), "stopped after 2.00 s: exit code 0");
    assert_eq!(stopped(None, None), "stopped");
}

#[test]
fn colours_say_how_bad_it_is() {
    let settings = Settings { stderr: TERMINAL, ..Settings::default() };
    let written = told(shop(), settings, vec![(0, run_started()), (0, ended(0, failed(1)))]);
    assert_eq!(written.stderr(), "\u{1b}[2mflowrun:\u{1b}[0m \u{1b}[31m\u{1b}[1ma failed: exit code 1\u{1b}[0m\n");
}

#[test]
fn skips_are_for_the_summary() {
    let events = || {
        let end = Event::RunEnded { summary: RunSummary::default() };
        vec![(0, run_started()), (0, ended(1, Outcome::Skipped(SkipReason::Condition))), (0, end)]
    };
    let expected = "\n- b skipped: its `if` is false\n\nshop: 1 skipped in 0 ms\n";
    assert_eq!(told(shop(), Settings::default(), events()).stderr(), expected);
    assert_eq!(told(shop(), Settings { mode: OutputMode::Quiet, ..Settings::default() }, events()).stderr(), "");
}
