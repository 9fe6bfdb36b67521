//! Those who take, workers among them: first come, first served, and no item to two of them.

use std::collections::BTreeMap;

use flowrun::base::ids::{ItemId, JobId, ProcessId, QueueId, TakerId};
use flowrun::sched::Delivery;

use super::items::Holder;
use super::{Model, ensure};

/// Somebody who takes.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    pub queue: QueueId,
    pub keeper: Option<JobId>,
    most: u32,
    /// The moment since which it waits, if it does.
    pub since: Option<u64>,
    /// The step in which it was told the end.
    ended: Option<u64>,
}

/// Somebody who waits for an item; for messages.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "only shown")]
enum Waiter {
    Worker(ProcessId),
    Taker(TakerId),
}

impl Model {
    pub fn lives(&self, job: JobId) -> bool {
        let one = &self.all[job.process];
        one.active && one.attempt == job.attempt
    }

    pub fn wanted(&mut self, taker: TakerId, queue: QueueId, most: u32, keeper: Option<JobId>) {
        let moment = self.next_moment();
        self.handed_on(taker, &[]);
        if self.takers.get(&taker).is_some_and(|taker| taker.since.is_some()) {
            return;
        }
        let since = keeper.is_none_or(|job| self.lives(job)).then_some(moment);
        if since.is_some() && self.takers.values().any(|other| other.queue == queue && other.since.is_some()) {
            self.meet("several takers waited");
        }
        self.takers.insert(taker, Taker { queue, keeper, most, since, ended: None });
    }

    pub fn taker_over(&mut self, taker: TakerId, back: &[ItemId]) {
        self.handed_on(taker, back);
        if self.takers.remove(&taker).is_some_and(|taker| taker.since.is_some()) {
            self.meet("taker gave up");
        }
    }

    /// What a taker was handed is done, unless somebody keeps it, or it goes back.
    fn handed_on(&mut self, taker: TakerId, back: &[ItemId]) {
        let Some(queue) = self.takers.get(&taker).map(|taker| taker.queue) else { return };
        let items = &mut self.lines[queue].items;
        let mine = items.held(|holder| matches!(holder, Holder::Taker(other) | Holder::Job(_, Some(other)) if other == taker));
        let mut came_back = false;
        for (item, holder) in mine {
            if back.contains(&item) {
                items.give_back(item, true, false);
                came_back = true;
            } else if matches!(holder, Holder::Taker(_)) {
                items.done(item);
            }
        }
        if came_back {
            self.meet("item given back");
        }
    }

    /// An attempt says that an item is done; what it does not have is nobody's business.
    pub fn said_done(&mut self, job: JobId, queue: QueueId, item: Option<ItemId>) {
        let mine = self.lines[queue].items.held(|holder| matches!(holder, Holder::Job(other, Some(_)) if other == job));
        let sure = mine.len() == 1;
        let known = match item {
            Some(item) => mine.iter().find(|(other, _)| *other == item).map(|(item, _)| *item),
            // Which it has had for the longest: told by what is forgotten.
            None if sure => mine.first().map(|(item, _)| *item),
            None => self.longest_kept(job, queue),
        };
        if let Some(item) = known {
            self.lines[queue].items.done(item);
            self.this.forget.insert((queue, item), None);
            self.meet("item done by a client");
        }
    }

    /// Items are handed over.
    pub fn hand(&mut self, id: TakerId, items: &[Delivery]) -> Result<(), String> {
        let moment = self.next_moment();
        let Some(taker) = self.takers.get(&id).copied() else { return Err(format!("{id:?} is handed {items:?}, and wants nothing")) };
        let Some(since) = taker.since else { return Err(format!("{id:?} is handed {items:?}, and does not wait")) };
        ensure!((1..=taker.most as usize).contains(&items.len()), "{id:?} wants {}, and is handed {items:?}", taker.most);
        ensure!(taker.keeper.is_none_or(|job| self.lives(job)), "{id:?} is handed {items:?} for {:?}, which is over", taker.keeper);
        self.meet(if items.len() > 1 { "several items handed at once" } else { "item handed" });
        let most = self.plan.queues[taker.queue].max_deliveries;
        for delivery in items {
            ensure!(delivery.queue == taker.queue, "{id:?} is handed {delivery:?} of another queue");
            let holder = taker.keeper.map_or(Holder::Taker(id), |job| Holder::Job(job, Some(id)));
            self.was_not_pledged(taker.queue, delivery.item)?;
            self.lines[taker.queue].items.deliver(*delivery, most, holder)?;
            self.kept.insert((taker.queue, delivery.item), moment);
        }
        self.served(taker.queue, since);
        self.takers.insert(id, Taker { since: None, ..taker });
        Ok(())
    }

    /// An item that a worker was thought to have, which has not started anything yet, is handed to another: then that
    /// worker has another one of those that came back.
    fn was_not_pledged(&mut self, queue: QueueId, item: ItemId) -> Result<(), String> {
        let held = self.lines[queue].items.held(|holder| matches!(holder, Holder::Job(job, None) if !self.all[job.process].started));
        let holder = held.into_iter().find(|(other, _)| *other == item).map(|(_, holder)| holder);
        if let (Some(Holder::Job(job, _)), Some(other)) = (holder, self.lines[queue].items.last_again()) {
            self.swap(job.process, item, queue, other)?;
        }
        Ok(())
    }

    fn longest_kept(&self, job: JobId, queue: QueueId) -> Option<ItemId> {
        let mine = self.lines[queue].items.held(|holder| matches!(holder, Holder::Job(other, Some(_)) if other == job));
        mine.into_iter().map(|(item, _)| item).min_by_key(|item| (self.kept.get(&(queue, *item)), *item))
    }

    pub fn served(&mut self, queue: QueueId, since: u64) {
        let served = self.this.served.entry(queue).or_default();
        *served = since.max(*served);
    }

    /// The queue has nothing for a taker, and never will.
    pub fn end_of_queue(&mut self, id: TakerId) -> Result<(), String> {
        let Some(taker) = self.takers.get(&id).copied() else { return Err(format!("{id:?} is told the end, and wants nothing")) };
        self.meet("end of queue");
        let dead = taker.keeper.is_some_and(|job| !self.lives(job));
        ensure!(dead || taker.since.is_some(), "{id:?} is told the end, and does not wait");
        let line = &self.lines[taker.queue];
        let stuck = taker.keeper.is_some_and(|job| self.waits_for_itself(taker.queue, job));
        let over = stuck || line.closed && line.items.is_drained();
        ensure!(dead || line.abandoned || over, "{id:?} is told the end of {:?}: {:?}", taker.queue, line.items);
        if !dead && over && !line.items.in_work().is_empty() {
            self.meet("end seen in spite of own items");
        }
        self.takers.insert(id, Taker { since: None, ended: Some(self.number), ..taker });
        Ok(())
    }

    /// Whether an attempt waits for what it has in work itself, or others have that wait in the same way; in all the
    /// queues that feed each other.
    fn waits_for_itself(&self, queue: QueueId, job: JobId) -> bool {
        let plan = &self.plan.queues[queue];
        let all = if plan.fed.is_empty() { vec![queue] } else { plan.ring.clone() };
        let waits = |job: JobId| {
            let own = |taker: &&Taker| all.contains(&taker.queue) && taker.keeper == Some(job);
            self.takers.values().filter(own).any(|taker| taker.since.is_some() || taker.ended == Some(self.number))
        };
        let held: Vec<Holder> = all.iter().flat_map(|id| self.lines[*id].items.in_work()).map(|(_, holder)| holder).collect();
        let own = |holder: &Holder| matches!(holder, Holder::Job(other, Some(_)) if *other == job);
        let stuck = |holder: &Holder| matches!(holder, Holder::Job(other, Some(_)) if waits(*other));
        all.iter().all(|id| self.nothing_comes(*id)) && held.iter().any(own) && held.iter().all(stuck)
    }

    /// Whether a queue is empty and nobody puts into it, other than who takes from the queues that it feeds.
    fn nothing_comes(&self, queue: QueueId) -> bool {
        let (plan, line) = (&self.plan.queues[queue], &self.lines[queue]);
        let mut outside = plan.producers.iter().filter(|id| !plan.fed.contains(id));
        let nobody = line.closed || !plan.fed.is_empty() && outside.all(|id| self.all[*id].outcome.is_some());
        (line.deserted || line.abandoned || line.items.waiting() == 0) && nobody && self.offers_of(queue).next().is_none()
    }

    pub fn told_to_wait(&mut self, get: TakerId, job: JobId, queue: QueueId) -> Result<(), String> {
        ensure!(self.told_waits.insert(get, (job, queue)).is_none(), "{get:?} of {job:?} is told twice to wait");
        Ok(())
    }

    pub fn told_to_wait_no_more(&mut self, get: TakerId, job: JobId, queue: QueueId, granted: bool) -> Result<(), String> {
        let told = self.told_waits.remove(&get);
        ensure!(told == Some((job, queue)), "{get:?} of {job:?} is told to wait no more for {queue:?}, and was told {told:?}");
        self.meet(if granted { "a wait was granted" } else { "a wait was in vain" });
        Ok(())
    }

    /// Of attempts that wait, and of no others, is it told that they do.
    pub fn waits_are_told(&self) -> Result<(), String> {
        let wait = self.takers.iter().filter(|(_, taker)| taker.since.is_some());
        let wait: BTreeMap<TakerId, (JobId, QueueId)> = wait.filter_map(|(id, taker)| Some((*id, (taker.keeper?, taker.queue)))).collect();
        ensure!(wait == self.told_waits, "{wait:?} wait, and {:?} were told to", self.told_waits);
        Ok(())
    }

    /// Nobody waits for what is there, and nobody was overtaken.
    pub fn nobody_waits_in_vain(&mut self, queue: QueueId) -> Result<(), String> {
        let waits = |id: &ProcessId| self.all[*id].waits.filter(|_| self.plan.processes[*id].control.for_each == Some(queue));
        let workers = self.plan.queues[queue].consumers.iter().filter_map(|id| waits(id).map(|since| (since, Waiter::Worker(*id))));
        let takers = self.takers.iter().filter(|(_, taker)| taker.queue == queue);
        let takers = takers.filter_map(|(id, taker)| taker.since.map(|since| (since, Waiter::Taker(*id))));
        let waiting: Vec<(u64, Waiter)> = workers.chain(takers).collect();
        let last = self.this.served.get(&queue).copied().unwrap_or(0);
        let line = &self.lines[queue];
        let overtaken = waiting.iter().find(|(since, _)| *since < last);
        ensure!(overtaken.is_none() || line.abandoned, "{overtaken:?} waits for an item of {queue:?} and is overtaken");
        let idle = waiting.first().filter(|_| !line.abandoned && !self.killing);
        ensure!(idle.is_none() || line.items.waiting() == 0, "{idle:?} waits though {queue:?} has items: {:?}", line.items);
        let over = line.closed && line.items.is_drained();
        ensure!(idle.is_none() || !over, "{idle:?} waits though {queue:?} has ended");
        let keepers = self.takers.values().filter(|taker| taker.queue == queue && taker.since.is_some()).filter_map(|taker| taker.keeper);
        let stuck = keepers.into_iter().find(|job| self.waits_for_itself(queue, *job));
        ensure!(stuck.is_none(), "{stuck:?} waits for the end of {queue:?}, and holds it up itself");
        let offer = self.offers_of(queue).next();
        if offer.is_some() {
            ensure!(!line.closed && !line.abandoned, "{offer:?} waits though {queue:?} takes nothing");
            let room = self.plan.queues[queue].maxsize.is_none_or(|most| line.items.waiting() < most as usize);
            ensure!(!room, "{offer:?} waits though {queue:?} has room: {:?}", line.items);
            self.meet("offer waited for room");
        }
        Ok(())
    }
}
