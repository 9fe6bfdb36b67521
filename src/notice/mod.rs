//! What is told to people and machines: owned, serialisable, one vocabulary for every reader.
//!
//! The scheduler tells most notices, the runner adds output and trouble of its own. Nothing in here
//! decides anything, and no notice is ever read by what decides.

mod event;
mod outcome;
mod texts;

pub use event::Event;
pub use outcome::{CancelReason, Exit, Failure, Outcome, OutcomeKind, SkipReason};

use serde::{Deserialize, Serialize};

use crate::base::ids::{ProcessId, ResourceId, Section};
use crate::base::time::RunTime;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// When, in the run's own time (seconds).
    pub at: RunTime,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Which of a process's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A lock or permits that are asked for or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The lock or semaphore.
    pub resource: ResourceId,
    /// Whether others may hold it at the same time in this mode (a lock held shared).
    pub shared: bool,
    /// How many permits; 1 for locks.
    pub permits: u32,
}

/// Who asks for locks and permits: a process by its declaration, or a section that runs inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Owner {
    /// The process.
    pub process: ProcessId,
    /// Its section; none for what it declares.
    pub section: Option<Section>,
}

impl From<ProcessId> for Owner {
    fn from(process: ProcessId) -> Self {
        Self { process, section: None }
    }
}

/// Who holds a lock or permits that other runs share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostHolder {
    /// The run's id; none for a command outside of runs.
    pub run: Option<String>,
    /// The run's workflow.
    pub workflow: Option<String>,
    /// The process of that run, or the command.
    pub process: String,
    /// The number of the program that keeps the lock.
    pub pid: u32,
}

/// Why a process is asked to end before its time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// An attempt ran longer than its `timeout`.
    Timeout,
    /// Another process or a person asked for it.
    Requested,
    /// A person asked for it to be begun anew.
    Restart,
    /// All finite work has ended and this daemon is not needed any more.
    WorkEnded,
    /// The run is being stopped.
    RunStopped,
    /// It was not ready in time.
    NotReady,
    /// It no longer answers as it should.
    NotLive,
    /// It said that it was about to end, and has not.
    NeverEnded,
    /// All that join it have ended, and it is wanted for nothing else.
    Unused,
    /// It wrote what cannot be an item of a queue.
    BadItem,
}

/// Why the run starts no more regular work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltReason {
    /// A process failed and the policy is not `continue`.
    Failure {
        /// Which.
        process: ProcessId,
    },
    /// A signal asked flowrun to end.
    Interrupt {
        /// Its number.
        signal: i32,
    },
    /// The run's own `timeout` passed.
    Timeout,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Processes that failed and were not allowed to.
    pub failed: usize,
    /// Queues that were abandoned, or whose items were set aside without a process to blame for it.
    #[serde(default)]
    pub queues: usize,
    /// The signal that interrupted it.
    pub interrupted: Option<i32>,
    /// Whether its own `timeout` passed.
    pub timed_out: bool,
    /// Processes without an outcome: never more than 0 unless flowrun itself is broken.
    pub unaccounted: usize,
}
