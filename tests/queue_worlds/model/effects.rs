//! Effects, one after another.

use flowrun::base::ids::{ItemId, JobId, ProcessId, QueueId};
use flowrun::sched::{Delivery, Effect};

use super::items::Holder;
use super::{Model, ensure};

impl Model {
    pub fn effect(&mut self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::Start { job, step, item, .. } => self.start(*job, *step, *item),
            Effect::Accept { offer, queue, first, count } => self.accept(*offer, *queue, *first, *count),
            Effect::RefuseOffer { offer, .. } => self.refused(*offer),
            Effect::Hand { taker, items } => self.hand(*taker, items),
            Effect::EndOfQueue { taker } => self.end_of_queue(*taker),
            Effect::CutProducers { queue } => {
                let line = &self.lines[*queue];
                ensure!(line.closed || line.abandoned, "the producers of {queue:?} are cut off, which takes items");
                Ok(())
            }
            Effect::Forget { queue, item, set_aside } => self.forget(*queue, *item, *set_aside),
            Effect::RunStopCommand { job } | Effect::Terminate { job } | Effect::Kill { job } => {
                self.all[job.process].asked = true;
                Ok(())
            }
            Effect::Decide { .. }
            | Effect::Probe { .. }
            | Effect::EndProbe { .. }
            | Effect::AskHost { .. }
            | Effect::ReleaseHost { .. }
            | Effect::SectionGranted { .. }
            | Effect::SectionRefused { .. }
            | Effect::Suspend
            | Effect::Resume => Err(format!("nobody asked for {effect:?}")),
        }
    }

    fn start(&mut self, job: JobId, step: u32, item: Option<Delivery>) -> Result<(), String> {
        let id = job.process;
        self.attempt(job)?;
        let one = &self.all[id];
        ensure!(one.active && one.program.is_none() && one.outcome.is_none(), "{job:?} is started at the wrong time: {one:?}");
        let queue = self.plan.processes[id].control.for_each;
        ensure!(item.map(|delivery| delivery.queue) == queue, "{job:?} is started with {item:?}");
        if let Some(delivery) = item {
            self.started_for(job, delivery)?;
        }
        self.this.started.push(id);
        let one = &mut self.all[id];
        ensure!(step == 0 || one.started, "{job:?} is started at step {step}");
        one.program = Some(step);
        one.asked = false;
        one.started = true;
        one.queued = None;
        Ok(())
    }

    /// A worker's step is started: now it is known for which item.
    fn started_for(&mut self, job: JobId, delivery: Delivery) -> Result<(), String> {
        let most = self.plan.queues[delivery.queue].max_deliveries;
        let (item, started) = (self.all[job.process].item, self.all[job.process].started);
        let Some(thought) = item else {
            self.this.begun.retain(|id| *id != job.process);
            self.all[job.process].item = Some(delivery.item);
            return self.lines[delivery.queue].items.deliver(delivery, most, Holder::Job(job, None));
        };
        if thought != delivery.item {
            ensure!(!started, "{job:?} goes on with another item: {delivery:?}, not {thought:?}");
            self.swap(job.process, thought, delivery.queue, delivery.item)?;
        }
        self.lines[delivery.queue].items.told(delivery.item, delivery.delivery, most)
    }

    /// An attempt is for another item than was thought.
    pub fn swap(&mut self, id: ProcessId, thought: ItemId, queue: QueueId, told: ItemId) -> Result<(), String> {
        if let Some(Holder::Job(other, _)) = self.lines[queue].items.swap(thought, told)? {
            ensure!(!self.all[other.process].started, "{id:?} and {other:?} have {told:?}");
            self.all[other.process].item = Some(thought);
        }
        self.all[id].item = Some(told);
        Ok(())
    }

    /// What workers began attempts for without having started anything yet.
    pub fn workers_have_begun(&mut self) -> Result<(), String> {
        let mut begun = std::mem::take(&mut self.this.begun);
        begun.retain(|id| self.all[*id].item.is_none());
        for id in begun.iter().copied() {
            let Some(queue) = self.plan.processes[id].control.for_each else { continue };
            let one = &self.all[id];
            // Of two that began in one step it is not seen which came first.
            let unsure = begun.iter().filter(|other| self.plan.processes[**other].control.for_each == Some(queue)).count() > 1;
            let job = JobId { process: id, attempt: one.attempt };
            let most = self.plan.queues[queue].max_deliveries;
            let item = self.lines[queue].items.pledge(Holder::Job(job, None), most, unsure)?;
            if !self.all[id].active {
                // It was cut off in the same step: the item came back as if it had never gone.
                self.lines[queue].items.give_back(item, true, true);
                continue;
            }
            self.all[id].item = Some(item);
            self.meet("worker waited for a lock with an item");
        }
        Ok(())
    }

    pub fn items_are_in_order(&self, queue: QueueId) -> Result<(), String> {
        let items = &self.lines[queue].items;
        items.in_order().map_err(|rule| format!("in {queue:?} {rule}"))?;
        let most = self.plan.queues[queue].maxsize;
        ensure!(most.is_none_or(|most| items.fresh() <= most as usize), "{queue:?} has {} of {most:?} items", items.fresh());
        Ok(())
    }

    fn forget(&mut self, queue: QueueId, item: ItemId, set_aside: Option<u32>) -> Result<(), String> {
        let most = self.plan.queues[queue].max_deliveries;
        ensure!(set_aside.is_none_or(|times| times == most), "{item:?} of {queue:?} is set aside after {set_aside:?} of {most} deliveries");
        if let Some(expected) = self.this.forget.remove(&(queue, item)) {
            ensure!(expected == set_aside, "{item:?} of {queue:?} is forgotten as {set_aside:?}, not {expected:?}");
            if set_aside.is_some() && most == 1 {
                self.meet("set aside at the first delivery");
            }
        } else if let Some(times) = set_aside {
            match self.mistaken_for(queue, times) {
                Some(thought) => self.another_set_aside(queue, thought, item)?,
                None => self.set_aside_when_cut_off(queue, item)?,
            }
        }
        let abandoned = self.lines[queue].abandoned;
        self.lines[queue].items.forget(item, abandoned).map_err(|rule| format!("in {queue:?} {rule}"))
    }

    /// What was thought to be set aside in this step and may as well be another one.
    fn mistaken_for(&self, queue: QueueId, times: u32) -> Option<ItemId> {
        let items = &self.lines[queue].items;
        let fits = |item: ItemId, aside: Option<u32>| aside == Some(times) && items.is_unsure(item);
        let mut thought = self.this.forget.iter().filter(|((other, _), _)| *other == queue);
        thought.find(|((_, item), aside)| fits(*item, **aside)).map(|((_, item), _)| *item)
    }

    /// It shows that another one was set aside than was thought. Who was thought to have that one, or was cut off with
    /// it in this step, had the other.
    fn another_set_aside(&mut self, queue: QueueId, thought: ItemId, told: ItemId) -> Result<(), String> {
        self.this.forget.remove(&(queue, thought));
        if let Some(Holder::Job(other, _)) = self.lines[queue].items.swap(thought, told)? {
            self.all[other.process].item = Some(thought);
        }
        if let Some(id) = self.this.cut_off.remove(&(queue, told)) {
            self.this.cut_off.insert((queue, thought), id);
        }
        Ok(())
    }

    /// The attempt of a worker was cut off at the last delivery: then the item may be given up, or delivered as if
    /// that had not been.
    fn set_aside_when_cut_off(&mut self, queue: QueueId, item: ItemId) -> Result<(), String> {
        let Some(id) = self.this.cut_off.get(&(queue, item)).copied() else {
            return Err(format!("{item:?} of {queue:?} is set aside without a reason"));
        };
        self.lines[queue].items.set_aside(item);
        self.lines[queue].aside_of_workers.push(id);
        self.all[id].aside += 1;
        Ok(())
    }
}
