//! Takes notices and makes a report of them.
//!
//! Decides nothing: each notice is entered where it belongs, in the order in which it was told. Asks the view for
//! nothing but the last lines of output. Cheap enough to stand beside the loop: a notice costs what it changes.

use std::sync::Arc;

use super::super::{RunView, words};
use super::attempts::Attempts;
use super::context::Context;
use super::critical;
use super::joins::{self, Joins, Milestones};
use super::model::{
    Attempt, AttemptOutcome, Counts, Halted, Name, Outcome, Process, Report, Run, RunOutcome, Share, Step, VERSION, WaitKind, Warning,
};
use super::queues::Queues;
use super::reasons::Words;
use super::uses::Uses;
use crate::base::ids::{DenseMap, JobId, ProcessId, QueueId};
use crate::base::time::RunTime;
use crate::notice::{self, Event, Exit, Failure, Notice, OutcomeKind, RunSummary, SkipReason};
use crate::plan::Plan;

/// How many warnings are kept.
const WARNINGS: usize = 100;

/// What is known of one process.
#[derive(Debug, Default)]
struct Record {
    joins: Option<Joins>,
    attempts: Attempts,
    started: Option<RunTime>,
    ended: Option<(RunTime, Outcome)>,
    code: Option<i32>,
    begun: u32,
}

/// Makes a report of a run.
#[derive(Debug)]
pub struct Recorder {
    plan: Arc<Plan>,
    context: Context,
    names: DenseMap<ProcessId, Name>,
    records: DenseMap<ProcessId, Record>,
    milestones: DenseMap<ProcessId, Milestones>,
    uses: Uses,
    queues: Queues,
    /// Who gave back a job slot last, and when.
    slot: Option<(Name, RunTime)>,
    halted: Option<Halted>,
    warnings: Vec<Warning>,
    warnings_left_out: u64,
    began: RunTime,
    latest: RunTime,
    summary: Option<RunSummary>,
}

impl Recorder {
    /// Before the first notice.
    pub fn new(plan: Arc<Plan>, context: Context) -> Self {
        Self {
            names: plan.processes.iter().map(|process| Name::from(process.name.as_str())).collect(),
            records: plan.processes.iter().map(|_| Record::default()).collect(),
            milestones: plan.processes.iter().map(|_| Milestones::default()).collect(),
            uses: Uses::new(&plan),
            queues: Queues::new(&plan),
            plan,
            context,
            slot: None,
            halted: None,
            warnings: Vec::new(),
            warnings_left_out: 0,
            began: RunTime::ZERO,
            latest: RunTime::ZERO,
            summary: None,
        }
    }

    /// Takes in what happened; `view` knows of it already.
    pub fn notice(&mut self, notice: &Notice, view: &RunView) {
        let at = notice.at;
        self.latest = at;
        match &notice.event {
            Event::RunStarted { .. } => self.began = at,
            Event::Queued { job, step, wants } => {
                self.uses.ask(*job, &self.names[job.process], *step, wants, at);
                let kind = if wants.is_empty() { WaitKind::Slot } else { WaitKind::Locks };
                let wants = self.shares(wants);
                self.leave_slot(job.process, at);
                self.attempt(*job, at).wait(kind, *step, wants, at);
            }
            Event::Acquired { job, step, holds } => {
                let freed_by = self.uses.have(*job, &self.names[job.process], *step, holds, at);
                let shares = self.shares(holds);
                let attempt = self.attempt(*job, at);
                if let Some(wait) = attempt.end_wait(at, true).filter(|wait| wait.kind == WaitKind::Locks) {
                    wait.freed_by = freed_by;
                }
                attempt.hold(*step, shares, at);
            }
            Event::Withdrawn { job, step, wanted } => {
                self.uses.withdraw(*job, *step, wanted, at);
                self.attempt(*job, at).end_wait(at, false);
            }
            Event::Released { job, step, freed } => {
                self.uses.give_back(*job, &self.names[job.process], *step, freed, at);
                self.attempt(*job, at).give_back(*step, at);
            }
            Event::Started { job, step, pid } => self.start(*job, *step, *pid, at),
            Event::Ready { job } => {
                self.attempt(*job, at).ready = Some(at);
                self.milestones[job.process].ready = Some(at);
            }
            Event::Stopping { job, reason, .. } => drop(self.attempt(*job, at).stop(words::stop(reason), at)),
            Event::Killing { job, .. } => {
                let killed = &mut self.attempt(*job, at).stop("it was killed", at).killed;
                killed.get_or_insert(at);
            }
            Event::Retrying { job, failure, delay, .. } => {
                self.fail(*job, failure, view, at);
                self.delay(*job, *delay, at);
            }
            Event::Restarting { job, failure, delay, .. } => {
                match failure {
                    Some(failure) => self.fail(*job, failure, view, at),
                    None => self.over(*job, AttemptOutcome::Success, view, at),
                }
                self.delay(*job, *delay, at);
            }
            Event::BeginningAnew { job } => self.over(*job, AttemptOutcome::BegunAnew, view, at),
            Event::WaitsForItem { job, queue } => self.wait_for_item(*job, *queue, at),
            Event::ItemDone { job, queue } => {
                self.queues.delivered(*queue, true);
                self.end_attempt(*job, AttemptOutcome::Success, at);
            }
            Event::ItemFailed { job, queue, failure, .. } => {
                self.queues.delivered(*queue, false);
                self.fail(*job, failure, view, at);
            }
            Event::ItemSetAside { queue, item, deliveries } => {
                self.queues.set_aside(*queue, item, *deliveries, at);
                self.warn(None, words::set_aside(&self.plan, *queue, item, *deliveries), at);
            }
            Event::QueueClosed { queue, items } => self.queues.close(*queue, *items, at),
            Event::QueueAbandoned { queue, left } => {
                self.queues.abandon(*queue, *left, at);
                self.warn(None, words::abandoned(&self.plan, *queue, *left), at);
            }
            Event::Ended { process, outcome, exit, attempts, started } => {
                let code = exit.as_ref().and_then(Exit::returncode);
                (self.records[*process].code, self.records[*process].begun) = (code, *attempts);
                self.records[*process].started = self.records[*process].started.or(*started);
                self.end(*process, outcome, view, at);
            }
            Event::Halted { reason } => {
                self.halted.get_or_insert_with(|| Halted { at, text: words::halt(&self.plan, reason) });
            }
            Event::Warning { process, message } => {
                self.warn(*process, message.clone(), at);
                if let Some(attempt) = process.and_then(|process| self.records[process].attempts.open()) {
                    attempt.last_lines = process.map(|process| lines(view, process)).unwrap_or_default();
                }
            }
            Event::Left { job, processes, kept: false } => self.warn(Some(job.process), words::left(processes, false), at),
            Event::RunEnded { summary } => self.summary = Some(summary.clone()),
            Event::HeldElsewhere { .. }
            | Event::ProbeFailed { .. }
            | Event::SaidStatus { .. }
            | Event::Output { .. }
            | Event::WaitingFor { .. }
            | Event::KillingAll { .. }
            | Event::Suspended
            | Event::Resumed
            | Event::StatusAsked
            | Event::SectionQueued { .. }
            | Event::SectionAcquired { .. }
            | Event::SectionWithdrawn { .. }
            | Event::SectionReleased { .. }
            | Event::Left { kept: true, .. } => {}
        }
    }

    /// The attempt of a job, which begins now unless it has begun; with the first, the process has left its joins.
    fn attempt(&mut self, job: JobId, at: RunTime) -> &mut Attempt {
        if self.records[job.process].attempts.is_empty() {
            self.settle(job.process, Some(at));
        }
        self.records[job.process].attempts.of(job.attempt, at)
    }

    fn settle(&mut self, process: ProcessId, now: Option<RunTime>) {
        let joins = &self.plan.processes[process].control.joins;
        self.records[process].joins = Some(joins::settle(joins, &self.names, &self.milestones, self.began, now));
    }

    fn shares(&self, shares: &[notice::Share]) -> Vec<Share> {
        let one = |share: &notice::Share| Share {
            resource: self.uses.name(share.resource).clone(),
            shared: share.shared,
            permits: share.permits,
        };
        shares.iter().map(one).collect()
    }

    fn start(&mut self, job: JobId, step: u32, pid: Option<u32>, at: RunTime) {
        let slot = self.slot.clone();
        let own = self.names[job.process].clone();
        let name = self.plan.processes[job.process].work.steps.get(step as usize).and_then(|step| step.name.as_deref().map(Name::from));
        let attempt = self.attempt(job, at);
        let waited_for_slot = attempt.waits.last().is_some_and(|wait| wait.kind == WaitKind::Slot);
        // The slot was had when the other gave it back; what follows is the start itself.
        let freed =
            slot.filter(|(name, when)| *name != own && waited_for_slot && attempt.waits.last().is_some_and(|wait| wait.from <= *when));
        let until = freed.as_ref().map_or(at, |(_, when)| *when);
        if let (Some(wait), Some((name, _))) = (attempt.end_wait(until, true), freed) {
            wait.freed_by = Some(name);
        }
        attempt.start(Step { step, name, pid, from: at, to: None });
        self.records[job.process].started.get_or_insert(at);
        self.milestones[job.process].started.get_or_insert(at);
        let control = &self.plan.processes[job.process].control;
        if control.ready.is_none() && !control.daemon && step as usize + 1 == control.steps.len() {
            self.milestones[job.process].ready.get_or_insert(at);
        }
    }

    /// What waits for items has been started in the eyes of others.
    fn wait_for_item(&mut self, job: JobId, queue: QueueId, at: RunTime) {
        let name = self.queues.name(queue);
        self.attempt(job, at).wait(WaitKind::Items, None, Vec::new(), at).queue = Some(name);
        self.milestones[job.process].started.get_or_insert(at);
    }

    fn leave_slot(&mut self, process: ProcessId, at: RunTime) {
        if self.plan.jobs.is_some() && !self.plan.processes[process].control.daemon {
            self.slot = Some((self.names[process].clone(), at));
        }
    }

    fn end_attempt(&mut self, job: JobId, outcome: AttemptOutcome, at: RunTime) {
        self.leave_slot(job.process, at);
        self.attempt(job, at).end(outcome, None, at);
    }

    fn over(&mut self, job: JobId, outcome: AttemptOutcome, view: &RunView, at: RunTime) {
        self.end_attempt(job, outcome, at);
        self.attempt(job, at).last_lines = lines(view, job.process);
    }

    fn fail(&mut self, job: JobId, failure: &Failure, view: &RunView, at: RunTime) {
        let reason = Words { plan: &self.plan, names: &self.names }.failure(job.process, failure);
        self.over(job, AttemptOutcome::Failed, view, at);
        self.attempt(job, at).reason = Some(reason);
    }

    fn delay(&mut self, job: JobId, delay: std::time::Duration, at: RunTime) {
        if !delay.is_zero() {
            let next = JobId { attempt: job.attempt.saturating_add(1), ..job };
            self.attempt(next, at).wait(WaitKind::Delay, None, Vec::new(), at);
        }
    }

    fn end(&mut self, process: ProcessId, outcome: &notice::Outcome, view: &RunView, at: RunTime) {
        let told = Words { plan: &self.plan, names: &self.names }.outcome(process, outcome);
        if self.records[process].joins.is_none() {
            let began = matches!(outcome, notice::Outcome::Skipped(SkipReason::Condition) | notice::Outcome::Success);
            self.settle(process, began.then_some(at));
        }
        let failed = told.kind == OutcomeKind::Failed;
        if let Some(attempt) = self.records[process].attempts.open() {
            let kind = match told.kind {
                OutcomeKind::Success => AttemptOutcome::Success,
                OutcomeKind::Failed => AttemptOutcome::Failed,
                OutcomeKind::Stopped => AttemptOutcome::Stopped,
                OutcomeKind::Skipped | OutcomeKind::Cancelled => AttemptOutcome::Cancelled,
            };
            attempt.end(kind, told.reason.clone(), at);
            if failed {
                attempt.last_lines = lines(view, process);
            }
            self.leave_slot(process, at);
        }
        self.milestones[process].ended = Some((at, outcome.clone()));
        self.records[process].ended = Some((at, told));
    }

    fn warn(&mut self, process: Option<ProcessId>, text: String, at: RunTime) {
        if self.warnings.len() < WARNINGS {
            let process = process.map(|process| self.names[process].clone());
            self.warnings.push(Warning { at, process, text });
        } else {
            self.warnings_left_out += 1;
        }
    }

    /// All that was recorded. `status` is the exit status that follows from how the run went; one that has not come to
    /// its end is told to be lost.
    pub fn finish(mut self, status: u8) -> Report {
        let records = std::mem::take(&mut self.records);
        let processes: Vec<Process> =
            self.plan.processes.ids().zip(records.into_values()).map(|(id, record)| self.process(id, record)).collect();
        let run = self.run(&processes, status);
        Report {
            version: VERSION,
            flowrun: env!("CARGO_PKG_VERSION").to_owned(),
            critical_path: critical::path(&processes, self.began, self.latest),
            run,
            processes,
            resources: self.uses.finish(),
            queues: self.queues.finish(),
            warnings: self.warnings,
            warnings_left_out: self.warnings_left_out,
        }
    }

    fn process(&self, id: ProcessId, record: Record) -> Process {
        let process = &self.plan.processes[id];
        let joins = record.joins.unwrap_or_else(|| joins::settle(&process.control.joins, &self.names, &self.milestones, self.began, None));
        let (ended, outcome) = record.ended.map_or((None, None), |(at, outcome)| (Some(at), Some(outcome)));
        Process {
            name: self.names[id].clone(),
            declared: if process.declared == process.name { self.names[id].clone() } else { process.declared.as_str().into() },
            description: process.description.clone(),
            place: self.context.places.get(id).copied().unwrap_or_default(),
            daemon: process.control.daemon,
            joins_left_out: process.control.joins.len() - joins.list.len(),
            joins: joins.list,
            joined: joins.joined,
            started: record.started,
            ended,
            outcome,
            code: record.code,
            attempts_begun: record.begun,
            attempts: record.attempts.finish(),
        }
    }

    fn run(&self, processes: &[Process], status: u8) -> Run {
        let (outcome, text) = self.outcome(status);
        Run {
            name: self.plan.name.clone(),
            description: self.plan.description.clone(),
            id: self.context.id.clone(),
            file: self.context.file.clone(),
            started: self.context.started.clone(),
            length: RunTime(self.latest - self.began),
            outcome,
            text,
            signal: self.summary.as_ref().and_then(|summary| summary.interrupted),
            status,
            jobs: self.plan.jobs,
            halted: self.halted.clone(),
            counts: counts(processes),
        }
    }

    fn outcome(&self, status: u8) -> (RunOutcome, String) {
        let Some(summary) = &self.summary else { return (RunOutcome::Lost, "flowrun itself could not go on".to_owned()) };
        if summary.unaccounted > 0 {
            return (RunOutcome::Lost, format!("{} processes are unaccounted for", summary.unaccounted));
        }
        match summary.interrupted {
            Some(signal) => (RunOutcome::Interrupted, words::interrupted(signal)),
            None if summary.timed_out => (RunOutcome::TimedOut, words::run_timeout(&self.plan)),
            None if status != 0 => (RunOutcome::Failed, "failed".to_owned()),
            None => (RunOutcome::Success, "succeeded".to_owned()),
        }
    }
}

fn counts(processes: &[Process]) -> Counts {
    let mut counts = Counts { processes: processes.len(), ..Counts::default() };
    for outcome in processes.iter().filter_map(|process| process.outcome.as_ref()) {
        let count = match outcome.kind {
            OutcomeKind::Success => &mut counts.success,
            OutcomeKind::Failed if outcome.allowed => &mut counts.allowed,
            OutcomeKind::Failed => &mut counts.failed,
            OutcomeKind::Skipped => &mut counts.skipped,
            OutcomeKind::Cancelled => &mut counts.cancelled,
            OutcomeKind::Stopped => &mut counts.stopped,
        };
        *count += 1;
    }
    counts
}

/// The last lines of a process; what is not UTF-8 is replaced.
fn lines(view: &RunView, process: ProcessId) -> Vec<String> {
    let text = |line: &[u8]| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
    view.last_lines(process).map(text).collect()
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
