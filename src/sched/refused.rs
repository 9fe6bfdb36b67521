//! Why a section was refused: data for words that others choose.

use std::time::Duration;

use crate::base::ids::{ProcessId, ResourceId};
use crate::notice::Owner;

/// Why a section was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// It would have to wait, which its client does not.
    NotFree(Vec<Obstacle>),
    /// It has waited as long as it may.
    Timeout {
        /// How long that was.
        bound: Duration,
        /// What was in its way at the end.
        obstacles: Vec<Obstacle>,
    },
    /// What it runs in holds the same: it would wait for itself.
    HeldAround {
        /// What.
        resource: ResourceId,
        /// The process, or the section around it.
        by: Owner,
    },
    /// Daemons hold it from their start to their end, and end only when the work has ended.
    HeldForLife {
        /// What.
        resource: ResourceId,
        /// These, or too much of it together.
        by: Vec<ProcessId>,
    },
    /// All of these would wait for each other for ever; the last for the first.
    Ring(Vec<Link>),
    /// The run has ended.
    RunEnded,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// What is wanted.
    pub resource: ResourceId,
    /// By whom it is held or was asked for before.
    pub owner: Owner,
    /// Whether it is held, not only asked for.
    pub holds: bool,
}

/// One wait in a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who waits.
    pub who: Owner,
    /// For what.
    pub obstacle: Obstacle,
}
