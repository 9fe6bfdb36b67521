//! How commands, attempts and processes end.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::ids::ProcessId;
use crate::source::model::Condition;

/// How one command or built-in task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It never started: why.
    NotStarted(String),
}

impl Exit {
    /// The exit code as Python shows it: `-15` after signal 15; none for what never started.
    pub fn returncode(&self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(*code),
            Self::Signal(signal) => Some(-signal),
            Self::NotStarted(_) => None,
        }
    }
}

/// Why a process or an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It ended with a code that is not among its success codes.
    Code(i32),
    /// It was ended by a signal that flowrun did not send.
    Signal(i32),
    /// It ran longer than this.
    Timeout(Duration),
    /// It could not be started: why.
    NotStarted(String),
    /// It did not get its locks or permits.
    AcquireTimeout {
        /// It waited longer than this.
        bound: Duration,
        /// Who held any of them at the end, in the order of the file; ten at most, and none of other runs.
        held_by: Vec<ProcessId>,
    },
    /// A lock or permits that other runs share could not be had: why.
    HostLock(String),
    /// It was not ready within this.
    NeverReady {
        /// The bound.
        within: Duration,
        /// What the last probe said, if one was answered.
        why: Option<String>,
    },
    /// It ended with a success code before it was ready.
    EndedBeforeReady,
    /// It no longer answered as it should.
    NotLive {
        /// How many probes in a row had failed.
        failures: u32,
        /// What the last one said.
        why: String,
    },
    /// A daemon said that it was about to end, and had not after this.
    NeverEnded(Duration),
    /// A daemon fell more often than it may be restarted.
    FellTooOften {
        /// How often it may be restarted.
        max: u32,
        /// Within this.
        within: Duration,
        /// How it ended last; none when it did so with a success code.
        last: Option<Box<Failure>>,
    },
    /// It wrote what cannot be an item of a queue: why.
    BadItem(String),
    /// It could not do what items of its queue wanted: so many were set aside.
    ItemsSetAside(u32),
    /// It waited longer than this for another process.
    JoinTimeout {
        /// The one it waited for.
        process: ProcessId,
        /// The bound.
        timeout: Duration,
    },
}

/// Why a process was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its own `if` is false.
    Condition,
    /// A partner in its pipe was not started.
    Partner {
        /// The partner.
        process: ProcessId,
    },
    /// One of its joins can no longer hold.
    Join {
        /// The process it joins.
        process: ProcessId,
        /// The condition.
        until: Condition,
        /// What became of that process.
        because: OutcomeKind,
        /// Where it began, and what became of that one: the same process, unless it was skipped itself.
        root: (ProcessId, OutcomeKind),
    },
}

/// Why a process was cut off, or never begun, without fault of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// That process failed.
    Failure(ProcessId),
    /// A signal asked flowrun to end.
    Interrupt,
    /// The run's own `timeout` passed.
    RunTimeout,
    /// A daemon whose turn to start never came before the work ended.
    WorkEnded,
    /// It was asked to stop before it started.
    Requested,
    /// A daemon that nobody needs any more, before its turn to start came.
    Unused,
}

/// The end of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it should.
    Success,
    /// It did not.
    Failed {
        /// Why, of the last attempt.
        failure: Failure,
        /// Whether `allow_failure` keeps this from failing the run.
        allowed: bool,
    },
    /// It was never started, and need not have been.
    Skipped(SkipReason),
    /// It was cut off, or kept from starting, by the end of the run.
    Cancelled(CancelReason),
    /// A daemon stopped at the end, or a process stopped on request.
    Stopped,
}

/// An [`Outcome`] without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Did what it should.
    Success,
    /// Did not.
    Failed,
    /// Never started.
    Skipped,
    /// Cut off.
    Cancelled,
    /// Stopped on purpose.
    Stopped,
}

impl Outcome {
    /// The kind alone.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Success => OutcomeKind::Success,
            Self::Failed { .. } => OutcomeKind::Failed,
            Self::Skipped(_) => OutcomeKind::Skipped,
            Self::Cancelled(_) => OutcomeKind::Cancelled,
            Self::Stopped => OutcomeKind::Stopped,
        }
    }
    /// Whether it fails the run.
    pub fn fails_run(&self) -> bool {
        matches!(self, Self::Failed { allowed: false, .. })
    }
}
