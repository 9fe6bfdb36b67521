//! Sections that would wait for each other for ever: found when the ring closes, and broken.
//!
//! What is declared was checked before the run and is never refused here: of the requests in a ring the newest that a
//! client made is. Where nothing but a job slot is missing, and all that have one wait behind the one that lacks it,
//! nobody is refused: a slot is lent, since who waits does no work. Rings are looked for when a request has to wait
//! that others may wait for, and slots as long as all are with those who wait: each time it costs a look at all processes.

use std::collections::{BTreeMap, BTreeSet};

use super::protocol::Outbox;
use super::refused::{Link, Obstacle, Refused};
use super::scheduler::Scheduler;
use super::sections::{One, Stage};
use super::slots::SlotKey;
use super::waits::{Holding, Waiting, Waits};
use crate::base::ids::{ProcessId, Section};
use crate::notice::Owner;

impl Scheduler {
    /// A process has to wait for what it declares: if it holds something and sections wait, that may close a ring.
    pub(super) fn suspect_ring(&mut self, id: ProcessId) {
        self.sections.suspicious |= self.sections.waiting > 0 && self.processes[id].held.is_some();
    }

    /// Breaks a ring, if there is one. True when something changed.
    pub(super) fn break_ring(&mut self, out: &mut Outbox) -> bool {
        if self.sections.waiting == 0 {
            return false;
        }
        if std::mem::take(&mut self.sections.suspicious) {
            let changed = self.refuse_kept(out) || self.refuse_in_ring(out);
            self.sections.suspicious = changed;
            if changed {
                return true;
            }
        }
        if self.waits_with_all_slots() && self.waits().reduce(true).stuck().next().is_some() {
            self.locks.add_slot();
            return true;
        }
        false
    }

    fn refuse_in_ring(&mut self, out: &mut Outbox) -> bool {
        let found = self.find_ring();
        let any = found.is_some();
        found.into_iter().for_each(|(section, why)| self.refuse_section(section, why, out));
        any
    }

    /// The section that is to be refused, and why.
    fn find_ring(&self) -> Option<(Section, Refused)> {
        let waits = self.waits();
        let rest = waits.reduce(false);
        // The newest are the likeliest to have closed it; some only wait behind it.
        let of_client = |ring: &Vec<(usize, Link)>| ring.iter().any(|(place, _)| waits.owner(*place).section.is_some());
        let ring = rest.stuck().rev().map(|place| waits.ring(place, &rest)).find(of_client)?;
        let newest = ring.iter().map(|(place, _)| *place).filter(|place| waits.owner(*place).section.is_some()).max()?;
        let section = waits.owner(newest).section?;
        let at = ring.iter().position(|(place, _)| *place == newest)?;
        let links = ring[at..].iter().chain(&ring[..at]).map(|(_, link)| *link).collect();
        Some((section, Refused::Ring(links)))
    }

    /// Whether somebody lacks nothing but a job slot, and sections of all who have one wait.
    fn waits_with_all_slots(&self) -> bool {
        let Some(out) = self.locks.scarce_slots() else { return false };
        let waiting = self.sections.all.values().filter(|one| self.is_waited_for(one)).map(|one| one.job.process);
        let with_slot: BTreeSet<SlotKey> = waiting.filter_map(|id| self.slot_of(id)).map(|id| self.slot_keys[id]).collect();
        with_slot.len() >= out
    }

    /// Whether a section waits and its process, which is still the same attempt, waits for it.
    fn is_waited_for(&self, one: &One) -> bool {
        matches!(one.stage, Stage::Waiting(_)) && one.at_work && self.processes[one.job.process].attempt == one.job.attempt
    }

    /// Who has the job slot of a process: itself, or the first of those that have one together.
    fn slot_of(&self, id: ProcessId) -> Option<ProcessId> {
        match self.groups.slot(id) {
            Some((first, has_slot)) => has_slot.then_some(first),
            None => self.processes[id].has_slot.then_some(id),
        }
    }

    /// What keeps a request that waits from being granted now.
    pub(super) fn obstacles(&self, owner: Owner) -> Vec<Obstacle> {
        let waits = self.waits();
        waits.place(owner).map_or_else(Vec::new, |place| waits.obstacles(place))
    }

    /// Who holds and who waits, now.
    fn waits(&self) -> Waits<'_> {
        let mut holdings = Vec::new();
        let mut places: BTreeMap<Owner, usize> = BTreeMap::new();
        let mut hold = |holding: Holding| {
            places.insert(holding.owner, holdings.len());
            holdings.push(holding);
        };
        for (id, process) in self.processes.entries() {
            let grants = process.held.iter().chain(&process.step_held);
            let (shares, slot) = (grants.flat_map(|grant| grant.shares.clone()).collect::<Vec<_>>(), self.slot_of(id) == Some(id));
            if slot || !shares.is_empty() {
                hold(Holding { owner: id.into(), shares, slot });
            }
        }
        for one in self.sections.all.values() {
            if let Stage::Held(grant) = &one.stage {
                hold(Holding {
                    owner: Owner { process: grant.process, section: grant.section },
                    shares: grant.shares.clone(),
                    slot: false,
                });
            }
        }
        let waiting = self.locks.waiting().map(|(_, request)| {
            let around = self.around(request.owner);
            let inside = around.iter().filter_map(|owner| places.get(owner).copied()).collect();
            Waiting { owner: request.owner, shares: request.shares.clone(), needs_slot: request.slot.is_some(), inside }
        });
        let waiting = waiting.collect();
        Waits::new(&self.plan.resources, holdings, waiting)
    }

    /// All that waits for a request because it is made from inside of it.
    fn around(&self, owner: Owner) -> BTreeSet<Owner> {
        let Some(one) = owner.section.and_then(|section| self.sections.all.get(&section)) else { return BTreeSet::from([owner]) };
        let sections = one.within.iter().filter_map(|section| {
            let outer = self.sections.all.get(section)?;
            Some(Owner { process: outer.job.process, section: Some(*section) })
        });
        let mut around: BTreeSet<Owner> = sections.collect();
        if self.is_waited_for(one) {
            // Those that are tied by pipes may wait for each other.
            let partners = self.groups.partners(one.job.process);
            around.extend(partners.map_or(&[one.job.process][..], |all| all).iter().map(|id| Owner::from(*id)));
        }
        around
    }
}
