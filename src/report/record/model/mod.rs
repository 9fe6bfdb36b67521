//! The report: what a run was, as data.
//!
//! These types are the JSON format and the source of its schema; every other format is made from them. Times are in
//! seconds of the run's own time, from its start, pauses of the whole run left out. Within one version fields are only
//! added. Names are shared, so that 100,000 processes that join each other stay small.
//!
//! One file for each thing that the report tells of; they know nothing of how they came to be.

mod attempt;
mod outcome;
mod path;
mod process;
mod queue;
mod resource;
mod run;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::RunTime;
pub use attempt::{Attempt, AttemptOutcome, Hold, Step, Stopping, Wait, WaitKind};
pub use outcome::{Outcome, Reason, ReasonKind};
pub use path::{Activity, Link, Segment};
pub use process::{Join, Place, Process};
pub use queue::{Queue, SetAside};
pub use resource::{Resource, ResourceKind, Share, Use};
pub use run::{Counts, Halted, Run, RunOutcome};

/// The version of the format.
pub const VERSION: u32 = 1;

/// A name of a process, a lock, a semaphore or a queue.
pub type Name = Arc<str>;

/// What a run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub version: u32,
    /// The version of the program that wrote it.
    pub flowrun: String,
    /// The run as a whole.
    pub run: Run,
    /// All processes, in the order of the file.
    pub processes: Vec<Process>,
    /// All locks and semaphores, in the order of the file.
    pub resources: Vec<Resource>,
    /// All queues, in the order of the file.
    pub queues: Vec<Queue>,
    /// What made the run as long as it was, from its start to its end: of what ran and waited, each piece began because
    /// the one before it was over.
    pub critical_path: Vec<Segment>,
    /// What was warned of, the first hundred.
    pub warnings: Vec<Warning>,
    /// How many more warnings there were.
    pub warnings_left_out: u64,
}

/// Something that was warned of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// When.
    pub at: RunTime,
    /// The process that it is about.
    pub process: Option<Name>,
    /// What was the matter.
    pub text: String,
}
