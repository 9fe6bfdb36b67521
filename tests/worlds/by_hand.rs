//! Plans and runs written by hand, for single rules.

use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{Id, JobId, ProcessId, ResourceId};
use flowrun::base::span::Span;
use flowrun::base::time::RunTime;
use flowrun::notice::{Event, Exit, Outcome, OutcomeKind, RunSummary, Share};
use flowrun::plan::{Control, Join, Plan, Resource, ResourceKind, Retries};
use flowrun::sched::{Effect, Input, Outbox, Scheduler, Settings};
use flowrun::source::model::{Condition, OnFailure, OnTimeout};

use crate::generate::process;

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn finite() -> Control {
    Control { grace: ms(100), ..Control::default() }
}

pub fn daemon() -> Control {
    Control { daemon: true, ..finite() }
}

pub fn joining(control: Control, joins: &[(usize, Condition)]) -> Control {
    let join = |(process, until): &(usize, Condition)| Join {
        process: ProcessId::from_index(*process),
        until: *until,
        timeout: None,
        on_timeout: OnTimeout::Fail,
        place: Span::default(),
    };
    Control { joins: joins.iter().map(join).collect(), ..control }
}

pub fn bounded(mut control: Control, number: usize, timeout: u64, on_timeout: OnTimeout) -> Control {
    control.joins[number].timeout = Some(ms(timeout));
    control.joins[number].on_timeout = on_timeout;
    control
}

pub fn retrying(count: u32, delay: u64) -> Control {
    Control { retries: Retries { count, delay: ms(delay), ..Retries::default() }, ..finite() }
}

pub fn lock() -> Share {
    Share { resource: ResourceId(0), shared: false, permits: 1 }
}

pub fn plan(controls: Vec<Control>) -> Plan {
    let lock = Resource { name: "lock".to_owned(), kind: ResourceKind::Lock, host: None, place: Span::default() };
    Plan {
        processes: controls.into_iter().enumerate().map(|(id, control)| process(&format!("p{id}"), control)).collect(),
        resources: std::iter::once(lock).collect(),
        on_failure: OnFailure::Continue,
        ..Plan::default()
    }
}

/// A run by hand: what the last input asked for, and everything that was told.
pub struct Run {
    pub scheduler: Scheduler,
    pub now: RunTime,
    pub effects: Vec<Effect>,
    pub told: Vec<Event>,
    /// The attempt and step of each process that was started last.
    pub started: Vec<(u32, u32)>,
}

impl Run {
    pub fn new(plan: Plan) -> Self {
        Self::within(plan, 30_000)
    }

    pub fn within(plan: Plan, stop_timeout: u64) -> Self {
        let started = vec![(0, 0); plan.processes.len()];
        let settings = Settings { stop_timeout: ms(stop_timeout), seed: 0 };
        let scheduler = Scheduler::new(Arc::new(plan), settings);
        let mut run = Self { scheduler, now: RunTime::ZERO, effects: Vec::new(), told: Vec::new(), started };
        run.input(Input::Begin);
        run
    }

    /// One input, and at once the news that what it started has started.
    pub fn input(&mut self, input: Input) {
        self.effects.clear();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Outbox::default();
            self.scheduler.step(self.now, input, &mut out);
            self.told.extend(out.notices.into_iter().map(|notice| notice.event));
            for effect in &out.effects {
                if let Effect::Start { job, step, .. } = effect {
                    self.started[job.process.index()] = (job.attempt, *step);
                    inputs.push(Input::Started { job: *job, step: *step, pid: None });
                }
            }
            self.effects.append(&mut out.effects);
        }
    }

    pub fn job(&self, id: usize) -> JobId {
        JobId { process: ProcessId::from_index(id), attempt: self.started[id].0 }
    }

    pub fn ends(&mut self, id: usize, exit: Exit) {
        let (job, step) = (self.job(id), self.started[id].1);
        self.input(Input::Ended { job, step, exit });
    }

    pub fn succeeds(&mut self, id: usize) {
        self.ends(id, Exit::Code(0));
    }

    pub fn fails(&mut self, id: usize) {
        self.ends(id, Exit::Code(1));
    }

    pub fn killed(&mut self, id: usize) {
        self.ends(id, Exit::Signal(9));
    }

    pub fn interrupt(&mut self) {
        self.input(Input::Interrupt { signal: 2, at_once: false });
    }

    pub fn stop(&mut self, id: usize) {
        self.input(Input::StopProcess { process: ProcessId::from_index(id) });
    }

    /// Lets time pass, with a tick at every moment that was asked for.
    pub fn wait(&mut self, millis: u64) {
        let until = self.now + ms(millis);
        let mut effects = Vec::new();
        while let Some(at) = self.scheduler.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.input(Input::Tick);
            effects.append(&mut self.effects);
            if self.summary().is_some() {
                break;
            }
        }
        self.now = until;
        self.effects = effects;
    }

    pub fn of(&self, takes: impl Fn(&Effect) -> Option<JobId>) -> Vec<usize> {
        self.effects.iter().filter_map(takes).map(|job| job.process.index()).collect()
    }

    pub fn starts(&self) -> Vec<usize> {
        self.of(|effect| if let Effect::Start { job, .. } = effect { Some(*job) } else { None })
    }

    pub fn terminates(&self) -> Vec<usize> {
        self.of(|effect| if let Effect::Terminate { job } = effect { Some(*job) } else { None })
    }

    pub fn kills(&self) -> Vec<usize> {
        self.of(|effect| if let Effect::Kill { job } = effect { Some(*job) } else { None })
    }

    pub fn outcome(&self, id: usize) -> Option<Outcome> {
        self.told.iter().find_map(|event| match event {
            Event::Ended { process, outcome, .. } if process.index() == id => Some(outcome.clone()),
            _ => None,
        })
    }

    pub fn kind(&self, id: usize) -> Option<OutcomeKind> {
        self.outcome(id).map(|outcome| outcome.kind())
    }

    pub fn summary(&self) -> Option<&RunSummary> {
        self.scheduler.summary()
    }
}
