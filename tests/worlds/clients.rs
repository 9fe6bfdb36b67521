//! Clients inside of programs that ask for sections: nested, one after another, patient or not; they die at random
//! moments, with their program or after it. A program waits for its clients, as a script does.

use std::collections::BTreeMap;

use flowrun::base::ids::{JobId, Section};
use flowrun::notice::Share;
use flowrun::plan::ResourceKind;
use flowrun::sched::{Input, SectionAsk};

use crate::shared::rng::Rng;
use crate::simulate::{Message, Run};

/// How deep sections are nested.
const DEPTH: usize = 3;

/// All clients of a world.
#[derive(Debug, Default)]
pub struct Clients {
    last: u64,
    open: BTreeMap<Section, Client>,
    /// Ends of programs that wait for their clients.
    programs: BTreeMap<JobId, Message>,
}

#[derive(Clone, Debug)]
struct Client {
    job: JobId,
    step: u32,
    within: Vec<Section>,
    /// Its command has done its work, but for what runs inside.
    done: bool,
}

impl Run<'_> {
    /// What a program will ask for.
    pub fn plan_clients(&mut self, job: JobId, step: u32) {
        let mut rng = self.stage.behaviour(job, 400 + u64::from(step));
        while rng.chance(self.world.asking) {
            let at = self.stage.now + rng.tens(0, 7);
            self.stage.post(at, Message::Asks { job, step, within: Vec::new() });
        }
    }

    /// A client asks, if its program still runs; now and then also if not.
    pub fn client_asks(&mut self, job: JobId, step: u32, within: Vec<Section>) -> Result<(), String> {
        let mut rng = self.client_rng();
        let runs = self.programs.get(&job).is_some_and(|program| program.step == step && program.told);
        let lives = within.iter().all(|outer| self.clients.open.contains_key(outer));
        if !runs && !rng.chance(5) || !lives && !rng.chance(20) {
            return Ok(());
        }
        let shares = self.some_shares(&mut rng);
        if shares.is_empty() {
            return Ok(());
        }
        self.clients.last += 1;
        let section = Section(self.clients.last);
        let mut told = within.clone();
        if rng.chance(3) {
            told.push(Section(rng.below(60) as u64));
        }
        let patience = match rng.below(10) {
            0..6 => None,
            6 => Some(std::time::Duration::ZERO),
            _ => Some(rng.tens(1, 12)),
        };
        self.clients.open.insert(section, Client { job, step, within, done: false });
        // Those that nobody keeps in order may live on, but not for ever.
        if !runs || rng.chance(8) {
            self.stage.post(self.stage.now + rng.tens(0, 15), Message::ClientDies { section });
        }
        self.step(Input::SectionAsked(SectionAsk { section, process: job.process, within: told, shares, patience }))
    }

    /// A section has begun: more inside of it, and its end.
    pub fn client_granted(&mut self, section: Section) {
        let Some(client) = self.clients.open.get(&section).cloned() else { return };
        let mut rng = self.client_rng();
        if client.within.len() + 1 < DEPTH && rng.chance(45) {
            let within = client.within.iter().copied().chain([section]).collect();
            self.stage.post(self.stage.now + rng.tens(0, 3), Message::Asks { job: client.job, step: client.step, within });
        }
        self.stage.post(self.stage.now + rng.tens(0, 6), Message::ClientDone { section });
    }

    /// A client learns that it gets nothing.
    pub fn client_refused(&mut self, section: Section) -> Result<(), String> {
        self.forget_client(section)
    }

    /// The command of a section has ended, unless it waits for what runs inside of it.
    pub fn client_done(&mut self, section: Section) -> Result<(), String> {
        let inner = self.clients.open.values().any(|client| client.within.last() == Some(&section));
        match self.clients.open.get_mut(&section) {
            Some(client) if inner => client.done = true,
            Some(_) => return self.client_dies(section),
            None => {}
        }
        Ok(())
    }

    /// A client is gone, and the run learns of it; now and then twice.
    pub fn client_dies(&mut self, section: Section) -> Result<(), String> {
        let input = Input::SectionOver { section };
        self.repeat(6, &input);
        self.step(input)?;
        self.forget_client(section)
    }

    fn forget_client(&mut self, section: Section) -> Result<(), String> {
        let Some(client) = self.clients.open.remove(&section) else { return Ok(()) };
        if let Some(outer) = client.within.last()
            && self.clients.open.get(outer).is_some_and(|outer| outer.done)
        {
            self.stage.post(self.stage.now, Message::ClientDone { section: *outer });
        }
        if !self.has_clients(client.job)
            && let Some(end) = self.clients.programs.remove(&client.job)
        {
            self.stage.post(self.stage.now, end);
        }
        Ok(())
    }

    fn has_clients(&self, job: JobId) -> bool {
        self.clients.open.values().any(|client| client.job == job)
    }

    /// Whether the end of a program has to wait for its clients: then it comes later.
    pub fn waits_for_clients(&mut self, job: JobId, end: Message) -> bool {
        let by_itself = self.programs.get(&job).is_some_and(|program| program.turn == 0 && program.told);
        if !by_itself || !self.has_clients(job) {
            return false;
        }
        if let Some(program) = self.programs.get_mut(&job) {
            program.ends = None;
        }
        self.clients.programs.insert(job, end);
        true
    }

    /// A program has ended: so do its clients, at once or a little later.
    pub fn clients_of_ended(&mut self, job: JobId) {
        self.clients.programs.remove(&job);
        let mut rng = self.client_rng();
        let all: Vec<Section> = self.clients.open.iter().filter(|(_, client)| client.job == job).map(|(section, _)| *section).collect();
        for section in all {
            let after = if rng.chance(85) { std::time::Duration::ZERO } else { rng.tens(0, 10) };
            self.stage.post(self.stage.now + after, Message::ClientDies { section });
        }
    }

    fn some_shares(&self, rng: &mut Rng) -> Vec<Share> {
        let mut shares = Vec::new();
        for (resource, declared) in self.world.plan.resources.entries() {
            if declared.host.is_some() || !rng.chance(45) {
                continue;
            }
            shares.push(match declared.kind {
                ResourceKind::Lock => Share { resource, shared: rng.chance(30), permits: 1 },
                ResourceKind::Semaphore { permits } => Share { resource, shared: false, permits: 1 + rng.below(permits as usize) as u32 },
            });
        }
        shares
    }

    fn client_rng(&mut self) -> Rng {
        Rng::of(self.world.settings.seed, &[7, self.stage.rng.next()])
    }
}
