//! Who waited for locks and permits and held them.
//!
//! Knows nothing of attempts beyond their numbers. The first thousand uses of each are kept, and sums of all.

use std::collections::BTreeMap;

use super::model::{Name, Resource, ResourceKind, Use};
use crate::base::ids::{DenseMap, JobId, ProcessId, ResourceId};
use crate::base::time::RunTime;
use crate::notice::Share;
use crate::plan::{self, Plan};

/// How many uses of a resource are kept.
const USES: usize = 1000;

/// A request that is not over: who, for which step, for what.
type Key = (ProcessId, Option<u32>, ResourceId);

/// All locks and semaphores.
#[derive(Debug)]
pub struct Uses {
    resources: DenseMap<ResourceId, Resource>,
    /// Where requests that are not over stand, if they are kept, and when they were made.
    open: BTreeMap<Key, (Option<usize>, RunTime)>,
    /// Who gave each of them back last.
    freed: DenseMap<ResourceId, Option<Name>>,
}

impl Uses {
    /// Nothing is used yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            resources: plan.resources.iter().map(resource).collect(),
            open: BTreeMap::new(),
            freed: plan.resources.iter().map(|_| None).collect(),
        }
    }

    /// The name of a lock or semaphore.
    pub fn name(&self, resource: ResourceId) -> &Name {
        &self.resources[resource].name
    }

    /// Somebody asks.
    pub fn ask(&mut self, job: JobId, name: &Name, step: Option<u32>, wants: &[Share], at: RunTime) {
        for share in wants {
            let resource = &mut self.resources[share.resource];
            let place = if resource.uses.len() < USES {
                resource.uses.push(Use {
                    process: name.clone(),
                    attempt: job.attempt,
                    step,
                    shared: share.shared,
                    permits: share.permits,
                    asked: at,
                    had: None,
                    freed: None,
                });
                Some(resource.uses.len() - 1)
            } else {
                resource.uses_left_out += 1;
                None
            };
            self.open.insert((job.process, step, share.resource), (place, at));
        }
    }

    /// A request is granted, one that was not waited for as well. Says who gave any of it back last.
    pub fn have(&mut self, job: JobId, name: &Name, step: Option<u32>, holds: &[Share], at: RunTime) -> Option<Name> {
        for share in holds {
            let key = (job.process, step, share.resource);
            if !self.open.contains_key(&key) {
                self.ask(job, name, step, std::slice::from_ref(share), at);
            }
            let Some((place, asked)) = self.open.get(&key) else { continue };
            let resource = &mut self.resources[share.resource];
            resource.held += 1;
            resource.waited += (at - *asked).as_secs_f64();
            if let Some(place) = place {
                resource.uses[*place].had = Some(at);
            }
        }
        holds.iter().filter_map(|share| self.freed[share.resource].clone()).next_back()
    }

    /// What was held is given back.
    pub fn give_back(&mut self, job: JobId, name: &Name, step: Option<u32>, freed: &[Share], at: RunTime) {
        for share in freed {
            self.freed[share.resource] = Some(name.clone());
        }
        self.over(job, step, freed, at);
    }

    /// A request is given up.
    pub fn withdraw(&mut self, job: JobId, step: Option<u32>, wanted: &[Share], at: RunTime) {
        for share in wanted {
            if let Some((_, asked)) = self.open.get(&(job.process, step, share.resource)) {
                self.resources[share.resource].waited += (at - *asked).as_secs_f64();
            }
        }
        self.over(job, step, wanted, at);
    }

    fn over(&mut self, job: JobId, step: Option<u32>, shares: &[Share], at: RunTime) {
        for share in shares {
            if let Some((Some(place), _)) = self.open.remove(&(job.process, step, share.resource)) {
                self.resources[share.resource].uses[place].freed = Some(at);
            }
        }
    }

    /// All of it.
    pub fn finish(self) -> Vec<Resource> {
        self.resources.into_values().collect()
    }
}

fn resource(resource: &plan::Resource) -> Resource {
    let (kind, permits) = match resource.kind {
        plan::ResourceKind::Lock => (ResourceKind::Lock, 1),
        plan::ResourceKind::Semaphore { permits } => (ResourceKind::Semaphore, permits),
    };
    Resource {
        name: resource.name.as_str().into(),
        kind,
        permits,
        host: resource.host.clone(),
        held: 0,
        waited: 0.0,
        uses: Vec::new(),
        uses_left_out: 0,
    }
}
