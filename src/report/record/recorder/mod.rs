//! Takes notices and makes a report of them.
//!
//! Here is what is known and where each notice is entered; `course` has what that does to the attempts of a process,
//! `finish` makes the report when all is over.
//!
//! Decides nothing: each notice is entered where it belongs, in the order in which it was told. Asks the view for
//! nothing but the last lines of output. Cheap enough to stand beside the loop: a notice costs what it changes.

mod course;
mod finish;

use std::sync::Arc;

use super::attempts::Attempts;
use super::context::Context;
use super::inner_waits::{Asker, InnerWaits};
use super::joins::{Joins, Milestones};
use super::model::{AttemptOutcome, Halted, Name, Outcome, Wait, WaitKind, Warning};
use super::queues::Queues;
use super::uses::Uses;
use crate::base::ids::{DenseMap, JobId, ProcessId};
use crate::base::time::RunTime;
use crate::notice::{Event, Exit, Notice, RunSummary};
use crate::plan::Plan;
use crate::report::waiters::Part;
use crate::report::{RunView, words};

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
    inner_waits: InnerWaits,
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
            inner_waits: InnerWaits::default(),
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
                self.uses.ask(*job, &self.names[job.process], Part::from(*step), wants, at);
                let kind = if wants.is_empty() { WaitKind::Slot } else { WaitKind::Locks };
                let wants = self.shares(wants);
                self.leave_slot(job.process, at);
                self.attempt(*job, at).wait(kind, *step, wants, at);
            }
            Event::Acquired { job, step, holds } => {
                let freed_by = self.uses.have(*job, &self.names[job.process], Part::from(*step), holds, at);
                let shares = self.shares(holds);
                let attempt = self.attempt(*job, at);
                if let Some(wait) = attempt.end_wait(at, true).filter(|wait| wait.kind == WaitKind::Locks) {
                    wait.freed_by = freed_by;
                }
                attempt.hold(*step, shares, at);
            }
            Event::Withdrawn { job, step, wanted } => {
                self.uses.withdraw(*job, Part::from(*step), wanted, at);
                self.attempt(*job, at).end_wait(at, false);
            }
            Event::Released { job, step, freed } => {
                self.uses.give_back(*job, &self.names[job.process], Part::from(*step), freed, at);
                self.attempt(*job, at).give_back(*step, at);
            }
            Event::SectionQueued { process, section, wants: shares }
            | Event::SectionAcquired { process, section, holds: shares }
            | Event::SectionWithdrawn { process, section, wanted: shares }
            | Event::SectionReleased { process, section, freed: shares } => {
                let job = JobId { process: *process, attempt: view.attempt(*process) };
                let (name, part) = (&self.names[*process], Part::Section(*section));
                let asker = Asker::Section(*section);
                match &notice.event {
                    Event::SectionQueued { .. } => {
                        self.uses.ask(job, name, part, shares, at);
                        let wants = self.shares(shares);
                        self.begin_inner_wait(*process, asker, Wait { wants, ..Wait::new(WaitKind::Locks, at) });
                    }
                    Event::SectionAcquired { .. } => {
                        let freed_by = self.uses.have(job, name, part, shares, at);
                        self.end_inner_wait(*process, asker, true, freed_by, at);
                    }
                    Event::SectionReleased { .. } => self.uses.give_back(job, name, part, shares, at),
                    _ => {
                        self.uses.withdraw(job, part, shares, at);
                        self.end_inner_wait(*process, asker, false, None, at);
                    }
                }
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
            Event::GetWaits { job, get, queue } => {
                let queue = Some(self.queues.name(*queue));
                self.begin_inner_wait(job.process, Asker::Get(*get), Wait { queue, ..Wait::new(WaitKind::Items, at) });
            }
            Event::GetOver { job, get, granted, .. } => self.end_inner_wait(job.process, Asker::Get(*get), *granted, None, at),
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
            | Event::Left { kept: true, .. } => {}
        }
    }

    fn warn(&mut self, process: Option<ProcessId>, text: String, at: RunTime) {
        if self.warnings.len() < WARNINGS {
            let process = process.map(|process| self.names[process].clone());
            self.warnings.push(Warning { at, process, text });
        } else {
            self.warnings_left_out += 1;
        }
    }
}

/// The last lines of a process; what is not UTF-8 is replaced.
fn lines(view: &RunView, process: ProcessId) -> Vec<String> {
    let text = |line: &[u8]| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
    view.last_lines(process).map(text).collect()
}

#[cfg(test)]
mod tests;
