//! One world: a plan, programs that behave as they like, clients and people who interfere, on a virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, JobId, OfferId, ProcessId, QueueId, TakerId};
use flowrun::base::time::RunTime;
use flowrun::plan::Plan;
use flowrun::sched::{Effect, Input, Outbox, Scheduler, Settings};

use crate::clients::{Offering, Taker};
use crate::met::Met;
use crate::model::Model;
use crate::programs::Program;
use crate::rng::Rng;
use crate::roles::Role;

/// More steps than any world needs.
const MAX_STEPS: usize = 20_000;

/// Everything that decides what happens.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub plan: Arc<Plan>,
    pub settings: Settings,
    /// Requests and signals from outside.
    pub outside: Vec<(Duration, Outside)>,
    /// How ill-behaved programs are, in percent.
    pub failing: u64,
    pub dying: u64,
    pub deaf: u64,
    pub forgetting: u64,
    pub leaving: u64,
    /// How often news comes late, twice, or of what is not so, in percent.
    pub noise: u64,
    /// How many items crawlers find in all.
    pub finds: u32,
    /// How late a tick may come, in milliseconds.
    pub lag: usize,
}

/// What people do from outside.
#[derive(Clone, Debug)]
pub enum Outside {
    Say(Input),
    Put { queue: QueueId, count: u32, patience: Option<Duration> },
    Get { queue: QueueId, patience: Option<Duration> },
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
        let process = |rng: &mut Rng| ProcessId(rng.below(plan.processes.len()) as u32);
        let queue = |rng: &mut Rng| QueueId(rng.below(plan.queues.len()) as u32);
        if rng.chance(20) {
            for _ in 0..=rng.below(2) {
                outside.push((rng.tens(0, 50), Outside::Say(Input::StopProcess { process: process(&mut rng) })));
            }
        }
        if rng.chance(20) {
            outside.push((rng.tens(0, 50), Outside::Say(Input::RestartProcess { process: process(&mut rng) })));
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(2) {
                outside.push((rng.tens(0, 60), Outside::Say(Input::Interrupt { signal: rng.pick(&[1, 2, 15]) })));
            }
        }
        if rng.chance(8) {
            outside.push((rng.tens(0, 50), Outside::Say(Input::CloseQueue { queue: queue(&mut rng) })));
        }
        if rng.chance(30) {
            for _ in 0..=rng.below(4) {
                let (queue, patience) = (queue(&mut rng), rng.chance(60).then(|| rng.tens(0, 20)));
                let put = Outside::Put { queue, count: 1 + rng.below(4) as u32, patience };
                outside.push((rng.tens(0, 50), rng.pick(&[put, Outside::Get { queue, patience }])));
            }
        }
        let stop_timeout = rng.pick(&[rng.clone().tens(1, 10), Duration::from_millis(300), Duration::from_secs(5)]);
        Self {
            seed,
            plan: Arc::new(plan),
            settings: Settings { stop_timeout, seed },
            outside,
            failing: rng.pick(&[0, 10, 30, 60]),
            dying: rng.pick(&[0, 0, 10, 30]),
            deaf: rng.pick(&[0, 15, 40]),
            forgetting: rng.pick(&[0, 0, 10, 40]),
            leaving: rng.pick(&[0, 0, 10, 30]),
            noise: rng.pick(&[0, 0, 5, 20]),
            finds: rng.pick(&[0, 3, 12]),
            lag: rng.pick(&[0, 0, 0, 15]),
        }
    }

    /// Runs the world to its end and watches every step.
    pub fn run(&self) -> Result<Lived, Broken> {
        let mut run = Run::new(self);
        match run.run() {
            Ok(()) => Ok(Lived { log: run.log, met: run.model.met }),
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
            text.push_str(&format!("{now:?} {input:?}\n"));
            out.notices.iter().for_each(|notice| text.push_str(&format!("    {:?}\n", notice.event)));
            out.effects.iter().for_each(|effect| text.push_str(&format!("  > {effect:?}\n")));
        }
        text
    }
}

#[derive(Clone, Debug)]
pub enum Message {
    Tell(Input),
    Outside(Outside),
    Started {
        job: JobId,
        step: u32,
    },
    /// A program offers what it has next.
    Put {
        job: JobId,
    },
    /// A program goes on with what it took.
    Take {
        job: JobId,
    },
    Ended {
        job: JobId,
        turn: u64,
    },
    /// Somebody waits no longer for room.
    OfferOver {
        offer: OfferId,
    },
    /// Somebody waits no longer for items, or has gone.
    TakerOver {
        taker: TakerId,
    },
}

pub struct Run<'a> {
    pub world: &'a World,
    pub roles: DenseMap<ProcessId, Role>,
    scheduler: Scheduler,
    model: Model,
    queue: BTreeMap<(RunTime, u64), Message>,
    pub programs: BTreeMap<JobId, Program>,
    pub offers: BTreeMap<OfferId, Offering>,
    pub takers: BTreeMap<TakerId, Taker>,
    pub now: RunTime,
    count: u64,
    pub ids: u64,
    pub finds: u32,
    pub rng: Rng,
    log: Log,
    impatient: bool,
}

impl<'a> Run<'a> {
    fn new(world: &'a World) -> Self {
        let plan = &world.plan;
        let mut run = Self {
            world,
            roles: plan.processes.ids().map(|id| Role::of(plan, id)).collect(),
            scheduler: Scheduler::new(Arc::clone(plan), world.settings),
            model: Model::new(Arc::clone(plan)),
            queue: BTreeMap::new(),
            programs: BTreeMap::new(),
            offers: BTreeMap::new(),
            takers: BTreeMap::new(),
            now: RunTime::ZERO,
            count: 0,
            ids: 0,
            finds: world.finds,
            rng: Rng::of(world.seed, &[3]),
            log: Vec::new(),
            impatient: false,
        };
        for (at, outside) in &world.outside {
            run.post(*at, Message::Outside(outside.clone()));
        }
        run
    }

    /// Lets something happen after this.
    pub fn post(&mut self, after: Duration, message: Message) {
        self.count += 1;
        self.queue.insert((self.now + after, self.count), message);
    }

    pub fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
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
        self.model.finished(self.scheduler.summary(), !self.programs.is_empty())?;
        for late in [Input::CloseQueue { queue: QueueId(0) }, Input::Tick] {
            let mut out = Outbox::default();
            self.scheduler.step(self.now, late.clone(), &mut out);
            if !out.effects.is_empty() || !out.notices.is_empty() {
                return Err(format!("after the end, {late:?} gave {out:?}"));
            }
        }
        Ok(())
    }

    /// Nothing is going to happen by itself any more: right only where nothing but daemons is left.
    fn lose_patience(&mut self) -> Result<(), String> {
        let finite = self.world.plan.processes.iter().any(|process| !process.control.daemon);
        if self.impatient || finite {
            return Err(format!("the run is stuck: nothing will happen any more ({})", self.model.waiting()));
        }
        self.impatient = true;
        self.step(Input::Interrupt { signal: 2 })
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Tell(input) => self.step(input),
            Message::Outside(outside) => self.people_do(outside),
            Message::Started { job, step } => match self.programs.get_mut(&job) {
                Some(program) if program.step == step && !program.told => {
                    program.told = true;
                    self.step(Input::Started { job, step, pid: Some(7) })
                }
                _ => Ok(()),
            },
            Message::Put { job } => self.put(job),
            Message::Take { job } => self.take(job),
            Message::Ended { job, turn } => self.ended(job, turn),
            Message::OfferOver { offer } => self.offer_over(offer),
            Message::TakerOver { taker } => self.taker_over(taker),
        }
    }

    pub fn step(&mut self, input: Input) -> Result<(), String> {
        if self.scheduler.summary().is_some() {
            return Ok(());
        }
        self.log.push((self.now, input.clone()));
        let mut out = Outbox::default();
        self.model.before(self.now, &input);
        self.scheduler.step(self.now, input, &mut out);
        self.model.after(&out)?;
        for effect in out.effects {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Start { job, step, .. } => self.start(job, step)?,
            Effect::Accept { offer, count, .. } => self.accepted(offer, count),
            Effect::RefuseOffer { offer, .. } => self.refused(offer),
            Effect::Hand { taker, items } => self.handed(taker, items.iter().map(|delivery| delivery.item).collect()),
            Effect::EndOfQueue { taker } => self.end_of_queue(taker),
            Effect::CutProducers { queue } => self.cut_producers(queue),
            Effect::Forget { .. } => {}
            Effect::RunStopCommand { job } => {
                let after = self.rng.tens(0, 3);
                self.post(after, Message::Tell(Input::StopCommandEnded { job }));
            }
            Effect::Terminate { job } => self.terminate(job),
            Effect::Kill { job } => self.kill(job),
            Effect::Decide { .. }
            | Effect::Probe { .. }
            | Effect::EndProbe { .. }
            | Effect::AskHost { .. }
            | Effect::ReleaseHost { .. }
            | Effect::SectionGranted { .. }
            | Effect::SectionRefused { .. }
            | Effect::Suspend
            | Effect::Resume => return Err(format!("nobody asked for {effect:?}")),
        }
        Ok(())
    }
}
