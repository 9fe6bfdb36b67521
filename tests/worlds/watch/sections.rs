//! Sections of clients: who asked when, who may have them, why one was refused.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId, ResourceId, Section};
use flowrun::base::time::RunTime;
use flowrun::notice::{Owner, Share};
use flowrun::plan::ResourceKind;
use flowrun::sched::{Input, Link, Refused, SectionAsk};

use super::waiting::Waiter;
use super::{Watch, ensure};

/// Sections that were neither refused nor given back.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    pub all: BTreeMap<Section, One>,
    /// The one that this step's input asks for, and what is to become of it.
    asked: Option<(Section, Verdict)>,
    /// The one that is over by this step's input, until that is told.
    over: Option<Section>,
    /// Sections that were given up in this step, and why they could not go on, if so.
    withdrawn: BTreeMap<Section, (One, Doom)>,
    /// Processes whose sections waited and began in this step.
    went_on: Vec<ProcessId>,
}

/// A section.
#[derive(Clone, Debug)]
pub struct One {
    pub process: ProcessId,
    pub attempt: u32,
    /// Whether its process ran when it asked.
    pub at_work: bool,
    pub within: Vec<Section>,
    pub shares: Vec<Share>,
    pub stage: Stage,
    patience: Option<Duration>,
    since: RunTime,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Asked,
    Waiting(u64),
    Held(Vec<(ResourceId, Vec<u32>)>),
}

/// Why a section would wait for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Doom {
    stuck: bool,
    kept_for_life: bool,
}

/// What is to become of a request, as things stand when it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    HeldAround,
    Granted,
    NotFree,
    Waits,
}

impl Watch {
    /// Takes note of a request, or of the end of a section.
    pub fn told_of_section(&mut self, input: &Input) {
        self.sections.asked = None;
        self.sections.over = None;
        self.sections.withdrawn.clear();
        self.sections.went_on.clear();
        match input {
            Input::SectionAsked(ask) => {
                let verdict = self.verdict(ask);
                let own = &self.all[ask.process];
                let one = One {
                    process: ask.process,
                    attempt: own.attempt,
                    at_work: own.program.is_some(),
                    within: ask.within.iter().copied().filter(|outer| self.has_begun(*outer)).collect(),
                    shares: ask.shares.clone(),
                    stage: Stage::Asked,
                    patience: ask.patience,
                    since: self.now,
                };
                self.sections.all.insert(ask.section, one);
                self.sections.asked = Some((ask.section, verdict));
            }
            Input::SectionOver { section } if self.sections.all.contains_key(section) => self.sections.over = Some(*section),
            _ => {}
        }
    }

    fn has_begun(&self, section: Section) -> bool {
        self.sections.all.get(&section).is_some_and(|one| matches!(one.stage, Stage::Held(_)))
    }

    fn verdict(&self, ask: &SectionAsk) -> Verdict {
        let holds = |resource: ResourceId, shares: &[Share]| shares.iter().any(|share| share.resource == resource);
        let around = |share: &Share| {
            let own = self.all[ask.process].held.iter().any(|(_, shares)| holds(share.resource, shares));
            let outer = ask.within.iter().filter_map(|section| self.sections.all.get(section));
            own || outer.into_iter().any(|one| matches!(one.stage, Stage::Held(_)) && holds(share.resource, &one.shares))
        };
        if ask.shares.iter().any(around) {
            Verdict::HeldAround
        } else if ask.shares.iter().all(|share| self.has_room(share) && !self.is_waited_for(share.resource)) {
            Verdict::Granted
        } else if ask.patience == Some(Duration::ZERO) {
            Verdict::NotFree
        } else {
            Verdict::Waits
        }
    }

    fn is_waited_for(&self, resource: ResourceId) -> bool {
        let wanted = |shares: &[Share]| shares.iter().any(|share| share.resource == resource);
        self.all.iter().any(|one| one.waiting.as_ref().is_some_and(|wait| wanted(&wait.wants)))
            || self.sections.all.values().any(|one| matches!(one.stage, Stage::Waiting(_)) && wanted(&one.shares))
    }

    pub fn section_queued(&mut self, section: Section, wants: &[Share]) -> Result<(), String> {
        ensure!(self.sections.asked == Some((section, Verdict::Waits)), "{section:?} waits: {:?}", self.sections.asked);
        self.whole.orders += 1;
        let order = self.whole.orders;
        let one = self.section(section)?;
        ensure!(one.shares == wants && one.stage == Stage::Asked, "{section:?} waits for {wants:?}: {one:?}");
        one.stage = Stage::Waiting(order);
        let process = one.process;
        self.all[process].was_blocked = true;
        Ok(())
    }

    pub fn section_acquired(&mut self, section: Section, holds: &[Share]) -> Result<(), String> {
        let one = self.section(section)?.clone();
        let order = match one.stage {
            Stage::Asked => u64::MAX,
            Stage::Waiting(order) => order,
            Stage::Held(_) => return Err(format!("{section:?} begins twice")),
        };
        let at_once = self.sections.asked.filter(|(asked, _)| *asked == section && order == u64::MAX).map(|(_, verdict)| verdict);
        ensure!(at_once.is_none_or(|verdict| verdict == Verdict::Granted), "{section:?} begins at once: {at_once:?}");
        ensure!(one.shares == holds && self.sections.over != Some(section), "{section:?} begins with {holds:?}: {one:?}");
        self.overtakes_nobody(&format!("{section:?}"), order, holds)?;
        for share in holds {
            ensure!(self.has_room(share), "{section:?} acquires {share:?}, which has no room");
        }
        if order != u64::MAX {
            self.sections.went_on.push(one.process);
            self.met_section("a section waited and began");
        }
        if self.all[one.process].attempt != one.attempt || self.all[one.process].program.is_none() {
            self.met_section("a section began after its program");
        }
        self.section(section)?.stage = Stage::Held(Vec::new());
        Ok(())
    }

    /// Whether nobody older waits for any of what is taken.
    pub fn overtakes_nobody(&self, who: &str, order: u64, holds: &[Share]) -> Result<(), String> {
        let shares = |wanted: &[Share]| wanted.iter().any(|wanted| holds.iter().any(|held| held.resource == wanted.resource));
        for (other, one) in self.all.entries() {
            let Some(wait) = &one.waiting else { continue };
            ensure!(wait.order >= order || !shares(&wait.wants), "{who} overtakes {other:?}");
        }
        for (other, one) in &self.sections.all {
            let Stage::Waiting(since) = one.stage else { continue };
            ensure!(since >= order || !shares(&one.shares), "{who} overtakes {other:?}");
        }
        Ok(())
    }

    pub fn section_withdrawn(&mut self, section: Section, wanted: &[Share]) -> Result<(), String> {
        let stuck = self.stuck(false).contains(&Waiter::Section(section));
        let doom = Doom { stuck, kept_for_life: self.is_kept_for_life(wanted) };
        let Some(one) = self.sections.all.remove(&section) else { return Err(format!("{section:?} gives up, but is nobody")) };
        ensure!(matches!(one.stage, Stage::Waiting(_)) && one.shares == wanted, "{section:?} gives up {wanted:?}: {one:?}");
        if self.sections.over.take_if(|over| *over == section).is_some() {
            self.met_section("a section was given up");
        } else {
            self.sections.withdrawn.insert(section, (one, doom));
        }
        Ok(())
    }

    pub fn section_released(&mut self, section: Section, freed: &[Share]) -> Result<(), String> {
        let over = self.sections.over.take_if(|over| *over == section).is_some();
        let all_ended = self.all.iter().all(|one| one.outcome.is_some());
        ensure!(over || all_ended, "{section:?} ends by itself");
        let Some(one) = self.sections.all.remove(&section) else { return Err(format!("{section:?} ends, but is nobody")) };
        ensure!(matches!(one.stage, Stage::Held(_)) && one.shares == freed, "{section:?} gives back {freed:?}: {one:?}");
        if !one.within.is_empty() {
            self.met_section("a section inside another");
        }
        Ok(())
    }

    pub fn section_granted(&mut self, section: Section, permits: &[(ResourceId, Vec<u32>)]) -> Result<(), String> {
        // One that began and ended in the same step cannot be: it needs two inputs.
        let resources = self.plan.resources.clone();
        let all_ended = self.all.iter().all(|one| one.outcome.is_some());
        let Some(one) = self.sections.all.get_mut(&section) else {
            ensure!(all_ended, "{section:?} is granted and is nobody");
            return Ok(());
        };
        ensure!(one.stage == Stage::Held(Vec::new()), "{section:?} is granted: {one:?}");
        for share in &one.shares {
            let ResourceKind::Semaphore { permits: capacity } = resources[share.resource].kind else { continue };
            let own = permits.iter().find(|(resource, _)| *resource == share.resource).map(|(_, numbers)| numbers.as_slice());
            let right = own.is_some_and(|own| own.len() == share.permits as usize && own.iter().all(|number| *number < capacity));
            ensure!(right, "{section:?} has permits {own:?} of {share:?}");
        }
        one.stage = Stage::Held(permits.to_vec());
        Ok(())
    }

    pub fn section_refused(&mut self, section: Section, why: &Refused) -> Result<(), String> {
        let asked = self.sections.asked.filter(|(asked, _)| *asked == section).map(|(_, verdict)| verdict);
        let withdrawn = self.sections.withdrawn.remove(&section);
        match why {
            Refused::HeldAround { resource, .. } => {
                ensure!(asked == Some(Verdict::HeldAround), "{section:?} is refused for {resource:?}: {asked:?}");
                self.met_section("refused what is held around it");
            }
            Refused::NotFree(obstacles) => {
                ensure!(asked == Some(Verdict::NotFree) && !obstacles.is_empty(), "{section:?} is refused {obstacles:?}: {asked:?}");
                self.met_section("refused for want of patience");
            }
            Refused::Timeout { bound, obstacles } => {
                let Some((one, _)) = withdrawn else { return Err(format!("{section:?} is late and did not wait")) };
                let right = one.patience == Some(*bound) && one.since + *bound <= self.now && !self.suspended && !obstacles.is_empty();
                ensure!(right, "{section:?} is late: {one:?} {why:?}");
                self.met_section("a section had to wait too long");
                return Ok(());
            }
            Refused::Ring(links) => {
                let Some((one, doom)) = withdrawn else { return Err(format!("{section:?} is in a ring and did not wait")) };
                ensure!(doom.stuck, "{section:?} is refused, but there is no ring: {links:?}");
                let first = links.first().map(|link| link.who);
                ensure!(first == Some(Owner { process: one.process, section: Some(section) }), "{section:?} is not in its ring {links:?}");
                self.is_ring(links, &one)?;
                self.met_section(if asked.is_some() { "a request closed a ring" } else { "a declared request closed a ring" });
                return Ok(());
            }
            Refused::HeldForLife { resource, by } => {
                let doomed = withdrawn.is_some_and(|(_, doom)| doom.kept_for_life);
                ensure!(doomed && !by.is_empty(), "{section:?} is refused {resource:?}, which {by:?} may give back");
                self.met_section("refused what daemons keep");
                return Ok(());
            }
            Refused::RunEnded => {
                ensure!(withdrawn.is_some() && self.whole.over.is_some(), "{section:?} is refused as if the run had ended");
                return Ok(());
            }
        }
        self.sections.all.remove(&section);
        Ok(())
    }

    /// Each waits for somebody who waits for the next.
    fn is_ring(&self, links: &[Link], first: &One) -> Result<(), String> {
        for (place, link) in links.iter().enumerate() {
            let (next, by) = (links[(place + 1) % links.len()].who, link.obstacle.owner);
            let within = match next.section {
                Some(section) => self.sections.all.get(&section).map_or(&first.within, |one| &one.within),
                None => &Vec::new(),
            };
            let around = match by.section {
                Some(section) => within.contains(&section),
                None => self.needs.partners[next.process].contains(&by.process),
            };
            ensure!(if link.obstacle.holds { around } else { by == next }, "{links:?} is no ring at {place}");
        }
        Ok(())
    }

    /// What must hold of sections after every step.
    pub fn section_rules(&self) -> Result<(), String> {
        ensure!(self.sections.over.is_none(), "the end of {:?} is not told", self.sections.over);
        ensure!(self.sections.withdrawn.is_empty(), "nobody tells {:?} that they are refused", self.sections.withdrawn);
        for (section, one) in &self.sections.all {
            match &one.stage {
                Stage::Asked => return Err(format!("{section:?} gets no answer")),
                Stage::Held(_) => {}
                Stage::Waiting(order) => {
                    let first = self.overtakes_nobody("", *order, &one.shares).is_ok();
                    let room = one.shares.iter().all(|share| self.has_room(share));
                    ensure!(!first || !room, "{section:?} waits in vain: {one:?}");
                    ensure!(!self.is_kept_for_life(&one.shares), "{section:?} waits for what daemons keep: {one:?}");
                    let late = one.patience.is_some_and(|patience| one.since + patience <= self.now);
                    ensure!(!late || self.suspended, "{section:?} waits longer than it may");
                }
            }
        }
        if self.sections.all.values().any(|one| matches!(one.stage, Stage::Waiting(_))) {
            let stuck = self.stuck(false);
            ensure!(stuck.is_empty(), "these wait for each other for ever: {stuck:?}");
            // A slot is lent when nothing else is missing any more, not before.
            let lacks_slot = |waiter: &Waiter| matches!(waiter, Waiter::Processes(all) if self.is_its_turn(all[0]));
            let stuck = self.stuck(true);
            ensure!(!stuck.iter().any(lacks_slot), "these wait for a job slot for ever: {stuck:?}");
        }
        Ok(())
    }

    /// A slot may be lent when all who have one have a client that waits; else there must be a free one.
    pub fn slot_is_free_or_lent(&mut self, job: JobId) -> Result<(), String> {
        let running = self.groups_with_slot();
        let Some(jobs) = self.plan.jobs.filter(|jobs| running.len() >= *jobs as usize) else { return Ok(()) };
        if self.plan.processes[job.process].control.daemon || running.contains(&self.needs.partners[job.process][0]) {
            return Ok(());
        }
        let waits = |id: &ProcessId| {
            let own = |one: &One| matches!(one.stage, Stage::Waiting(_)) && self.needs.partners[one.process][0] == *id;
            let went_on = self.sections.went_on.iter().any(|process| self.needs.partners[*process][0] == *id);
            // Who gave up in this step may have waited when the slot was lent.
            let gave_up = self.sections.withdrawn.values().any(|(one, _)| self.needs.partners[one.process][0] == *id);
            went_on || gave_up || self.sections.all.values().any(own)
        };
        let at_work = running.iter().filter(|id| !waits(id)).count();
        // A slot that was lent to who then had to wait for the host may be used when the others go on already.
        let of_host = self.plan.resources.iter().any(|resource| resource.host.is_some());
        ensure!(of_host || at_work < jobs as usize, "{job:?} starts though {at_work} are at work");
        self.met_section("a slot was lent");
        Ok(())
    }

    /// What sections hold.
    pub fn held_by_sections(&self) -> impl Iterator<Item = &Share> {
        self.sections.all.values().filter(|one| matches!(one.stage, Stage::Held(_))).flat_map(|one| &one.shares)
    }

    /// The numbers of permits that sections hold.
    pub fn permits_of_sections(&self) -> impl Iterator<Item = (Section, &(ResourceId, Vec<u32>))> {
        self.sections.all.iter().flat_map(|(section, one)| {
            let permits = if let Stage::Held(permits) = &one.stage { permits.as_slice() } else { &[] };
            permits.iter().map(|permits| (*section, permits))
        })
    }

    pub fn met_section(&mut self, thing: &'static str) {
        *self.met.entry(thing).or_default() += 1;
    }

    fn section(&mut self, section: Section) -> Result<&mut One, String> {
        self.sections.all.get_mut(&section).ok_or_else(|| format!("{section:?} is told of and is nobody"))
    }
}
