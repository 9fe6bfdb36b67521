//! Who holds each lock or semaphore and who waits for it, in order.
//!
//! Retells what notices say and decides nothing. Places in a queue are counted when somebody looks,
//! which costs as much as the queue is long; entering and leaving cost next to nothing.

use std::collections::{BTreeSet, HashMap};

use crate::base::ids::{DenseMap, ProcessId, ResourceId, Section};
use crate::notice::Share;

/// A process, and which part of it asks.
pub type Holder = (ProcessId, Part);

/// What of a process asks for locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// One step.
    Step(u32),
    /// A section that a client inside of it asked for.
    Section(Section),
}

impl From<Option<u32>> for Part {
    fn from(step: Option<u32>) -> Self {
        step.map_or(Self::Whole, Self::Step)
    }
}

/// How many are before each that waits, by what it waits for and its ticket.
pub type Places = HashMap<(ResourceId, u64), usize>;

/// Holders and queue of one resource.
#[derive(Clone, Debug, Default)]
struct Line {
    holders: BTreeSet<Holder>,
    /// Tickets of those that wait: a smaller one is earlier.
    queue: BTreeSet<u64>,
}

/// All resources of a run.
#[derive(Clone, Debug, Default)]
pub struct Waiters {
    lines: DenseMap<ResourceId, Line>,
    last: u64,
}

impl Waiters {
    /// Free resources, without anybody.
    pub fn new(resources: usize) -> Self {
        Self { lines: (0..resources).map(|_| Line::default()).collect(), last: 0 }
    }
    /// Somebody begins to wait; returns the ticket.
    pub fn enter(&mut self, wants: &[Share]) -> u64 {
        self.last += 1;
        for share in wants {
            self.lines[share.resource].queue.insert(self.last);
        }
        self.last
    }
    /// Somebody waits no longer.
    pub fn leave(&mut self, ticket: u64, wants: &[Share]) {
        for share in wants {
            self.lines[share.resource].queue.remove(&ticket);
        }
    }
    /// Somebody holds these now.
    pub fn hold(&mut self, holder: Holder, shares: &[Share]) {
        for share in shares {
            self.lines[share.resource].holders.insert(holder);
        }
    }
    /// Somebody holds these no longer.
    pub fn release(&mut self, holder: Holder, shares: &[Share]) {
        for share in shares {
            self.lines[share.resource].holders.remove(&holder);
        }
    }
    /// Who holds it.
    pub fn holders(&self, resource: ResourceId) -> impl Iterator<Item = Holder> + '_ {
        self.lines[resource].holders.iter().copied()
    }
    /// What [`Self::ahead`] gives for all that wait, for who asks about many: one look at each queue.
    pub fn places(&self) -> Places {
        let of = |(resource, line): (ResourceId, &Line)| {
            let before = line.holders.len();
            line.queue.iter().enumerate().map(move |(index, ticket)| ((resource, *ticket), before + index)).collect::<Vec<_>>()
        };
        self.lines.entries().flat_map(of).collect()
    }
    /// How many hold it or wait for it longer than the one with this ticket.
    pub fn ahead(&self, ticket: u64, resource: ResourceId) -> usize {
        let line = &self.lines[resource];
        // The one that came last is asked about most: when it comes.
        let last = line.queue.last() == Some(&ticket);
        line.holders.len() + if last { line.queue.len() - 1 } else { line.queue.range(..ticket).count() }
    }
}
