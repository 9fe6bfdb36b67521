//! What the host is asked for, and when it gets it back.

use std::collections::BTreeMap;

use flowrun::base::ids::{HostAsk, JobId, ProcessId, ResourceId};
use flowrun::base::time::RunTime;
use flowrun::notice::Share;
use flowrun::plan::ResourceKind;
use flowrun::sched::Input;

use super::{Watch, ensure};

/// Askings that were not given back.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    open: BTreeMap<HostAsk, Asked>,
    last: Option<HostAsk>,
    /// What this step's input has refused.
    refused: Option<(ProcessId, String)>,
}

#[derive(Clone, Debug)]
struct Asked {
    job: JobId,
    wants: Vec<Share>,
    since: RunTime,
    granted: Option<Vec<(ResourceId, Vec<u32>)>>,
}

impl Watch {
    /// Takes note of an answer.
    pub fn told_of_host(&mut self, input: &Input) {
        self.hosts.refused = None;
        match input {
            Input::HostGranted { ask, permits } => {
                if let Some(asked) = self.hosts.open.get_mut(ask) {
                    asked.granted.get_or_insert_with(|| permits.clone());
                }
            }
            Input::HostFailed { ask, why } if self.hosts.open.get(ask).is_some_and(|asked| asked.granted.is_none()) => {
                self.hosts.refused = self.hosts.open.remove(ask).map(|asked| (asked.job.process, why.clone()));
                self.met_host("refused by the host");
            }
            _ => {}
        }
    }

    fn met_host(&mut self, thing: &'static str) {
        *self.met.entry(thing).or_default() += 1;
    }

    pub fn ask_host(&mut self, job: JobId, ask: HostAsk, wants: &[Share]) -> Result<(), String> {
        ensure!(self.hosts.last < Some(ask), "{ask:?} is asked twice");
        self.hosts.last = Some(ask);
        let names: Vec<Option<&String>> = wants.iter().map(|share| self.plan.resources[share.resource].host.as_ref()).collect();
        ensure!(!names.is_empty() && names.iter().all(Option::is_some) && names.is_sorted(), "{ask:?} is for {names:?}");
        self.met_host("asked the host");
        self.hosts.open.insert(ask, Asked { job, wants: wants.to_vec(), since: self.now, granted: None });
        Ok(())
    }

    pub fn release_host(&mut self, ask: HostAsk) -> Result<(), String> {
        let Some(asked) = self.hosts.open.remove(&ask) else { return Err(format!("{ask:?} is given back and was not asked for")) };
        if asked.granted.is_none() {
            self.met_host("waited for the host in vain");
        } else if self.all[asked.job.process].waiting.is_some() {
            self.met_host("given back to the host for want of a slot");
        }
        Ok(())
    }

    /// Since when a process waits for the host alone.
    pub fn waits_for_host(&self, id: ProcessId) -> Option<RunTime> {
        self.hosts.open.values().find(|asked| asked.job.process == id && asked.granted.is_none()).map(|asked| asked.since)
    }

    /// Whether anybody may wait for the host for ever.
    pub fn host_is_silent(&self) -> bool {
        self.hosts.open.values().any(|asked| asked.granted.is_none())
    }

    pub fn was_refused(&self, id: ProcessId, why: &str) -> bool {
        self.hosts.refused.as_ref().is_some_and(|(process, told)| *process == id && told == why)
    }

    /// The numbers that the host has given to what a process holds.
    pub fn host_numbers(&self, id: ProcessId, resource: ResourceId) -> Option<&[u32]> {
        let mut all = self.hosts.open.values().filter(|asked| asked.job.process == id).filter_map(|asked| asked.granted.as_ref()).flatten();
        all.find(|(other, _)| *other == resource).map(|(_, numbers)| numbers.as_slice())
    }

    pub fn wants_of_host(&self, shares: &[Share]) -> bool {
        !self.of_host(shares).is_empty()
    }

    fn of_host(&self, shares: &[Share]) -> Vec<Share> {
        let mut wants: Vec<Share> = shares.iter().filter(|share| self.plan.resources[share.resource].host.is_some()).copied().collect();
        wants.sort_by_key(|share| self.plan.resources[share.resource].host.clone());
        wants
    }

    /// The host is asked for exactly what lacks nothing else, and has granted exactly what is held.
    pub fn host_rules(&self) -> Result<(), String> {
        let mut held: Vec<(JobId, Vec<Share>)> = Vec::new();
        let mut asked: Vec<(JobId, Vec<Share>)> = Vec::new();
        for (id, one) in self.all.entries() {
            let job = JobId { process: id, attempt: one.attempt };
            held.extend(one.held.iter().map(|(_, shares)| (job, self.of_host(shares))).filter(|(_, wants)| !wants.is_empty()));
            asked.extend(one.waiting.iter().map(|wait| (job, self.of_host(&wait.wants))));
        }
        for (ask, one) in &self.hosts.open {
            let among = if one.granted.is_some() { &mut held } else { &mut asked };
            let place = among.iter().position(|(job, wants)| *job == one.job && *wants == one.wants);
            let Some(place) = place else { return Err(format!("{ask:?} is for nobody: {one:?}")) };
            among.remove(place);
            ensure!(one.granted.is_some() || self.is_its_turn(one.job.process), "{ask:?} comes before its turn");
        }
        ensure!(held.is_empty(), "{held:?} are held without the host");
        Ok(())
    }

    /// Whether a process that only waits for the host has waited longer than it may.
    pub fn host_clock(&self, id: ProcessId) -> Result<(), String> {
        let bound = self.plan.processes[id].control.acquire_timeout;
        if let (Some(since), Some(bound)) = (self.waits_for_host(id), bound) {
            // Where slots are scarce, only what comes after the wait for one counts.
            let waiting = self.all[id].waiting.as_ref().filter(|_| self.plan.jobs.is_none());
            let since = waiting.map_or(since, |wait| wait.since);
            ensure!(since + bound > self.now, "{id:?} waits longer for the host than it may");
        }
        Ok(())
    }

    /// Whether these numbers are what the host has given, where it was asked.
    pub fn is_numbered_by_host(&self, id: ProcessId, resource: ResourceId, own: &[u32]) -> bool {
        let numbered = self.plan.resources[resource].host.is_some() && self.plan.resources[resource].kind != ResourceKind::Lock;
        !numbered || self.host_numbers(id, resource) == Some(own)
    }

    pub fn nothing_is_kept_from_the_host(&self) -> Result<(), String> {
        ensure!(self.hosts.open.is_empty(), "the host does not get {:?} back", self.hosts.open);
        Ok(())
    }
}
