//! A world that is played: programs that behave as they like, and people who interfere, on a virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{HostAsk, JobId, ProcessId, Section};
use flowrun::base::time::RunTime;
use flowrun::notice::{Event, Exit, Notice};
use flowrun::sched::{Effect, Input};

use crate::clients::Clients;
use crate::hosts::Hosts;
use crate::programs::Program;
use crate::shared::stage::{Next, Stage};
use crate::shared::{Broken, Lived};
use crate::watch::Watch;
use crate::world::World;

/// After so many steps somebody loses patience with what may last for ever.
const MANY_STEPS: usize = 1_500;
/// After so many steps with nothing but probes, nothing else is to be expected; after more, something is wrong.
const IDLE_STEPS: usize = 150;
const STUCK_STEPS: usize = 3_000;

#[derive(Clone, Debug)]
pub enum Message {
    Tell(Input),
    Answer { job: JobId, probe: u32 },
    HostGrants { ask: HostAsk },
    HostRefuses { ask: HostAsk },
    Asks { job: JobId, step: u32, within: Vec<Section> },
    ClientDone { section: Section },
    ClientDies { section: Section },
    Started { job: JobId, step: u32 },
    Ended { job: JobId, step: u32, turn: u64 },
}

pub struct Run<'a> {
    pub world: &'a World,
    pub stage: Stage<Message>,
    watch: Watch,
    pub programs: BTreeMap<JobId, Program>,
    pub hosts: Hosts,
    pub clients: Clients,
    impatient: bool,
    /// Everything is suspended: time stands still.
    pub frozen: bool,
    /// Starts and probes that wait until the run goes on.
    pub held: Vec<Effect>,
    /// Steps in a row in which nothing happened but probes.
    idle: usize,
}

impl<'a> Run<'a> {
    pub fn new(world: &'a World) -> Self {
        let mut run = Self {
            world,
            stage: Stage::new(world),
            watch: Watch::new(Arc::clone(&world.plan), world.settings, world.lag),
            programs: BTreeMap::new(),
            hosts: Hosts::default(),
            clients: Clients::default(),
            impatient: false,
            frozen: false,
            held: Vec::new(),
            idle: 0,
        };
        for (at, input) in &world.outside {
            run.stage.post(RunTime(*at), Message::Tell(input.clone()));
        }
        run
    }

    pub fn play(mut self) -> Result<Lived, Broken> {
        match self.run() {
            Ok(()) => Ok(Lived { log: self.stage.log, met: self.watch.met }),
            Err(rule) => Err(Broken { rule, log: self.stage.log }),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        self.step(Input::Begin)?;
        while self.stage.scheduler.summary().is_none() {
            self.stage.comes_to_an_end()?;
            if self.frozen {
                self.while_frozen()?;
                continue;
            }
            let lasting = self.idle > IDLE_STEPS || self.stage.log.len() > MANY_STEPS;
            if lasting && !self.impatient && self.watch.may_last_for_ever(self.programs.keys().copied()) || self.idle > STUCK_STEPS {
                self.lose_patience()?;
                continue;
            }
            match self.stage.next(self.world.lag) {
                Next::Message(message) => self.deliver(message)?,
                Next::Tick => self.step(Input::Tick)?,
                Next::Nothing => self.lose_patience()?,
            }
        }
        let withheld = self.held.iter().any(|effect| matches!(effect, Effect::Start { .. }));
        self.watch.finished(self.stage.scheduler.summary(), !self.programs.is_empty() || withheld)?;
        self.stage.is_silent([Input::Interrupt { signal: 2, at_once: false }, Input::Tick, Input::StopProcess { process: ProcessId(0) }])
    }

    /// Nothing is going to happen by itself any more: right only where something runs that never ends.
    fn lose_patience(&mut self) -> Result<(), String> {
        if self.impatient || !self.watch.may_last_for_ever(self.programs.keys().copied()) {
            return Err("the run is stuck: nothing will happen any more".to_owned());
        }
        self.impatient = true;
        self.idle = 0;
        self.stage.now = self.stage.now + Duration::from_secs(1);
        self.step(Input::Interrupt { signal: 2, at_once: false })
    }

    /// Time stands still, but people and what does not run as a program still act.
    fn while_frozen(&mut self) -> Result<(), String> {
        let due = self.stage.messages.first_key_value().is_some_and(|((at, _), _)| *at <= self.stage.now);
        if due && self.stage.rng.chance(70) {
            let Some((_, message)) = self.stage.messages.pop_first() else { return Ok(()) };
            return self.deliver(message);
        }
        let process = ProcessId(self.stage.rng.below(self.world.plan.processes.len()) as u32);
        let input = match self.stage.rng.below(100) {
            0..10 => Input::Suspend,
            10..25 => Input::StopProcess { process },
            25..30 => Input::Interrupt { signal: 15, at_once: false },
            30..45 => Input::Tick,
            45..50 => Input::RestartProcess { process },
            _ => Input::Resume,
        };
        self.step(input)
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Tell(input) => self.step(input),
            Message::Answer { job, probe } => {
                let input = Input::Probed { job, probe: Some(probe), result: self.answer(job) };
                self.repeat(6, &input);
                self.step(input)
            }
            Message::HostGrants { ask } => self.host_grants(ask).map_or(Ok(()), |input| self.step(input)),
            Message::HostRefuses { ask } => self.host_refuses(ask).map_or(Ok(()), |input| self.step(input)),
            Message::Asks { job, step, within } => self.client_asks(job, step, within),
            Message::ClientDone { section } => self.client_done(section),
            Message::ClientDies { section } => self.client_dies(section),
            Message::Started { job, step } => match self.programs.get_mut(&job) {
                Some(program) if program.step == step && !program.told => {
                    program.told = true;
                    self.started(job, step)
                }
                _ => Ok(()),
            },
            Message::Ended { job, step, turn } => match self.programs.get(&job) {
                Some(program) if program.step == step && program.turn == turn => {
                    if self.waits_for_clients(job, Message::Ended { job, step, turn }) {
                        return Ok(());
                    }
                    let Some(program) = self.programs.get(&job) else { return Ok(()) };
                    let tell = !program.told && !program.never_told_when_stopped && !matches!(program.exit, Exit::NotStarted(_));
                    if tell {
                        self.started(job, step)?;
                    }
                    let Some(program) = self.programs.remove(&job) else { return Ok(()) };
                    self.clients_of_ended(job);
                    let input = Input::Ended { job, step, exit: program.exit };
                    self.repeat(6, &input);
                    self.step(input)
                }
                _ => Ok(()),
            },
        }
    }

    fn started(&mut self, job: JobId, step: u32) -> Result<(), String> {
        let input = Input::Started { job, step, pid: Some(7) };
        self.repeat(6, &input);
        self.step(input)
    }

    /// Says it again later.
    pub fn repeat(&mut self, percent: u64, input: &Input) {
        if self.stage.rng.chance(percent) {
            let at = self.stage.now + self.stage.rng.tens(0, 8);
            self.stage.post(at, Message::Tell(input.clone()));
        }
    }

    pub fn step(&mut self, input: Input) -> Result<(), String> {
        self.watch.before(self.stage.now, &input);
        let out = self.stage.tell(input);
        self.watch.after(self.stage.now, &out, self.stage.scheduler.deadline())?;
        let probing = |effect: &Effect| matches!(effect, Effect::Probe { .. } | Effect::EndProbe { .. });
        let failing = |notice: &Notice| matches!(notice.event, Event::ProbeFailed { .. });
        let quiet = out.effects.iter().all(probing) && out.notices.iter().all(failing);
        self.idle = if quiet { self.idle + 1 } else { 0 };
        for effect in out.effects {
            self.perform(effect)?;
        }
        Ok(())
    }
}
