//! What queues make of what comes from outside, and what comes of it for the runner.
//!
//! Knows neither payloads nor pipes: items are numbers here.

use std::collections::BTreeSet;

use super::protocol::{Effect, Outbox};
use super::queues::{QueueView, Turn};
use super::scheduler::Scheduler;
use super::state::State;
use crate::base::ids::{ItemId, JobId, ProcessId, QueueId, TakerId};
use crate::notice::{Event, Failure, StopReason};

impl Scheduler {
    /// How a queue stands.
    pub fn queue_view(&self, queue: QueueId) -> QueueView {
        self.queues.view(queue)
    }

    /// Whether an attempt has an item of a queue in work: this one, or any.
    pub fn has_in_work(&self, job: JobId, queue: QueueId, item: Option<ItemId>) -> bool {
        self.queues.has_in_work(job, queue, item)
    }

    /// Somebody wants items. Who wants them for an attempt that is over gets none.
    pub(super) fn wanted(&mut self, taker: TakerId, queue: QueueId, most: u32, keeper: Option<JobId>, out: &mut Outbox) {
        if keeper.is_some_and(|keeper| !self.is_under_way(keeper) || !self.queues.takes(keeper.process)) {
            out.effects.push(Effect::EndOfQueue { taker });
        } else {
            self.queues.want(taker, queue, most, keeper);
        }
    }

    fn is_under_way(&self, job: JobId) -> bool {
        let process = &self.processes[job.process];
        let runs = match process.state {
            State::Queued { step, .. } => step.is_some_and(|step| step > 0),
            State::Running { .. } | State::Stopping { .. } => true,
            State::Waiting | State::Idle | State::Delaying | State::Ended => false,
        };
        process.attempt == job.attempt && runs
    }

    /// What a process wrote cannot be an item: its attempt has failed.
    pub(super) fn bad_item(&mut self, job: JobId, why: String, out: &mut Outbox) {
        if self.is_under_way(job) {
            self.stop_failed(job.process, StopReason::BadItem, Failure::BadItem(why), out);
        }
    }

    /// Others may use the job slots of those that wait for what a queue brings.
    fn lend_slots(&mut self, before: &BTreeSet<ProcessId>, now: &BTreeSet<ProcessId>) {
        now.difference(before).for_each(|id| self.locks.lend_slot(self.slot_keys[*id], true));
        before.difference(now).for_each(|id| self.locks.lend_slot(self.slot_keys[*id], false));
    }

    /// Hands on what has come of queues.
    pub(super) fn take_queue_turn(&mut self, turn: Turn, out: &mut Outbox) {
        let effect = match turn {
            Turn::Accepted { offer, queue, first, count } => Effect::Accept { offer, queue, first, count },
            Turn::Refused { offer, abandoned } => Effect::RefuseOffer { offer, abandoned },
            Turn::Handed { taker, items } => Effect::Hand { taker, items },
            Turn::Ended { taker } => Effect::EndOfQueue { taker },
            Turn::Cut { queue } => Effect::CutProducers { queue },
            Turn::Over { queue, item, set_aside } => Effect::Forget { queue, item, set_aside },
            Turn::ForWorker { process, delivery } => return self.item_came(process, delivery, out),
            Turn::WorkerEnded { process } => return self.queue_ended(process, out),
            Turn::Idle { before, now } => return self.lend_slots(&before, &now),
            Turn::GetWaits { get, job, queue } => return out.tell(self.now, Event::GetWaits { job, get, queue }),
            Turn::GetOver { get, job, queue, granted } => return out.tell(self.now, Event::GetOver { job, get, queue, granted }),
            Turn::Closed { queue, items } => return out.tell(self.now, Event::QueueClosed { queue, items }),
            Turn::Abandoned { queue, left } => return out.tell(self.now, Event::QueueAbandoned { queue, left }),
        };
        out.effects.push(effect);
    }
}
