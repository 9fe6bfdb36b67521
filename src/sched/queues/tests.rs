//! What queues do, without processes.

use super::*;
use crate::base::ids::{Id, JobId};
use crate::plan::{Control, Process, Queue as Planned};

const Q: QueueId = QueueId(0);
const P: ProcessId = ProcessId(0);
const C: ProcessId = ProcessId(1);

/// One producer and one consumer.
fn table(maxsize: Option<u32>, fed: bool) -> QueueTable {
    let process = |name: &str| Process {
        name: name.to_owned(),
        declared: name.to_owned(),
        description: None,
        place: Default::default(),
        control: Control::default(),
        work: Default::default(),
    };
    let producers = if fed { vec![P, C] } else { vec![P] };
    let queue = Planned {
        maxsize,
        max_deliveries: 2,
        producers,
        consumers: vec![C],
        declared: true,
        fed: if fed { vec![C] } else { Vec::new() },
        ring: vec![QueueId::from_index(0)],
        ..Planned::default()
    };
    let plan =
        Plan { processes: ["p", "c"].into_iter().map(process).collect(), queues: std::iter::once(queue).collect(), ..Plan::default() };
    let mut table = QueueTable::new(&plan);
    table.begin();
    table
}

fn turns(table: &mut QueueTable) -> Vec<Turn> {
    std::iter::from_fn(|| table.take_turn()).collect()
}

fn accepted(offer: u64, first: u64, count: u32) -> Turn {
    Turn::Accepted { offer: OfferId(offer), queue: Q, first: ItemId(first), count }
}

fn handed(taker: u64, items: &[(u64, u32)]) -> Turn {
    let items = items.iter().map(|(item, delivery)| Delivery { queue: Q, item: ItemId(*item), delivery: *delivery }).collect();
    Turn::Handed { taker: TakerId(taker), items }
}

fn over(get: u64, job: JobId, granted: bool) -> Turn {
    Turn::GetOver { get: TakerId(get), job, queue: Q, granted }
}

#[test]
fn a_full_queue_takes_from_each_offer_in_turn() {
    let mut table = table(Some(2), false);
    table.offer(OfferId(1), Q, 4, Some(P));
    table.offer(OfferId(2), Q, 1, Some(P));
    assert_eq!(turns(&mut table), [accepted(1, 0, 2)]);
    table.want(TakerId(7), Q, 1, None);
    assert_eq!(turns(&mut table), [handed(7, &[(0, 1)]), accepted(1, 2, 1)], "it came before the other");
    table.want(TakerId(7), Q, 9, None);
    let both = [handed(7, &[(1, 1), (2, 1)]), accepted(2, 3, 1), accepted(1, 4, 1)];
    assert_eq!(turns(&mut table), both, "the other has its turn before the rest");
}

#[test]
fn takers_are_served_in_the_order_in_which_they_came() {
    let mut table = table(None, false);
    table.want(TakerId(1), Q, 1, None);
    table.want(TakerId(2), Q, 1, None);
    table.want(TakerId(1), Q, 1, None);
    table.offer(OfferId(1), Q, 3, Some(P));
    assert_eq!(turns(&mut table), [accepted(1, 0, 3), handed(1, &[(0, 1)]), handed(2, &[(1, 1)])]);
}

#[test]
fn the_end_is_seen_when_nothing_waits_and_nothing_is_in_work() {
    let mut table = table(None, false);
    let job = JobId { process: C, attempt: 1 };
    table.offer(OfferId(1), Q, 1, Some(P));
    table.want(TakerId(1), Q, 1, Some(job));
    table.ended(P, false);
    let next = JobId { attempt: 2, ..job };
    table.want(TakerId(2), Q, 1, Some(next));
    let (closed, waits) = (Turn::Closed { queue: Q, items: 1 }, Turn::GetWaits { get: TakerId(2), job: next, queue: Q });
    assert_eq!(turns(&mut table), [accepted(1, 0, 1), handed(1, &[(0, 1)]), closed, waits]);
    assert!(table.hold_open(), "an item is in work");
    table.attempt_over(job);
    assert_eq!(turns(&mut table), [over(2, next, true), handed(2, &[(0, 2)])], "it is delivered again");
    table.attempt_over(next);
    assert_eq!(turns(&mut table), [Turn::Over { queue: Q, item: ItemId(0), set_aside: Some(2) }]);
    assert!(!table.hold_open() && table.failed() == 1);
    table.want(TakerId(3), Q, 1, None);
    assert_eq!(turns(&mut table), [Turn::Ended { taker: TakerId(3) }]);
}

#[test]
fn what_was_never_handed_on_goes_back_to_the_head_as_if_never_delivered() {
    let mut table = table(None, false);
    table.offer(OfferId(1), Q, 3, Some(P));
    table.want(TakerId(1), Q, 2, None);
    turns(&mut table);
    table.end_taker(TakerId(1), &[ItemId(1)]);
    table.want(TakerId(2), Q, 9, None);
    assert_eq!(turns(&mut table), [handed(2, &[(1, 1), (2, 1)])]);
}

#[test]
fn a_queue_without_consumers_is_abandoned_if_something_is_left() {
    let mut table = table(Some(1), false);
    table.offer(OfferId(1), Q, 3, Some(P));
    table.ended(C, false);
    let left = [
        accepted(1, 0, 1),
        Turn::Closed { queue: Q, items: 1 },
        Turn::Cut { queue: Q },
        Turn::Refused { offer: OfferId(1), abandoned: true },
        Turn::Over { queue: Q, item: ItemId(0), set_aside: None },
        Turn::Abandoned { queue: Q, left: 3 },
    ];
    assert_eq!(turns(&mut table), left);
    assert_eq!(table.failed(), 1);
}

#[test]
fn a_consumer_that_ends_early_does_no_harm_as_long_as_nothing_follows() {
    let mut table = table(None, false);
    table.ended(C, false);
    assert_eq!(turns(&mut table), [Turn::Closed { queue: Q, items: 0 }, Turn::Cut { queue: Q }]);
    assert_eq!(table.failed(), 0);
    table.offer(OfferId(1), Q, 2, Some(P));
    assert_eq!(turns(&mut table), [Turn::Refused { offer: OfferId(1), abandoned: true }, Turn::Abandoned { queue: Q, left: 2 }]);
    assert_eq!(table.failed(), 1);
}

#[test]
fn what_feeds_itself_ends_when_nothing_is_left_of_it() {
    let mut table = table(None, true);
    table.offer(OfferId(1), Q, 1, Some(P));
    table.want_for(C, Q);
    table.ended(P, false);
    let delivery = Delivery { queue: Q, item: ItemId(0), delivery: 1 };
    assert_eq!(turns(&mut table), [accepted(1, 0, 1), Turn::ForWorker { process: C, delivery }]);
    table.offer(OfferId(2), Q, 1, Some(P));
    table.done(delivery);
    table.want_for(C, Q);
    let next = Delivery { item: ItemId(1), ..delivery };
    let over = |item| Turn::Over { queue: Q, item: ItemId(item), set_aside: None };
    assert_eq!(turns(&mut table), [accepted(2, 1, 1), over(0), Turn::ForWorker { process: C, delivery: next }]);
    table.done(next);
    table.want_for(C, Q);
    assert_eq!(turns(&mut table), [over(1), Turn::Closed { queue: Q, items: 2 }, Turn::WorkerEnded { process: C }]);
}

#[test]
fn late_words_about_what_is_over_change_nothing() {
    let mut table = table(None, false);
    table.end_offer(OfferId(1));
    table.end_taker(TakerId(1), &[ItemId(0)]);
    table.done_by(JobId { process: C, attempt: 1 }, Q, None);
    table.offer(OfferId(1), QueueId(9), 1, Some(P));
    table.want(TakerId(1), QueueId(9), 1, None);
    assert_eq!(turns(&mut table), [Turn::Refused { offer: OfferId(1), abandoned: false }, Turn::Ended { taker: TakerId(1) }]);
}

#[test]
fn who_forgets_to_say_done_does_not_wait_for_himself_in_a_ring_either() {
    let mut table = table(None, true);
    let job = JobId { process: C, attempt: 1 };
    table.offer(OfferId(1), Q, 1, Some(P));
    table.want(TakerId(1), Q, 1, Some(job));
    table.end_taker(TakerId(1), &[]);
    table.want(TakerId(2), Q, 1, Some(job));
    let waits = Turn::GetWaits { get: TakerId(2), job, queue: Q };
    assert_eq!(turns(&mut table), [accepted(1, 0, 1), handed(1, &[(0, 1)]), waits], "one outside may still put something");
    table.ended(P, false);
    assert_eq!(turns(&mut table), [over(2, job, false), Turn::Ended { taker: TakerId(2) }]);
}
