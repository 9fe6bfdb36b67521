//! Items on their way: who wants them, who has them in work, and what comes back.

use super::super::protocol::Delivery;
use super::queue::Item;
use super::{QueueTable, Turn};
use crate::base::ids::{ItemId, JobId, ProcessId, QueueId, TakerId};

/// Somebody who wants items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// By its number.
    Outer(TakerId),
    /// A worker of a `for_each`.
    Worker(ProcessId),
}

/// What is known of a taker besides workers.
#[derive(Debug)]
pub struct Taking {
    pub queue: QueueId,
    pub most: u32,
    pub keeper: Option<JobId>,
    pub waits: bool,
    /// Whether it was told that it waits.
    pub told: bool,
    /// What it has been handed and is not done with; with a keeper it is the keeper's.
    pub handed: Vec<Item>,
}

impl QueueTable {
    /// A taker wants items, and is done with those it was handed before.
    pub fn want(&mut self, taker: TakerId, queue: QueueId, most: u32, keeper: Option<JobId>) {
        if self.queues.get(queue).is_none() {
            self.turns.push_back(Turn::Ended { taker });
            return;
        }
        let taking = self.takers.entry(taker).or_insert(Taking { queue, most, keeper, waits: false, told: false, handed: Vec::new() });
        taking.most = most.max(1);
        let done = std::mem::take(&mut taking.handed).len();
        let waits = std::mem::replace(&mut taking.waits, true);
        let queue = taking.queue;
        self.queues[queue].in_work -= done;
        if !waits {
            self.queues[queue].takers.push_back(Taker::Outer(taker));
        }
        self.serve(queue);
        self.tell_wait(taker);
    }

    /// Tells that a process waits for what it asked for, if it does.
    fn tell_wait(&mut self, get: TakerId) {
        let Some(taking) = self.takers.get_mut(&get) else { return };
        if let (true, Some(job)) = (taking.waits && !taking.told, taking.keeper) {
            taking.told = true;
            self.turns.push_back(Turn::GetWaits { get, job, queue: taking.queue });
        }
    }

    /// A taker waits no longer.
    pub(super) fn end_wait(&mut self, get: TakerId, granted: bool) {
        let Some(taking) = self.takers.get_mut(&get) else { return };
        taking.waits = false;
        if let (true, Some(job)) = (std::mem::take(&mut taking.told), taking.keeper) {
            self.turns.push_back(Turn::GetOver { get, job, queue: taking.queue, granted });
        }
    }

    /// A taker takes no more; `back` was never handed on.
    pub fn end_taker(&mut self, taker: TakerId, back: &[ItemId]) {
        self.end_wait(taker, false);
        let Some(Taking { queue, keeper, handed, .. }) = self.takers.remove(&taker) else { return };
        let own = &mut self.queues[queue];
        own.takers.retain(|other| *other != Taker::Outer(taker));
        let mut returned: Vec<Item> = handed.iter().filter(|item| back.contains(&item.id)).copied().collect();
        own.in_work -= handed.len();
        if let Some(kept) = keeper.and_then(|keeper| own.kept.get_mut(&keeper)) {
            returned.extend(kept.iter().filter(|item| back.contains(&item.id)));
            let before = kept.len();
            kept.retain(|item| !back.contains(&item.id));
            own.in_work -= before - kept.len();
        }
        for item in returned.into_iter().rev() {
            self.queues[queue].waiting.push_front(Item { delivered: item.delivered - 1, ..item });
        }
        self.serve(queue);
    }

    /// A worker wants an item.
    pub fn want_for(&mut self, process: ProcessId, queue: QueueId) {
        self.queues[queue].takers.push_back(Taker::Worker(process));
        self.serve(queue);
    }

    /// A worker waits for an item no longer.
    pub fn forget_worker(&mut self, process: ProcessId, queue: QueueId) {
        self.queues[queue].takers.retain(|other| *other != Taker::Worker(process));
    }

    pub(super) fn hand(&mut self, id: QueueId) -> bool {
        let queue = &mut self.queues[id];
        let Some(taker) = queue.takers.front().copied().filter(|_| !queue.waiting.is_empty()) else { return false };
        queue.takers.pop_front();
        let deliver = |item: &mut Item| {
            item.delivered += 1;
            Delivery { queue: id, item: item.id, delivery: item.delivered }
        };
        match taker {
            Taker::Worker(process) => {
                let Some(mut item) = queue.waiting.pop_front() else { return false };
                queue.in_work += 1;
                self.turns.push_back(Turn::ForWorker { process, delivery: deliver(&mut item) });
            }
            Taker::Outer(taker) => {
                let Some(taking) = self.takers.get_mut(&taker) else { return true };
                let count = queue.waiting.len().min(taking.most as usize);
                let mut items: Vec<Item> = queue.waiting.drain(..count).collect();
                let deliveries = items.iter_mut().map(deliver).collect();
                queue.in_work += count;
                match taking.keeper {
                    Some(keeper) => queue.kept.entry(keeper).or_default().extend(items),
                    None => taking.handed = items,
                }
                self.end_wait(taker, true);
                self.turns.push_back(Turn::Handed { taker, items: deliveries });
            }
        }
        true
    }

    /// A worker has done its item.
    pub fn done(&mut self, delivery: Delivery) {
        self.queues[delivery.queue].in_work -= 1;
        self.turns.push_back(Turn::Over { queue: delivery.queue, item: delivery.item, set_aside: None });
        self.serve(delivery.queue);
    }

    /// A worker has failed with its item; whether that was its last delivery.
    pub fn undone(&mut self, delivery: Delivery) -> bool {
        self.queues[delivery.queue].in_work -= 1;
        let last = self.give_back(delivery.queue, Item { id: delivery.item, delivered: delivery.delivery });
        self.serve(delivery.queue);
        last
    }

    /// A worker never saw its item.
    pub fn unseen(&mut self, delivery: Delivery) {
        let queue = &mut self.queues[delivery.queue];
        queue.in_work -= 1;
        queue.waiting.push_front(Item { id: delivery.item, delivered: delivery.delivery - 1 });
        self.serve(delivery.queue);
    }

    /// Whether an attempt has an item in work: this one, or any.
    pub fn has_in_work(&self, job: JobId, queue: QueueId, item: Option<ItemId>) -> bool {
        let kept = self.queues.get(queue).and_then(|queue| queue.kept.get(&job));
        kept.is_some_and(|kept| item.map_or(!kept.is_empty(), |item| kept.iter().any(|kept| kept.id == item)))
    }

    /// An attempt says that an item is done: this one, or the one it has had for the longest.
    pub fn done_by(&mut self, job: JobId, queue: QueueId, item: Option<ItemId>) {
        if !self.has_in_work(job, queue, item) {
            return;
        }
        let own = &mut self.queues[queue];
        let Some(kept) = own.kept.get_mut(&job) else { return };
        let place = item.and_then(|item| kept.iter().position(|kept| kept.id == item)).unwrap_or(0);
        if let Some(item) = kept.remove(place) {
            own.in_work -= 1;
            self.turns.push_back(Turn::Over { queue, item: item.id, set_aside: None });
        }
        self.serve(queue);
    }

    /// An attempt is over: what it had in work is delivered again, and it waits for nothing more.
    pub fn attempt_over(&mut self, job: JobId) {
        if !self.takes(job.process) {
            return;
        }
        let of_job = |(taker, taking): (&TakerId, &Taking)| (taking.keeper == Some(job) && taking.waits).then_some(*taker);
        let waiting: Vec<TakerId> = self.takers.iter().filter_map(of_job).collect();
        for taker in waiting {
            self.end_taker(taker, &[]);
            self.turns.push_back(Turn::Ended { taker });
        }
        for id in self.queues.ids() {
            let Some(kept) = self.queues[id].kept.remove(&job) else { continue };
            self.queues[id].in_work -= kept.len();
            for item in kept.into_iter().rev() {
                if self.give_back(id, item) {
                    self.blame(id);
                }
            }
            self.serve(id);
        }
    }

    /// An item goes back to the head, or is set aside when that was its last delivery.
    pub(super) fn give_back(&mut self, id: QueueId, item: Item) -> bool {
        let queue = &mut self.queues[id];
        let last = item.delivered >= queue.max_deliveries;
        if last {
            queue.set_aside += 1;
            self.turns.push_back(Turn::Over { queue: id, item: item.id, set_aside: Some(item.delivered) });
        } else {
            queue.waiting.push_front(item);
        }
        last
    }

    /// Tells all that wait for items that there are none any more.
    pub(super) fn end_takers(&mut self, id: QueueId) {
        for taker in std::mem::take(&mut self.queues[id].takers) {
            let ended = match taker {
                Taker::Worker(process) => Turn::WorkerEnded { process },
                Taker::Outer(taker) => {
                    self.end_wait(taker, false);
                    Turn::Ended { taker }
                }
            };
            self.turns.push_back(ended);
        }
    }
}
