//! One queue: its bounds, what waits in it and how it stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::taking::Taker;
use crate::base::ids::{ItemId, JobId, OfferId, ProcessId, QueueId};
use crate::plan::{self, Plan};

/// One queue.
#[derive(Debug)]
pub struct Queue {
    pub maxsize: Option<usize>,
    pub max_deliveries: u32,
    /// The queues that it closes together with; itself alone for most.
    pub ring: Vec<QueueId>,
    pub is_fed: bool,
    pub waiting: VecDeque<Item>,
    pub offers: VecDeque<OfferId>,
    pub takers: VecDeque<Taker>,
    pub in_work: usize,
    /// What attempts have in work that take items one by one, the oldest first.
    pub kept: BTreeMap<JobId, VecDeque<Item>>,
    /// Producers that keep it open by themselves, all producers, and the daemons among them.
    pub outside: usize,
    pub producers: usize,
    pub daemons: usize,
    pub consumers: usize,
    pub taken: u64,
    pub set_aside: u64,
    pub closed: bool,
    /// Whether all its consumers ended before it was closed and empty.
    pub deserted: bool,
    pub abandoned: bool,
    /// Whether the run fails because of it.
    pub failed: bool,
    /// Whether it keeps the run from its end.
    pub holds: bool,
    /// By whom those are known that read the queue, if they say so.
    pub first_consumer: Option<ProcessId>,
    /// Whose job slots others may use meanwhile.
    pub idle: BTreeSet<ProcessId>,
}

/// An item, as far as its queue knows it.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub id: ItemId,
    /// How often it was delivered.
    pub delivered: u32,
}

impl Queue {
    /// As it is planned, and empty.
    pub fn new(queue: &plan::Queue, plan: &Plan) -> Self {
        let daemon = |id: &&ProcessId| plan.processes[**id].control.daemon;
        Self {
            maxsize: queue.maxsize.map(|size| size as usize),
            max_deliveries: queue.max_deliveries,
            ring: queue.ring.clone(),
            is_fed: !queue.fed.is_empty(),
            waiting: VecDeque::new(),
            offers: VecDeque::new(),
            takers: VecDeque::new(),
            in_work: 0,
            kept: BTreeMap::new(),
            outside: queue.producers.iter().filter(|id| !queue.fed.contains(id)).count(),
            producers: queue.producers.len(),
            daemons: queue.producers.iter().filter(daemon).count(),
            consumers: queue.consumers.len(),
            taken: 0,
            set_aside: 0,
            closed: false,
            deserted: false,
            abandoned: false,
            failed: false,
            holds: false,
            first_consumer: queue.consumers.first().copied().filter(|_| queue.declared),
            idle: BTreeSet::new(),
        }
    }

    /// How many items more may wait in it.
    pub fn room(&self) -> usize {
        self.maxsize.map_or(usize::MAX, |size| size.saturating_sub(self.waiting.len()))
    }

    /// Whether it is empty, and nothing comes but from those who take from the queues that it feeds.
    pub fn is_dry(&self) -> bool {
        let nobody_puts = self.closed || self.is_fed && self.outside == 0;
        nobody_puts && self.waiting.is_empty() && self.offers.is_empty()
    }

    /// Whether it takes nothing more, and all that it took is done.
    pub fn is_settled(&self) -> bool {
        self.closed && self.waiting.is_empty() && self.in_work == 0
    }
}
