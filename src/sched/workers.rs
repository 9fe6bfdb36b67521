//! Workers of a `for_each`: each waits for an item, makes an attempt for it, and waits for the next.
//!
//! A worker is a process like others, but between two items it waits for the queue. What fails is an item, not the
//! worker: only when its queue has ended, or nothing more is begun, is the worker told to have failed.

use super::protocol::{Delivery, Outbox};
use super::scheduler::{News, Scheduler};
use super::state::{Health, State};
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{CancelReason, Event, Failure, Outcome};

impl Scheduler {
    /// A worker waits for an item: its first, or the next.
    pub(super) fn wait_for_item(&mut self, id: ProcessId, out: &mut Outbox) {
        let Some(queue) = self.plan.processes[id].control.for_each else { return };
        self.enter(id, State::Idle);
        let process = &mut self.processes[id];
        process.health = Health::default();
        // Whoever waits for its start waits for nothing that a queue without items would never bring.
        if !std::mem::replace(&mut process.begun, true) {
            process.started = Some(self.now);
            self.news.push_back(News::Started(id));
        }
        let job = JobId { process: id, attempt: self.processes[id].attempt + 1 };
        out.tell(self.now, Event::WaitsForItem { job, queue });
        self.queues.want_for(id, queue);
    }

    /// An item for a worker. One that waits for none any more has not seen it.
    pub(super) fn item_came(&mut self, id: ProcessId, delivery: Delivery, out: &mut Outbox) {
        if self.processes[id].state == State::Idle {
            self.processes[id].item = Some(delivery);
            self.begin_attempt(id, out);
        } else {
            self.queues.unseen(delivery);
        }
    }

    /// A worker has done its item.
    pub(super) fn item_done(&mut self, id: ProcessId, delivery: Delivery, out: &mut Outbox) {
        self.release_attempt(id, out);
        out.tell(self.now, Event::ItemDone { job: self.job(id), queue: delivery.queue });
        self.queues.done(delivery);
        self.next_item(id, out);
    }

    /// A worker has failed with its item; what it held was given back.
    pub(super) fn item_failed(&mut self, id: ProcessId, delivery: Delivery, failure: Failure, out: &mut Outbox) {
        let max = self.plan.queues[delivery.queue].max_deliveries;
        let (job, queue, deliveries) = (self.job(id), delivery.queue, delivery.delivery);
        out.tell(self.now, Event::ItemFailed { job, queue, failure, deliveries, max });
        self.processes[id].set_aside += u32::from(self.queues.undone(delivery));
        self.next_item(id, out);
    }

    fn next_item(&mut self, id: ProcessId, out: &mut Outbox) {
        match self.may_not_start(id) {
            Some(reason) => {
                let outcome = self.unfinished(id, reason);
                self.end(id, outcome, out);
            }
            None => self.wait_for_item(id, out),
        }
    }

    /// A worker's queue has nothing more for it.
    pub(super) fn queue_ended(&mut self, id: ProcessId, out: &mut Outbox) {
        if self.processes[id].state == State::Idle {
            match self.processes[id].set_aside {
                0 => self.end(id, Outcome::Success, out),
                count => self.fail(id, Failure::ItemsSetAside(count), out),
            }
        }
    }

    /// Whether a worker waits at a queue that has ended, of which it is about to hear: whatever else happens in the same
    /// moment, it has done its work.
    pub(super) fn has_no_item_left(&self, id: ProcessId) -> bool {
        let queue = self.plan.processes[id].control.for_each;
        self.processes[id].state == State::Idle && queue.is_some_and(|queue| self.queues.is_settled(queue))
    }

    /// What becomes of a worker that begins no more items, whatever its queue holds.
    pub(super) fn unfinished(&self, id: ProcessId, reason: CancelReason) -> Outcome {
        let served = self.plan.processes[id].control.daemon && self.processes[id].begun;
        if served { Outcome::Stopped } else { Outcome::Cancelled(reason) }
    }

    /// A worker ends, perhaps with an item in work: that is delivered again, to another. What it has set aside fails
    /// the run, even if the worker is not told to have failed.
    pub(super) fn leave_queue(&mut self, id: ProcessId, outcome: &Outcome) {
        let Some(queue) = self.plan.processes[id].control.for_each else { return };
        self.queues.forget_worker(id, queue);
        let mut blame = self.processes[id].set_aside > 0 && !matches!(outcome, Outcome::Failed { .. });
        if let Some(delivery) = self.processes[id].item.take() {
            if let State::Queued { step: None | Some(0), .. } = self.processes[id].state {
                self.queues.unseen(delivery);
            } else {
                blame |= self.queues.undone(delivery);
            }
        }
        if blame {
            self.queues.blame(queue);
        }
    }
}
