//! Where a world is played: the core, a virtual clock, and messages on their way to it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::JobId;
use flowrun::base::time::RunTime;
use flowrun::plan::Plan;
use flowrun::sched::{Input, Outbox, Scheduler};

use super::rng::Rng;
use super::{Log, World, ensure};

/// More steps than any world needs.
const MAX_STEPS: usize = 20_000;
/// When somebody speaks to a run that is over.
const LATER: [Duration; 2] = [Duration::ZERO, Duration::from_secs(100)];

/// A run of the core, and what is going to be told to it.
pub struct Stage<M> {
    plan: Arc<Plan>,
    seed: u64,
    pub scheduler: Scheduler,
    /// By their moments; of one moment in the order in which they were sent.
    pub messages: BTreeMap<(RunTime, u64), M>,
    pub now: RunTime,
    count: u64,
    pub rng: Rng,
    pub log: Log,
}

/// What happens next.
pub enum Next<M> {
    Message(M),
    /// The core asked to be woken.
    Tick,
    /// Nothing, unless somebody comes from outside.
    Nothing,
}

impl<M> Stage<M> {
    pub fn new<W: World>(world: &W) -> Self {
        let settings = world.settings();
        Self {
            plan: Arc::clone(world.plan()),
            seed: settings.seed,
            scheduler: Scheduler::new(Arc::clone(world.plan()), settings),
            messages: BTreeMap::new(),
            now: RunTime::ZERO,
            count: 0,
            rng: Rng::of(settings.seed, &[3]),
            log: Log::new(),
        }
    }

    pub fn post(&mut self, at: RunTime, message: M) {
        self.count += 1;
        self.messages.insert((at, self.count), message);
    }

    /// Lets time pass until something happens; a tick may come as many milliseconds too late as `lag` says.
    pub fn next(&mut self, lag: usize) -> Next<M> {
        let late = Duration::from_millis(self.rng.below(lag + 1) as u64);
        let tick = self.scheduler.deadline().map(|at| at.max(self.now) + late);
        if let Some(first) = self.messages.first_entry() {
            let at = first.key().0;
            if tick.is_none_or(|tick| at < tick || at == tick && self.rng.chance(50)) {
                self.now = self.now.max(at);
                return Next::Message(first.remove());
            }
        }
        let Some(tick) = tick else { return Next::Nothing };
        self.now = tick;
        Next::Tick
    }

    /// Tells the core something: what comes out.
    pub fn tell(&mut self, input: Input) -> Outbox {
        self.log.push((self.now, input.clone()));
        let mut out = Outbox::default();
        self.scheduler.step(self.now, input, &mut out);
        out
    }

    /// What a job does depends on its name and number alone, so that taking another one away changes nothing.
    pub fn behaviour(&self, job: JobId, tag: u64) -> Rng {
        let name = &self.plan.processes[job.process].name;
        let hash = name.bytes().fold(0, |tag: u64, byte| tag * 31 + u64::from(byte));
        Rng::of(self.seed, &[4, hash, u64::from(job.attempt), tag])
    }

    pub fn comes_to_an_end(&self) -> Result<(), String> {
        ensure!(self.log.len() <= MAX_STEPS, "the run does not end");
        Ok(())
    }

    /// Nothing moves a run that is over, neither at once nor later.
    pub fn is_silent<const N: usize>(&mut self, late: [Input; N]) -> Result<(), String> {
        for (input, later) in late.iter().flat_map(|input| LATER.map(|later| (input, later))) {
            self.now = self.now + later;
            let mut out = Outbox::default();
            self.scheduler.step(self.now, input.clone(), &mut out);
            ensure!(out.effects.is_empty() && out.notices.is_empty(), "after the end, {input:?} gave {out:?}");
        }
        Ok(())
    }
}

/// Feeds the same inputs to a new core: everything that comes out, as text.
pub fn replay<W: World>(world: &W, log: &Log) -> String {
    let mut scheduler = Scheduler::new(Arc::clone(world.plan()), world.settings());
    let mut text = String::new();
    for (now, input) in log {
        let mut out = Outbox::default();
        scheduler.step(*now, input.clone(), &mut out);
        let _ = writeln!(text, "{now:?} {input:?}");
        out.notices.iter().for_each(|notice| _ = writeln!(text, "    {:?} {:?}", notice.at, notice.event));
        out.effects.iter().for_each(|effect| _ = writeln!(text, "  > {effect:?}"));
        let _ = writeln!(text, "  next at {:?}", scheduler.deadline());
    }
    text
}
