//! The states of a process: one line each.

use std::time::Duration;

use super::locks::{Grant, Ticket};
use super::probes::Probes;
use super::protocol::Delivery;
use super::restart::Restarts;
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
    /// A worker of a `for_each` waits for an item.
    Idle,
    /// It has its outcome.
    Ended,
}

impl State {
    /// Whether the first step of the next attempt has not begun, be it the first attempt or another.
    pub fn is_before_attempt(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued { step: None | Some(0), .. } | Self::Delaying | Self::Idle)
    }
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

/// How a join stands that may change more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is waited for.
    No,
    /// It holds.
    Holds,
    /// It was waited for long enough.
    GivenUp,
}

/// What is known of how the current attempt does.
#[derive(Debug, Default)]
pub struct Health {
    /// Whether it was ready at some time.
    pub readied: bool,
    /// Whether it said that it is about to end.
    pub leaving: bool,
    pub probes: Probes,
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
    /// How each join stands; kept only where one has a bound or waits until the other is ready.
    pub settled: Vec<Settled>,
    /// Whether its `if` was asked for and the joins have held since.
    pub asked: bool,
    /// Whether it waits only for its partners in a pipe.
    pub willing: bool,
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
    /// Why its attempt has failed, when that is why it was asked to end.
    pub cause: Option<Failure>,
    /// Whether it was asked to end so that it can be begun anew.
    pub anew: bool,
    /// Attempts that were stopped to be begun anew: they count for no bound.
    pub uncounted: u32,
    pub health: Health,
    pub restarts: Restarts,
    /// For a daemon that is stopped when unused: processes that use it and have not ended; none for others.
    pub users: Option<u32>,
    /// A worker of a `for_each`: the item it has in work, and how many it failed with for the last time.
    pub item: Option<Delivery>,
    pub set_aside: u32,
    /// Why its last attempt failed.
    pub last_failure: Option<Failure>,
    pub last_exit: Option<Exit>,
    /// Whether a start was ever asked for, and when one was first told of.
    pub begun: bool,
    pub started: Option<RunTime>,
    pub outcome: Option<Outcome>,
}

impl Process {
    pub fn new(unmet: u32, unmet_unbounded: u32, settled: Vec<Settled>) -> Self {
        Self {
            state: State::Waiting,
            attempt: 0,
            unmet,
            unmet_unbounded,
            settled,
            asked: false,
            willing: false,
            held: None,
            step_held: None,
            has_slot: false,
            time_left: None,
            running_since: RunTime::ZERO,
            step_told: false,
            stop_reason: None,
            cause: None,
            anew: false,
            uncounted: 0,
            health: Health::default(),
            restarts: Restarts::default(),
            users: None,
            item: None,
            set_aside: 0,
            last_failure: None,
            last_exit: None,
            begun: false,
            started: None,
            outcome: None,
        }
    }
}
