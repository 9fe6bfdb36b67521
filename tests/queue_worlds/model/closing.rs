//! When queues close, when they are abandoned, when daemons are not needed any more.

use flowrun::base::ids::{ProcessId, QueueId};
use flowrun::source::model::OnFailure;

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
        ensure!(left > 0, "{queue:?} is abandoned with nothing left");
        self.meet("abandoned");
        Ok(())
    }

    /// A queue that was not drained when its last consumer ended takes nothing more, and is abandoned when anything
    /// is left in it or on offer, or is offered later.
    pub fn deserted(&mut self, queue: QueueId) -> Result<(), String> {
        let consumers = &self.plan.queues[queue].consumers;
        let forsaken = consumers.iter().all(|id| self.all[*id].outcome.is_some());
        let line = &self.lines[queue];
        let waiting = line.items.waiting() as u64;
        // What was handed over and may come back: nobody knows yet.
        let unsettled = self.over.is_none() && !line.items.in_work().is_empty();
        let drained = line.closed && waiting == 0;
        let told = self.this.abandoned.iter().find(|(other, _)| *other == queue).map(|(_, left)| *left);
        let was_deserted = line.deserted;
        if !was_deserted && (!forsaken || unsettled || drained && told.is_none() && !self.this.closed.contains(&queue)) {
            ensure!(told.is_none(), "{queue:?} is abandoned, which has consumers or is drained: {line:?}");
            return Ok(());
        }
        let otherwise = self.this.close == Some(queue) || self.has_no_producer(queue);
        if !was_deserted && drained && told.is_none() && otherwise {
            // In one step all may end: in which order is nobody's business.
            return Ok(());
        }
        ensure!(line.closed, "{queue:?} is not closed though it has no consumer: {line:?}");
        let missed = self.this.missed.get(&queue).copied().unwrap_or(0);
        let left = if was_deserted { missed } else { waiting + missed };
        let due = (left > 0 && !(was_deserted && told.is_none() && line.abandoned)).then_some(left);
        ensure!(told == due, "{queue:?} is abandoned with {told:?}, not {due:?}: {line:?}");
        self.lines[queue].deserted = true;
        if left == 0 && !was_deserted {
            self.meet("deserted with nothing left");
        }
        Ok(())
    }

    /// A queue is closed when, and only when, it has to be.
    pub fn closed_in_time(&self, queue: QueueId) -> Result<(), String> {
        let line = &self.lines[queue];
        if self.this.closed.contains(&queue) {
            let right = self.this.close == Some(queue) || self.has_no_producer(queue) || line.deserted;
            ensure!(right, "{queue:?} is closed though it has producers: {line:?}, {:?}", self.offers);
        } else if !line.closed {
            ensure!(!self.has_no_producer(queue), "{queue:?} is not closed though nobody puts into it");
            ensure!(self.this.close != Some(queue), "{queue:?} is not closed as was asked for");
        }
        for (_, items) in self.this.counts.iter().filter(|(other, _)| *other == queue) {
            ensure!(*items == line.items.count(), "{queue:?} has taken {}, not {items}", line.items.count());
        }
        for id in self.this.succeeded.iter().filter(|id| self.plan.processes[**id].control.for_each == Some(queue)) {
            let drained = line.closed && line.items.is_drained();
            // A failure that is the end of everything is none that waits for the end of the queue.
            let killed = self.plan.on_failure == OnFailure::Kill && line.aside_of_workers.contains(id);
            ensure!(drained || killed, "{id:?} has ended before {queue:?}: {line:?}");
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
                let mut outside = self.plan.queues[*other].producers.iter().filter(|id| !fed.contains(id));
                let line = &self.lines[*other];
                let nothing = line.deserted || line.items.is_drained();
                (line.closed || outside.all(ended)) && self.offers_of(*other).next().is_none() && nothing
            })
    }

    /// A daemon is stopped because the work has ended: nothing is left in what no daemon keeps open, nor in what it
    /// takes from itself; and who puts into that has ended.
    pub fn not_needed_any_more(&mut self, id: ProcessId) -> Result<(), String> {
        if self.killing {
            return Ok(());
        }
        let first = *self.closing.get_or_insert(self.number) == self.number;
        let daemon = |other: &ProcessId| self.plan.processes[*other].control.daemon;
        let living = |other: &ProcessId| daemon(other) && self.all[*other].outcome.is_none();
        // One that was not begun again when the work had ended kept it open until then.
        let lived = |other: &ProcessId| daemon(other) && self.all[*other].ended.is_none_or(|step| step == self.number);
        for (queue, plan) in self.plan.queues.entries() {
            let line = &self.lines[queue];
            let takes = plan.declared && plan.consumers.contains(&id);
            let drained = line.deserted || line.abandoned || line.closed && line.items.is_drained();
            let open = plan.producers.iter().any(living) && !line.closed;
            let was_open = first && !takes && plan.producers.iter().any(lived);
            let matters = first || takes;
            let left = matters && !drained && !open && !was_open;
            ensure!(self.halted.is_some() || !left, "{id:?} is stopped though {queue:?} is not drained: {line:?}");
            if takes {
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
