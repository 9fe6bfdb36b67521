//! One process: what it waited for, when it ran, how it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attempt, Name, Outcome};
use crate::base::time::RunTime;
use crate::source::model::Condition;

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Its full name, as in `build` or `buyer[3]`.
    pub name: Name,
    /// The name in the file, which all instances share.
    pub declared: Name,
    /// What the workflow says about it.
    pub description: Option<String>,
    /// Where its name stands in the workflow's file.
    pub place: Place,
    /// Whether it is a background service.
    pub daemon: bool,
    /// The process whose output it reads, through a pipe.
    #[serde(default)]
    pub reads_from: Option<Name>,
    /// What it waited for before it started, the first thousand.
    pub joins: Vec<Join>,
    /// How many more joins it has.
    pub joins_left_out: usize,
    /// When all its joins held; none when they never did.
    pub joined: Option<RunTime>,
    /// When its first command was started.
    pub started: Option<RunTime>,
    /// When it had its outcome; none only when the run was lost.
    pub ended: Option<RunTime>,
    /// How it ended; none only when the run was lost.
    pub outcome: Option<Outcome>,
    /// The exit code of its last command as Python shows it: -15 when signal 15 ended it; none when none was started.
    pub code: Option<i32>,
    /// How many attempts were begun: retries, restarts and items of queues included.
    pub attempts_begun: u32,
    /// The attempts, in order; of many, the first three and the last seven. The last may be one that was waited for and
    /// never begun: for the time of a retry, or for an item.
    pub attempts: Vec<Attempt>,
}

/// A place in the workflow's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
}

/// One process that another waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Join {
    /// Which is waited for.
    pub process: Name,
    /// Until when.
    pub until: Condition,
    /// When that was so; none when it never was, or was not waited for any longer.
    pub held: Option<RunTime>,
}
