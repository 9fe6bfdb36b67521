//! Who waits for whom, from what was told alone: whether anybody waits for ever.

use flowrun::base::ids::{ProcessId, Section};
use flowrun::notice::Share;
use flowrun::plan::ResourceKind;

use super::Watch;
use super::sections::Stage;

/// Somebody who waits: partners in a pipe as one.
#[derive(Clone, Debug, PartialEq)]
pub enum Waiter {
    Processes(Vec<ProcessId>),
    Section(Section),
}

impl Watch {
    /// Those who can never go on although everything ends that need not wait; `slots` counts job slots too.
    pub fn stuck(&self, slots: bool) -> Vec<Waiter> {
        let mut stuck: Vec<Waiter> = Vec::new();
        for (id, one) in self.all.entries() {
            if one.waiting.is_some() && self.needs.partners[id][0] == id {
                stuck.push(Waiter::Processes(self.needs.partners[id].clone()));
            }
        }
        let waits = |stage: &Stage| matches!(stage, Stage::Waiting(_));
        stuck.extend(self.sections.all.iter().filter(|(_, one)| waits(&one.stage)).map(|(section, _)| Waiter::Section(*section)));
        while let Some(place) = stuck.iter().position(|waiter| self.may_go(waiter, &stuck, slots)) {
            stuck.remove(place);
        }
        stuck
    }

    fn may_go(&self, waiter: &Waiter, stuck: &[Waiter], slots: bool) -> bool {
        let slot = match waiter {
            // Who waits for the host has had a slot in prospect, and gets another one if that is gone.
            Waiter::Processes(all) => !slots || self.waits_for_host(all[0]).is_some() || self.slot_may_come(all[0], stuck),
            Waiter::Section(_) => true,
        };
        let first = |share: &Share, order: u64| {
            let older =
                |other: &Waiter| self.wants(other).iter().any(|(wanted, since)| wanted.resource == share.resource && *since < order);
            !stuck.iter().filter(|other| *other != waiter).any(older)
        };
        slot && self.wants(waiter).iter().all(|(share, order)| first(share, *order) && self.will_have_room(share, stuck))
    }

    fn wants(&self, waiter: &Waiter) -> Vec<(Share, u64)> {
        match waiter {
            Waiter::Processes(all) => {
                let waits = all.iter().filter_map(|id| self.all[*id].waiting.as_ref());
                waits.flat_map(|wait| wait.wants.iter().map(|share| (*share, wait.order))).collect()
            }
            Waiter::Section(section) => match &self.sections.all[section].stage {
                Stage::Waiting(order) => self.sections.all[section].shares.iter().map(|share| (*share, *order)).collect(),
                Stage::Asked | Stage::Held(_) => Vec::new(),
            },
        }
    }

    /// Whether there is room when all have given back that wait for none of the stuck.
    fn will_have_room(&self, wanted: &Share, stuck: &[Waiter]) -> bool {
        let mut kept: Vec<Share> = Vec::new();
        for (_, one) in self.all.entries().filter(|(id, _)| self.is_kept_from_ending(*id, stuck)) {
            kept.extend(one.held.iter().flat_map(|(_, shares)| shares.iter().copied()));
        }
        for (section, one) in &self.sections.all {
            let inner = |waiter: &Waiter| matches!(waiter, Waiter::Section(inner) if self.sections.all[inner].within.contains(section));
            if matches!(one.stage, Stage::Held(_)) && stuck.iter().any(inner) {
                kept.extend(one.shares.iter().copied());
            }
        }
        self.fits(wanted, kept.into_iter())
    }

    /// Whether daemons that nobody stops hold so much as wholes, or in their last steps, that there will be no room.
    pub fn is_kept_for_life(&self, wanted: &[Share]) -> bool {
        let stays = |id: &ProcessId| {
            let one = &self.all[*id];
            let asked = one.program.as_ref().is_some_and(|program| program.asked.is_some());
            self.plan.processes[*id].control.daemon && !asked && one.outcome.is_none()
        };
        let lasts =
            |id: ProcessId, step: Option<u32>| step.is_none_or(|step| step as usize + 1 == self.plan.processes[id].control.steps.len());
        let daemons = self.all.entries().filter(|(id, _)| stays(id));
        let held = daemons.flat_map(|(id, one)| one.held.iter().filter(move |(step, _)| lasts(id, *step)));
        let kept: Vec<Share> = held.flat_map(|(_, shares)| shares.iter().copied()).collect();
        !wanted.iter().all(|wanted| self.fits(wanted, kept.iter().copied()))
    }

    /// Whether there is room beside what is kept.
    fn fits(&self, wanted: &Share, kept: impl Iterator<Item = Share>) -> bool {
        let mut kept = kept.filter(|share| share.resource == wanted.resource);
        match self.plan.resources[wanted.resource].kind {
            ResourceKind::Lock => kept.all(|share| share.shared && wanted.shared),
            ResourceKind::Semaphore { permits } => kept.map(|share| share.permits).sum::<u32>() + wanted.permits <= permits,
        }
    }

    /// Whether a process waits for one of the stuck: its own request, or what a client of it or of a partner asks for.
    fn is_kept_from_ending(&self, id: ProcessId, stuck: &[Waiter]) -> bool {
        stuck.iter().any(|waiter| match waiter {
            Waiter::Processes(all) => all.contains(&id),
            Waiter::Section(section) => {
                let one = &self.sections.all[section];
                one.at_work && self.all[one.process].attempt == one.attempt && self.needs.partners[id].contains(&one.process)
            }
        })
    }

    fn slot_may_come(&self, waiter: ProcessId, stuck: &[Waiter]) -> bool {
        let Some(jobs) = self.plan.jobs.filter(|_| !self.plan.processes[waiter].control.daemon) else { return true };
        let running = self.groups_with_slot();
        running.len() < jobs as usize || running.iter().any(|id| !self.is_kept_from_ending(*id, stuck))
    }

    /// The first of each group that has a job slot.
    pub fn groups_with_slot(&self) -> std::collections::BTreeSet<ProcessId> {
        let running = self.all.entries().filter(|(id, one)| one.program.is_some() && !self.plan.processes[*id].control.daemon);
        running.map(|(id, _)| self.needs.partners[id][0]).collect()
    }
}
