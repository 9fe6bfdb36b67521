//! Locks, semaphores and job slots: who holds what, and who is next.
//!
//! A request names any number of locks and permits and is granted all at once or not at all. It is
//! granted when it is the oldest on everything it names and everything has room, and, if it needs a job
//! slot, when one is free; among requests that lack only a slot the oldest gets it. Nobody is overtaken
//! on anything, nobody holds part of a request while waiting. Knows nothing of processes' states or time.
//!
//! What other runs share is asked of the host last, when nothing else is missing: the request keeps its place
//! until the host answers. If its slot is gone by then, the host gets everything back and is asked again when a
//! slot is free: nobody keeps another run waiting for a slot of this one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::room::Room;
use super::slots::{SlotKey, Slots};
use crate::base::ids::{DenseMap, HostAsk, ProcessId, ResourceId, Section};
use crate::notice::{Owner, Share};
use crate::plan::Resource;

/// A request in the order of arrival: less is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A granted request: what is held until it is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose.
    pub process: ProcessId,
    /// The section of it that asked; none for what the process declares.
    pub section: Option<Section>,
    /// Which request.
    pub ticket: Ticket,
    /// What is held.
    pub shares: Vec<Share>,
    /// The numbers of the permits of each semaphore, from 0.
    pub permits: Permits,
    /// The job slot that came with it.
    pub slot: Option<SlotKey>,
    /// What of it the host has granted, if it was asked.
    pub host: Option<HostAsk>,
}

/// Numbers of permits, by semaphore.
pub type Permits = Vec<(ResourceId, Vec<u32>)>;

/// What the host is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// For whom.
    pub process: ProcessId,
    /// The number of this asking.
    pub ask: HostAsk,
    /// What, in the order in which it is to be taken.
    pub wants: Vec<Share>,
    /// Whether nothing but a job slot may have been missing until now.
    pub after_slot: bool,
}

/// Requests waiting and shares held, for all resources of a run.
#[derive(Debug)]
pub struct LockTable {
    resources: DenseMap<ResourceId, Queue>,
    requests: BTreeMap<Ticket, Request>,
    /// Requests that lack nothing but a slot.
    slot_queue: BTreeSet<Ticket>,
    slots: Slots,
    /// Requests whose slot is had by somebody who shares it with them.
    riders: VecDeque<Ticket>,
    next_ticket: u64,
    /// Resources whose oldest request is still to be considered: a queue, so that a chain of grants is no
    /// deep recursion.
    changed: VecDeque<ResourceId>,
    /// Grants that nobody has taken yet, in the order in which they were made.
    granted: VecDeque<Grant>,
    /// Requests that lack nothing but the host's answer.
    asked: BTreeMap<HostAsk, Ticket>,
    next_ask: u64,
    /// Askings that nobody has taken yet.
    to_ask: VecDeque<Ask>,
}

/// What somebody waits for.
#[derive(Debug)]
pub struct Request {
    pub owner: Owner,
    pub shares: Vec<Share>,
    /// The slot that it needs.
    pub slot: Option<SlotKey>,
    /// The asking that is under way.
    asking: Option<HostAsk>,
}

/// One lock or semaphore.
#[derive(Debug)]
struct Queue {
    waiting: BTreeSet<Ticket>,
    room: Room,
    /// For what other runs share: its place in the order of taking.
    host: Option<usize>,
}

impl LockTable {
    /// A table where nothing is held. `slots` limits how many grants with a slot are out at once.
    pub fn new(resources: &DenseMap<ResourceId, Resource>, slots: Option<u32>) -> Self {
        let mut names: Vec<&str> = resources.iter().filter_map(|resource| resource.host.as_deref()).collect();
        names.sort_unstable();
        let queue = |resource: &Resource| Queue {
            waiting: BTreeSet::new(),
            room: Room::of(resource),
            host: resource.host.as_deref().and_then(|name| names.binary_search(&name).ok()),
        };
        Self {
            resources: resources.iter().map(queue).collect(),
            requests: BTreeMap::new(),
            slot_queue: BTreeSet::new(),
            slots: Slots::new(slots),
            riders: VecDeque::new(),
            next_ticket: 0,
            changed: VecDeque::new(),
            granted: VecDeque::new(),
            asked: BTreeMap::new(),
            next_ask: 0,
            to_ask: VecDeque::new(),
        }
    }

    /// Adds a request behind all others. The grant is returned when it is possible at once and no older
    /// grant is still to be taken.
    pub fn request(&mut self, owner: impl Into<Owner>, shares: Vec<Share>, slot: Option<SlotKey>) -> (Ticket, Option<Grant>) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        for share in &shares {
            self.resources[share.resource].waiting.insert(ticket);
        }
        self.requests.insert(ticket, Request { owner: owner.into(), shares, slot, asking: None });
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

    /// All that is waited for, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = (Ticket, &Request)> {
        self.requests.iter().map(|(ticket, request)| (*ticket, request))
    }

    /// How many job slots are out, when somebody waits who lacks nothing but one.
    pub fn scarce_slots(&self) -> Option<usize> {
        (!self.slots.any_free() && !self.slot_queue.is_empty()).then(|| self.slots.out())
    }

    /// Hands out a slot beyond the limit: the next that comes back is not handed out again.
    pub fn add_slot(&mut self) {
        self.slots.add();
        self.serve();
    }

    /// Gives the job slot of a waiting process back; its request needs one from now on.
    pub fn give_slot_back(&mut self, ticket: Ticket, slot: SlotKey) {
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.slot = Some(slot);
        }
        self.release_slot(slot);
    }

    /// What the host is to be asked for next.
    pub fn take_ask(&mut self) -> Option<Ask> {
        self.to_ask.pop_front()
    }

    /// The host has granted what it was asked for; the numbers are of its permits. Whether that is kept: else
    /// no slot is left, and the host is to have it back. An asking that was given up has been given back.
    pub fn host_granted(&mut self, ask: HostAsk, permits: Permits) -> bool {
        let Some(ticket) = self.asked.remove(&ask) else { return true };
        let Some(request) = self.requests.get_mut(&ticket) else { return true };
        if request.slot.is_some_and(|slot| !self.slots.has_room(slot)) {
            request.asking = None;
            self.slot_queue.insert(ticket);
            return false;
        }
        self.grant(ticket, permits);
        self.serve();
        true
    }

    /// The host can not grant what it was asked for: whose request that was, to be withdrawn.
    pub fn host_failed(&mut self, ask: HostAsk) -> Option<(ProcessId, Ticket)> {
        let ticket = self.asked.remove(&ask)?;
        let request = self.requests.get_mut(&ticket)?;
        request.asking = None;
        Some((request.owner.process, ticket))
    }

    /// Takes a waiting request away. What the host was asked for is to be given up.
    pub fn withdraw(&mut self, ticket: Ticket) -> Option<HostAsk> {
        let request = self.requests.remove(&ticket)?;
        self.slot_queue.remove(&ticket);
        self.leave_queues(ticket, &request.shares);
        let told = request.asking.filter(|ask| {
            self.asked.remove(ask);
            let untold = self.to_ask.iter().position(|one| one.ask == *ask);
            untold.and_then(|place| self.to_ask.remove(place)).is_none()
        });
        self.serve();
        told
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
    pub fn release_slot(&mut self, slot: SlotKey) {
        self.slots.give_back(slot);
        self.serve();
    }

    /// Others may use a slot while who has it waits for what they do, or may no longer.
    pub fn lend_slot(&mut self, slot: SlotKey, on: bool) {
        self.slots.lend(slot, on);
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
            } else if let Some(ticket) = self.next_for_slot() {
                if !self.ask_host(ticket) {
                    self.grant(ticket, Vec::new());
                }
            } else {
                return;
            }
        }
    }

    /// Who gets a slot now, or shares one that is out.
    fn next_for_slot(&mut self) -> Option<Ticket> {
        while let Some(ticket) = self.riders.pop_front() {
            let slot = self.requests.get(&ticket).and_then(|request| request.slot);
            // The slot may have been given back since.
            if slot.is_some_and(|slot| self.slots.has_room(slot)) && self.slot_queue.remove(&ticket) {
                return Some(ticket);
            }
        }
        if self.slots.any_free() { self.slot_queue.pop_first() } else { None }
    }

    /// Grants a request, or queues it for a slot, if it is the oldest everywhere and all has room.
    fn consider(&mut self, ticket: Ticket) {
        let Some(request) = self.requests.get(&ticket) else { return };
        let its_turn = request.shares.iter().all(|share| {
            let queue = &self.resources[share.resource];
            queue.waiting.first() == Some(&ticket) && queue.room.fits(share)
        });
        if !its_turn || request.asking.is_some() {
            return;
        }
        if let Some(slot) = request.slot.filter(|_| self.slots.are_limited()) {
            self.slot_queue.insert(ticket);
            if self.slots.has_room(slot) && !self.slots.any_free() {
                self.riders.push_back(ticket);
            }
        } else if !self.ask_host(ticket) {
            self.grant(ticket, Vec::new());
        }
    }

    /// Asks the host for what a request wants of it; false if that is nothing.
    fn ask_host(&mut self, ticket: Ticket) -> bool {
        let Some(request) = self.requests.get_mut(&ticket) else { return false };
        let of_host = |share: &&Share| self.resources[share.resource].host.is_some();
        let mut wants: Vec<Share> = request.shares.iter().filter(of_host).copied().collect();
        if wants.is_empty() {
            return false;
        }
        wants.sort_by_key(|share| self.resources[share.resource].host);
        let ask = HostAsk(self.next_ask);
        self.next_ask += 1;
        request.asking = Some(ask);
        self.asked.insert(ask, ticket);
        let after_slot = request.slot.is_some() && self.slots.are_limited();
        self.to_ask.push_back(Ask { process: request.owner.process, ask, wants, after_slot });
        true
    }

    /// Grants a request; `permits` are the numbers that the host has given.
    fn grant(&mut self, ticket: Ticket, mut permits: Permits) {
        let Some(request) = self.requests.remove(&ticket) else { return };
        for share in &request.shares {
            let numbers = self.resources[share.resource].room.take(share);
            if !numbers.is_empty() {
                permits.push((share.resource, numbers));
            }
        }
        let Request { owner: Owner { process, section }, shares, slot, asking: host } = request;
        if slot.is_some_and(|slot| self.slots.take(slot)) {
            let same = |other: &&Ticket| self.requests.get(other).is_some_and(|other| other.slot == slot);
            self.riders.extend(self.slot_queue.iter().filter(same));
        }
        self.leave_queues(ticket, &shares);
        self.granted.push_back(Grant { process, section, ticket, shares, permits, slot, host });
    }
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
