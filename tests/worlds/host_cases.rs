//! What other runs share, rule by rule.

use flowrun::base::ids::{HostAsk, JobId, ProcessId};
use flowrun::notice::{Failure, Outcome};
use flowrun::plan::{Control, Plan};
use flowrun::sched::{Effect, Input};

use crate::by_hand::{Run, finite, lock, ms, plan};

fn locked() -> Control {
    Control { request: vec![lock()], ..finite() }
}

fn shared(controls: Vec<Control>) -> Plan {
    let mut plan = plan(controls);
    plan.resources.iter_mut().for_each(|resource| resource.host = Some(format!("world/{}", resource.name)));
    plan
}

fn asks(run: &Run) -> Vec<usize> {
    run.of(|effect| if let Effect::AskHost { job, .. } = effect { Some(*job) } else { None })
}

fn grants(run: &mut Run, ask: u64) {
    run.input(Input::HostGranted { ask: HostAsk(ask), permits: Vec::new() });
}

#[test]
fn the_host_is_asked_for_one_at_a_time_in_order_and_gets_each_back() {
    let mut run = Run::new(shared(vec![locked(), locked()]));
    assert_eq!(asks(&run), [0]);
    grants(&mut run, 0);
    assert_eq!((run.starts(), asks(&run)), (vec![0], vec![]));
    run.succeeds(0);
    let second = JobId { process: ProcessId(1), attempt: 1 };
    let expected = [Effect::ReleaseHost { ask: HostAsk(0) }, Effect::AskHost { job: second, ask: HostAsk(1), wants: vec![lock()] }];
    assert_eq!(run.effects, expected);
}

#[test]
fn a_bound_on_waiting_for_locks_holds_for_the_host_and_ends_the_asking() {
    let mut run = Run::new(shared(vec![Control { acquire_timeout: Some(ms(50)), ..locked() }]));
    run.wait(49);
    assert_eq!(run.outcome(0), None);
    run.wait(1);
    assert_eq!(
        run.outcome(0),
        Some(Outcome::Failed { failure: Failure::AcquireTimeout { bound: ms(50), held_by: Vec::new() }, allowed: false })
    );
    assert_eq!(run.effects, [Effect::ReleaseHost { ask: HostAsk(0) }]);
}

#[test]
fn what_lost_its_slot_meanwhile_keeps_nobody_waiting() {
    let mut run = Run::new(Plan { jobs: Some(1), ..shared(vec![locked(), finite()]) });
    assert_eq!((asks(&run), run.starts()), (vec![0], vec![1]));
    grants(&mut run, 0);
    assert_eq!(run.effects, [Effect::ReleaseHost { ask: HostAsk(0) }]);
    run.succeeds(1);
    assert_eq!(asks(&run), [0]);
    grants(&mut run, 1);
    assert_eq!(run.starts(), [0]);
}

#[test]
fn the_wait_for_the_host_has_its_bound_also_after_a_wait_for_a_slot() {
    let mut run = Run::new(Plan { jobs: Some(1), ..shared(vec![Control { acquire_timeout: Some(ms(50)), ..locked() }, finite()]) });
    grants(&mut run, 0);
    run.wait(80);
    assert_eq!(run.outcome(0), None);
    run.succeeds(1);
    run.wait(49);
    assert_eq!(run.outcome(0), None);
    run.wait(1);
    assert!(matches!(run.outcome(0), Some(Outcome::Failed { failure: Failure::AcquireTimeout { .. }, .. })));
}

#[test]
fn an_answer_that_comes_too_late_is_nobodys() {
    let mut run = Run::new(shared(vec![locked(), locked()]));
    run.stop(0);
    assert_eq!(asks(&run), [1]);
    grants(&mut run, 0);
    assert_eq!(run.effects, []);
    grants(&mut run, 1);
    assert_eq!(run.starts(), [1]);
    grants(&mut run, 1);
    assert_eq!(run.effects, []);
}

#[test]
fn what_the_host_refuses_has_failed_with_its_words() {
    let mut run = Run::new(shared(vec![locked()]));
    run.input(Input::HostFailed { ask: HostAsk(0), why: "differs".to_owned() });
    assert_eq!(run.outcome(0), Some(Outcome::Failed { failure: Failure::HostLock("differs".to_owned()), allowed: false }));
    assert!(!run.effects.iter().any(|effect| matches!(effect, Effect::ReleaseHost { .. })));
}
