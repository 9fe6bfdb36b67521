//! Sections of clients, rule by rule.

use flowrun::base::ids::{Id, ProcessId, ResourceId, Section};
use flowrun::notice::Share;
use flowrun::plan::{Control, Plan, Resource, StepControl};
use flowrun::sched::{Effect, Input, Refused, SectionAsk};
use flowrun::source::model::Condition;

use crate::by_hand::{Run, daemon, finite, joining, lock, ms, plan};

/// The second lock.
fn other() -> Share {
    Share { resource: ResourceId(1), ..lock() }
}

/// Processes of a plan with two locks.
fn two_locks(controls: Vec<Control>) -> Plan {
    let mut plan = plan(controls);
    let first: Resource = plan.resources[ResourceId(0)].clone();
    plan.resources.push(Resource { name: "other".to_owned(), ..first });
    plan
}

fn ask(run: &mut Run, section: u64, process: usize, within: &[u64], shares: &[Share]) {
    let within = within.iter().map(|section| Section(*section)).collect();
    let process = ProcessId::from_index(process);
    run.input(Input::SectionAsked(SectionAsk { section: Section(section), process, within, shares: shares.to_vec(), patience: None }));
}

fn over(run: &mut Run, section: u64) {
    run.input(Input::SectionOver { section: Section(section) });
}

fn granted(run: &Run) -> Vec<u64> {
    run.effects
        .iter()
        .filter_map(|effect| if let Effect::SectionGranted { section, .. } = effect { Some(section.0) } else { None })
        .collect()
}

fn refused(run: &Run) -> Vec<(u64, Refused)> {
    let one = |effect: &Effect| match effect {
        Effect::SectionRefused { section, why } => Some((section.0, why.clone())),
        _ => None,
    };
    run.effects.iter().filter_map(one).collect()
}

#[test]
fn sections_and_processes_take_turns_in_one_queue() {
    let locked = Control { request: vec![lock()], ..finite() };
    let mut run = Run::new(plan(vec![finite(), finite(), locked]));
    assert_eq!(run.starts(), [0, 1, 2]);
    ask(&mut run, 1, 0, &[], &[lock()]);
    ask(&mut run, 2, 1, &[], &[lock()]);
    assert!(granted(&run).is_empty());
    run.succeeds(2);
    assert_eq!(granted(&run), [1]);
    over(&mut run, 1);
    assert_eq!(granted(&run), [2]);
}

#[test]
fn the_newest_request_of_a_ring_is_refused_and_the_other_goes_on() {
    let mut run = Run::new(two_locks(vec![finite(), finite()]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    ask(&mut run, 2, 1, &[], &[other()]);
    ask(&mut run, 3, 0, &[1], &[other()]);
    assert_eq!(refused(&run), []);
    ask(&mut run, 4, 1, &[2], &[lock()]);
    let [(4, Refused::Ring(links))] = &refused(&run)[..] else { panic!("{:?}", run.effects) };
    assert_eq!(links.len(), 2);
    over(&mut run, 2);
    assert_eq!(granted(&run), [3]);
}

#[test]
fn a_declared_request_that_closes_a_ring_is_kept_and_the_client_refused() {
    let step = StepControl { request: vec![other()], timeout: None, only_waits: false };
    let nested = Control { request: vec![lock()], steps: vec![StepControl::default(), step], ..finite() };
    let mut run = Run::new(two_locks(vec![nested, finite()]));
    ask(&mut run, 1, 1, &[], &[other()]);
    ask(&mut run, 2, 1, &[1], &[lock()]);
    assert_eq!(refused(&run), []);
    run.succeeds(0);
    assert!(matches!(&refused(&run)[..], [(2, Refused::Ring(_))]), "{:?}", run.effects);
    over(&mut run, 1);
    assert_eq!(run.starts(), [0]);
}

#[test]
fn being_behind_a_request_is_a_wait_too() {
    let mut run = Run::new(two_locks(vec![finite(), finite(), finite()]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    ask(&mut run, 2, 1, &[], &[lock(), other()]);
    // Nobody holds the second lock, but who asked for it before waits for this one.
    ask(&mut run, 3, 0, &[1], &[other()]);
    assert!(
        matches!(&refused(&run)[..], [(3, Refused::Ring(links))] if links.iter().any(|link| !link.obstacle.holds)),
        "{:?}",
        run.effects
    );
}

#[test]
fn permits_that_come_back_by_themselves_are_no_ring() {
    let mut both = plan(vec![finite(), finite(), finite()]);
    both.resources[ResourceId(0)].kind = flowrun::plan::ResourceKind::Semaphore { permits: 2 };
    let first = both.resources[ResourceId(0)].clone();
    both.resources.push(Resource { name: "other".to_owned(), kind: flowrun::plan::ResourceKind::Lock, ..first });
    let mut run = Run::new(both);
    ask(&mut run, 1, 0, &[], &[lock()]);
    ask(&mut run, 2, 1, &[], &[lock()]);
    ask(&mut run, 3, 2, &[], &[other()]);
    ask(&mut run, 4, 0, &[1], &[other()]);
    ask(&mut run, 5, 2, &[3], &[lock()]);
    assert_eq!(refused(&run), [], "the second permit comes back when its holder ends");
    // Now that holder waits as well.
    ask(&mut run, 6, 1, &[2], &[other()]);
    assert!(matches!(&refused(&run)[..], [(6, Refused::Ring(_))]), "{:?}", run.effects);
}

#[test]
fn what_the_process_or_an_outer_section_holds_is_refused_at_once() {
    let locked = Control { request: vec![lock()], ..finite() };
    let mut run = Run::new(two_locks(vec![locked]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    assert!(matches!(&refused(&run)[..], [(1, Refused::HeldAround { .. })]));
    ask(&mut run, 2, 0, &[], &[other()]);
    ask(&mut run, 3, 0, &[2], &[other()]);
    assert!(matches!(&refused(&run)[..], [(3, Refused::HeldAround { .. })]));
    // Two clients side by side wait for each other's end, which is no ring.
    ask(&mut run, 4, 0, &[], &[other()]);
    over(&mut run, 2);
    assert_eq!(granted(&run), [4]);
}

#[test]
fn a_slot_is_lent_when_all_who_have_one_wait_behind_who_lacks_one() {
    let locked = Control { request: vec![lock()], ..finite() };
    let mut run = Run::new(Plan { jobs: Some(1), ..plan(vec![finite(), locked.clone(), locked, finite()]) });
    assert_eq!(run.starts(), [0]);
    ask(&mut run, 1, 0, &[], &[lock()]);
    assert_eq!((run.starts(), refused(&run)), (vec![1], vec![]));
    run.succeeds(1);
    assert_eq!(run.starts(), [2]);
    run.succeeds(2);
    assert_eq!((granted(&run), run.starts()), (vec![1], Vec::new()), "the slot that was lent is not handed out again");
    over(&mut run, 1);
    run.succeeds(0);
    assert_eq!(run.starts(), [3]);
}

#[test]
fn a_bounded_wait_ends_and_none_at_all_is_refused_at_once() {
    let mut run = Run::new(plan(vec![finite(), finite()]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    for (section, patience) in [(2, 0), (3, 50)] {
        let process = ProcessId(1);
        let ask = SectionAsk { section: Section(section), process, within: vec![], shares: vec![lock()], patience: Some(ms(patience)) };
        run.input(Input::SectionAsked(ask));
        assert_eq!(refused(&run).len(), usize::from(patience == 0));
    }
    run.wait(49);
    assert_eq!(refused(&run), []);
    run.wait(1);
    assert!(matches!(&refused(&run)[..], [(3, Refused::Timeout { .. })]), "{:?}", run.effects);
    over(&mut run, 3);
    over(&mut run, 1);
    ask(&mut run, 4, 1, &[], &[lock()]);
    assert_eq!(granted(&run), [4]);
}

#[test]
fn the_end_of_the_run_leaves_nobody_without_an_answer() {
    let mut run = Run::new(plan(vec![finite(), finite()]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    ask(&mut run, 2, 1, &[], &[lock()]);
    run.succeeds(0);
    run.succeeds(1);
    assert_eq!(refused(&run), [(2, Refused::RunEnded)]);
    assert!(run.summary().is_some());
}

#[test]
fn what_a_daemon_keeps_is_refused_when_it_is_asked_for_and_when_the_daemon_gets_it() {
    let keeps = Control { request: vec![lock()], ..daemon() };
    let mut run = Run::new(plan(vec![finite(), keeps]));
    assert_eq!(run.starts(), [0, 1]);
    ask(&mut run, 1, 0, &[], &[lock()]);
    let by = vec![ProcessId(1)];
    assert_eq!(refused(&run), [(1, Refused::HeldForLife { resource: lock().resource, by })]);
    // One that waits when the daemon gets it is no better off.
    let keeps = joining(Control { request: vec![lock()], ..daemon() }, &[(2, Condition::Success)]);
    let mut run = Run::new(plan(vec![finite(), finite(), finite(), keeps]));
    ask(&mut run, 1, 0, &[], &[lock()]);
    run.succeeds(2);
    ask(&mut run, 2, 1, &[], &[lock()]);
    assert_eq!(refused(&run), []);
    over(&mut run, 1);
    assert_eq!(refused(&run), [(2, Refused::HeldForLife { resource: lock().resource, by: vec![ProcessId(3)] })]);
}

#[test]
fn a_daemon_that_is_being_stopped_gives_back_what_it_kept() {
    let keeps = Control { request: vec![lock()], ..daemon() };
    let mut run = Run::new(plan(vec![finite(), keeps]));
    run.input(Input::StopProcess { process: ProcessId(1) });
    ask(&mut run, 1, 0, &[], &[lock()]);
    assert_eq!(refused(&run), []);
}
