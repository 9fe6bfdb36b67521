//! The rules of the language, computed anew from what goes in and comes out: nothing here asks the core
//! how it stands.

mod effects;
mod ends;
mod health;
mod hosts;
mod joins;
pub mod met;
mod needs;
mod notices;
mod requests;
mod restarts;
mod rules;
mod sections;
mod waiting;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, JobId, ProcessId, ResourceId};
use flowrun::base::time::RunTime;
use flowrun::notice::{Exit, Failure, Outcome, RunSummary, Share, StopReason};
use flowrun::plan::Plan;
use flowrun::sched::{Input, Outbox, Settings};

use crate::shared::Met;
pub(crate) use crate::shared::ensure;
use health::{Expected, Health};
use hosts::Hosts;
use needs::Needs;
use sections::Sections;

/// How far a running step was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Asked,
    Command,
    Signalled,
    Killed,
}

/// A step that runs.
#[derive(Clone, Debug)]
struct Program {
    step: u32,
    since: RunTime,
    told: bool,
    asked: Option<(RunTime, StopReason)>,
    phase: Phase,
    permits: Vec<(ResourceId, Vec<u32>)>,
}

/// A request that waits.
#[derive(Clone, Debug)]
struct Wait {
    step: Option<u32>,
    wants: Vec<Share>,
    order: u64,
    since: RunTime,
    /// When it was withdrawn: whether nothing but a slot was missing.
    lacked_only_slot: bool,
}

/// How the last step ended.
#[derive(Clone, Debug)]
struct Last {
    step: u32,
    exit: Exit,
    asked: Option<StopReason>,
}

/// What is known of a process.
#[derive(Clone, Debug, Default)]
struct One {
    attempt: u32,
    begun: bool,
    started_at: Option<RunTime>,
    program: Option<Program>,
    held: Vec<(Option<u32>, Vec<Share>)>,
    /// Numbers of the permits that the whole attempt holds, once they are known.
    outer_permits: Option<Vec<(ResourceId, Vec<u32>)>>,
    waiting: Option<Wait>,
    withdrawn: Option<Wait>,
    /// The moment of the next attempt.
    retry_at: Option<RunTime>,
    /// Why the attempt before this one failed.
    last_failure: Option<Failure>,
    last: Option<Last>,
    last_exit: Option<Exit>,
    ran: Duration,
    stop_requested: bool,
    /// Whether a client of this attempt had to wait: then its job slot may have been lent.
    was_blocked: bool,
    /// Whether somebody asked for it to be begun anew while it ran.
    restart_requested: bool,
    /// Attempts that were stopped for that.
    uncounted: u32,
    health: Health,
    /// When it was last ready no more, and in which step that was.
    lost: Option<(RunTime, u64)>,
    /// Since when it can not be ready any more.
    never: Option<RunTime>,
    restarts: Vec<RunTime>,
    /// Whether its `if` was asked for and not answered.
    asked: bool,
    /// Whether it was answered that the `if` holds, and the joins have held since.
    agreed: bool,
    /// Joins that were waited for long enough.
    given_up: BTreeSet<usize>,
    /// Joins that may have been.
    unsure: BTreeSet<usize>,
    /// When the wait for each join will be over, as things stood after the last step.
    dues: Vec<Option<RunTime>>,
    outcome: Option<(RunTime, Outcome)>,
}

/// How the run stands.
#[derive(Clone, Debug, Default)]
struct Whole {
    step: u64,
    orders: u64,
    interrupts: u32,
    first_signal: Option<i32>,
    timed_out: bool,
    /// The steps in which these were first told, so that what came before in the same step is not blamed.
    halted: Option<u64>,
    stopped: Option<u64>,
    /// The policy `kill`, or everything is killed.
    killing: Option<u64>,
    killed_all: bool,
    /// The work has ended: daemons are being stopped.
    closing: bool,
    budget: Option<RunTime>,
    failed: usize,
    over: Option<RunSummary>,
}

/// Watches a run.
pub struct Watch {
    plan: Arc<Plan>,
    settings: Settings,
    slack: Duration,
    needs: Needs,
    all: DenseMap<ProcessId, One>,
    whole: Whole,
    /// What the input of this step changed.
    told_started: Option<JobId>,
    answer: Option<(ProcessId, Result<bool, String>)>,
    expected: Expected,
    suspended: bool,
    /// Whether this input changes that.
    suspension_due: bool,
    /// Whether effects are looked at: notices of the whole step have been, so order is lost.
    looking_back: bool,
    /// Attempts that ended in this step while a probe of them was under way.
    over: BTreeSet<JobId>,
    interrupted: bool,
    commands_over: Vec<ProcessId>,
    hosts: Hosts,
    sections: Sections,
    pub met: Met,
    now: RunTime,
}

impl Watch {
    pub fn new(plan: Arc<Plan>, settings: Settings, lag: usize) -> Self {
        Self {
            settings,
            slack: Duration::from_millis(lag as u64),
            needs: Needs::of(&plan),
            all: plan.processes.ids().map(|_| One::default()).collect(),
            whole: Whole::default(),
            told_started: None,
            answer: None,
            expected: Expected::default(),
            suspended: false,
            suspension_due: false,
            looking_back: false,
            over: BTreeSet::new(),
            interrupted: false,
            commands_over: Vec::new(),
            hosts: Hosts::default(),
            sections: Sections::default(),
            met: Met::new(),
            now: RunTime::ZERO,
            plan,
        }
    }

    /// Takes note of an input before the core sees it.
    pub fn before(&mut self, now: RunTime, input: &Input) {
        self.now = now;
        self.suspension_due = match input {
            Input::Suspend => !self.suspended,
            Input::Resume | Input::Interrupt { .. } => self.suspended,
            _ => false,
        };
        self.whole.step += 1;
        self.told_started = None;
        self.answer = None;
        self.interrupted = false;
        self.commands_over.clear();
        self.over.clear();
        self.expected = Expected::default();
        self.told_of_host(input);
        self.told_of_section(input);
        match input {
            Input::Offered { .. }
            | Input::OfferOver { .. }
            | Input::Wanted { .. }
            | Input::TakerOver { .. }
            | Input::ItemDone { .. }
            | Input::CloseQueue { .. }
            | Input::BadItem { .. } => {}
            Input::Started { job, step, .. } => {
                if let Some(program) = self.program(*job, *step)
                    && !program.told
                {
                    program.told = true;
                    self.all[job.process].started_at.get_or_insert(now);
                    self.told_started = Some(*job);
                    self.told_of_start(*job);
                }
            }
            Input::Ended { job, step, exit } => {
                if let Some(program) = self.program(*job, *step).cloned() {
                    let one = &mut self.all[job.process];
                    one.program = None;
                    one.ran += now - program.since;
                    one.last_exit = Some(exit.clone());
                    one.last = Some(Last { step: *step, exit: exit.clone(), asked: program.asked.map(|(_, reason)| reason) });
                }
            }
            Input::StopCommandEnded { job } => {
                let one = &self.all[job.process];
                if one.attempt == job.attempt && one.program.as_ref().is_some_and(|program| program.phase == Phase::Command) {
                    self.commands_over.push(job.process);
                }
            }
            Input::StopProcess { process } => self.all[*process].stop_requested |= self.all[*process].outcome.is_none(),
            Input::RestartProcess { process } => {
                let alone = self.needs.partners[*process].len() <= 1;
                let one = &mut self.all[*process];
                one.restart_requested = alone && one.program.as_ref().is_some_and(|program| program.asked.is_none());
            }
            Input::Interrupt { signal, at_once } => {
                self.whole.interrupts += if *at_once { 2 } else { 1 };
                self.whole.first_signal.get_or_insert(*signal);
                self.interrupted = true;
            }
            Input::Probed { job, probe, result } => self.told_of_probe(*job, *probe, result),
            Input::Decided { process, holds } => {
                if std::mem::take(&mut self.all[*process].asked) {
                    self.answer = Some((*process, holds.clone()));
                    self.all[*process].agreed = *holds == Ok(true);
                }
            }
            Input::SaysStopping { job } => self.told_of_leaving(*job),
            Input::HostGranted { .. } | Input::HostFailed { .. } | Input::SectionAsked(_) | Input::SectionOver { .. } => {}
            Input::Begin | Input::Tick | Input::Suspend | Input::Resume => {}
        }
    }

    /// Holds everything that came out against the rules.
    pub fn after(&mut self, now: RunTime, out: &Outbox, deadline: Option<RunTime>) -> Result<(), String> {
        for notice in &out.notices {
            ensure!(notice.at == now, "{notice:?} is not of this moment");
            self.meet(&notice.event);
            self.notice(&notice.event, out)?;
        }
        self.looking_back = true;
        for effect in &out.effects {
            self.effect(effect)?;
        }
        self.looking_back = false;
        self.rules_of_suspension(out)?;
        for id in &self.commands_over {
            let answered = self.all[*id].program.as_ref().is_none_or(|program| program.phase > Phase::Command);
            ensure!(answered, "{id:?} gets no signal after its stop command");
        }
        self.rules(deadline)
    }

    /// Holds the end of the run against the rules.
    pub fn finished(&self, summary: Option<&RunSummary>, anything_runs: bool) -> Result<(), String> {
        ensure!(!anything_runs, "the run is over but something runs");
        self.nothing_is_kept_from_the_host()?;
        ensure!(self.sections.all.is_empty(), "the run is over, but not {:?}", self.sections.all);
        ensure!(summary == self.whole.over.as_ref(), "the summary is not the one that was told");
        for (id, one) in self.all.entries() {
            ensure!(one.outcome.is_some(), "{id:?} has no outcome at the end");
        }
        let Some(summary) = summary else { return Err("there is no summary".to_owned()) };
        let expected = RunSummary {
            queues: 0,
            failed: self.whole.failed,
            interrupted: self.whole.first_signal,
            timed_out: self.whole.timed_out,
            unaccounted: 0,
        };
        ensure!(*summary == expected, "the summary says {summary:?}, not {expected:?}");
        Ok(())
    }

    /// Whether a world without any further event is in order: a finite program hangs, or there is no work and daemons run.
    pub fn may_last_for_ever(&self, mut running: impl Iterator<Item = JobId>) -> bool {
        self.host_is_silent()
            || running.any(|job| {
                let finite = !self.plan.processes[job.process].control.daemon;
                !self.may_end() || finite
            })
    }

    fn program(&mut self, job: JobId, step: u32) -> Option<&mut Program> {
        let one = &mut self.all[job.process];
        if one.attempt != job.attempt {
            return None;
        }
        one.program.as_mut().filter(|program| program.step == step)
    }

    fn request(&self, id: ProcessId, step: Option<u32>) -> Result<&[Share], String> {
        let control = &self.plan.processes[id].control;
        match step {
            None => Ok(&control.request),
            Some(step) => match control.steps.get(step as usize) {
                Some(step) => Ok(&step.request),
                None => Err(format!("{id:?} has no step {step}")),
            },
        }
    }

    /// Whether something was first told in an earlier step than this one.
    fn earlier(&self, step: Option<u64>) -> bool {
        step.is_some_and(|step| step < self.whole.step)
    }

    /// Why a process may begin no attempt: by the order of notices, or with what an earlier step told.
    fn may_not_begin(&self, id: ProcessId, strictly: bool) -> Option<&'static str> {
        let since = |step: Option<u64>| if strictly { step.is_some() } else { self.earlier(step) };
        if since(self.whole.killing) {
            Some("everything is being killed")
        } else if since(self.whole.halted) && !self.needs.cleanup[id] {
            Some("the run has been halted")
        } else {
            None
        }
    }
}
