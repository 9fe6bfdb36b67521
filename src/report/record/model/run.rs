//! The run as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::RunTime;

/// The run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The workflow's name.
    pub name: String,
    /// What the workflow says about itself.
    pub description: Option<String>,
    /// The run's id, as in `FLOWRUN_RUN_ID`.
    pub id: String,
    /// The workflow's file as it was named; `<stdin>` for standard input.
    pub file: String,
    /// What those call it who know the repository; none in a report that was read.
    #[serde(skip)]
    pub in_repository: Option<String>,
    /// When it started: wall-clock time, UTC, as in RFC 3339.
    pub started: String,
    /// How long it took (seconds), pauses left out.
    pub length: RunTime,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The same in words.
    pub text: String,
    /// The signal that interrupted it.
    pub signal: Option<i32>,
    /// The exit status that follows from this. Trouble with writing output or reports may still make it 3.
    pub status: u8,
    /// The most processes at once; none is unlimited.
    pub jobs: Option<u32>,
    /// When it began to start nothing new, and why.
    pub halted: Option<Halted>,
    /// How many processes ended how.
    pub counts: Counts,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything went well.
    Success,
    /// A process or a queue failed.
    Failed,
    /// A signal ended it.
    Interrupted,
    /// Its own timeout passed.
    TimedOut,
    /// flowrun itself could not go on: what is told of the end of processes is incomplete.
    Lost,
}

/// The moment from which a run started nothing new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Halted {
    /// When.
    pub at: RunTime,
    /// Why, in words.
    pub text: String,
}

/// How many processes ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All.
    pub processes: usize,
    /// Did what they should.
    pub success: usize,
    /// Failed, and were not allowed to.
    pub failed: usize,
    /// Failed, and were allowed to.
    pub allowed: usize,
    /// Were never started, and need not have been.
    pub skipped: usize,
    /// Were cut off, or kept from starting.
    pub cancelled: usize,
    /// Were stopped on purpose.
    pub stopped: usize,
}
