//! The critical path: why the run took as long as it did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Name, Share};
use crate::base::time::RunTime;
use crate::source::model::Condition;

/// A piece of the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Whose.
    pub process: Name,
    /// In which attempt; 0 before the first.
    pub attempt: u32,
    /// The step, from 0, for `running`.
    pub step: Option<u32>,
    /// What it did.
    pub activity: Activity,
    /// From when.
    pub from: RunTime,
    /// Until when.
    pub to: RunTime,
    /// What its end brought about.
    pub then: Link,
}

/// What a process did in a piece of the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A command or task of it ran.
    Running,
    /// Between what let it start and its start: its `if` was decided, a program was loaded, a partner was waited for.
    Starting,
    /// It waited for locks or permits that nobody in this run held.
    WaitingForLocks,
    /// It waited for a job slot.
    WaitingForSlot,
    /// It waited for an item of a queue.
    WaitingForItems,
    /// It waited for the time of its retry or restart.
    Delay,
    /// It had been asked to end.
    Stopping,
}

/// What the end of a piece of the critical path brought about: why the next piece began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Link {
    /// The end of the run.
    End,
    /// The same process went on.
    Next,
    /// A join of the next process held.
    Join {
        /// The condition.
        until: Condition,
    },
    /// The next process got what this one gave back.
    Locks {
        /// Which locks and permits it waited for.
        wants: Vec<Share>,
    },
    /// The next process got its job slot.
    Slot,
    /// The next process had waited for what this one put into a queue, or for the end of that queue.
    Items {
        /// The queue.
        queue: Name,
    },
    /// The next process had read what this one wrote, until its end.
    Pipe,
    /// The next process was not needed any more, and was asked to end.
    Stop,
}
