//! Small runs and the sentences about them.

use super::*;
use crate::notice::{Event, Exit, Outcome};
use crate::plan::Plan;
use crate::report::record::testing::{join, mixed, over, recorded};
use crate::report::testing::{job, lock, plan, run_started, share, started};
use crate::source::model::Condition;

fn told(plan: Plan, events: Vec<(u64, Event)>) -> String {
    sentence(&recorded(plan, std::iter::once((0, run_started())).chain(events).collect(), 0))
}

fn success(process: u32) -> Event {
    over(process, Outcome::Success, Exit::Code(0), 1)
}

#[test]
fn a_run_of_nothing_is_not_told() {
    assert_eq!(told(plan(&[]), vec![]), "");
    assert_eq!(told(plan(&["a"]), vec![]), "");
}

#[test]
fn who_held_the_lock_is_told_with_who_waited() {
    let mut plan = plan(&["build", "seed", "te\u{7}st"]);
    lock(&mut plan, "db");
    join(&mut plan, 1, 0, Condition::Success);
    let shares = || vec![share(0)];
    let events = vec![
        (0, started(0, 1)),
        (4000, success(0)),
        (4000, Event::Acquired { job: job(1, 1), step: None, holds: shares() }),
        (4001, started(1, 1)),
        (4002, Event::Queued { job: job(2, 1), step: None, wants: shares() }),
        (7000, Event::Released { job: job(1, 1), step: None, freed: shares() }),
        (7000, success(1)),
        (7000, Event::Acquired { job: job(2, 1), step: None, holds: shares() }),
        (7001, started(2, 1)),
        (8000, success(2)),
    ];
    let seed = "`seed` ran for 3.00 s and held up `te\u{fffd}st`, which waited for db (37 %)";
    assert_eq!(told(plan, events), format!("Took 8.00 s: `build` ran for 4.00 s (50 %), {seed}, `te\u{fffd}st` ran for 1.00 s (12 %)."));
}

#[test]
fn a_long_chain_is_told_by_what_weighs_most() {
    let names: Vec<String> = (0..1000).map(|number| format!("p{number}")).collect();
    let mut plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut events = Vec::new();
    let mut at = 0;
    for process in 0..1000 {
        if process > 0 {
            join(&mut plan, process, process - 1, Condition::Success);
        }
        events.push((at, started(process, 1)));
        at += if process == 500 { 2000 } else { 10 };
        events.push((at, success(process)));
    }
    let told = told(plan, events);
    assert!(told.starts_with("Took 12.0 s: `p500` ran for 2.00 s (17 %), `") && told.len() < 200, "{told}");
    assert!(told.ends_with(" The rest are 997 shorter parts (83 %)."), "{told}");
}

#[test]
fn what_one_process_did_in_a_row_is_one_part() {
    let told = sentence(&mixed());
    assert_eq!(
        told,
        "Took 0.52 s: `c` ran for 0.40 s (77 %), `a` ran for 93 ms (18 %), `db` was being stopped for 20 ms (4 %). The rest is one shorter part (1 %)."
    );
}

/// Of a queue before one lock none of those who had it is to blame.
#[test]
fn a_lock_that_goes_round_is_told_rather_than_who_had_it() {
    let mut plan = plan(&["a", "b", "c", "d", "e", "f"]);
    lock(&mut plan, "db");
    let mut events: Vec<_> = (1..6).map(|job_of| (0, Event::Queued { job: job(job_of, 1), step: None, wants: vec![share(0)] })).collect();
    events.insert(0, (0, Event::Acquired { job: job(0, 1), step: None, holds: vec![share(0)] }));
    for one in 0..6 {
        let at = u64::from(one) * 1000;
        events.push((at, started(one, 1)));
        events.push((at + 1000, Event::Released { job: job(one, 1), step: None, freed: vec![share(0)] }));
        events.push((at + 1000, success(one)));
        if one < 5 {
            events.push((at + 1000, Event::Acquired { job: job(one + 1, 1), step: None, holds: vec![share(0)] }));
        }
    }
    let longest = "longest by `a` (1.00 s), `b` (1.00 s), `c` (1.00 s)";
    assert_eq!(
        told(plan, events),
        format!("Took 6.00 s: `db` was held 6 times, one after the other, for 6.00 s in all (100 %), {longest}.")
    );
}
