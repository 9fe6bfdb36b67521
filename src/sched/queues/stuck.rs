//! Those who would wait for ever, or in vain for a job slot that those who wait at a queue keep.

use std::collections::{BTreeSet, VecDeque};

use super::taking::Taker;
use super::{QueueTable, Turn};
use crate::base::ids::{JobId, ProcessId, QueueId, TakerId};

impl QueueTable {
    /// Attempts that have something in work and want more, where nothing else can come and all that is in work is with
    /// such: each would wait for itself, or for another of them. They see the end, and what they have not done is
    /// delivered again. Queues that feed each other are looked at as one.
    pub(super) fn end_stuck(&mut self, id: QueueId) {
        let own = &self.queues[id];
        if !own.is_dry() {
            return;
        }
        let all = if own.is_fed { own.ring.clone() } else { vec![id] };
        if !all.iter().all(|id| self.queues[*id].is_dry()) {
            return;
        }
        let in_work = |job: &JobId| all.iter().filter_map(|id| self.queues[*id].kept.get(job)).map(VecDeque::len).sum::<usize>();
        let stuck: Vec<(TakerId, JobId)> = all.iter().flat_map(|id| self.kept_takers(*id)).filter(|(_, job)| in_work(job) > 0).collect();
        let jobs: BTreeSet<JobId> = stuck.iter().map(|(_, job)| *job).collect();
        if jobs.iter().map(in_work).sum::<usize>() < all.iter().map(|id| self.queues[*id].in_work).sum() {
            return;
        }
        for (name, _) in stuck {
            let Some(queue) = self.takers.get(&name).map(|taking| taking.queue) else { continue };
            self.end_wait(name, false);
            self.queues[queue].takers.retain(|other| *other != Taker::Outer(name));
            self.turns.push_back(Turn::Ended { taker: name });
        }
    }

    /// Those who wait for items of a queue that they will have to say are done.
    fn kept_takers(&self, id: QueueId) -> impl Iterator<Item = (TakerId, JobId)> + '_ {
        self.queues[id].takers.iter().filter_map(|taker| match taker {
            Taker::Outer(taker) => Some((*taker, self.takers.get(taker)?.keeper?)),
            Taker::Worker(_) => None,
        })
    }

    /// Tells whose job slots others may use meanwhile: of who is held back because the queue is full, and of who waits
    /// for items. What they wait for may itself wait for a slot, at the other end of any chain of queues.
    pub(super) fn look_for_idle(&mut self, id: QueueId) {
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
