//! What the scheduler sees of a process: conditions, bounds and times, nothing that could be run.

use std::time::Duration;

use crate::base::ids::{ProcessId, QueueId};
use crate::base::span::Span;
use crate::notice::Share;
use crate::source::model::{Backoff, Condition, OnTimeout, RestartPolicy};

/// What the scheduler sees of a process.
#[derive(Clone, Debug)]
pub struct Control {
    /// A background service.
    pub daemon: bool,
    /// Its `if` is false.
    pub disabled: bool,
    /// Its `if` reads outputs: it is asked for when the joins hold.
    pub decided_late: bool,
    /// It reads what this process writes, through a pipe: both start together.
    pub pipe_from: Option<ProcessId>,
    /// The queue for each of whose items it runs once, one after another; each worker is a process of its own.
    pub for_each: Option<QueueId>,
    /// What must have happened before it starts.
    pub joins: Vec<Join>,
    /// Held during each attempt.
    pub request: Vec<Share>,
    /// One entry for each step; a process with a plain command has one.
    pub steps: Vec<StepControl>,
    /// The longest wait for locks and permits.
    pub acquire_timeout: Option<Duration>,
    /// The longest attempt, waiting for locks not counted.
    pub timeout: Option<Duration>,
    /// Attempts after a failed one.
    pub retries: Retries,
    /// Whether a command runs before the stop signal.
    pub stop_command: bool,
    /// Between the first asking and the killing.
    pub grace: Duration,
    /// Exit codes that mean success.
    pub success_codes: Vec<i32>,
    /// A failure does not fail the run.
    pub allow_failure: bool,
    /// When it counts as ready; without it, when its last step was started.
    pub ready: Option<Readiness>,
    /// What is asked again and again once it is ready.
    pub live: Option<Liveness>,
    /// Daemons: whether one that ended is started again.
    pub restart: Restart,
    /// Daemons: stopped as soon as all that join it have ended.
    pub stop_unused: bool,
    /// Daemons: wanted for its own sake, so that the run lasts as long as it does, or until it is interrupted.
    pub wanted: bool,
}

impl Default for Control {
    /// One step, no joins, no locks, ten seconds of grace, success is 0.
    fn default() -> Self {
        Self {
            daemon: false,
            disabled: false,
            decided_late: false,
            pipe_from: None,
            for_each: None,
            joins: Vec::new(),
            request: Vec::new(),
            steps: vec![StepControl::default()],
            acquire_timeout: None,
            timeout: None,
            retries: Retries::default(),
            stop_command: false,
            grace: DEFAULT_GRACE,
            success_codes: vec![0],
            allow_failure: false,
            ready: None,
            live: None,
            restart: Restart::default(),
            stop_unused: false,
            wanted: false,
        }
    }
}

/// Between the stop signal and the killing, unless a process says otherwise.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// What the scheduler sees of a step.
#[derive(Clone, Debug, Default)]
pub struct StepControl {
    /// Held during the step, beside what the process holds.
    pub request: Vec<Share>,
    /// The longest run of this step.
    pub timeout: Option<Duration>,
    /// It does nothing but wait, and takes no job slot.
    pub only_waits: bool,
}

/// When probes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Between the start of the last step and the first probe.
    pub initial_delay: Duration,
    /// Between the first answer and the second probe; doubled after each further answer.
    pub first_interval: Duration,
    /// It grows no further.
    pub interval: Duration,
    /// The longest wait for one answer.
    pub timeout: Duration,
}

/// What the scheduler sees of a readiness condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it has to be asked for; otherwise it is seen to happen.
    pub polled: bool,
    /// When it is asked for.
    pub rhythm: Rhythm,
    /// The longest time from the start of the last step until it holds.
    pub within: Duration,
}

/// What the scheduler sees of a liveness condition; it is always asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// When it is asked for; the initial delay counts from when it was ready.
    pub rhythm: Rhythm,
    /// So many failed probes in a row are a failure of the process; at least 1.
    pub failures: u32,
}

/// Whether and how a daemon that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// After which ends.
    pub policy: RestartPolicy,
    /// The most restarts within the window.
    pub max: u32,
    /// The window.
    pub within: Duration,
    /// Before the first restart in a window.
    pub delay: Duration,
    /// How the delay grows with each further restart in the window.
    pub backoff: Backoff,
    /// It grows no further.
    pub max_delay: Option<Duration>,
}

impl Default for Restart {
    /// Never; else at most five times in a minute, after one second, doubled each time.
    fn default() -> Self {
        Self {
            policy: RestartPolicy::No,
            max: 5,
            within: Duration::from_secs(60),
            delay: Duration::from_secs(1),
            backoff: Backoff::Exponential,
            max_delay: None,
        }
    }
}

/// One process that is waited for.
#[derive(Clone, Debug)]
pub struct Join {
    /// Which.
    pub process: ProcessId,
    /// Until when.
    pub until: Condition,
    /// How long at most, counted from when the joins without a bound hold.
    pub timeout: Option<Duration>,
    /// What happens then.
    pub on_timeout: OnTimeout,
    /// Where it stands in the file.
    pub place: Span,
}

/// Attempts after a failed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// How many.
    pub count: u32,
    /// Before the second attempt.
    pub delay: Duration,
    /// How the delay grows.
    pub backoff: Backoff,
    /// It grows no further.
    pub max_delay: Option<Duration>,
    /// It is shortened by a random part.
    pub jitter: bool,
}
