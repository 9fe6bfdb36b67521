//! Who gets what, in which order.

use super::*;
use crate::base::ids::Id;
use crate::base::span::Span;
use crate::plan::ResourceKind;

fn table(kinds: &[ResourceKind], slots: Option<u32>) -> LockTable {
    let resource = |kind: &ResourceKind| Resource { name: String::new(), kind: *kind, host: None, place: Span::default() };
    LockTable::new(&kinds.iter().map(resource).collect(), slots)
}

fn share(resource: usize) -> Share {
    Share { resource: ResourceId::from_index(resource), shared: false, permits: 1 }
}

fn shared(resource: usize) -> Share {
    Share { shared: true, ..share(resource) }
}

/// A slot of its own.
fn own(process: usize) -> SlotKey {
    SlotKey::new(ProcessId::from_index(process), false)
}

fn ask(table: &mut LockTable, process: usize, shares: &[Share], slot: bool) -> (Ticket, Vec<Grant>) {
    let slot = slot.then(|| own(process));
    ask_for(table, process, shares, slot)
}

fn ask_for(table: &mut LockTable, process: usize, shares: &[Share], slot: Option<SlotKey>) -> (Ticket, Vec<Grant>) {
    let (ticket, granted) = table.request(ProcessId::from_index(process), shares.to_vec(), slot);
    (ticket, granted.into_iter().collect())
}

fn all(table: &mut LockTable) -> Vec<Grant> {
    std::iter::from_fn(|| table.take_grant()).collect()
}

fn processes(grants: &[Grant]) -> Vec<u32> {
    grants.iter().map(|grant| grant.process.0).collect()
}

#[test]
fn a_later_request_never_overtakes_an_older_one_on_a_lock_it_shares() {
    let mut table = table(&[ResourceKind::Lock, ResourceKind::Lock], None);
    let (_, first) = ask(&mut table, 0, &[share(0)], false);
    assert_eq!(processes(&first), [0]);
    assert!(ask(&mut table, 1, &[share(0), share(1)], false).1.is_empty());
    // Lock 1 is free, but an older request names it.
    assert!(ask(&mut table, 2, &[share(1)], false).1.is_empty());
    table.release(&first[0]);
    let both = table.take_grant().expect("the second is next");
    assert_eq!(both.process.0, 1);
    table.release(&both);
    assert_eq!(processes(&all(&mut table)), [2]);
}

#[test]
fn readers_share_and_a_writer_waits_its_turn() {
    let mut table = table(&[ResourceKind::Lock], None);
    let (_, first) = ask(&mut table, 0, &[shared(0)], false);
    let (_, second) = ask(&mut table, 1, &[shared(0)], false);
    assert!(ask(&mut table, 2, &[share(0)], false).1.is_empty());
    assert!(ask(&mut table, 3, &[shared(0)], false).1.is_empty(), "a reader behind a writer waits");
    table.release(&first[0]);
    assert!(all(&mut table).is_empty());
    table.release(&second[0]);
    let writer = table.take_grant().expect("the writer is next");
    assert_eq!(writer.process.0, 2);
    table.release(&writer);
    assert_eq!(processes(&all(&mut table)), [3]);
}

#[test]
fn a_withdrawn_request_lets_those_behind_it_pass() {
    let mut table = table(&[ResourceKind::Lock, ResourceKind::Lock], None);
    ask(&mut table, 0, &[share(0)], false);
    let (ticket, _) = ask(&mut table, 1, &[share(0), share(1)], false);
    ask(&mut table, 2, &[share(1)], false);
    table.withdraw(ticket);
    assert_eq!(processes(&all(&mut table)), [2]);
}

#[test]
fn permits_have_numbers_and_the_lowest_free_one_is_next() {
    let mut table = table(&[ResourceKind::Semaphore { permits: 3 }], None);
    let (_, first) = ask(&mut table, 0, &[share(0)], false);
    let (_, second) = ask(&mut table, 1, &[Share { permits: 2, ..share(0) }], false);
    assert_eq!(first[0].permits[0].1, [0]);
    assert_eq!(second[0].permits[0].1, [1, 2]);
    ask(&mut table, 2, &[share(0)], false);
    table.release(&first[0]);
    assert_eq!(all(&mut table)[0].permits[0].1, [0]);
}

#[test]
fn slots_go_to_the_oldest_that_lacks_nothing_else() {
    let mut table = table(&[ResourceKind::Lock], Some(1));
    let (_, first) = ask(&mut table, 0, &[share(0)], true);
    assert_eq!(processes(&first), [0]);
    let (waits_for_lock, _) = ask(&mut table, 1, &[share(0)], true);
    let (waits_for_slot, _) = ask(&mut table, 2, &[], true);
    assert!(!table.lacks_only_slot(waits_for_lock) && table.lacks_only_slot(waits_for_slot));
    table.release_slot(own(0));
    assert_eq!(processes(&all(&mut table)), [2]);
    table.release(&first[0]);
    table.release_slot(own(2));
    assert_eq!(processes(&all(&mut table)), [1]);
}

#[test]
fn who_shares_a_slot_that_is_out_does_not_wait_for_one() {
    let mut table = table(&[], Some(1));
    let tied = SlotKey::new(ProcessId(1), true);
    assert_eq!(processes(&ask_for(&mut table, 0, &[], Some(own(0))).1), [0]);
    for process in [1, 2] {
        assert!(ask_for(&mut table, process, &[], Some(tied)).1.is_empty(), "nobody has their slot yet");
    }
    assert!(ask_for(&mut table, 3, &[], Some(own(3))).1.is_empty());
    table.release_slot(own(0));
    assert_eq!(processes(&all(&mut table)), [1, 2], "the slot of one is that of the other");
    assert_eq!(processes(&ask_for(&mut table, 4, &[], Some(tied)).1), [4]);
    table.release_slot(tied);
    table.release_slot(tied);
    assert!(all(&mut table).is_empty(), "the last still has it");
    table.release_slot(tied);
    assert_eq!(processes(&all(&mut table)), [3]);
}

#[test]
fn a_hundred_thousand_readers_behind_a_writer_are_no_deep_recursion() {
    let mut table = table(&[ResourceKind::Lock], None);
    let (_, writer) = ask(&mut table, 0, &[share(0)], false);
    for process in 1..=100_000 {
        ask(&mut table, process, &[shared(0)], false);
    }
    table.release(&writer[0]);
    assert_eq!(all(&mut table).len(), 100_000);
}

#[test]
fn a_new_grant_does_not_pass_older_ones_that_nobody_has_taken() {
    let mut table = table(&[ResourceKind::Lock], None);
    let (_, writer) = ask(&mut table, 0, &[share(0)], false);
    ask(&mut table, 1, &[shared(0)], false);
    table.release(&writer[0]);
    let (ticket, at_once) = ask(&mut table, 2, &[shared(0)], false);
    assert!(at_once.is_empty() && !table.is_waiting(ticket));
    assert_eq!(processes(&all(&mut table)), [1, 2]);
}

#[test]
fn ten_thousand_waiters_cost_a_step_each() {
    let mut table = table(&[ResourceKind::Lock], None);
    let (_, first) = ask(&mut table, 0, &[share(0)], false);
    let mut next = first.into_iter().next();
    for process in 1..10_000 {
        ask(&mut table, process, &[share(0)], false);
    }
    let mut served = 0;
    while let Some(grant) = next {
        assert_eq!(grant.process.index(), served);
        served += 1;
        table.release(&grant);
        next = table.take_grant();
    }
    assert_eq!(served, 10_000);
}
