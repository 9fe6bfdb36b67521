//! The plan: everything that a run needs, resolved, with dense ids, never changed again.
//!
//! A process has two halves: [`Control`] is all that the scheduler sees, [`Work`] all that an executor
//! sees. Simulated worlds make the first without the second.

mod control;
mod work;

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{DenseMap, ProcessId, QueueId, ResourceId};
use crate::base::span::Span;
use crate::source::model::OnFailure;
pub use control::{Control, DEFAULT_GRACE, Join, Liveness, Readiness, Restart, Retries, Rhythm, StepControl};
pub use work::{Action, Listen, Output, Stdin, Step, TERMINAL, Work};

/// A workflow with all its meaning.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// All instances, in file order.
    pub processes: DenseMap<ProcessId, Process>,
    /// Locks and semaphores, in file order.
    pub resources: DenseMap<ResourceId, Resource>,
    /// Queues, in file order.
    pub queues: DenseMap<QueueId, Queue>,
    /// The most finite processes that run at once; none is unlimited.
    pub jobs: Option<u32>,
    /// The run is stopped after this.
    pub timeout: Option<Duration>,
    /// What a failure does to the rest.
    pub on_failure: OnFailure,
}

impl Plan {
    /// All processes that a name stands for: a declared name means all its instances.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ProcessId> + 'a {
        self.processes.entries().filter(move |(_, process)| process.name == name || process.declared == name).map(|(id, _)| id)
    }
}

/// A lock or a semaphore.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Lock, or semaphore with its number of permits.
    pub kind: ResourceKind,
    /// The name under which other runs of the same user share it; none for one of this run alone.
    pub host: Option<String>,
    /// Where it is declared.
    pub place: Span,
}

/// The two kinds of [`Resource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// Held by one, or by many in shared mode.
    Lock,
    /// Held by as many as there are permits.
    Semaphore {
        /// At least 1.
        permits: u32,
    },
}

impl ResourceKind {
    /// The word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Semaphore { .. } => "semaphore",
        }
    }
}

/// A queue between processes.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The most items that wait in it, at least 1; none is unbounded.
    pub maxsize: Option<u32>,
    /// How often an item is delivered before it is set aside, at least 1.
    pub max_deliveries: u32,
    /// Who puts into it, in the order of their ids: it closes when all of them have ended.
    pub producers: Vec<ProcessId>,
    /// Who may take from it, in the order of their ids: it is abandoned when all of them have ended. Where no
    /// process says that it takes from it, all that run a command and do not put into it.
    pub consumers: Vec<ProcessId>,
    /// Whether processes say that they take from it.
    pub declared: bool,
    /// Producers that are fed by it, directly or through other queues: they hold it open only as long as something
    /// is queued or in work.
    pub fed: Vec<ProcessId>,
    /// The queues that feed each other in a ring with this one, itself among them; empty when nobody feeds it with
    /// what he takes from it.
    pub ring: Vec<QueueId>,
    /// Where it is declared.
    pub place: Span,
}

/// One instance of a process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its full name: `build`, `buyer[3]` or `test[a,3.11]`.
    pub name: String,
    /// The name in the file, which all instances share.
    pub declared: String,
    /// For people.
    pub description: Option<String>,
    /// Where its name stands in the file.
    pub place: Span,
    /// What the scheduler needs to know.
    pub control: Control,
    /// What an executor needs to know.
    pub work: Arc<Work>,
}
