//! Those who would wait for ever, or in vain for a job slot that those who wait at a queue keep.

use std::collections::{BTreeSet, VecDeque};

use super::taking::Taker;
use super::{QueueTable, Turn};
use crate::base::ids::{JobId, ProcessId, QueueId, TakerId};

impl QueueTable {
    /// Attempts that have something in work and want more, where all that is in work is with such: each would wait for
    /// itself, or for another of them. They see the end, and what they have not done is delivered again.
    pub(super) fn end_stuck(&mut self, id: QueueId) {
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
