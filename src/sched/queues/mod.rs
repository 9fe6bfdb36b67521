//! Queues: what waits in them, what is on offer for them, who wants items, and what is in work.
//!
//! An item waits, is handed to somebody, and is in work until that is done with it; what was not done goes back to
//! the head. Offers and takers wait in turn. What comes of all this is told as [`Turn`]s, in the order in which it
//! happened. Knows nothing of processes' states, of payloads or of time.
//!
//! Who takes a queue's last consumer away says so after giving back what it had in work: a queue is deserted
//! only when nothing of it is in work any more.

mod closing;
mod putting;
mod queue;
mod stuck;
mod taking;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::protocol::Delivery;
use crate::base::ids::{DenseMap, ItemId, JobId, OfferId, ProcessId, QueueId, TakerId};
use crate::plan::Plan;
use putting::Offer;
use queue::Queue;
use taking::Taking;

/// Something that came of what was done to queues.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Items of an offering are in their queue.
    Accepted { offer: OfferId, queue: QueueId, first: ItemId, count: u32 },
    /// What is left of an offering is not taken.
    Refused { offer: OfferId, abandoned: bool },
    /// Items for a taker.
    Handed { taker: TakerId, items: Vec<Delivery> },
    /// An item for a worker of a `for_each`.
    ForWorker { process: ProcessId, delivery: Delivery },
    /// There is nothing more for a taker.
    Ended { taker: TakerId },
    /// There is nothing more for a worker.
    WorkerEnded { process: ProcessId },
    /// A queue takes nothing more from those that write into it.
    Cut { queue: QueueId },
    /// An item is not needed any more; how often it was delivered, if it was given up.
    Over { queue: QueueId, item: ItemId, set_aside: Option<u32> },
    /// A process waits for an item that it asked for.
    GetWaits { get: TakerId, job: JobId, queue: QueueId },
    /// It waits no longer, with an item or without.
    GetOver { get: TakerId, job: JobId, queue: QueueId, granted: bool },
    /// Whose job slots others may use, before and now.
    Idle { before: BTreeSet<ProcessId>, now: BTreeSet<ProcessId> },
    /// A queue takes nothing more, after so many items.
    Closed { queue: QueueId, items: u64 },
    /// Nobody takes from a queue any more, and so many items are left.
    Abandoned { queue: QueueId, left: u64 },
}

/// How a queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueView {
    /// Items that wait in it.
    pub waiting: u64,
    /// Items that were handed out and are not done.
    pub in_work: u64,
    /// Items that it has taken in all.
    pub taken: u64,
    /// Items that were set aside.
    pub set_aside: u64,
    /// Whether it takes nothing more.
    pub closed: bool,
    /// Whether items were left when nobody could take from it any more.
    pub abandoned: bool,
}

/// All queues of a run.
#[derive(Debug)]
pub struct QueueTable {
    queues: DenseMap<QueueId, Queue>,
    offers: BTreeMap<OfferId, Offer>,
    takers: BTreeMap<TakerId, Taking>,
    turns: VecDeque<Turn>,
    /// For each process, the queues that it puts into and those that it may take from; empty without queues.
    uses: DenseMap<ProcessId, Uses>,
    /// Queues that keep the run from its end.
    holding: usize,
    /// Whether job slots are.
    limited: bool,
}

#[derive(Clone, Debug, Default)]
struct Uses {
    puts: Vec<(QueueId, Part)>,
    takes: Vec<QueueId>,
}

/// What a producer is to its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It keeps the queue open.
    Outside,
    /// It is fed by the queue.
    Fed,
}

impl QueueTable {
    /// The queues of a plan, all empty.
    pub fn new(plan: &Plan) -> Self {
        let mut uses: DenseMap<ProcessId, Uses> = DenseMap::default();
        if !plan.queues.is_empty() {
            uses = plan.processes.ids().map(|_| Uses::default()).collect();
        }
        for (id, queue) in plan.queues.entries() {
            for producer in &queue.producers {
                let part = if queue.fed.contains(producer) { Part::Fed } else { Part::Outside };
                uses[*producer].puts.push((id, part));
            }
            queue.consumers.iter().for_each(|consumer| uses[*consumer].takes.push(id));
        }
        let queues = plan.queues.iter().map(|queue| Queue::new(queue, plan)).collect();
        Self {
            queues,
            offers: BTreeMap::new(),
            takers: BTreeMap::new(),
            turns: VecDeque::new(),
            uses,
            holding: 0,
            limited: plan.jobs.is_some(),
        }
    }

    /// Looks at all queues for the first time.
    pub fn begin(&mut self) {
        let all: Vec<QueueId> = self.queues.ids().collect();
        all.into_iter().for_each(|queue| self.serve(queue));
    }

    /// What has come of it all, the oldest first.
    pub fn take_turn(&mut self) -> Option<Turn> {
        self.turns.pop_front()
    }

    /// Whether the run must not end yet for the sake of some queue.
    pub fn hold_open(&self) -> bool {
        self.holding > 0
    }

    /// Whether something may still come for a process out of what it takes from, though nothing but it is awaited.
    pub fn needs(&self, process: ProcessId) -> bool {
        self.uses.get(process).is_some_and(|uses| uses.takes.iter().any(|queue| self.queues[*queue].holds))
    }

    /// Whether a process may take from some queue.
    pub fn takes(&self, process: ProcessId) -> bool {
        self.uses.get(process).is_some_and(|uses| !uses.takes.is_empty())
    }

    /// Whether a queue takes nothing more and all that it took is done.
    pub fn is_settled(&self, queue: QueueId) -> bool {
        self.queues[queue].is_settled()
    }

    /// How many queues are a failure of the run.
    pub fn failed(&self) -> usize {
        self.queues.iter().filter(|queue| queue.failed).count()
    }

    /// How a queue stands.
    pub fn view(&self, queue: QueueId) -> QueueView {
        let Some(queue) = self.queues.get(queue) else { return QueueView::default() };
        QueueView {
            waiting: queue.waiting.len() as u64,
            in_work: queue.in_work as u64,
            taken: queue.taken,
            set_aside: queue.set_aside,
            closed: queue.closed,
            abandoned: queue.abandoned,
        }
    }

    /// The run fails because of a queue: it set an item aside, and nobody else is to blame.
    pub fn blame(&mut self, queue: QueueId) {
        self.queues[queue].failed = true;
    }
}

#[cfg(test)]
mod tests;
