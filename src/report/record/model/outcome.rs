//! How something ended, and why: facts for programs, a sentence for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;
use crate::notice::OutcomeKind;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The word for it.
    pub kind: OutcomeKind,
    /// Whether it failed and was allowed to.
    pub allowed: bool,
    /// Why; none for `success` and `stopped`.
    pub reason: Option<Reason>,
}

/// Why something ended as it did: the facts that belong to its kind, and a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What it was.
    pub kind: ReasonKind,
    /// The same in words.
    pub text: String,
    /// The exit code, for `exit_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The number of the signal, for `signal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The bound that was passed (seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The other process that it has to do with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Name>,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Failed: its exit code is none of its success codes.
    ExitCode,
    /// Failed: a signal ended it that flowrun did not send.
    Signal,
    /// Failed: it ran too long.
    Timeout,
    /// Failed: it could not be started.
    NotStarted,
    /// Failed: it waited too long for locks or permits.
    AcquireTimeout,
    /// Failed: a lock that runs share could not be had.
    HostLock,
    /// Failed: it was not ready in time.
    NeverReady,
    /// Failed: it ended before it was ready.
    EndedBeforeReady,
    /// Failed: it no longer answered as it should.
    NotLive,
    /// Failed: it said that it was about to end, and did not.
    NeverEnded,
    /// Failed: it fell more often than it may be restarted.
    FellTooOften,
    /// Failed: it wrote what cannot be an item of a queue.
    BadItem,
    /// Failed: items of its queue were set aside.
    ItemsSetAside,
    /// Failed: it waited too long for another process.
    JoinTimeout,
    /// Skipped: its `if` is false.
    Condition,
    /// Skipped: a partner in its pipe was not started.
    Partner,
    /// Skipped: one of its joins could no longer hold.
    Join,
    /// Cancelled: another process failed.
    Failure,
    /// Cancelled: a signal ended the run.
    Interrupt,
    /// Cancelled: the run's own timeout passed.
    RunTimeout,
    /// Cancelled: the work ended before its turn came.
    WorkEnded,
    /// Cancelled: it was asked to stop before it started.
    Requested,
    /// Cancelled: nothing that needs it was left.
    Unused,
}
