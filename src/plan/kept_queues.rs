//! The queues of a selection: those that a chosen process uses, by their new numbers.

use std::sync::Arc;

use super::model::{Output, Plan, Process, Queue, Stdin, Work};
use crate::base::ids::{DenseMap, Id, ProcessId, QueueId};

/// Who is selected as soon as one of them is: all that put into a queue, and all that say that they take from it.
pub fn partners(queue: &Queue) -> Vec<ProcessId> {
    let consumers = if queue.declared { &queue.consumers[..] } else { &[] };
    queue.producers.iter().chain(consumers).copied().collect()
}

/// A queue whose consumers are not told is left without any when only its producers are chosen.
///
/// # Errors
/// A sentence about the first such queue.
pub fn refuse_without_consumer(plan: &Plan, chosen: &[bool]) -> Result<(), String> {
    let any = |side: &[ProcessId]| side.iter().any(|id| chosen[id.index()]);
    let left = plan.queues.iter().find(|queue| any(&queue.producers) && !any(&queue.consumers));
    left.map_or(Ok(()), |queue| {
        let name = &queue.name;
        Err(format!("nobody of these takes from the queue `{name}`; name the process that does, or write `consumes: {name}` in it"))
    })
}

/// The queues that are kept.
pub struct Kept {
    /// All of them, with the new numbers of processes and queues.
    pub all: DenseMap<QueueId, Queue>,
    new_id: Vec<Option<QueueId>>,
}

impl Kept {
    /// The queues of a plan of which these processes are left, by their new numbers.
    pub fn new(plan: &Plan, processes: &[Option<ProcessId>]) -> Self {
        let left = |side: &[ProcessId]| side.iter().filter_map(|id| processes[id.index()]).collect::<Vec<_>>();
        let is_kept = |queue: &&Queue| !queue.declared || !left(&queue.producers).is_empty() || !left(&queue.consumers).is_empty();
        let mut next = 0..;
        let new_id: Vec<Option<QueueId>> =
            plan.queues.iter().map(|queue| is_kept(&queue).then(|| next.next().map(QueueId::from_index)).flatten()).collect();
        let mut all = DenseMap::default();
        for queue in plan.queues.iter().filter(is_kept) {
            all.push(Queue {
                producers: left(&queue.producers),
                consumers: left(&queue.consumers),
                fed: left(&queue.fed),
                // Whoever is in a ring is a partner of all others in it.
                ring: queue.ring.iter().filter_map(|id| new_id[id.index()]).collect(),
                ..queue.clone()
            });
        }
        Self { all, new_id }
    }

    /// Gives the queues of a process their new numbers.
    pub fn renumber(&self, process: &mut Process) {
        let new = |queue: QueueId| self.new_id[queue.index()].unwrap_or(queue);
        process.control.for_each = process.control.for_each.map(new);
        let Work { stdin, stdout, stderr, .. } = &*process.work;
        let uses = matches!(stdin, Stdin::Queue(_)) || [stdout, stderr].iter().any(|output| matches!(output, Output::Queue(_)));
        if !uses {
            return;
        }
        let work = Arc::make_mut(&mut process.work);
        if let Stdin::Queue(queue) = &mut work.stdin {
            *queue = new(*queue);
        }
        for output in [&mut work.stdout, &mut work.stderr] {
            if let Output::Queue(queue) = output {
                *queue = new(*queue);
            }
        }
    }
}
