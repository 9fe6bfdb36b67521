//! Queues: what waits in them, what is on offer for them, who wants items, and what is in work.
//!
//! An item waits, is handed to somebody, and is in work until that is done with it; what was not done goes back to
//! the head. Offers and takers wait in turn. What comes of all this is told as [`Turn`]s, in the order in which it
//! happened. Knows nothing of processes' states, of payloads or of time.
//!
//! Who takes a queue's last consumer away says so after giving back what it had in work: a queue is deserted
//! only when nothing of it is in work any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::protocol::Delivery;
use crate::base::ids::{DenseMap, ItemId, JobId, OfferId, ProcessId, QueueId, TakerId};
use crate::plan::Plan;

/// Something that came of what was done to queues.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Items of an offering are in their queue.
    Accepted { offer: OfferId, queue: QueueId, first: ItemId, count: u32 },
    /// What is left of an offering is not taken.
    Refused { offer: OfferId },
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

#[derive(Debug)]
struct Queue {
    maxsize: Option<usize>,
    max_deliveries: u32,
    /// The queues that it closes together with; itself alone for most.
    ring: Vec<QueueId>,
    is_fed: bool,
    waiting: VecDeque<Item>,
    offers: VecDeque<OfferId>,
    takers: VecDeque<Taker>,
    in_work: usize,
    /// What attempts have in work that take items one by one, the oldest first.
    kept: BTreeMap<JobId, VecDeque<Item>>,
    /// Producers that keep it open by themselves, all producers, and the daemons among them.
    outside: usize,
    producers: usize,
    daemons: usize,
    consumers: usize,
    taken: u64,
    set_aside: u64,
    closed: bool,
    /// Whether all its consumers ended before it was closed and empty.
    deserted: bool,
    abandoned: bool,
    /// Whether the run fails because of it.
    failed: bool,
    /// Whether it keeps the run from its end.
    holds: bool,
    /// By whom those are known that read the queue, if they say so.
    first_consumer: Option<ProcessId>,
    /// Whose job slots others may use meanwhile.
    idle: BTreeSet<ProcessId>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    id: ItemId,
    /// How often it was delivered.
    delivered: u32,
}

#[derive(Debug)]
struct Offer {
    queue: QueueId,
    left: u32,
    /// Whom it holds back.
    by: Option<ProcessId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taker {
    Outer(TakerId),
    Worker(ProcessId),
}

#[derive(Debug)]
struct Taking {
    queue: QueueId,
    most: u32,
    keeper: Option<JobId>,
    waits: bool,
    /// What it has been handed and is not done with; with a keeper it is the keeper's.
    handed: Vec<Item>,
}

impl Queue {
    fn new(queue: &crate::plan::Queue, plan: &Plan) -> Self {
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

    fn room(&self) -> usize {
        self.maxsize.map_or(usize::MAX, |size| size.saturating_sub(self.waiting.len()))
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_work == 0 && self.offers.is_empty()
    }

    fn is_settled(&self) -> bool {
        self.closed && self.waiting.is_empty() && self.in_work == 0
    }
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

    /// Somebody has so many items for a queue.
    pub fn offer(&mut self, offer: OfferId, queue: QueueId, count: u32, by: Option<ProcessId>) {
        if self.queues.get(queue).is_none_or(|queue| queue.closed) || count == 0 || self.offers.contains_key(&offer) {
            self.turns.push_back(Turn::Refused { offer });
            self.missed(queue, count);
            return;
        }
        self.offers.insert(offer, Offer { queue, left: count, by });
        self.queues[queue].offers.push_back(offer);
        self.serve(queue);
    }

    /// What is left of an offering is not offered any more.
    pub fn end_offer(&mut self, offer: OfferId) {
        let Some(Offer { queue, .. }) = self.offers.remove(&offer) else { return };
        self.queues[queue].offers.retain(|other| *other != offer);
        self.serve(queue);
    }

    /// A taker wants items, and is done with those it was handed before.
    pub fn want(&mut self, taker: TakerId, queue: QueueId, most: u32, keeper: Option<JobId>) {
        if self.queues.get(queue).is_none() {
            self.turns.push_back(Turn::Ended { taker });
            return;
        }
        let taking = self.takers.entry(taker).or_insert(Taking { queue, most, keeper, waits: false, handed: Vec::new() });
        taking.most = most.max(1);
        let done = std::mem::take(&mut taking.handed).len();
        let waits = std::mem::replace(&mut taking.waits, true);
        let queue = taking.queue;
        self.queues[queue].in_work -= done;
        if !waits {
            self.queues[queue].takers.push_back(Taker::Outer(taker));
        }
        self.serve(queue);
    }

    /// A taker takes no more; `back` was never handed on.
    pub fn end_taker(&mut self, taker: TakerId, back: &[ItemId]) {
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

    /// The run fails because of a queue: it set an item aside, and nobody else is to blame.
    pub fn blame(&mut self, queue: QueueId) {
        self.queues[queue].failed = true;
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

    /// A process has ended for good.
    pub fn ended(&mut self, process: ProcessId, daemon: bool) {
        let Some(uses) = self.uses.get(process).cloned() else { return };
        for (queue, part) in &uses.puts {
            let own = &mut self.queues[*queue];
            own.outside -= usize::from(*part == Part::Outside);
            own.producers -= 1;
            own.daemons -= usize::from(daemon);
        }
        for queue in &uses.takes {
            self.queues[*queue].consumers -= 1;
        }
        let all = uses.puts.iter().map(|(queue, _)| queue).chain(&uses.takes);
        all.for_each(|queue| self.serve(*queue));
    }

    /// Every process has ended: what somebody outside was handed is done, and what is left is left.
    pub fn finish(&mut self) {
        for id in self.queues.ids() {
            self.queues[id].in_work = 0;
            self.serve(id);
        }
    }

    /// Somebody closes a queue: what is on offer is not taken any more.
    pub fn close(&mut self, queue: QueueId) {
        if self.queues.get(queue).is_some_and(|queue| !queue.closed) {
            self.shut(queue);
            self.cut(queue);
            self.serve(queue);
        }
    }

    /// An item goes back to the head, or is set aside when that was its last delivery.
    fn give_back(&mut self, id: QueueId, item: Item) -> bool {
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

    /// Moves on what can be moved on in a queue.
    fn serve(&mut self, id: QueueId) {
        while self.hand(id) || self.accept(id) {}
        self.close_by_itself(id);
        if self.queues[id].in_work == 0 {
            self.desert(id);
        }
        self.close_by_itself(id);
        if self.queues[id].is_settled() {
            self.end_takers(id);
        } else if self.queues[id].closed && self.queues[id].waiting.is_empty() {
            self.end_stuck(id);
        }
        self.count(id);
    }

    /// Attempts that have something in work and want more, where all that is in work is with such: each would wait for
    /// itself, or for another of them. They see the end, and what they have not done is delivered again.
    fn end_stuck(&mut self, id: QueueId) {
        let wants = |taker: &Taker| match taker {
            Taker::Outer(taker) => self.takers.get(taker).and_then(|taking| taking.keeper).map(|keeper| (*taker, keeper)),
            Taker::Worker(_) => None,
        };
        let queue = &self.queues[id];
        let in_work = |job: &JobId| queue.kept.get(job).map_or(0, VecDeque::len);
        let stuck: Vec<(TakerId, JobId)> = queue.takers.iter().filter_map(wants).filter(|(_, job)| in_work(job) > 0).collect();
        let jobs: BTreeSet<JobId> = stuck.iter().map(|(_, job)| *job).collect();
        if queue.in_work == 0 || jobs.iter().map(in_work).sum::<usize>() < queue.in_work {
            return;
        }
        for (taker, _) in stuck {
            self.queues[id].takers.retain(|other| *other != Taker::Outer(taker));
            if let Some(taking) = self.takers.get_mut(&taker) {
                taking.waits = false;
            }
            self.turns.push_back(Turn::Ended { taker });
        }
    }

    fn hand(&mut self, id: QueueId) -> bool {
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
                taking.waits = false;
                match taking.keeper {
                    Some(keeper) => queue.kept.entry(keeper).or_default().extend(items),
                    None => taking.handed = items,
                }
                self.turns.push_back(Turn::Handed { taker, items: deliveries });
            }
        }
        true
    }

    fn accept(&mut self, id: QueueId) -> bool {
        let queue = &mut self.queues[id];
        let room = queue.room();
        let Some(name) = queue.offers.front().copied().filter(|_| room > 0) else { return false };
        queue.offers.pop_front();
        let Some(offer) = self.offers.get_mut(&name) else { return true };
        let count = offer.left.min(u32::try_from(room).unwrap_or(u32::MAX));
        let first = queue.taken;
        queue.waiting.extend((first..first + u64::from(count)).map(|number| Item { id: ItemId(number), delivered: 0 }));
        queue.taken += u64::from(count);
        offer.left -= count;
        if offer.left == 0 {
            self.offers.remove(&name);
        } else {
            // The others have their turn before the rest of this one.
            queue.offers.push_back(name);
        }
        self.turns.push_back(Turn::Accepted { offer: name, queue: id, first: ItemId(first), count });
        true
    }

    /// A queue whose producers have ended closes; those that feed each other close together.
    fn close_by_itself(&mut self, id: QueueId) {
        let queue = &self.queues[id];
        if queue.producers == 0 && queue.offers.is_empty() {
            self.shut(id);
        }
        let queue = &self.queues[id];
        if !queue.is_fed {
            return;
        }
        let over = |id: &QueueId| self.queues[*id].is_idle() && (self.queues[*id].closed || self.queues[*id].outside == 0);
        if queue.ring.iter().all(over) {
            for member in queue.ring.clone() {
                self.shut(member);
                self.end_takers(member);
                self.count(member);
            }
        }
    }

    fn shut(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        if !std::mem::replace(&mut queue.closed, true) {
            self.turns.push_back(Turn::Closed { queue: id, items: queue.taken });
        }
    }

    /// What writes into a queue meets a closed pipe; how many items were on offer.
    fn cut(&mut self, id: QueueId) -> u64 {
        self.turns.push_back(Turn::Cut { queue: id });
        let mut left = 0;
        for offer in std::mem::take(&mut self.queues[id].offers) {
            left += self.offers.remove(&offer).map_or(0, |offer| u64::from(offer.left));
            self.turns.push_back(Turn::Refused { offer });
        }
        left
    }

    /// A queue from which nobody can take any more takes nothing more. The run fails if anything is left, or comes
    /// later: an early end of a consumer that has all it wants is none, as in a pipe.
    fn desert(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        if queue.consumers > 0 || queue.is_settled() {
            return;
        }
        queue.deserted = true;
        let waiting = std::mem::take(&mut queue.waiting);
        self.shut(id);
        let left = waiting.len() as u64 + self.cut(id);
        self.turns.extend(waiting.into_iter().map(|item| Turn::Over { queue: id, item: item.id, set_aside: None }));
        self.abandon(id, left);
    }

    /// Something was offered to a queue that takes nothing.
    fn missed(&mut self, id: QueueId, count: u32) {
        if self.queues.get(id).is_some_and(|queue| queue.deserted) {
            self.abandon(id, u64::from(count));
        }
    }

    fn abandon(&mut self, id: QueueId, left: u64) {
        let queue = &mut self.queues[id];
        if left > 0 && !std::mem::replace(&mut queue.abandoned, true) {
            queue.failed = true;
            self.turns.push_back(Turn::Abandoned { queue: id, left });
        }
    }

    /// Tells all that wait for items that there are none any more.
    fn end_takers(&mut self, id: QueueId) {
        for taker in std::mem::take(&mut self.queues[id].takers) {
            self.turns.push_back(match taker {
                Taker::Worker(process) => Turn::WorkerEnded { process },
                Taker::Outer(taker) => {
                    if let Some(taking) = self.takers.get_mut(&taker) {
                        taking.waits = false;
                    }
                    Turn::Ended { taker }
                }
            });
        }
    }

    /// Keeps count of the queues that keep the run from its end: not those that a living daemon keeps open.
    fn count(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        let kept_open = !queue.closed && queue.daemons > 0;
        let holds = !queue.is_settled() && !kept_open;
        let held = std::mem::replace(&mut queue.holds, holds);
        self.holding += usize::from(holds);
        self.holding -= usize::from(held);
        if self.limited {
            self.look_for_idle(id);
        }
    }

    /// Tells whose job slots others may use meanwhile: of who is held back because the queue is full, and of who waits
    /// for items. What they wait for may itself wait for a slot, at the other end of any chain of queues.
    fn look_for_idle(&mut self, id: QueueId) {
        let queue = &self.queues[id];
        let held_back = queue.offers.iter().filter_map(|offer| self.offers.get(offer)?.by);
        let mut idle: BTreeSet<ProcessId> = held_back.collect();
        if queue.waiting.is_empty() {
            let process = |taker: &Taker| match taker {
                Taker::Outer(taker) => match self.takers.get(taker)?.keeper {
                    Some(keeper) => Some(keeper.process),
                    None => queue.first_consumer,
                },
                Taker::Worker(_) => None,
            };
            idle.extend(queue.takers.iter().filter_map(process));
        }
        if idle != self.queues[id].idle {
            let before = std::mem::replace(&mut self.queues[id].idle, idle.clone());
            self.turns.push_back(Turn::Idle { before, now: idle });
        }
    }
}

#[cfg(test)]
#[path = "queues_tests.rs"]
mod tests;
