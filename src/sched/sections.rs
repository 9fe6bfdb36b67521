//! Critical sections that clients ask for while a run goes on: in the same queues as what is declared.
//!
//! A section takes no job slot and changes nothing of its process. It is held until its client says so or is gone:
//! the client belongs to the process, so an attempt that has ended leaves no section behind unless it left the
//! client too, which may then still be at work. Knows nothing of clients but the numbers of their sections.

use std::collections::BTreeMap;
use std::time::Duration;

use super::locks::{Grant, Ticket};
use super::protocol::{Effect, Outbox, SectionAsk};
use super::refused::Refused;
use super::scheduler::Scheduler;
use super::state::State;
use super::timers::Timer;
use crate::base::ids::{JobId, Section};
use crate::notice::{Event, Owner, Share};

/// All that wait or are held.
#[derive(Debug, Default)]
pub struct Sections {
    pub all: BTreeMap<Section, One>,
    /// How many of them wait.
    pub waiting: usize,
    /// Whether a request that has to wait may have closed a ring.
    pub suspicious: bool,
}

/// A section.
#[derive(Debug)]
pub struct One {
    /// Of which attempt.
    pub job: JobId,
    /// Whether the attempt was running when it asked, and may wait for it.
    pub at_work: bool,
    pub within: Vec<Section>,
    pub shares: Vec<Share>,
    patience: Option<Duration>,
    pub stage: Stage,
}

/// How far a section is.
#[derive(Debug)]
pub enum Stage {
    Waiting(Ticket),
    Held(Grant),
}

impl Scheduler {
    /// A client asks for a section.
    pub(super) fn section_asked(&mut self, ask: SectionAsk, out: &mut Outbox) {
        let SectionAsk { section, process, mut within, shares, patience } = ask;
        // Nothing runs inside of what has not begun or is over.
        within.retain(|outer| matches!(self.sections.all.get(outer).map(|one| &one.stage), Some(Stage::Held(_))));
        if let Some(why) = self.held_around(&within, process.into(), &shares) {
            out.effects.push(Effect::SectionRefused { section, why });
            return;
        }
        let owner = Owner { process, section: Some(section) };
        let (ticket, granted) = self.locks.request(owner, shares.clone(), None);
        let at_work = matches!(self.processes[process].state, State::Running { .. } | State::Stopping { .. });
        let one = One { job: self.job(process), at_work, within, shares: shares.clone(), patience, stage: Stage::Waiting(ticket) };
        self.sections.all.insert(section, one);
        self.sections.waiting += 1;
        if let Some(grant) = granted {
            self.granted(grant, out);
        } else if self.locks.is_waiting(ticket) {
            if patience == Some(Duration::ZERO) {
                let why = Refused::NotFree(self.obstacles(owner));
                self.take_out_of_queue(section);
                out.effects.push(Effect::SectionRefused { section, why });
                return;
            }
            if let Some(patience) = patience {
                self.timers.set(Timer::Section(section), self.now + patience);
            }
            self.sections.suspicious = true;
            out.tell(self.now, Event::SectionQueued { process, section, wants: shares });
        }
    }

    /// What the process or a section around holds of what is wanted.
    fn held_around(&self, within: &[Section], process: Owner, shares: &[Share]) -> Option<Refused> {
        let own = &self.processes[process.process];
        let declared = own.held.iter().chain(&own.step_held).map(|grant| (process, grant));
        let around = within.iter().filter_map(|section| match &self.sections.all.get(section)?.stage {
            Stage::Held(grant) => Some((Owner { process: grant.process, section: Some(*section) }, grant)),
            Stage::Waiting(_) => None,
        });
        declared.chain(around).find_map(|(by, grant)| {
            let held = |share: &&Share| grant.shares.iter().any(|held| held.resource == share.resource);
            shares.iter().find(held).map(|share| Refused::HeldAround { resource: share.resource, by })
        })
    }

    /// A section has all that it asked for.
    pub(super) fn section_granted(&mut self, section: Section, grant: Grant, out: &mut Outbox) {
        let Some(one) = self.sections.all.get_mut(&section) else {
            self.give_back(&grant, out);
            return;
        };
        self.sections.waiting -= 1;
        self.timers.clear(Timer::Section(section));
        out.tell(self.now, Event::SectionAcquired { process: grant.process, section, holds: grant.shares.clone() });
        out.effects.push(Effect::SectionGranted { section, permits: grant.permits.clone() });
        one.stage = Stage::Held(grant);
    }

    /// A client has done its work, has given up, or is gone. One that was refused has been forgotten.
    pub(super) fn section_over(&mut self, section: Section, out: &mut Outbox) {
        match self.sections.all.get(&section).map(|one| &one.stage) {
            Some(Stage::Waiting(_)) => self.withdraw_section(section, out),
            Some(Stage::Held(_)) => self.release_section(section, out),
            None => {}
        }
    }

    fn release_section(&mut self, section: Section, out: &mut Outbox) {
        if let Some(One { stage: Stage::Held(grant), .. }) = self.sections.all.remove(&section) {
            out.tell(self.now, Event::SectionReleased { process: grant.process, section, freed: grant.shares.clone() });
            self.give_back(&grant, out);
        }
    }

    fn withdraw_section(&mut self, section: Section, out: &mut Outbox) {
        if let Some(one) = self.take_out_of_queue(section) {
            out.tell(self.now, Event::SectionWithdrawn { process: one.job.process, section, wanted: one.shares });
        }
    }

    /// Takes back the request of a section that waits.
    fn take_out_of_queue(&mut self, section: Section) -> Option<One> {
        let one = self.sections.all.remove(&section)?;
        self.timers.clear(Timer::Section(section));
        self.sections.waiting -= 1;
        if let Stage::Waiting(ticket) = one.stage {
            self.locks.withdraw(ticket);
        }
        Some(one)
    }

    /// Refuses a section that waits.
    pub(super) fn refuse_section(&mut self, section: Section, why: Refused, out: &mut Outbox) {
        self.withdraw_section(section, out);
        out.effects.push(Effect::SectionRefused { section, why });
    }

    /// A section has waited as long as it may.
    pub(super) fn section_timed_out(&mut self, section: Section, out: &mut Outbox) {
        let Some(one) = self.sections.all.get(&section) else { return };
        let (bound, owner) = (one.patience.unwrap_or_default(), Owner { process: one.job.process, section: Some(section) });
        let obstacles = self.obstacles(owner);
        self.refuse_section(section, Refused::Timeout { bound, obstacles }, out);
    }

    /// The run has ended: what clients that lived on still hold or want is of no meaning any more.
    pub(super) fn end_sections(&mut self, out: &mut Outbox) {
        while let Some((section, one)) = self.sections.all.first_key_value() {
            let section = *section;
            match one.stage {
                Stage::Waiting(_) => self.refuse_section(section, Refused::RunEnded, out),
                Stage::Held(_) => self.release_section(section, out),
            }
        }
    }
}
