//! Who holds what others wait for: for people, who want to know why somebody waits in vain.
//!
//! Keeps the few that hold anything, so that asking costs nothing for all the others.

use std::collections::BTreeSet;

use super::locks::Grant;
use super::scheduler::Scheduler;
use super::sections::Stage;
use crate::base::ids::ProcessId;
use crate::notice::Share;

/// The most holders that are told.
const HOLDERS: usize = 10;

impl Scheduler {
    /// To be called when what a process itself holds has changed.
    pub(super) fn note_holder(&mut self, id: ProcessId) {
        let holds = self.own_grants(id).any(|grant| !grant.shares.is_empty());
        if holds {
            self.holding.insert(id)
        } else {
            self.holding.remove(&id)
        };
    }

    fn own_grants(&self, id: ProcessId) -> impl Iterator<Item = &Grant> {
        let process = &self.processes[id];
        process.held.iter().chain(&process.step_held)
    }

    /// Who holds any of these so that nobody else can have it, in the order of the file: ten at most.
    pub(super) fn holders(&self, wanted: &[Share]) -> Vec<ProcessId> {
        let excludes = |held: &Share| wanted.iter().any(|want| want.resource == held.resource && !(want.shared && held.shared));
        let keeps = |grant: &Grant| grant.shares.iter().any(excludes);
        let own = self.holding.iter().copied().filter(|id| self.own_grants(*id).any(keeps));
        let sections = self.sections.all.values().filter_map(|one| match &one.stage {
            Stage::Held(grant) if keeps(grant) => Some(grant.process),
            Stage::Held(_) | Stage::Waiting(_) => None,
        });
        let all: BTreeSet<ProcessId> = own.take(HOLDERS).chain(sections).collect();
        all.into_iter().take(HOLDERS).collect()
    }
}
