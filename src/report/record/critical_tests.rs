//! Small runs and their critical paths.

use super::super::testing::{join, mixed, over, recorded};
use crate::base::ids::ProcessId;
use crate::notice::{Event, Exit, Outcome};
use crate::plan::Plan;
use crate::report::record::Report;
use crate::report::testing::{at, job, plan, run_started, started};
use crate::source::model::Condition;

#[path = "critical_items_tests.rs"]
mod items;

/// Each piece as `who activity from-to then`.
fn told(report: &Report) -> Vec<String> {
    let one = |segment: &super::Segment| {
        let word = |value: serde_json::Value| value.as_str().map(str::to_owned).unwrap_or_default();
        let activity = word(serde_json::to_value(segment.activity).expect("JSON"));
        let then = word(serde_json::to_value(&segment.then).expect("JSON")["kind"].clone());
        format!("{} {activity} {}-{} {then}", segment.process, segment.from.0.as_millis(), segment.to.0.as_millis())
    };
    report.critical_path.iter().map(one).collect()
}

fn success(process: u32) -> Event {
    over(process, Outcome::Success, Exit::Code(0), 1)
}

fn check(plan: Plan, events: Vec<(u64, Event)>, expected: &[&str]) {
    let events = std::iter::once((0, run_started())).chain(events).collect();
    let report = recorded(plan, events, 0);
    assert_eq!(told(&report), expected);
    for pair in report.critical_path.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "the pieces follow each other");
    }
    if let Some(first) = report.critical_path.first() {
        assert_eq!(first.from, at(0), "the path begins with the run");
    }
}

#[test]
fn a_run_of_nothing_has_no_path() {
    check(plan(&[]), vec![], &[]);
    check(plan(&["a"]), vec![], &[]);
}

#[test]
fn the_join_that_held_last_is_followed() {
    let mut plan = plan(&["fast", "slow", "last", "aside"]);
    join(&mut plan, 2, 0, Condition::Success);
    join(&mut plan, 2, 1, Condition::Success);
    let events = vec![
        (0, started(0, 1)),
        (0, started(1, 1)),
        (0, started(3, 1)),
        (10, success(0)),
        (50, success(1)),
        (52, started(2, 1)),
        (60, success(3)),
        (90, success(2)),
    ];
    check(plan, events, &["slow running 0-50 join", "last starting 50-52 next", "last running 52-90 end"]);
}

#[test]
fn who_gave_the_slot_back_is_followed() {
    let mut plan = plan(&["a", "b"]);
    plan.jobs = Some(1);
    let events = vec![
        (0, Event::Queued { job: job(1, 1), step: Some(0), wants: vec![] }),
        (1, started(0, 1)),
        (50, success(0)),
        (53, started(1, 1)),
        (90, success(1)),
    ];
    check(plan, events, &["a starting 0-1 next", "a running 1-50 slot", "b starting 50-53 next", "b running 53-90 end"]);
}

#[test]
fn a_daemon_is_followed_to_its_readiness_and_to_who_needed_it_last() {
    let mut plan = plan(&["db", "a"]);
    plan.processes[ProcessId(0)].control.daemon = true;
    join(&mut plan, 1, 0, Condition::Ready);
    let reason = crate::notice::StopReason::WorkEnded;
    let events = vec![
        (0, started(0, 1)),
        (30, Event::Ready { job: job(0, 1) }),
        (30, started(1, 1)),
        (70, success(1)),
        (70, Event::Stopping { job: job(0, 1), reason, grace: std::time::Duration::ZERO }),
        (80, over(0, Outcome::Stopped, Exit::Signal(15), 1)),
    ];
    check(plan, events, &["db running 0-30 join", "a running 30-70 stop", "db stopping 70-80 end"]);
}

/// It was not stopped because it was needed no more: what it did until then is what took so long.
#[test]
fn a_daemon_that_was_not_ready_in_time_is_followed_to_its_start() {
    let mut plan = plan(&["a", "db"]);
    plan.processes[ProcessId(1)].control.daemon = true;
    join(&mut plan, 1, 0, Condition::Success);
    let never = crate::notice::Failure::NeverReady { within: std::time::Duration::from_secs(2), why: None };
    let events = vec![
        (0, started(0, 1)),
        (10, success(0)),
        (10, started(1, 1)),
        (2010, Event::Stopping { job: job(1, 1), reason: crate::notice::StopReason::NotReady, grace: std::time::Duration::ZERO }),
        (2020, over(1, Outcome::Failed { failure: never, allowed: false }, Exit::Signal(15), 1)),
    ];
    check(plan, events, &["a running 0-10 join", "db running 10-2010 next", "db stopping 2010-2020 end"]);
}

#[test]
fn a_join_on_what_did_not_run_leads_to_what_that_waited_for() {
    let mut plan = plan(&["a", "off", "b"]);
    join(&mut plan, 1, 0, Condition::Success);
    join(&mut plan, 2, 1, Condition::Success);
    let skipped = Event::Ended {
        process: ProcessId(1),
        outcome: Outcome::Skipped(crate::notice::SkipReason::Condition),
        exit: None,
        attempts: 0,
        started: None,
    };
    let events = vec![(0, started(0, 1)), (40, success(0)), (40, skipped), (40, started(2, 1)), (60, success(2))];
    check(plan, events, &["a running 0-40 join", "b running 40-60 end"]);
}

#[test]
fn locks_retries_and_daemons_stand_in_one_path() {
    assert_eq!(
        told(&mixed()),
        [
            "db starting 0-2 next",
            "db running 2-5 join",
            "a starting 5-7 next",
            "a running 7-100 join",
            "c starting 100-102 next",
            "c running 102-500 stop",
            "db stopping 500-520 end"
        ]
    );
}
