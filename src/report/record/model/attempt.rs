//! One attempt at a process: its waits, what it held, what it ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Name, Reason, Share};
use crate::base::time::RunTime;

/// One attempt at a process: the only one of most; another for each retry, restart and item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// When it began to wait for what it needs, or to run.
    pub from: RunTime,
    /// When it ended; none only when the run was lost.
    pub to: Option<RunTime>,
    /// What it waited for, in order.
    pub waits: Vec<Wait>,
    /// What its commands asked for themselves while they ran, and had to wait for: locks and permits of sections
    /// (`flowrun lock`), and items (`flowrun queue get`). The longest, in the order in which they began; they may
    /// overlap. None in reports of programs that did not tell them.
    #[serde(default)]
    pub inner_waits: Vec<Wait>,
    /// How many more of these there were.
    #[serde(default)]
    pub inner_waits_left_out: u64,
    /// Which locks and permits it held, in the order in which it got them.
    pub holds: Vec<Hold>,
    /// The commands and tasks that ran, in order.
    pub steps: Vec<Step>,
    /// When it was ready, where that is more than being started.
    pub ready: Option<RunTime>,
    /// From when on it was asked to end before its time.
    pub stopping: Option<Stopping>,
    /// How it ended; none only when the run was lost.
    pub outcome: Option<AttemptOutcome>,
    /// Why it failed, was cancelled or begun anew.
    pub reason: Option<Reason>,
    /// The last lines of output, without line breaks, if it failed, was restarted, was warned of or was cut off by the
    /// run's own timeout; at most ten lines and 4 KiB.
    pub last_lines: Vec<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It did what it should.
    Success,
    /// It did not.
    Failed,
    /// It was cut off by the end of the run, or by a withdrawal of its process.
    Cancelled,
    /// It was stopped on purpose.
    Stopped,
    /// Somebody asked for the process to be begun anew.
    BegunAnew,
}

/// A time in which an attempt waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// For what.
    pub kind: WaitKind,
    /// The step that waited, from 0; none when the whole attempt did.
    pub step: Option<u32>,
    /// The locks and permits that it waited for, for `locks`.
    pub wants: Vec<Share>,
    /// The queue, for `items`.
    pub queue: Option<Name>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
    /// Whether it got what it waited for.
    pub granted: bool,
    /// The process that gave it back last, for `locks` and `slot`, where it was one of this run.
    pub freed_by: Option<Name>,
}

impl Wait {
    /// One that begins now, for nothing named yet.
    pub fn new(kind: WaitKind, from: RunTime) -> Self {
        Self { kind, step: None, wants: Vec::new(), queue: None, from, to: None, granted: false, freed_by: None }
    }
}

/// What an attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// Locks or permits, and perhaps a job slot too.
    Locks,
    /// A job slot alone.
    Slot,
    /// An item of a queue.
    Items,
    /// The delay before a retry or restart.
    Delay,
}

/// A time in which locks or permits were held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// The step that held them, from 0; none when the whole attempt did.
    pub step: Option<u32>,
    /// What was held.
    pub shares: Vec<Share>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
}

/// A command or task that ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which step, from 0.
    pub step: u32,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// The system's number of the process; none for built-in tasks.
    pub pid: Option<u32>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
}

/// A time in which a process was asked to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stopping {
    /// From when.
    pub from: RunTime,
    /// Why, in words.
    pub text: String,
    /// When it was killed, if it was.
    pub killed: Option<RunTime>,
}
