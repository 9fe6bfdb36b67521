//! Locks, semaphores and job slots: who holds what, and who is next.
//!
//! A request names any number of locks and permits and is granted all at once or not at all. It is
//! granted when it is the oldest on everything it names and everything has room, and, if it needs a job
//! slot, when one is free; among requests that lack only a slot the oldest gets it. Nobody is overtaken
//! on anything, nobody holds part of a request while waiting. Knows nothing of processes' states or time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::ids::{DenseMap, ProcessId, ResourceId};
use crate::notice::Share;
use crate::plan::{Resource, ResourceKind};

/// A request in the order of arrival: less is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A granted request: what is held until it is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose.
    pub process: ProcessId,
    /// Which request.
    pub ticket: Ticket,
    /// What is held.
    pub shares: Vec<Share>,
    /// The numbers of the permits of each semaphore, from 0.
    pub permits: Vec<(ResourceId, Vec<u32>)>,
    /// Whether a job slot came with it.
    pub slot: bool,
}

/// Requests waiting and shares held, for all resources of a run.
#[derive(Debug)]
pub struct LockTable {
    resources: DenseMap<ResourceId, Queue>,
    requests: BTreeMap<Ticket, Request>,
    /// Requests that lack nothing but a slot.
    slot_queue: BTreeSet<Ticket>,
    /// Free job slots; none when unlimited.
    free_slots: Option<u32>,
    next_ticket: u64,
    /// Resources whose oldest request is still to be considered: a queue, so that a chain of grants is no
    /// deep recursion.
    changed: VecDeque<ResourceId>,
    /// Grants that nobody has taken yet, in the order in which they were made.
    granted: VecDeque<Grant>,
}

#[derive(Debug)]
struct Request {
    process: ProcessId,
    shares: Vec<Share>,
    needs_slot: bool,
}

/// One lock or semaphore.
#[derive(Debug)]
struct Queue {
    waiting: BTreeSet<Ticket>,
    room: Room,
}

#[derive(Debug)]
enum Room {
    Lock {
        exclusive: bool,
        shared: u32,
    },
    /// Permits are handed out lowest number first; `fresh` is the lowest that was never out.
    Semaphore {
        capacity: u32,
        out: u32,
        fresh: u32,
        returned: BTreeSet<u32>,
    },
}

impl Room {
    fn fits(&self, share: &Share) -> bool {
        match self {
            Self::Lock { exclusive, shared } => !exclusive && (share.shared || *shared == 0),
            Self::Semaphore { capacity, out, .. } => share.permits <= capacity - out,
        }
    }

    fn take(&mut self, share: &Share) -> Vec<u32> {
        match self {
            Self::Lock { shared, .. } if share.shared => {
                *shared += 1;
                Vec::new()
            }
            Self::Lock { exclusive, .. } => {
                *exclusive = true;
                Vec::new()
            }
            Self::Semaphore { out, fresh, returned, .. } => {
                *out += share.permits;
                let mut next = || {
                    returned.pop_first().unwrap_or_else(|| {
                        *fresh += 1;
                        *fresh - 1
                    })
                };
                (0..share.permits).map(|_| next()).collect()
            }
        }
    }

    fn give_back(&mut self, share: &Share, numbers: &[u32]) {
        match self {
            Self::Lock { shared, .. } if share.shared => *shared -= 1,
            Self::Lock { exclusive, .. } => *exclusive = false,
            Self::Semaphore { out, returned, .. } => {
                *out -= share.permits;
                returned.extend(numbers);
            }
        }
    }
}

impl LockTable {
    /// A table where nothing is held. `slots` limits how many grants with a slot are out at once.
    pub fn new(resources: &DenseMap<ResourceId, Resource>, slots: Option<u32>) -> Self {
        let queue = |resource: &Resource| Queue {
            waiting: BTreeSet::new(),
            room: match resource.kind {
                ResourceKind::Lock => Room::Lock { exclusive: false, shared: 0 },
                ResourceKind::Semaphore { permits } => Room::Semaphore { capacity: permits, out: 0, fresh: 0, returned: BTreeSet::new() },
            },
        };
        Self {
            resources: resources.iter().map(queue).collect(),
            requests: BTreeMap::new(),
            slot_queue: BTreeSet::new(),
            free_slots: slots,
            next_ticket: 0,
            changed: VecDeque::new(),
            granted: VecDeque::new(),
        }
    }

    /// Adds a request behind all others. The grant is returned when it is possible at once and no older
    /// grant is still to be taken.
    pub fn request(&mut self, process: ProcessId, shares: Vec<Share>, needs_slot: bool) -> (Ticket, Option<Grant>) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        for share in &shares {
            self.resources[share.resource].waiting.insert(ticket);
        }
        self.requests.insert(ticket, Request { process, shares, needs_slot });
        self.consider(ticket);
        self.serve();
        let alone = self.granted.len() == 1 && self.granted[0].ticket == ticket;
        (ticket, if alone { self.granted.pop_front() } else { None })
    }

    /// The oldest grant that nobody has taken.
    pub fn take_grant(&mut self) -> Option<Grant> {
        self.granted.pop_front()
    }

    /// Whether a request has been neither granted nor withdrawn.
    pub fn is_waiting(&self, ticket: Ticket) -> bool {
        self.requests.contains_key(&ticket)
    }

    /// Gives the job slot of a waiting process back; its request needs one from now on.
    pub fn give_slot_back(&mut self, ticket: Ticket) {
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.needs_slot = true;
        }
        self.release_slot();
    }

    /// Takes a waiting request away.
    pub fn withdraw(&mut self, ticket: Ticket) {
        let Some(request) = self.requests.remove(&ticket) else { return };
        self.slot_queue.remove(&ticket);
        self.leave_queues(ticket, &request.shares);
        self.serve();
    }

    /// Gives back what a grant holds, without its slot.
    pub fn release(&mut self, grant: &Grant) {
        for share in &grant.shares {
            let numbers = grant.permits.iter().find(|(resource, _)| *resource == share.resource);
            let queue = &mut self.resources[share.resource];
            queue.room.give_back(share, numbers.map_or(&[][..], |(_, numbers)| numbers));
        }
        self.changed.extend(grant.shares.iter().map(|share| share.resource));
        self.serve();
    }

    /// Gives a job slot back.
    pub fn release_slot(&mut self) {
        if let Some(free) = &mut self.free_slots {
            *free += 1;
        }
        self.serve();
    }

    /// Whether a request lacks nothing but a job slot.
    pub fn lacks_only_slot(&self, ticket: Ticket) -> bool {
        self.slot_queue.contains(&ticket)
    }

    fn leave_queues(&mut self, ticket: Ticket, shares: &[Share]) {
        for share in shares {
            self.resources[share.resource].waiting.remove(&ticket);
        }
        self.changed.extend(shares.iter().map(|share| share.resource));
    }

    /// Grants all that has become possible: first what lacks no slot, then slots, oldest first.
    fn serve(&mut self) {
        loop {
            if let Some(resource) = self.changed.pop_front() {
                if let Some(first) = self.resources[resource].waiting.first().copied() {
                    self.consider(first);
                }
            } else if let Some(free) = self.free_slots.filter(|free| *free > 0)
                && let Some(ticket) = self.slot_queue.pop_first()
            {
                self.free_slots = Some(free - 1);
                self.grant(ticket);
            } else {
                return;
            }
        }
    }

    /// Grants a request, or queues it for a slot, if it is the oldest everywhere and all has room.
    fn consider(&mut self, ticket: Ticket) {
        let Some(request) = self.requests.get(&ticket) else { return };
        let its_turn = request.shares.iter().all(|share| {
            let queue = &self.resources[share.resource];
            queue.waiting.first() == Some(&ticket) && queue.room.fits(share)
        });
        if !its_turn {
            return;
        }
        if request.needs_slot && self.free_slots.is_some() {
            self.slot_queue.insert(ticket);
        } else {
            self.grant(ticket);
        }
    }

    fn grant(&mut self, ticket: Ticket) {
        let Some(request) = self.requests.remove(&ticket) else { return };
        let mut permits = Vec::new();
        for share in &request.shares {
            let numbers = self.resources[share.resource].room.take(share);
            if !numbers.is_empty() {
                permits.push((share.resource, numbers));
            }
        }
        let shares = request.shares.clone();
        self.granted.push_back(Grant { process: request.process, ticket, shares: request.shares, permits, slot: request.needs_slot });
        self.leave_queues(ticket, &shares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::Id;
    use crate::base::span::Span;

    fn table(kinds: &[ResourceKind], slots: Option<u32>) -> LockTable {
        let resource = |kind: &ResourceKind| Resource { name: String::new(), kind: *kind, place: Span::default() };
        LockTable::new(&kinds.iter().map(resource).collect(), slots)
    }

    fn share(resource: usize) -> Share {
        Share { resource: ResourceId::from_index(resource), shared: false, permits: 1 }
    }

    fn shared(resource: usize) -> Share {
        Share { shared: true, ..share(resource) }
    }

    fn ask(table: &mut LockTable, process: usize, shares: &[Share], slot: bool) -> (Ticket, Vec<Grant>) {
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
        table.release_slot();
        assert_eq!(processes(&all(&mut table)), [2]);
        table.release(&first[0]);
        table.release_slot();
        assert_eq!(processes(&all(&mut table)), [1]);
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
}
