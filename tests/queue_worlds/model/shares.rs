//! Job slots and locks: who shares a slot, and who may run at once.

use std::collections::BTreeSet;

use flowrun::base::ids::{DenseMap, ProcessId, ResourceId};
use flowrun::plan::{Plan, Queue};

use super::{Model, ensure};

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
    /// No more run at once than may; a lock is held by one, or shared.
    pub fn shares_are_kept(&self) -> Result<(), String> {
        let mut slots = BTreeSet::new();
        let mut tied_alive = BTreeSet::new();
        for (id, one) in self.all.entries() {
            if self.plan.processes[id].control.daemon {
                continue;
            }
            if one.program.is_some() {
                slots.insert(self.shares.group[id]);
            }
            if one.active && one.queued != Some(true) {
                tied_alive.insert(self.shares.group[id]);
            }
        }
        if let Some(jobs) = self.plan.jobs {
            ensure!(slots.len() <= jobs as usize, "{slots:?} run at once");
            let idle = self.all.entries().find(|(_, one)| one.queued == Some(true));
            let free = tied_alive.len() < jobs as usize;
            ensure!(idle.is_none() || !free, "{idle:?} waits for a slot, taken are {tied_alive:?}");
        }
        for resource in self.plan.resources.ids() {
            self.one_at_a_time(resource)?;
        }
        Ok(())
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
