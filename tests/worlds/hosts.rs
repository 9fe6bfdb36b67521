//! What other runs share, as this run finds it: free, held by others for a while or for ever, refused. Answers
//! come at once, late, twice, or after they were given up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flowrun::base::ids::{HostAsk, JobId, ResourceId};
use flowrun::notice::Share;
use flowrun::plan::ResourceKind;
use flowrun::sched::Input;

use crate::simulate::{Message, Run};

/// Askings that were not given back yet, and the permits they brought.
#[derive(Debug, Default)]
pub struct Hosts {
    open: BTreeMap<HostAsk, Asked>,
}

#[derive(Debug)]
struct Asked {
    wants: Vec<Share>,
    permits: Vec<(ResourceId, Vec<u32>)>,
    answered: bool,
}

impl Run<'_> {
    pub fn ask_host(&mut self, job: JobId, ask: HostAsk, wants: Vec<Share>) {
        let mut rng = self.stage.behaviour(job, 300);
        self.hosts.open.insert(ask, Asked { wants, permits: Vec::new(), answered: false });
        let after = if rng.chance(60) { Duration::ZERO } else { rng.tens(0, 15) };
        match rng.below(100) {
            0..6 => {}
            6..12 => self.stage.post(self.stage.now + after, Message::HostRefuses { ask }),
            _ => self.stage.post(self.stage.now + after, Message::HostGrants { ask }),
        }
    }

    pub fn release_host(&mut self, ask: HostAsk) {
        self.hosts.open.remove(&ask);
    }

    /// The answer to an asking; now and then to one that was given up.
    pub fn host_grants(&mut self, ask: HostAsk) -> Option<Input> {
        let Some(asked) = self.hosts.open.get(&ask) else {
            return self.stage.rng.chance(50).then_some(Input::HostGranted { ask, permits: Vec::new() });
        };
        let mut permits = Vec::new();
        for share in asked.wants.clone() {
            if let ResourceKind::Semaphore { permits: capacity } = self.world.plan.resources[share.resource].kind {
                permits.push((share.resource, self.free_permits(share, capacity)));
            }
        }
        if let Some(asked) = self.hosts.open.get_mut(&ask) {
            (asked.permits, asked.answered) = (permits.clone(), true);
        }
        let input = Input::HostGranted { ask, permits };
        self.repeat(6, &input);
        Some(input)
    }

    pub fn host_refuses(&mut self, ask: HostAsk) -> Option<Input> {
        if self.hosts.open.get(&ask).is_some_and(|asked| asked.answered) {
            return None;
        }
        self.hosts.open.remove(&ask);
        let input = Input::HostFailed { ask, why: "declared otherwise elsewhere".to_owned() };
        self.repeat(20, &input);
        Some(input)
    }

    /// Permits that this run does not have: which of them others have is theirs to know.
    fn free_permits(&mut self, share: Share, capacity: u32) -> Vec<u32> {
        let all = self.hosts.open.values().flat_map(|asked| &asked.permits);
        let taken: BTreeSet<u32> =
            all.filter(|(resource, _)| *resource == share.resource).flat_map(|(_, numbers)| numbers).copied().collect();
        let mut free: Vec<u32> = (0..capacity).filter(|number| !taken.contains(number)).collect();
        while free.len() > share.permits as usize {
            free.remove(self.stage.rng.below(free.len()));
        }
        free
    }
}
