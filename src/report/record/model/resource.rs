//! Locks and semaphores, and who used them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;
use crate::base::time::RunTime;

/// A lock or permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// The name of the lock or semaphore.
    pub resource: Name,
    /// Whether it is a lock that others may hold at the same time.
    pub shared: bool,
    /// How many permits; 1 for locks.
    pub permits: u32,
}

/// A lock or semaphore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// Its name.
    pub name: Name,
    /// Which of the two.
    pub kind: ResourceKind,
    /// How many permits; 1 for a lock.
    pub permits: u32,
    /// The name under which other runs share it; none for one of this run alone.
    pub host: Option<String>,
    /// How often it was held.
    pub held: u64,
    /// The sum of the times in which somebody waited for it (seconds).
    pub waited: f64,
    /// Who waited for it and held it, in the order in which that began; the first thousand.
    pub uses: Vec<Use>,
    /// How many more there were.
    pub uses_left_out: u64,
}

/// The two kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// Held by one, or by many in shared mode.
    Lock,
    /// Held by as many as there are permits.
    Semaphore,
}

/// One request for a lock or permits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Use {
    /// By which process.
    pub process: Name,
    /// In which attempt.
    pub attempt: u32,
    /// For which step, from 0; none for the whole attempt.
    pub step: Option<u32>,
    /// Whether a script of the process took it, with `flowrun lock`.
    #[serde(default)]
    pub section: bool,
    /// Whether others could hold it at the same time.
    pub shared: bool,
    /// How many permits.
    pub permits: u32,
    /// When it was asked for.
    pub asked: RunTime,
    /// When it was had; none when it never was.
    pub had: Option<RunTime>,
    /// When it was given back or, without having been had, given up; none only when the run was lost.
    pub freed: Option<RunTime>,
}
