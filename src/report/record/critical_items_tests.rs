//! Critical paths through items, pipes and what scripts ask for.

use super::{check, success, told};
use crate::base::ids::{ProcessId, QueueId, Section, TakerId};
use crate::notice::Event;
use crate::plan::Plan;
use crate::report::record::testing::recorded;
use crate::report::testing::{at, job, lock, plan, run_started, share, started};

fn worker(plan: &mut Plan, worker: u32, queue: u32, producers: &[u32]) {
    let producers = producers.iter().copied().map(ProcessId).collect();
    plan.queues.push(crate::plan::Queue { name: format!("q{queue}"), max_deliveries: 1, producers, ..Default::default() });
    plan.processes[ProcessId(worker)].control.for_each = Some(QueueId(queue));
}

fn waits(process: u32, attempt: u32, queue: u32) -> Event {
    Event::WaitsForItem { job: job(process, attempt), queue: QueueId(queue) }
}

fn item_done(process: u32, attempt: u32, queue: u32) -> Event {
    Event::ItemDone { job: job(process, attempt), queue: QueueId(queue) }
}

#[test]
fn items_are_followed_to_the_producer_that_ended_last() {
    let mut plan = plan(&["fast", "slow", "eat"]);
    worker(&mut plan, 2, 0, &[0, 1]);
    let events = vec![
        (0, started(0, 1)),
        (0, started(1, 1)),
        (0, waits(2, 1, 0)),
        (10, success(0)),
        (50, success(1)),
        (53, started(2, 1)),
        (90, item_done(2, 1, 0)),
        (90, success(2)),
    ];
    check(plan, events, &["slow running 0-50 items", "eat waiting_for_items 50-53 next", "eat running 53-90 end"]);
}

#[test]
fn of_two_that_still_produce_the_one_that_ends_first_is_followed() {
    let mut plan = plan(&["long", "short", "eat"]);
    worker(&mut plan, 2, 0, &[0, 1]);
    let events = vec![
        (0, started(0, 1)),
        (0, waits(2, 1, 0)),
        (5, started(1, 1)),
        (40, started(2, 1)),
        (42, success(1)),
        (80, success(0)),
        (90, item_done(2, 1, 0)),
        (90, success(2)),
    ];
    check(plan, events, &["short starting 0-5 next", "short running 5-40 items", "eat running 40-90 end"]);
}

/// A worker that works for 30 ms on each of two items, and waits 2 ms for the second; its producer ends then.
fn eats(end: u64) -> Vec<(u64, Event)> {
    let mut events = vec![
        (0, waits(1, 1, 0)),
        (1, started(0, 1)),
        (10, started(1, 1)),
        (40, item_done(1, 1, 0)),
        (40, waits(1, 2, 0)),
        (42, started(1, 2)),
        (70, item_done(1, 2, 0)),
        (70, waits(1, 3, 0)),
        (end, success(0)),
        (end.max(71), success(1)),
    ];
    events.sort_by_key(|(at, _)| *at);
    events
}

#[test]
fn the_end_of_a_queue_is_followed() {
    let mut plan = plan(&["bake", "eat"]);
    worker(&mut plan, 1, 0, &[0]);
    check(plan, eats(100), &["bake starting 0-1 next", "bake running 1-100 end"]);
}

#[test]
fn who_works_longer_than_he_waits_goes_at_his_own_pace() {
    let mut plan = plan(&["bake", "eat"]);
    worker(&mut plan, 1, 0, &[0]);
    let expected = [
        "bake starting 0-1 next",
        "bake running 1-10 items",
        "eat running 10-40 next",
        "eat waiting_for_items 40-42 next",
        "eat running 42-70 next",
        "eat waiting_for_items 70-71 end",
    ];
    check(plan, eats(60), &expected);
}

#[test]
fn who_waits_longer_than_he_works_waits_for_the_producer() {
    let mut plan = plan(&["bake", "eat"]);
    worker(&mut plan, 1, 0, &[0]);
    let events = vec![
        (0, started(0, 1)),
        (0, waits(1, 1, 0)),
        (10, started(1, 1)),
        (20, item_done(1, 1, 0)),
        (20, waits(1, 2, 0)),
        (60, started(1, 2)),
        (70, success(0)),
        (90, item_done(1, 2, 0)),
        (90, success(1)),
    ];
    check(plan, events, &["bake running 0-60 items", "eat running 60-90 end"]);
}

/// Two that feed each other: each moment is looked at once.
#[test]
fn rings_of_queues_end() {
    let mut plan = plan(&["ping", "pong"]);
    worker(&mut plan, 0, 0, &[1]);
    worker(&mut plan, 1, 1, &[0]);
    let mut events = vec![(0, run_started()), (0, waits(0, 1, 0)), (0, waits(1, 1, 1))];
    for attempt in 1..5 {
        let at = u64::from(attempt) * 10;
        for process in [0, 1] {
            events.push((at, started(process, attempt)));
        }
        for process in [0, 1] {
            events.push((at + 5, item_done(process, attempt, process)));
            events.push((at + 5, waits(process, attempt + 1, process)));
        }
    }
    events.extend([(60, success(0)), (60, success(1))]);
    let path = told(&recorded(plan, events, 0));
    assert!((1..20).contains(&path.len()), "{path:?}");
}

fn reads(plan: &mut Plan, reader: u32, queue: u32, producers: &[u32]) {
    let producers = producers.iter().copied().map(ProcessId).collect();
    plan.queues.push(crate::plan::Queue { name: format!("q{queue}"), producers, ..Default::default() });
    std::sync::Arc::make_mut(&mut plan.processes[ProcessId(reader)].work).stdin = crate::plan::Stdin::Queue(QueueId(queue));
}

fn closed(queue: u32) -> Event {
    Event::QueueClosed { queue: QueueId(queue), items: 3 }
}

#[test]
fn who_reads_items_is_held_up_by_their_producers_until_the_queue_ends() {
    let mut plan = plan(&["bake", "eat"]);
    reads(&mut plan, 1, 0, &[0]);
    let events = vec![(0, started(0, 1)), (1, started(1, 1)), (50, success(0)), (51, closed(0)), (80, success(1))];
    check(plan, events, &["bake running 0-50 items", "eat running 50-80 end"]);
}

#[test]
fn who_ends_before_his_input_was_held_up_by_nobody() {
    let mut plan = plan(&["bake", "eat"]);
    reads(&mut plan, 1, 0, &[0]);
    let events = vec![(0, started(0, 1)), (1, started(1, 1)), (50, success(1)), (40, success(0)), (60, closed(0))];
    check(plan, events, &["eat starting 0-1 next", "eat running 1-50 end"]);
}

#[test]
fn who_reads_a_pipe_is_held_up_by_who_writes_it() {
    let mut plan = plan(&["list", "sort"]);
    plan.processes[ProcessId(1)].control.pipe_from = Some(ProcessId(0));
    let events = vec![(0, started(0, 1)), (0, started(1, 1)), (50, success(0)), (80, success(1))];
    check(plan, events, &["list running 0-50 pipe", "sort running 50-80 end"]);
}

fn get(process: u32, get: u64, granted: Option<bool>) -> Event {
    let (job, get, queue) = (job(process, 1), TakerId(get), QueueId(0));
    granted.map_or(Event::GetWaits { job, get, queue }, |granted| Event::GetOver { job, get, queue, granted })
}

#[test]
fn a_script_that_asks_for_items_is_held_up_by_their_producers() {
    let mut plan = plan(&["bake", "eat"]);
    plan.queues.push(crate::plan::Queue { name: "q0".to_owned(), producers: vec![ProcessId(0)], ..Default::default() });
    let events = vec![
        (0, started(0, 1)),
        (0, started(1, 1)),
        (10, get(1, 1, None)),
        (30, get(1, 1, Some(true))),
        (40, get(1, 2, None)),
        (60, success(0)),
        (61, get(1, 2, Some(false))),
        (90, success(1)),
    ];
    check(plan, events, &["bake running 0-60 items", "eat waiting_for_items 60-61 next", "eat running 61-90 end"]);
}

#[test]
fn a_script_that_asks_for_a_lock_is_held_up_by_its_holder() {
    let mut plan = plan(&["a", "b"]);
    lock(&mut plan, "db");
    let (a, b, shares) = (ProcessId(0), ProcessId(1), vec![share(0)]);
    let events = vec![
        (0, started(0, 1)),
        (0, started(1, 1)),
        (5, Event::SectionAcquired { process: a, section: Section(1), holds: shares.clone() }),
        (10, Event::SectionQueued { process: b, section: Section(2), wants: shares.clone() }),
        (40, Event::SectionReleased { process: a, section: Section(1), freed: shares.clone() }),
        (41, Event::SectionAcquired { process: b, section: Section(2), holds: shares }),
        (45, success(0)),
        (90, success(1)),
    ];
    check(plan, events, &["a running 0-41 locks", "b running 41-90 end"]);
}

#[test]
fn of_many_waits_of_a_script_the_longest_are_kept() {
    let mut plan = plan(&["bake", "eat"]);
    plan.queues.push(crate::plan::Queue { name: "q0".to_owned(), producers: vec![ProcessId(0)], ..Default::default() });
    let mut events = vec![(0, started(1, 1))];
    for number in 0..150 {
        let at = number * 1000;
        events.extend([(at, get(1, number, None)), (at + 1 + number, get(1, number, Some(true)))]);
    }
    events.push((150_000, success(1)));
    let attempt = recorded(plan, events, 0).processes[1].attempts[0].clone();
    let lengths = attempt.inner_waits.iter().map(|wait| wait.to.expect("it ended").since(wait.from).as_millis());
    assert_eq!((lengths.collect::<Vec<_>>(), attempt.inner_waits_left_out), ((51..=150).collect(), 50));
}

#[test]
fn what_a_script_waits_for_ends_with_its_attempt() {
    let mut plan = plan(&["bake", "eat"]);
    plan.queues.push(crate::plan::Queue { name: "q0".to_owned(), producers: vec![ProcessId(0)], ..Default::default() });
    let failure = crate::notice::Failure::Code(1);
    let again = Event::Retrying { job: job(1, 1), failure, attempts: 2, delay: std::time::Duration::from_millis(5) };
    let events = vec![
        (0, started(1, 1)),
        (10, get(1, 1, None)),
        (30, again),
        (35, started(1, 2)),
        (36, get(1, 1, Some(false))),
        (40, get(1, 2, None)),
        (50, success(1)),
    ];
    let attempts = recorded(plan, events, 0).processes[1].attempts.clone();
    let waits = |index: usize| attempts[index].inner_waits.iter().map(|wait| (wait.from, wait.to, wait.granted)).collect::<Vec<_>>();
    assert_eq!(waits(0), [(at(10), Some(at(30)), false)]);
    assert_eq!(waits(1), [(at(40), Some(at(50)), false)]);
}
