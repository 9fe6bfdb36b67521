//! What every reporter wants to know of the run, kept up to date from notices.
//!
//! Here is what can be asked; `apply` takes in what happens. Knows nothing of how it is shown. A process costs about
//! a hundred bytes and a success leaves nothing behind but counts, so that a run of 100,000 processes stays small; lists
//! of what is alive and of what waits are kept apart, so that drawing never scans all processes.

mod apply;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::sections::{Gets, Sections};
use super::state::Record;
pub use super::state::{Counts, End, State};
use super::waiters::{Holder, Places, Waiters};
use crate::base::ids::{DenseMap, ProcessId, QueueId, ResourceId};
use crate::base::time::RunTime;
use crate::notice::{HaltReason, HostHolder, RunSummary, Share};
use crate::plan::Plan;

/// The run as far as it has been told.
#[derive(Clone, Debug)]
pub struct RunView {
    plan: Arc<Plan>,
    records: DenseMap<ProcessId, Record>,
    waiters: Waiters,
    sections: Sections,
    gets: Gets,
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
            gets: Gets::default(),
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
    /// When the first command of the current attempt was started; of what has ended, that of its first attempt.
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
    /// The last lines a process wrote, while it runs, when it failed or when the run's timeout cut it off.
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
    /// The queue from which a process, while it runs, waits for an item.
    pub fn awaited_queue(&self, process: ProcessId) -> Option<QueueId> {
        self.gets.oldest(process)
    }
    /// The wanted resource with the most holders and earlier waiters, and how many these are.
    pub fn longest_queue(&self, process: ProcessId) -> Option<(ResourceId, usize)> {
        let (wants, ticket) = self.wait(process)?;
        let queues = wants.iter().map(|share| (share.resource, self.waiters.ahead(ticket, share.resource)));
        queues.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
    /// How many hold or wait before each that waits.
    pub fn places(&self) -> Places {
        self.waiters.places()
    }
    /// How many ended how.
    pub fn counts(&self) -> Counts {
        self.counts
    }
    /// What failed, was skipped or was cancelled, in the order in which it ended.
    pub fn troubles(&self) -> &[End] {
        &self.troubles
    }
    /// The finite processes, and the daemons that failed, that took longest, from first start to end, the slowest first.
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
}

#[cfg(test)]
mod tests;
