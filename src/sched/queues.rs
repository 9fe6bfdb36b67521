//! Stands in for the queues of the core.

use super::scheduler::Scheduler;
use crate::base::ids::{ItemId, JobId, QueueId};

/// How a queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueView {
    /// Items that wait.
    pub waiting: u64,
    /// Items in work.
    pub in_work: u64,
    /// Items it has taken in all.
    pub taken: u64,
    /// Items that were set aside.
    pub set_aside: u64,
    /// It takes nothing more.
    pub closed: bool,
    /// Nobody can take from it.
    pub abandoned: bool,
}

impl Scheduler {
    /// How a queue stands.
    pub fn queue_view(&self, _: QueueId) -> QueueView {
        QueueView::default()
    }

    /// Whether an attempt has something of a queue in work.
    pub fn has_in_work(&self, _: JobId, _: QueueId, _: Option<ItemId>) -> bool {
        false
    }
}
