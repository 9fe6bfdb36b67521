//! When queues close, when they are abandoned, when daemons are not needed any more.

use flowrun::base::ids::{ProcessId, QueueId};

use super::{Model, ensure};

impl Model {
    pub fn told_closed(&mut self, queue: QueueId, items: u64) -> Result<(), String> {
        let line = &mut self.lines[queue];
        ensure!(!line.closed, "{queue:?} is closed twice");
        // Offers that are accepted in the same step may be seen after this.
        ensure!(items >= line.items.count(), "{queue:?} has taken {}, not {items}", line.items.count());
        line.closed = true;
        self.this.closed.push(queue);
        self.this.counts.push((queue, items));
        let asked = self.this.close == Some(queue);
        let ring = self.plan.queues[queue].fed.iter().any(|id| self.all[*id].outcome.is_none());
        self.meet(match () {
            () if asked => "closed by request",
            () if ring => "ring closed",
            () => "closed by its producers",
        });
        Ok(())
    }

    pub fn told_abandoned(&mut self, queue: QueueId, left: u64) -> Result<(), String> {
        ensure!(!self.lines[queue].abandoned, "{queue:?} is abandoned twice");
        self.lines[queue].abandoned = true;
        self.this.abandoned.push((queue, left));
        self.refuse_all(queue);
        self.meet(if left > 0 { "abandoned with items" } else { "abandoned" });
        Ok(())
    }

    /// A queue is closed and abandoned when, and only when, it has to be.
    pub fn closed_in_time(&self, queue: QueueId) -> Result<(), String> {
        let line = &self.lines[queue];
        if self.this.closed.contains(&queue) {
            let right = self.this.close == Some(queue) || self.has_no_producer(queue) || line.abandoned;
            ensure!(right, "{queue:?} is closed though it has producers: {line:?}, {:?}", self.offers);
        } else if !line.closed && !line.abandoned {
            ensure!(!self.has_no_producer(queue), "{queue:?} is not closed though nobody puts into it");
            ensure!(self.this.close != Some(queue), "{queue:?} is not closed as was asked for");
        }
        for (_, items) in self.this.counts.iter().filter(|(other, _)| *other == queue) {
            ensure!(*items == line.items.count(), "{queue:?} has taken {}, not {items}", line.items.count());
        }
        let ended = |id: &ProcessId| self.all[*id].outcome.is_some();
        let forsaken = self.plan.queues[queue].consumers.iter().all(ended);
        let drained = line.closed && line.items.is_drained();
        if let Some((_, left)) = self.this.abandoned.iter().find(|(other, _)| *other == queue) {
            ensure!(forsaken, "{queue:?} is abandoned though it has consumers");
            // In one step all may end: in which order is nobody's business.
            let together = self.this.closed.contains(&queue) || self.has_no_producer(queue);
            ensure!(!drained || together, "{queue:?} is abandoned though it is drained");
            let waiting = line.items.waiting() as u64;
            let held = line.items.in_work().len() as u64;
            ensure!((waiting..=waiting + held).contains(left), "{queue:?} is abandoned with {waiting}, not {left} items");
        }
        // What was handed over and may come back: nobody knows yet.
        let settled = drained || line.closed && line.items.waiting() == 0;
        ensure!(!forsaken || line.abandoned || settled, "{queue:?} is not abandoned though it has no consumer: {line:?}");
        for id in self.this.succeeded.iter().filter(|id| self.plan.processes[**id].control.for_each == Some(queue)) {
            ensure!(drained, "{id:?} has ended before {queue:?}: {line:?}");
        }
        Ok(())
    }

    /// Whether nothing can come into a queue any more.
    fn has_no_producer(&self, queue: QueueId) -> bool {
        let plan = &self.plan.queues[queue];
        let ended = |id: &ProcessId| self.all[*id].outcome.is_some();
        if plan.producers.iter().all(ended) && self.offers_of(queue).next().is_none() {
            return true;
        }
        !plan.fed.is_empty()
            && plan.ring.iter().all(|other| {
                let fed = &self.plan.queues[*other].fed;
                let outside = self.plan.queues[*other].producers.iter().filter(|id| !fed.contains(id));
                let line = &self.lines[*other];
                outside.clone().all(ended) && self.offers_of(*other).next().is_none() && line.items.is_drained()
            })
    }

    /// A daemon is stopped because the work has ended: what it could still be needed for is drained, and who puts
    /// into what it takes from has ended.
    pub fn not_needed_any_more(&mut self, id: ProcessId) -> Result<(), String> {
        if self.killing {
            return Ok(());
        }
        let living = |other: &ProcessId| self.plan.processes[*other].control.daemon && self.all[*other].outcome.is_none();
        for (queue, plan) in self.plan.queues.entries() {
            let line = &self.lines[queue];
            let open = plan.producers.iter().any(living) && !line.closed;
            let drained = line.abandoned || line.closed && line.items.is_drained();
            ensure!(self.halted.is_some() || open || drained, "{id:?} is stopped though {queue:?} is not drained: {line:?}");
            if plan.declared && plan.consumers.contains(&id) {
                let mut before = plan.producers.iter().filter(|other| **other != id && !plan.fed.contains(other) && living(other));
                let before = before.find(|other| self.all[**other].attempt > 0);
                ensure!(before.is_none(), "{id:?} is stopped before {before:?}, which puts into {queue:?}");
                if line.items.count() > 0 && drained {
                    *self.met.entry("daemon stopped after its queue was drained").or_default() += 1;
                }
            }
        }
        Ok(())
    }
}
