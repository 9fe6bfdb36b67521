//! One world: a plan, programs that behave as they like, and people who interfere, on a virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{HostAsk, JobId, ProcessId, Section};
use flowrun::base::time::RunTime;
use flowrun::notice::{Event, Exit, Notice};
use flowrun::plan::Plan;
use flowrun::sched::{Effect, Input, Outbox, Scheduler, Settings};

use crate::clients::Clients;
use crate::hosts::Hosts;
use crate::programs::Program;
use crate::rng::Rng;
use crate::watch::Watch;
use crate::watch::met::Met;

/// More steps than any world needs.
const MAX_STEPS: usize = 20_000;
/// After so many steps somebody loses patience with what may last for ever.
const MANY_STEPS: usize = 1_500;
/// After so many steps with nothing but probes, nothing else is to be expected; after more, something is wrong.
const IDLE_STEPS: usize = 150;
const STUCK_STEPS: usize = 3_000;

/// Everything that decides what happens.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub plan: Arc<Plan>,
    pub settings: Settings,
    /// Requests and signals from outside.
    pub outside: Vec<(Duration, Input)>,
    /// How ill-behaved programs are, in percent.
    pub failing: u64,
    pub deaf: u64,
    /// How often somebody asks for a stop of what is just being started or stopped, in percent.
    pub meddling: u64,
    /// How often a program has a client that asks for a section, in percent.
    pub asking: u64,
    /// How late a tick may come, in milliseconds.
    pub lag: usize,
}

/// What was told to the core, and when.
pub type Log = Vec<(RunTime, Input)>;

/// A world that came to its end.
pub struct Lived {
    pub log: Log,
    pub met: Met,
}

/// A rule that was broken, and how it came to that.
#[derive(Debug)]
pub struct Broken {
    pub rule: String,
    pub log: Log,
}

impl World {
    /// The world around a plan.
    pub fn around(plan: Plan, seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[2]);
        let mut outside = Vec::new();
        if rng.chance(35) {
            for _ in 0..=rng.below(3) {
                let process = ProcessId(rng.below(plan.processes.len()) as u32);
                outside.push((rng.tens(0, 40), Input::StopProcess { process }));
            }
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(3) {
                let process = ProcessId(rng.below(plan.processes.len()) as u32);
                outside.push((rng.tens(0, 40), Input::RestartProcess { process }));
            }
        }
        if rng.chance(40) {
            for _ in 0..=rng.below(3) {
                outside.push((rng.tens(0, 50), Input::Interrupt { signal: rng.pick(&[1, 2, 15]) }));
            }
        }
        if rng.chance(10) {
            let process = ProcessId(rng.below(plan.processes.len()) as u32);
            outside.push((rng.tens(0, 40), Input::Decided { process, holds: Ok(true) }));
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(3) {
                outside.push((rng.tens(0, 40), rng.pick(&[Input::Suspend, Input::Suspend, Input::Suspend, Input::Resume])));
            }
        }
        let stop_timeout = rng.pick(&[rng.clone().tens(1, 10), Duration::from_millis(300), Duration::from_secs(5)]);
        Self {
            seed,
            plan: Arc::new(plan),
            settings: Settings { stop_timeout, seed },
            outside,
            failing: rng.pick(&[0, 10, 30, 60]),
            deaf: rng.pick(&[0, 15, 40]),
            meddling: rng.pick(&[0, 0, 0, 3, 15]),
            asking: Rng::of(seed, &[6]).pick(&[0, 0, 40, 70]),
            lag: rng.pick(&[0, 0, 0, 15]),
        }
    }

    /// Runs the world to its end and watches every step.
    pub fn run(&self) -> Result<Lived, Broken> {
        let mut run = Run::new(self);
        match run.run() {
            Ok(()) => Ok(Lived { log: run.log, met: run.watch.met }),
            Err(rule) => Err(Broken { rule, log: run.log }),
        }
    }

    /// Feeds the same inputs again: everything that comes out, as text.
    pub fn replay(&self, log: &Log) -> String {
        let mut scheduler = Scheduler::new(Arc::clone(&self.plan), self.settings);
        let mut text = String::new();
        for (now, input) in log {
            let mut out = Outbox::default();
            scheduler.step(*now, input.clone(), &mut out);
            text.push_str(&format!("{now:?} {input:?}\n  {out:?} {:?}\n", scheduler.deadline()));
        }
        text
    }
}

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
    scheduler: Scheduler,
    watch: Watch,
    queue: BTreeMap<(RunTime, u64), Message>,
    pub programs: BTreeMap<JobId, Program>,
    pub hosts: Hosts,
    pub clients: Clients,
    pub now: RunTime,
    count: u64,
    pub rng: Rng,
    log: Log,
    impatient: bool,
    /// Everything is suspended: time stands still.
    pub frozen: bool,
    /// Starts and probes that wait until the run goes on.
    pub held: Vec<Effect>,
    /// Steps in a row in which nothing happened but probes.
    idle: usize,
}

impl<'a> Run<'a> {
    fn new(world: &'a World) -> Self {
        let mut run = Self {
            world,
            scheduler: Scheduler::new(Arc::clone(&world.plan), world.settings),
            watch: Watch::new(Arc::clone(&world.plan), world.settings, world.lag),
            queue: BTreeMap::new(),
            programs: BTreeMap::new(),
            hosts: Hosts::default(),
            clients: Clients::default(),
            now: RunTime::ZERO,
            count: 0,
            rng: Rng::of(world.seed, &[3]),
            log: Vec::new(),
            impatient: false,
            frozen: false,
            held: Vec::new(),
            idle: 0,
        };
        for (at, input) in &world.outside {
            run.post(RunTime(*at), Message::Tell(input.clone()));
        }
        run
    }

    pub fn post(&mut self, at: RunTime, message: Message) {
        self.count += 1;
        self.queue.insert((at, self.count), message);
    }

    fn run(&mut self) -> Result<(), String> {
        self.step(Input::Begin)?;
        while self.scheduler.summary().is_none() {
            if self.log.len() > MAX_STEPS {
                return Err("the run does not end".to_owned());
            }
            if self.frozen {
                self.while_frozen()?;
                continue;
            }
            let lasting = self.idle > IDLE_STEPS || self.log.len() > MANY_STEPS;
            if lasting && !self.impatient && self.watch.may_last_for_ever(self.programs.keys().copied()) || self.idle > STUCK_STEPS {
                self.lose_patience()?;
                continue;
            }
            let lag = Duration::from_millis(self.rng.below(self.world.lag + 1) as u64);
            let tick = self.scheduler.deadline().map(|at| at.max(self.now) + lag);
            let first = self.queue.first_key_value().map(|((at, _), _)| *at);
            match (first, tick) {
                (Some(at), tick) if tick.is_none_or(|tick| at < tick || at == tick && self.rng.chance(50)) => {
                    self.now = self.now.max(at);
                    let Some((_, message)) = self.queue.pop_first() else { continue };
                    self.deliver(message)?;
                }
                (_, Some(tick)) => {
                    self.now = tick;
                    self.step(Input::Tick)?;
                }
                (_, None) => self.lose_patience()?,
            }
        }
        let withheld = self.held.iter().any(|effect| matches!(effect, Effect::Start { .. }));
        self.watch.finished(self.scheduler.summary(), !self.programs.is_empty() || withheld)?;
        for late in [Input::Interrupt { signal: 2 }, Input::Tick, Input::StopProcess { process: ProcessId(0) }] {
            self.now = self.now + Duration::from_secs(100);
            let mut out = Outbox::default();
            self.scheduler.step(self.now, late.clone(), &mut out);
            if !out.effects.is_empty() || !out.notices.is_empty() {
                return Err(format!("after the end, {late:?} gave {out:?}"));
            }
        }
        Ok(())
    }

    /// Nothing is going to happen by itself any more: right only where something runs that never ends.
    fn lose_patience(&mut self) -> Result<(), String> {
        if self.impatient || !self.watch.may_last_for_ever(self.programs.keys().copied()) {
            return Err("the run is stuck: nothing will happen any more".to_owned());
        }
        self.impatient = true;
        self.idle = 0;
        self.now = self.now + Duration::from_secs(1);
        self.step(Input::Interrupt { signal: 2 })
    }

    /// Time stands still, but people and what does not run as a program still act.
    fn while_frozen(&mut self) -> Result<(), String> {
        let due = self.queue.first_key_value().is_some_and(|((at, _), _)| *at <= self.now);
        if due && self.rng.chance(70) {
            let Some((_, message)) = self.queue.pop_first() else { return Ok(()) };
            return self.deliver(message);
        }
        let process = ProcessId(self.rng.below(self.world.plan.processes.len()) as u32);
        let input = match self.rng.below(100) {
            0..10 => Input::Suspend,
            10..25 => Input::StopProcess { process },
            25..30 => Input::Interrupt { signal: 15 },
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
        if self.rng.chance(percent) {
            let at = self.now + self.rng.tens(0, 8);
            self.post(at, Message::Tell(input.clone()));
        }
    }

    pub fn step(&mut self, input: Input) -> Result<(), String> {
        self.log.push((self.now, input.clone()));
        let mut out = Outbox::default();
        self.watch.before(self.now, &input);
        self.scheduler.step(self.now, input, &mut out);
        self.watch.after(self.now, &out, self.scheduler.deadline())?;
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
