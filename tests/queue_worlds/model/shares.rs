//! Job slots and locks: who shares a slot, and who may run at once.

use std::collections::BTreeSet;

use flowrun::base::ids::{DenseMap, ProcessId, QueueId, ResourceId};
use flowrun::plan::{Plan, Queue};

use super::{Model, One, ensure};

/// Who shares one job slot: all in a group have the same number.
pub struct Shares {
    group: DenseMap<ProcessId, ProcessId>,
}

impl Shares {
    pub fn of(plan: &Plan) -> Self {
        let mut group: DenseMap<ProcessId, ProcessId> = plan.processes.ids().collect();
        // As often as a chain can be long, all that are tied take the lowest number among them.
        for _ in plan.processes.ids() {
            for queue in plan.queues.iter() {
                let tied = tied(plan, queue);
                let Some(lowest) = tied.iter().map(|id| group[*id]).min() else { continue };
                tied.iter().for_each(|id| group[*id] = lowest);
            }
        }
        Self { group }
    }
}

/// Producers and consumers of a queue; of the workers of one name only the first.
fn tied(plan: &Plan, queue: &Queue) -> Vec<ProcessId> {
    let first = |id: &&ProcessId| {
        let process = &plan.processes[**id];
        let declared = |other: &ProcessId| plan.processes[*other].declared == process.declared;
        process.control.for_each.is_none() || plan.processes.ids().find(declared) == Some(**id)
    };
    queue.producers.iter().chain(&queue.consumers).filter(first).copied().collect()
}

impl Model {
    /// Groups whose slot others may use meanwhile: some of them may wait for what these do.
    pub fn lent(&self) -> BTreeSet<ProcessId> {
        let waits = |queue: &QueueId| {
            // An offer may have waited for a part of the step only.
            self.this.moved.contains(queue)
                || self.offers_of(*queue).next().is_some()
                || self.takers.values().any(|taker| taker.queue == *queue && taker.since.is_some())
        };
        let queues = self.plan.queues.entries().filter(|(id, _)| waits(id));
        queues.flat_map(|(_, queue)| queue.producers.iter().chain(&queue.consumers)).map(|id| self.shares.group[*id]).collect()
    }

    /// Nobody is started without a slot, and nobody waits for one that is free; a lock is held by one, or shared.
    pub fn shares_are_kept(&mut self) -> Result<(), String> {
        let lent: BTreeSet<ProcessId> = self.this.lent.union(&self.lent()).copied().collect();
        let finite = |id: &ProcessId| !self.plan.processes[*id].control.daemon;
        let group = |id: ProcessId| self.shares.group[id];
        let running: BTreeSet<ProcessId> =
            self.plan.processes.ids().filter(|id| finite(id) && self.all[*id].program.is_some()).map(group).collect();
        let users = |(id, one): (ProcessId, &One)| (finite(&id) && one.active && one.queued != Some(true)).then(|| group(id));
        let used: BTreeSet<ProcessId> = self.all.entries().filter_map(users).collect();
        let jobs = self.plan.jobs.map_or(usize::MAX, |jobs| jobs as usize);
        let using = running.iter().filter(|group| !lent.contains(group)).count();
        let newly = |id: &&ProcessId| finite(id) && !lent.contains(&group(**id)) && !self.this.running.contains(&group(**id));
        let too_many = self.this.started.iter().find(newly).filter(|_| using > jobs);
        ensure!(too_many.is_none(), "{too_many:?} is started beside {running:?}, of which {lent:?} wait");
        let more = running.len() > jobs;
        let idle = self.all.entries().find(|(_, one)| one.queued == Some(true));
        ensure!(idle.is_none() || used.len() >= jobs, "{idle:?} waits for a slot, taken are {used:?}");
        if more {
            self.meet("slot lent");
        }
        for resource in self.plan.resources.ids() {
            self.one_at_a_time(resource)?;
        }
        Ok(())
    }

    /// Groups of which something runs.
    pub fn running(&self) -> BTreeSet<ProcessId> {
        self.all.entries().filter(|(_, one)| one.program.is_some()).map(|(id, _)| self.shares.group[id]).collect()
    }

    fn one_at_a_time(&self, resource: ResourceId) -> Result<(), String> {
        let mut holders = Vec::new();
        for (id, one) in self.all.entries() {
            let Some(step) = one.program else { continue };
            let control = &self.plan.processes[id].control;
            let shares = control.request.iter().chain(&control.steps[step as usize].request);
            holders.extend(shares.filter(|share| share.resource == resource).map(|share| (id, share.shared)));
        }
        let fits = holders.len() < 2 || holders.iter().all(|(_, shared)| *shared);
        ensure!(fits, "{holders:?} hold {resource:?} at once");
        Ok(())
    }
}
