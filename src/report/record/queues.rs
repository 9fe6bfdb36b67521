//! What became of queues and their items.

use super::model::{Name, Queue, SetAside};
use crate::base::ids::{DenseMap, ProcessId, QueueId};
use crate::base::time::RunTime;
use crate::plan::Plan;

/// How many items that were set aside are kept.
const ITEMS: usize = 100;

/// All queues.
#[derive(Debug)]
pub struct Queues(DenseMap<QueueId, Queue>);

impl Queues {
    /// Nothing has happened yet.
    pub fn new(plan: &Plan) -> Self {
        let names = |all: &[ProcessId]| all.iter().map(|id| Name::from(plan.processes[*id].name.as_str())).collect();
        let queue = |queue: &crate::plan::Queue| Queue {
            name: queue.name.as_str().into(),
            maxsize: queue.maxsize,
            producers: names(&queue.producers),
            consumers: names(&queue.consumers),
            ..Queue::default()
        };
        Self(plan.queues.iter().map(queue).collect())
    }

    /// Its name.
    pub fn name(&self, queue: QueueId) -> Name {
        self.0[queue].name.clone()
    }

    /// A worker has done an item, or has not.
    pub fn delivered(&mut self, queue: QueueId, done: bool) {
        let queue = &mut self.0[queue];
        *(if done { &mut queue.done } else { &mut queue.failed }) += 1;
    }

    /// An item is given up.
    pub fn set_aside(&mut self, queue: QueueId, item: &[u8], deliveries: u32, at: RunTime) {
        let queue = &mut self.0[queue];
        if queue.set_aside.len() < ITEMS {
            queue.set_aside.push(SetAside { at, item: String::from_utf8_lossy(item).into_owned(), deliveries });
        } else {
            queue.set_aside_left_out += 1;
        }
    }

    /// It takes nothing any more.
    pub fn close(&mut self, queue: QueueId, items: u64, at: RunTime) {
        (self.0[queue].items, self.0[queue].closed) = (Some(items), Some(at));
    }

    /// Nobody can take from it any more.
    pub fn abandon(&mut self, queue: QueueId, left: u64, at: RunTime) {
        (self.0[queue].left, self.0[queue].abandoned) = (left, Some(at));
    }

    /// All of it.
    pub fn finish(self) -> Vec<Queue> {
        self.0.into_values().collect()
    }
}
