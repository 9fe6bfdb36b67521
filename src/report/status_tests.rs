//! The whole table, from notices.

use std::time::Duration;

use super::super::testing::{ended, failed, job, lock, plan, run_started, share, started, told};
use super::*;
use crate::base::ids::ResourceId;
use crate::base::span::Span;
use crate::notice::{Failure, HostHolder, Outcome};
use crate::plan::{Liveness, Plan, Readiness, Rhythm};
use crate::source::model::OnTimeout;

fn join(process: u32, until: Condition) -> Join {
    Join { process: ProcessId(process), until, timeout: None, on_timeout: OnTimeout::Fail, place: Span::default() }
}

/// Two services that are waited for, users of a lock, and tests behind all of them.
fn shop() -> Plan {
    let mut plan = plan(&["db", "api", "buyer[0]", "buyer[1]", "buyer[2]", "tests", "old", "flaky"]);
    lock(&mut plan, "till");
    let rhythm = Rhythm {
        initial_delay: Duration::ZERO,
        first_interval: Duration::from_millis(20),
        interval: Duration::from_millis(500),
        timeout: Duration::from_secs(5),
    };
    for service in [0, 1] {
        let control = &mut plan.processes[ProcessId(service)].control;
        control.daemon = true;
        control.ready = Some(Readiness { polled: true, rhythm, within: Duration::from_secs(60) });
        control.live = Some(Liveness { rhythm, failures: 3 });
    }
    plan.processes[ProcessId(5)].control.joins =
        vec![join(0, Condition::Ready), join(1, Condition::Ready), join(3, Condition::Success), join(6, Condition::Exit)];
    plan
}

fn asks(process: u32) -> Event {
    Event::Queued { job: job(process, 1), step: None, wants: vec![share(0)] }
}

fn events() -> Vec<(u64, Event)> {
    let restarting =
        Event::Restarting { job: job(7, 1), failure: Some(Failure::Code(1)), restarts: 1, max: 5, delay: Duration::from_secs(8) };
    vec![
        (0, run_started()),
        (0, started(0, 1)),
        (0, started(1, 1)),
        (500, Event::Ready { job: job(0, 1) }),
        (600, Event::ProbeFailed { job: job(1, 1), live: false, failures: 2, why: "connection refused".to_owned() }),
        (700, Event::SaidStatus { process: ProcessId(1), text: "loading 3 of 7\u{1b}[2J".to_owned() }),
        (1000, asks(2)),
        (1000, Event::Acquired { job: job(2, 1), step: None, holds: vec![share(0)] }),
        (1000, started(2, 1)),
        (1000, asks(3)),
        (1000, asks(4)),
        (1500, started(6, 1)),
        (2000, ended(6, failed(1))),
        (2000, started(7, 1)),
        (3000, restarting),
    ]
}

#[test]
fn the_table_tells_who_waits_for_what_and_who_holds_it() {
    let mut events = events();
    events.push((4000, Event::StatusAsked));
    let expected = "\
PROCESS   STATE       PID  SINCE  WAITING FOR
db        ready       100  3 s
api       starting    101  4 s    connection refused; loading 3 of 7\u{fffd}[2J
buyer[0]  running     102  3 s
flaky     restarting  -    1 s    restart 1 of 5, in 7 s
buyer[1]  queued      -    3 s    lock `till`, held by `buyer[0]`
buyer[2]  queued      -    3 s    lock `till`, held by `buyer[0]` (behind 2)
tests     waiting     -    -      `api` (ready), `buyer[1]` (success)
1 of 8 ended, 1 of them failed, after 4 s
";
    let settings = Settings { verbosity: -1, mode: super::super::OutputMode::Quiet, ..Settings::default() };
    assert_eq!(told(shop(), settings, events).stderr(), expected);
}

#[test]
fn thousands_that_wait_are_counted() {
    let names: Vec<String> = (0..1000).map(|number| format!("p{number}")).collect();
    let plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let text = told(plan, Settings::default(), vec![(0, run_started()), (0, Event::StatusAsked)]).stderr();
    assert_eq!(text.lines().count(), 1 + 50 + 2);
    assert!(text.contains("… and 950 more that wait for others\n"), "{text}");
}

#[test]
fn what_was_started_again_is_not_ready_before_it_says_so() {
    let mut events = events();
    events.push((4000, ended(6, Outcome::Success)));
    events.push((4000, started(0, 2)));
    events.push((5000, Event::StatusAsked));
    let text = told(shop(), Settings::default(), events).stderr();
    assert!(text.contains("db        starting    100  1 s\n"), "{text}");
    assert!(text.contains("tests     waiting     -    -      `db` (ready), `api` (ready)"), "{text}");
}

#[test]
fn who_holds_it_elsewhere_is_told_until_it_is_had() {
    let mut plan = plan(&["a"]);
    lock(&mut plan, "till");
    let holders = vec![HostHolder { run: None, workflow: None, process: "make".to_owned(), pid: 9 }];
    let waits = Event::HeldElsewhere { job: job(0, 1), resource: ResourceId(0), holders, again: false };
    let queued = Event::Queued { job: job(0, 1), step: None, wants: vec![share(0)] };
    let had = Event::Acquired { job: job(0, 1), step: None, holds: vec![share(0)] };
    let events = vec![(0, run_started()), (0, queued), (0, waits), (0, Event::StatusAsked), (0, had), (0, Event::StatusAsked)];
    let text = told(plan, Settings::default(), events).stderr();
    assert!(text.contains("flowrun: a waits for lock `till`, held by `make` (pid 9)\n"), "{text}");
    assert_eq!(text.matches("lock `till`, held by `make`").count(), 2, "{text}");
}
