//! What is known of one process, and how many ended how: plain data.
//!
//! Knows nothing of the order of events; the view fills it in. Kept small: there may be 100,000 of them.

use std::time::Duration;

use super::tail::Tail;
use crate::base::ids::{ProcessId, QueueId, ResourceId};
use crate::base::time::RunTime;
use crate::notice::{Exit, HostHolder, Outcome, OutcomeKind, Share, StopReason};

/// Where a process is in its life.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// For its joins.
    #[default]
    Waiting,
    /// For locks, permits or a job slot.
    Queued {
        /// The step that waits; none when the whole process does.
        step: Option<u32>,
        /// What it asks for.
        wants: Vec<Share>,
        /// Its place in the queues; none when it holds what it wants.
        ticket: Option<u64>,
    },
    /// Its command runs.
    Running {
        /// Which step.
        step: u32,
        /// Whether it is ready.
        ready: bool,
    },
    /// It was asked to end.
    Stopping {
        /// When.
        since: RunTime,
        /// How long it may take.
        grace: Duration,
        /// Why.
        reason: StopReason,
        /// Whether it has been killed since.
        killed: bool,
    },
    /// It failed and another attempt follows.
    Retrying {
        /// When.
        until: RunTime,
        /// The attempt to come.
        attempt: u32,
        /// How many there may be.
        attempts: u32,
    },
    /// It ended and is started again.
    Restarting {
        /// When.
        until: RunTime,
        /// Which restart within its window, from 1.
        restart: u32,
        /// How many there may be.
        max: u32,
    },
    /// For an item of a queue.
    Idle {
        /// Which queue.
        queue: QueueId,
    },
    /// It has its outcome.
    Ended(OutcomeKind),
}

/// One process.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Where it is in its life.
    pub state: State,
    /// Which attempt is the current one, from 1.
    pub attempt: u32,
    /// When the first command of this attempt was started.
    pub begun: Option<RunTime>,
    /// Since when it is where it is.
    pub since: RunTime,
    /// The system's number of the command that was started last.
    pub pid: Option<u32>,
    /// The exit code of its last command, as Python shows it, once it has its outcome.
    pub code: Option<i32>,
    /// What is known of it beside.
    pub remarks: Option<Box<Remarks>>,
    /// Its last lines, while it runs, when it failed or when the run's timeout cut it off.
    pub tail: Option<Box<Tail>>,
    /// The last lines of the first attempt that used up its item's last delivery: that is what it fails for.
    pub of_item: Option<Box<Tail>>,
}

/// What few processes have.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    /// What it says of itself.
    pub said: Option<String>,
    /// Why it is not ready yet, or does not answer as it should.
    pub probe: Option<String>,
    /// What it waits for that others on this machine hold.
    pub elsewhere: Option<(ResourceId, Vec<HostHolder>)>,
}

/// The end of a process that is worth telling.
#[derive(Clone, Debug)]
pub struct End {
    /// Which.
    pub process: ProcessId,
    /// How.
    pub outcome: Outcome,
    /// How its last command ended.
    pub exit: Option<Exit>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// How long the last attempt took.
    pub took: Option<Duration>,
}

/// How many processes ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Did what they should.
    pub succeeded: usize,
    /// Failed and were not allowed to.
    pub failed: usize,
    /// Failed and were allowed to.
    pub allowed: usize,
    /// Never started and need not have been.
    pub skipped: usize,
    /// Cut off.
    pub cancelled: usize,
    /// Stopped on purpose.
    pub stopped: usize,
}

impl Counts {
    /// All that have ended.
    pub fn ended(&self) -> usize {
        self.succeeded + self.failed + self.allowed + self.skipped + self.cancelled + self.stopped
    }
    /// One more.
    pub fn add(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Success => &mut self.succeeded,
            Outcome::Failed { allowed: false, .. } => &mut self.failed,
            Outcome::Failed { allowed: true, .. } => &mut self.allowed,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Cancelled(_) => &mut self.cancelled,
            Outcome::Stopped => &mut self.stopped,
        };
        *count += 1;
    }
}
