//! The states of a process: one line each.

use std::time::Duration;

use super::locks::{Grant, Ticket};
use crate::base::time::RunTime;
use crate::notice::{Exit, Failure, Outcome, StopReason};

/// Where a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Some of its joins do not hold yet.
    Waiting,
    /// An attempt waits for locks, permits or a job slot; `step` is none before its first step.
    Queued { ticket: Ticket, step: Option<u32> },
    /// A step runs.
    Running { step: u32 },
    /// A step runs and was asked to end.
    Stopping { step: u32, phase: StopPhase },
    /// Between two attempts.
    Delaying,
    /// It has its outcome.
    Ended,
}

/// How far the asking to end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopPhase {
    /// Its stop command runs.
    Command,
    /// It got its stop signal.
    Signalled,
    /// It was killed.
    Killed,
}

/// Everything the core keeps of a process.
#[derive(Debug)]
pub struct Process {
    pub state: State,
    /// Attempts begun; the current one's number.
    pub attempt: u32,
    /// Joins that do not hold yet, and those among them without a bound.
    pub unmet: u32,
    pub unmet_unbounded: u32,
    /// Which joins are settled; kept only where a join has a bound.
    pub settled: Vec<bool>,
    /// Held for the attempt, and for the step that runs.
    pub held: Option<Grant>,
    pub step_held: Option<Grant>,
    pub has_slot: bool,
    /// What is left of the attempt's time, and since when it is running down.
    pub time_left: Option<Duration>,
    pub running_since: RunTime,
    /// Whether the step that runs was told to have started.
    pub step_told: bool,
    /// Why it was asked to end.
    pub stop_reason: Option<StopReason>,
    /// The bound that its attempt or step broke.
    pub broken_bound: Option<Duration>,
    /// Why its last attempt failed.
    pub last_failure: Option<Failure>,
    pub last_exit: Option<Exit>,
    /// Whether a start was ever asked for, and when one was first told of.
    pub begun: bool,
    pub started: Option<RunTime>,
    pub outcome: Option<Outcome>,
}

impl Process {
    pub fn new(unmet: u32, unmet_unbounded: u32, settled: Vec<bool>) -> Self {
        Self {
            state: State::Waiting,
            attempt: 0,
            unmet,
            unmet_unbounded,
            settled,
            held: None,
            step_held: None,
            has_slot: false,
            time_left: None,
            running_since: RunTime::ZERO,
            step_told: false,
            stop_reason: None,
            broken_bound: None,
            last_failure: None,
            last_exit: None,
            begun: false,
            started: None,
            outcome: None,
        }
    }
}
