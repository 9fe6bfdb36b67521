//! What every reporter wants to know of the run, kept up to date from notices.
//!
//! Knows nothing of how it is shown. A process costs about a hundred bytes and a success leaves nothing
//! behind but counts, so that a run of 100,000 processes stays small; lists of what is alive and of what
//! waits are kept apart, so that drawing never scans all processes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::sections::Sections;
pub use super::state::{Counts, End, State};
use super::state::{Record, Remarks};
use super::waiters::{Holder, Part, Waiters};
use super::words;
use crate::base::ids::{DenseMap, JobId, ProcessId, ResourceId, Section};
use crate::base::time::RunTime;
use crate::notice::{Event, Exit, HaltReason, HostHolder, Notice, Outcome, RunSummary, Share};
use crate::plan::Plan;

/// How many of the slowest processes and of the warnings are remembered.
const SLOWEST: usize = 3;
const WARNINGS: usize = 10;

/// The run as far as it has been told.
#[derive(Clone, Debug)]
pub struct RunView {
    plan: Arc<Plan>,
    records: DenseMap<ProcessId, Record>,
    waiters: Waiters,
    sections: Sections,
    live: BTreeSet<ProcessId>,
    queued: BTreeSet<ProcessId>,
    counts: Counts,
    troubles: Vec<End>,
    slowest: Vec<(Duration, ProcessId)>,
    warnings: Vec<(Option<ProcessId>, String)>,
    warned: usize,
    halted: Option<HaltReason>,
    suspended: bool,
    began: RunTime,
    latest: RunTime,
    summary: Option<RunSummary>,
}

impl RunView {
    /// Before the first notice.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            records: plan.processes.iter().map(|_| Record::default()).collect(),
            waiters: Waiters::new(plan.resources.len()),
            sections: Sections::default(),
            plan,
            live: BTreeSet::new(),
            queued: BTreeSet::new(),
            counts: Counts::default(),
            troubles: Vec::new(),
            slowest: Vec::new(),
            warnings: Vec::new(),
            warned: 0,
            halted: None,
            suspended: false,
            began: RunTime::ZERO,
            latest: RunTime::ZERO,
            summary: None,
        }
    }
    /// The plan that is run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Where a process is in its life.
    pub fn state(&self, process: ProcessId) -> &State {
        &self.records[process].state
    }
    /// When the first command of the current attempt was started.
    pub fn begun(&self, process: ProcessId) -> Option<RunTime> {
        self.records[process].begun
    }
    /// Since when a process is where it is.
    pub fn since(&self, process: ProcessId) -> RunTime {
        self.records[process].since
    }
    /// The system's number of what was started last, while it is alive.
    pub fn pid(&self, process: ProcessId) -> Option<u32> {
        let record = &self.records[process];
        record.pid.filter(|_| matches!(record.state, State::Running { .. } | State::Stopping { .. }))
    }
    /// The exit code of a process that has its outcome, as Python shows it.
    pub fn code(&self, process: ProcessId) -> Option<i32> {
        self.records[process].code
    }
    /// What a process says of itself.
    pub fn said(&self, process: ProcessId) -> Option<&str> {
        self.records[process].remarks.as_ref()?.said.as_deref()
    }
    /// Why a process is not ready yet, or does not answer as it should.
    pub fn probe_trouble(&self, process: ProcessId) -> Option<&str> {
        self.records[process].remarks.as_ref()?.probe.as_deref()
    }
    /// What a process waits for that others on this machine hold, and who they are.
    pub fn held_elsewhere(&self, process: ProcessId) -> Option<(ResourceId, &[HostHolder])> {
        let (resource, holders) = self.records[process].remarks.as_ref()?.elsewhere.as_ref()?;
        Some((*resource, holders))
    }
    /// Which attempt is the current one.
    pub fn attempt(&self, process: ProcessId) -> u32 {
        self.records[process].attempt
    }
    /// The last lines a process wrote, while it runs or when it failed.
    pub fn last_lines(&self, process: ProcessId) -> impl Iterator<Item = &[u8]> {
        self.records[process].tail.iter().flat_map(|tail| tail.lines())
    }
    /// Processes that run, stop or wait for another attempt, in file order.
    pub fn live(&self) -> impl ExactSizeIterator<Item = ProcessId> + '_ {
        self.live.iter().copied()
    }
    /// Processes whose attempt has not begun, because it waits for locks, permits or a job slot, in file order.
    pub fn queued(&self) -> impl ExactSizeIterator<Item = ProcessId> + '_ {
        self.queued.iter().copied()
    }
    /// Who holds a resource.
    pub fn holders(&self, resource: ResourceId) -> impl Iterator<Item = Holder> + '_ {
        self.waiters.holders(resource)
    }
    /// What a process, or else the oldest section of it that waits, asks for, and its place in the queues.
    pub fn wait(&self, process: ProcessId) -> Option<(&[Share], u64)> {
        match self.state(process) {
            State::Queued { wants, ticket: Some(ticket), .. } => Some((wants, *ticket)),
            State::Running { .. } | State::Stopping { .. } => self.sections.oldest(process),
            _ => None,
        }
    }
    /// The wanted resource with the most holders and earlier waiters, and how many these are.
    pub fn longest_queue(&self, process: ProcessId) -> Option<(ResourceId, usize)> {
        let (wants, ticket) = self.wait(process)?;
        let queues = wants.iter().map(|share| (share.resource, self.waiters.ahead(ticket, share.resource)));
        queues.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
    /// How many ended how.
    pub fn counts(&self) -> Counts {
        self.counts
    }
    /// What failed, was skipped or was cancelled, in the order in which it ended.
    pub fn troubles(&self) -> &[End] {
        &self.troubles
    }
    /// The finite processes that took longest, from first start to end, the slowest first.
    pub fn slowest(&self) -> &[(Duration, ProcessId)] {
        &self.slowest
    }
    /// The first warnings.
    pub fn warnings(&self) -> &[(Option<ProcessId>, String)] {
        &self.warnings
    }
    /// How many warnings there were.
    pub fn warned(&self) -> usize {
        self.warned
    }
    /// Why no more regular work is started.
    pub fn halted(&self) -> Option<&HaltReason> {
        self.halted.as_ref()
    }
    /// Whether the whole run is suspended.
    pub fn suspended(&self) -> bool {
        self.suspended
    }
    /// How the run ended.
    pub fn summary(&self) -> Option<&RunSummary> {
        self.summary.as_ref()
    }
    /// From the start of the run to `now`.
    pub fn elapsed(&self, now: RunTime) -> Duration {
        now.since(self.began)
    }
    /// From the start of the run to the last notice.
    pub fn length(&self) -> Duration {
        self.elapsed(self.latest)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, notice: &Notice) {
        self.latest = notice.at;
        match &notice.event {
            Event::RunStarted { .. } => self.began = notice.at,
            Event::Queued { job, step, wants } => self.queue(*job, *step, wants),
            Event::Acquired { job, step, holds } => self.acquire(*job, *step, holds),
            Event::HeldElsewhere { job, resource, holders, .. } => {
                self.remarks(job.process).elsewhere = Some((*resource, holders.clone()));
            }
            Event::Withdrawn { job, step, wanted: freed } | Event::Released { job, step, freed } => self.release(*job, *step, freed),
            Event::SectionQueued { process, section, wants } => {
                self.sections.enter(*process, *section, wants, self.waiters.enter(wants));
            }
            Event::SectionAcquired { process, section, holds } => {
                self.section_waits_no_more(*process, *section);
                self.waiters.hold((*process, Part::Section(*section)), holds);
            }
            Event::SectionWithdrawn { process, section, .. } => self.section_waits_no_more(*process, *section),
            Event::SectionReleased { process, section, freed } => self.waiters.release((*process, Part::Section(*section)), freed),
            Event::Started { job, step, pid } => self.start(*job, *step, *pid, notice.at),
            Event::Ready { job } => self.become_ready(*job),
            Event::ProbeFailed { job, why, .. } => self.remarks(job.process).probe = Some(why.clone()),
            Event::SaidStatus { process, text } => self.remarks(*process).said = Some(text.clone()).filter(|text| !text.is_empty()),
            Event::Stopping { job, reason, grace } => {
                let state = State::Stopping { since: notice.at, grace: *grace, reason: reason.clone(), killed: false };
                self.change(job.process, state);
            }
            Event::Killing { job, .. } => {
                if let State::Stopping { killed, .. } = &mut self.records[job.process].state {
                    *killed = true;
                }
            }
            Event::Retrying { job, attempts, delay, .. } => {
                let state = State::Retrying { until: notice.at + *delay, attempt: job.attempt + 1, attempts: *attempts };
                self.change(job.process, state);
            }
            Event::Restarting { job, restarts, max, delay, .. } => {
                let state = State::Restarting { until: notice.at + *delay, restart: *restarts, max: *max };
                self.change(job.process, state);
            }
            Event::WaitsForItem { job, queue } => self.change(job.process, State::Idle { queue: *queue }),
            Event::ItemSetAside { queue, item, deliveries } => self.warn(None, words::set_aside(&self.plan, *queue, item, *deliveries)),
            Event::QueueAbandoned { queue, left } => self.warn(None, words::abandoned(&self.plan, *queue, *left)),
            Event::Ended { process, outcome, exit, attempts, started } => {
                let end = End { process: *process, outcome: outcome.clone(), exit: exit.clone(), attempts: *attempts, took: None };
                self.end(end, *started, notice.at);
            }
            Event::Output { process, lines, .. } => {
                let record = &mut self.records[*process];
                if !matches!(record.state, State::Ended(_)) {
                    record.tail.get_or_insert_default().push(lines);
                }
            }
            Event::Halted { reason } => self.halted = Some(reason.clone()),
            Event::Warning { process, message } => self.warn(*process, message.clone()),
            Event::Left { job, processes, kept: false } => self.warn(Some(job.process), words::left(processes, false)),
            Event::RunEnded { summary } => self.summary = Some(summary.clone()),
            Event::Suspended => self.suspended = true,
            Event::Resumed => self.suspended = false,
            Event::BeginningAnew { .. }
            | Event::ItemDone { .. }
            | Event::ItemFailed { .. }
            | Event::QueueClosed { .. }
            | Event::StatusAsked
            | Event::WaitingFor { .. }
            | Event::KillingAll { .. }
            | Event::Left { kept: true, .. } => {}
        }
    }

    fn warn(&mut self, process: Option<ProcessId>, message: String) {
        self.warned += 1;
        if self.warnings.len() < WARNINGS {
            self.warnings.push((process, message));
        }
    }

    fn renew(&mut self, job: JobId) -> &mut Record {
        let record = &mut self.records[job.process];
        if record.attempt != job.attempt {
            (record.attempt, record.begun, record.tail, record.remarks) = (job.attempt, None, None, None);
        }
        record
    }

    fn queue(&mut self, job: JobId, step: Option<u32>, wants: &[Share]) {
        self.renew(job);
        let ticket = Some(self.waiters.enter(wants));
        self.change(job.process, State::Queued { step, wants: wants.to_vec(), ticket });
    }

    fn acquire(&mut self, job: JobId, step: Option<u32>, holds: &[Share]) {
        self.leave_queue(job.process);
        self.waiters.hold((job.process, step.into()), holds);
    }

    fn release(&mut self, job: JobId, step: Option<u32>, freed: &[Share]) {
        if matches!(self.state(job.process), State::Queued { step: waiting, ticket: Some(_), .. } if *waiting == step) {
            self.leave_queue(job.process);
        } else {
            self.waiters.release((job.process, step.into()), freed);
        }
    }

    fn section_waits_no_more(&mut self, process: ProcessId, section: Section) {
        if let Some((wanted, ticket)) = self.sections.leave(process, section) {
            self.waiters.leave(ticket, &wanted);
        }
    }

    fn start(&mut self, job: JobId, step: u32, pid: Option<u32>, at: RunTime) {
        let record = self.renew(job);
        record.begun.get_or_insert(at);
        record.pid = pid;
        self.change(job.process, State::Running { step, ready: false });
    }

    fn become_ready(&mut self, job: JobId) {
        if let Some(remarks) = &mut self.records[job.process].remarks {
            remarks.probe = None;
        }
        if let State::Running { step, .. } = *self.state(job.process) {
            self.change(job.process, State::Running { step, ready: true });
        }
    }

    fn remarks(&mut self, process: ProcessId) -> &mut Remarks {
        self.records[process].remarks.get_or_insert_default()
    }

    fn end(&mut self, mut end: End, started: Option<RunTime>, at: RunTime) {
        let process = end.process;
        end.took = self.records[process].begun.map(|begun| at.since(begun));
        self.counts.add(&end.outcome);
        if let (Some(started), false) = (started, self.plan.processes[process].control.daemon) {
            self.slowest.push((at.since(started), process));
            self.slowest.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
            self.slowest.truncate(SLOWEST);
        }
        self.change(process, State::Ended(end.outcome.kind()));
        self.records[process].code = end.exit.as_ref().and_then(Exit::returncode);
        let failed = matches!(end.outcome, Outcome::Failed { .. });
        self.records[process].remarks = None;
        let tail = &mut self.records[process].tail;
        tail.take_if(|_| !failed);
        if let Some(tail) = tail {
            tail.close();
        }
        if !matches!(end.outcome, Outcome::Success | Outcome::Stopped) {
            self.troubles.push(end);
        }
    }

    fn leave_queue(&mut self, process: ProcessId) {
        if let Some(remarks) = &mut self.records[process].remarks {
            remarks.elsewhere = None;
        }
        if let State::Queued { wants, ticket, .. } = &mut self.records[process].state
            && let Some(ticket) = ticket.take()
        {
            self.waiters.leave(ticket, wants);
        }
    }

    /// The one place where a process changes its state.
    fn change(&mut self, process: ProcessId, state: State) {
        self.leave_queue(process);
        let (live, queued) = match &state {
            State::Waiting | State::Ended(_) => (false, false),
            State::Queued { .. } if self.records[process].begun.is_none() => (false, true),
            State::Queued { .. }
            | State::Running { .. }
            | State::Stopping { .. }
            | State::Retrying { .. }
            | State::Restarting { .. }
            | State::Idle { .. } => (true, false),
        };
        set(&mut self.live, process, live);
        set(&mut self.queued, process, queued);
        self.records[process].state = state;
        self.records[process].since = self.latest;
    }
}

fn set(among: &mut BTreeSet<ProcessId>, process: ProcessId, member: bool) {
    if member {
        among.insert(process);
    } else {
        among.remove(&process);
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
