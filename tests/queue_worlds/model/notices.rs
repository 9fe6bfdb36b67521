//! Notices, one after another.

use std::sync::Arc;

use flowrun::base::ids::{ItemId, JobId, ProcessId, QueueId};
use flowrun::notice::{Event, Failure, Outcome, StopReason};

use super::items::Holder;
use super::{Model, One, ensure};

impl One {
    /// How many items set aside it has failed for.
    pub fn blamed(&self) -> Option<u32> {
        match &self.outcome {
            Some(Outcome::Failed { failure: Failure::ItemsSetAside(count), .. }) => Some(*count),
            _ => None,
        }
    }
}

impl Model {
    pub fn notice(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::WaitsForItem { job, queue } => self.waits_for_item(*job, *queue),
            Event::GetWaits { job, get, queue } => self.told_to_wait(*get, *job, *queue),
            Event::GetOver { job, get, queue, granted } => self.told_to_wait_no_more(*get, *job, *queue, *granted),
            Event::ItemDone { job, queue } => self.item_done(*job, *queue),
            Event::ItemFailed { job, queue, deliveries, max, .. } => self.item_failed(*job, *queue, *deliveries, *max),
            Event::Queued { job, wants, .. } => {
                self.attempt(*job)?;
                self.all[job.process].queued = Some(wants.is_empty());
                Ok(())
            }
            Event::Acquired { job, .. } => self.attempt(*job),
            Event::Withdrawn { job, .. } => {
                self.all[job.process].queued = None;
                Ok(())
            }
            Event::BeginningAnew { job } if self.plan.processes[job.process].control.for_each.is_some() => self.begins_anew(*job),
            Event::Retrying { job, .. } | Event::Restarting { job, .. } | Event::BeginningAnew { job } => self.attempt_over(job.process),
            Event::Ended { process, outcome, .. } => self.ended(*process, outcome),
            Event::QueueClosed { queue, items } => self.told_closed(*queue, *items),
            Event::QueueAbandoned { queue, left } => self.told_abandoned(*queue, *left),
            Event::Halted { .. } => {
                self.halted.get_or_insert(self.number);
                if self.lines.iter().any(|line| line.items.waiting() > 0) {
                    self.meet("halted with items left");
                }
                Ok(())
            }
            Event::KillingAll { .. } => {
                self.halted.get_or_insert(self.number);
                self.killing = true;
                Ok(())
            }
            Event::Stopping { job, reason, .. } => {
                self.all[job.process].asked = true;
                if *reason == StopReason::WorkEnded { self.not_needed_any_more(job.process) } else { Ok(()) }
            }
            Event::Killing { job, .. } => {
                self.all[job.process].asked = true;
                Ok(())
            }
            Event::RunEnded { summary } => {
                self.over = Some(summary.clone());
                // What people outside were handed is theirs now.
                for line in self.lines.iter_mut() {
                    line.items.held(|holder| matches!(holder, Holder::Taker(_))).iter().for_each(|(item, _)| line.items.done(*item));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes note of an attempt; a worker begins a new one for an item only.
    pub fn attempt(&mut self, job: JobId) -> Result<(), String> {
        let moment = self.next_moment();
        let id = job.process;
        if self.all[id].attempt == job.attempt && self.all[id].active {
            return Ok(());
        }
        let one = &self.all[id];
        ensure!(one.outcome.is_none() && !one.active && one.attempt + 1 == job.attempt, "{job:?} begins after {one:?}");
        if let Some(queue) = self.plan.processes[id].control.for_each {
            ensure!(self.halted.is_none_or(|step| step == self.number), "{job:?} begins though the run has been halted");
            if self.all[id].kept.is_none() {
                let since = self.all[id].waits.take().unwrap_or(moment);
                self.served(queue, since);
                self.this.begun.push(id);
            }
        }
        let one = &mut self.all[id];
        (one.attempt, one.active, one.started, one.asked, one.item) = (job.attempt, true, false, false, one.kept.take());
        Ok(())
    }

    /// Somebody asked for a worker to be begun anew: it keeps its item, for another attempt.
    fn begins_anew(&mut self, job: JobId) -> Result<(), String> {
        let next = JobId { attempt: job.attempt + 1, ..job };
        let one = &mut self.all[job.process];
        ensure!(one.active && one.attempt == job.attempt && one.program.is_none(), "{job:?} is begun anew: {one:?}");
        (one.active, one.queued, one.kept) = (false, None, one.item.take());
        self.this.owed.remove(&job.process);
        if let (Some(queue), Some(item)) = (self.plan.processes[job.process].control.for_each, self.all[job.process].kept) {
            self.lines[queue].items.hold(item, Holder::Job(next, None));
        }
        self.meet("worker begun anew");
        Ok(())
    }

    /// An attempt is over: what it had in work and is not done comes back, or is set aside after its last delivery.
    fn attempt_over(&mut self, id: ProcessId) -> Result<(), String> {
        let job = JobId { process: id, attempt: self.all[id].attempt };
        ensure!(self.all[id].program.is_none(), "{job:?} is over while it runs");
        let one = &mut self.all[id];
        one.queued = None;
        let job = JobId { attempt: job.attempt + u32::from(one.kept.take().is_some()), ..job };
        if !std::mem::take(&mut one.active) && self.all[id].attempt == job.attempt {
            return Ok(());
        }
        for taker in self.takers.values_mut().filter(|taker| taker.keeper == Some(job)) {
            taker.since = None;
        }
        for queue in self.plan.queues.ids() {
            for (item, holder) in self.lines[queue].items.held(|holder| matches!(holder, Holder::Job(other, _) if other == job)) {
                match holder {
                    Holder::Job(_, None) => {
                        self.meet("stopped with an item");
                        self.this.cut_off.insert((queue, item), id);
                        self.lines[queue].items.give_back(item, false, true);
                    }
                    Holder::Job(..) | Holder::Taker(_) => self.left_undone(queue, item),
                }
            }
        }
        self.all[id].item = None;
        Ok(())
    }

    fn left_undone(&mut self, queue: QueueId, item: ItemId) {
        let most = self.plan.queues[queue].max_deliveries;
        let line = &mut self.lines[queue];
        if line.items.deliveries(item) == most {
            line.items.set_aside(item);
            line.aside += 1;
            self.this.forget.insert((queue, item), Some(most));
            self.meet("item set aside for a client");
        } else {
            line.items.give_back(item, false, false);
            self.meet("item of a dead client delivered again");
        }
    }

    fn waits_for_item(&mut self, job: JobId, queue: QueueId) -> Result<(), String> {
        let id = job.process;
        self.attempt_over(id)?;
        let moment = self.next_moment();
        let one = &mut self.all[id];
        ensure!(self.plan.processes[id].control.for_each == Some(queue), "{job:?} waits for an item of {queue:?}");
        ensure!(one.attempt + 1 == job.attempt && one.outcome.is_none(), "{job:?} waits for an item after {one:?}");
        ensure!(self.halted.is_none_or(|step| step == self.number), "{job:?} waits for an item though the run has been halted");
        one.waits.get_or_insert(moment);
        self.meet("worker waited for an item");
        Ok(())
    }

    fn item_done(&mut self, job: JobId, queue: QueueId) -> Result<(), String> {
        let id = job.process;
        let item = self.item_of(job, queue)?;
        ensure!(self.this.owed.remove(&id) == Some(true), "an item of {job:?} is done though it has not succeeded");
        self.lines[queue].items.done(item);
        self.this.forget.insert((queue, item), None);
        self.meet("item done by a worker");
        self.attempt_over(id)
    }

    fn item_failed(&mut self, job: JobId, queue: QueueId, deliveries: u32, max: u32) -> Result<(), String> {
        let id = job.process;
        let item = self.item_of(job, queue)?;
        ensure!(self.this.owed.remove(&id) != Some(true), "an item of {job:?} has failed though it has succeeded");
        ensure!(max == self.plan.queues[queue].max_deliveries, "{job:?} is told {max} deliveries");
        let line = &mut self.lines[queue];
        if !self.all[id].started {
            line.items.doubt(item);
        }
        let known = line.items.deliveries(item);
        ensure!(deliveries == known || line.items.is_unsure(item), "{job:?} has failed in delivery {known}, not {deliveries}");
        if deliveries == max {
            line.items.set_aside(item);
            line.aside_of_workers.push(id);
            self.all[id].aside += 1;
            self.this.forget.insert((queue, item), Some(max));
            self.meet("item set aside for a worker");
        } else {
            line.items.give_back(item, false, false);
            self.meet("item of a failed worker delivered again");
        }
        self.attempt_over(id)
    }

    fn item_of(&self, job: JobId, queue: QueueId) -> Result<ItemId, String> {
        let one = &self.all[job.process];
        let fits = self.plan.processes[job.process].control.for_each == Some(queue) && one.attempt == job.attempt && one.active;
        match one.item.filter(|_| fits) {
            Some(item) => Ok(item),
            None => Err(format!("{job:?} has no item of {queue:?}: {one:?}")),
        }
    }

    fn ended(&mut self, id: ProcessId, outcome: &Outcome) -> Result<(), String> {
        self.attempt_over(id)?;
        ensure!(self.all[id].outcome.is_none(), "{id:?} ends twice");
        let plan = Arc::clone(&self.plan);
        let control = &plan.processes[id].control;
        self.this.owed.remove(&id);
        if let Outcome::Failed { failure, allowed } = outcome {
            ensure!(*allowed == control.allow_failure, "{id:?} is allowed to fail: {allowed}");
            let aside = self.all[id].aside;
            // What could not be started has failed, even if it was asked to end meanwhile.
            let cut_off = self.all[id].asked && matches!(failure, Failure::NotStarted(_));
            let right = control.for_each.is_none() || cut_off || aside > 0 && *failure == Failure::ItemsSetAside(aside);
            ensure!(right, "the worker {id:?} failed by {failure:?}, having set aside {aside}");
            if control.for_each.is_some() && !cut_off {
                self.meet("worker failed for items set aside");
                if self.halted.is_none() {
                    self.this.succeeded.push(id);
                }
            }
        }
        if *outcome == Outcome::Success && control.for_each.is_some() {
            ensure!(self.all[id].aside == 0, "{id:?} is a success, having set aside {}", self.all[id].aside);
            self.this.succeeded.push(id);
        }
        let one = &mut self.all[id];
        (one.waits, one.ended, one.outcome) = (None, Some(self.number), Some(outcome.clone()));
        Ok(())
    }
}
