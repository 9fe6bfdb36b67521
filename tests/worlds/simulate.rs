//! One world: a plan, programs that behave as they like, and people who interfere, on a virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::base::time::RunTime;
use flowrun::notice::Exit;
use flowrun::plan::{Control, Plan};
use flowrun::sched::{Effect, Input, Outbox, Scheduler, Settings};

use crate::rng::Rng;
use crate::watch::Watch;

/// More steps than any world needs.
const MAX_STEPS: usize = 20_000;

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
    /// How late a tick may come, in milliseconds.
    pub lag: usize,
}

/// What was told to the core, and when.
pub type Log = Vec<(RunTime, Input)>;

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
        if rng.chance(40) {
            for _ in 0..=rng.below(3) {
                outside.push((rng.tens(0, 50), Input::Interrupt { signal: rng.pick(&[1, 2, 15]) }));
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
            lag: rng.pick(&[0, 0, 0, 15]),
        }
    }

    /// Runs the world to its end and watches every step.
    pub fn run(&self) -> Result<Log, Broken> {
        let mut run = Run::new(self);
        match run.run() {
            Ok(()) => Ok(run.log),
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

/// A step that runs.
struct Program {
    step: u32,
    exit: Exit,
    deaf: bool,
    told: bool,
    /// News of its end that is of an older number is void.
    turn: u64,
    ends: Option<RunTime>,
    never_told_when_stopped: bool,
}

#[derive(Clone, Debug)]
enum Message {
    Tell(Input),
    Started { job: JobId, step: u32 },
    Ended { job: JobId, step: u32, turn: u64 },
}

struct Run<'a> {
    world: &'a World,
    scheduler: Scheduler,
    watch: Watch,
    queue: BTreeMap<(RunTime, u64), Message>,
    programs: BTreeMap<JobId, Program>,
    now: RunTime,
    count: u64,
    rng: Rng,
    log: Log,
    impatient: bool,
}

impl<'a> Run<'a> {
    fn new(world: &'a World) -> Self {
        let mut run = Self {
            world,
            scheduler: Scheduler::new(Arc::clone(&world.plan), world.settings),
            watch: Watch::new(Arc::clone(&world.plan), world.settings, world.lag),
            queue: BTreeMap::new(),
            programs: BTreeMap::new(),
            now: RunTime::ZERO,
            count: 0,
            rng: Rng::of(world.seed, &[3]),
            log: Vec::new(),
            impatient: false,
        };
        for (at, input) in &world.outside {
            run.post(RunTime(*at), Message::Tell(input.clone()));
        }
        run
    }

    fn post(&mut self, at: RunTime, message: Message) {
        self.count += 1;
        self.queue.insert((at, self.count), message);
    }

    fn run(&mut self) -> Result<(), String> {
        self.step(Input::Begin)?;
        while self.scheduler.summary().is_none() {
            if self.log.len() > MAX_STEPS {
                return Err("the run does not end".to_owned());
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
        self.watch.finished(self.scheduler.summary(), !self.programs.is_empty())?;
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
        self.now = self.now + Duration::from_secs(1);
        self.step(Input::Interrupt { signal: 2 })
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Tell(input) => self.step(input),
            Message::Started { job, step } => match self.programs.get_mut(&job) {
                Some(program) if program.step == step && !program.told => {
                    program.told = true;
                    self.started(job, step)
                }
                _ => Ok(()),
            },
            Message::Ended { job, step, turn } => match self.programs.get(&job) {
                Some(program) if program.step == step && program.turn == turn => {
                    let tell = !program.told && !program.never_told_when_stopped && !matches!(program.exit, Exit::NotStarted(_));
                    if tell {
                        self.started(job, step)?;
                    }
                    let Some(program) = self.programs.remove(&job) else { return Ok(()) };
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
    fn repeat(&mut self, percent: u64, input: &Input) {
        if self.rng.chance(percent) {
            let at = self.now + self.rng.tens(0, 8);
            self.post(at, Message::Tell(input.clone()));
        }
    }

    fn step(&mut self, input: Input) -> Result<(), String> {
        self.log.push((self.now, input.clone()));
        let mut out = Outbox::default();
        self.watch.before(self.now, &input);
        self.scheduler.step(self.now, input, &mut out);
        self.watch.after(self.now, &out, self.scheduler.deadline())?;
        for effect in out.effects {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        let (Effect::Start { job, .. } | Effect::RunStopCommand { job } | Effect::Terminate { job } | Effect::Kill { job }) = effect;
        if self.rng.chance(self.world.meddling) {
            let at = self.now + self.rng.tens(0, 4);
            self.post(at, Message::Tell(Input::StopProcess { process: job.process }));
        }
        match effect {
            Effect::Start { job, step, .. } => self.start(job, step),
            Effect::RunStopCommand { job } => {
                let mut rng = self.behaviour(job, 100);
                if rng.chance(75) {
                    let at = self.now + rng.tens(0, 8);
                    self.post(at, Message::Tell(Input::StopCommandEnded { job }));
                    if rng.chance(30) {
                        let again = at + rng.tens(0, 5);
                        self.post(again, Message::Tell(Input::StopCommandEnded { job }));
                    }
                }
                if rng.chance(30) {
                    self.end_by(job, rng.tens(0, 8), Exit::Code(0));
                }
                Ok(())
            }
            Effect::Terminate { job } => {
                let mut rng = self.behaviour(job, 101);
                if self.programs.get(&job).is_some_and(|program| !program.deaf) {
                    let exit = rng.pick(&[Exit::Signal(15), Exit::Signal(15), Exit::Code(0), Exit::Code(1)]);
                    self.end_by(job, rng.tens(0, 6), exit);
                }
                Ok(())
            }
            Effect::Kill { job } => {
                let mut rng = self.behaviour(job, 102);
                self.end_by(job, rng.tens(0, 1), Exit::Signal(9));
                if rng.chance(30) {
                    let at = self.now + rng.tens(0, 2);
                    self.post(at, Message::Tell(Input::StopCommandEnded { job }));
                }
                Ok(())
            }
        }
    }

    /// What a job does depends on its name and number alone, so that taking another one away changes nothing.
    fn behaviour(&self, job: JobId, step: u64) -> Rng {
        let name = &self.world.plan.processes[job.process].name;
        let tag = name.bytes().fold(0, |tag: u64, byte| tag * 31 + u64::from(byte));
        Rng::of(self.world.seed, &[4, tag, u64::from(job.attempt), step])
    }

    fn start(&mut self, job: JobId, step: u32) -> Result<(), String> {
        let mut rng = self.behaviour(job, u64::from(step));
        let control = &self.world.plan.processes[job.process].control;
        let not_started = rng.chance(self.world.failing / 6);
        let exit = if not_started { Exit::NotStarted("no such file".to_owned()) } else { exit(control, self.world.failing, &mut rng) };
        let early = control.daemon && (step as usize) + 1 < control.steps.len();
        let for_ever = if control.daemon { !early && rng.chance(85) } else { rng.chance(3) };
        let lasts = rng.tens(0, if not_started { 1 } else { 12 });
        let ends = (not_started || !for_ever).then(|| self.now + lasts);
        let told_after = if rng.chance(70) { Duration::ZERO } else { rng.tens(0, 2) };
        let program = Program { step, exit, deaf: rng.chance(self.world.deaf), told: false, turn: 0, ends, never_told_when_stopped: false };
        if let Some(old) = self.programs.insert(job, program) {
            return Err(format!("{job:?} was started at step {step} while its step {} runs", old.step));
        }
        if !not_started {
            self.post(self.now + told_after, Message::Started { job, step });
        }
        if let Some(at) = ends {
            self.post(at, Message::Ended { job, step, turn: 0 });
        }
        Ok(())
    }

    /// A program ends after this, unless it ends by itself before.
    fn end_by(&mut self, job: JobId, after: Duration, exit: Exit) {
        let at = self.now + after;
        let quiet = self.rng.chance(30);
        let Some(program) = self.programs.get_mut(&job) else { return };
        if program.ends.is_some_and(|ends| ends <= at) {
            return;
        }
        program.turn += 1;
        program.ends = Some(at);
        if !matches!(program.exit, Exit::NotStarted(_)) {
            program.exit = exit;
        }
        program.never_told_when_stopped = quiet;
        let (step, turn) = (program.step, program.turn);
        self.post(at, Message::Ended { job, step, turn });
    }
}

fn exit(control: &Control, failing: u64, rng: &mut Rng) -> Exit {
    if rng.chance(failing) {
        let failures = [Exit::Signal(11), Exit::Code(1), Exit::Code(3), Exit::Code(0)];
        let is_failure = |exit: &Exit| !matches!(exit, Exit::Code(code) if control.success_codes.contains(code));
        let failures: Vec<Exit> = failures.into_iter().filter(is_failure).collect();
        rng.pick(&failures)
    } else {
        Exit::Code(rng.pick(&control.success_codes))
    }
}
