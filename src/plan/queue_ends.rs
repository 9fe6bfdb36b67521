//! Who is at the two ends of each queue, and which queues feed each other in a ring.
//!
//! What is worked out here is what the core needs to know when a queue closes. Rings are those of declared
//! consumers: who may take from a queue without saying so is not taken for one who feeds others with it.

use super::graph;
use super::model::{Action, Output, Process, Queue};
use super::queues::{Queues, Role, UsedBy};
use crate::base::ids::{DenseMap, Id, ProcessId, QueueId};

/// The queues with those who use them.
pub fn connect(declared: &Queues, uses: &[UsedBy], processes: &DenseMap<ProcessId, Process>) -> DenseMap<QueueId, Queue> {
    let mut queues = declared.all.clone();
    for one in uses {
        let queue = &mut queues[one.used.queue];
        let side = if one.used.role.puts() { &mut queue.producers } else { &mut queue.consumers };
        if side.last() != Some(&one.process) {
            side.push(one.process);
        }
    }
    for queue in queues.iter_mut() {
        for side in [&mut queue.producers, &mut queue.consumers] {
            side.sort_unstable();
            side.dedup();
        }
        queue.declared = !queue.consumers.is_empty();
    }
    find_rings(&mut queues);
    for queue in queues.iter_mut().filter(|queue| !queue.declared) {
        let producers = &queue.producers;
        let others = processes.entries().filter(|(id, process)| runs_commands(process) && producers.binary_search(id).is_err());
        queue.consumers = others.map(|(id, _)| id).collect();
    }
    queues
}

/// What pipes have taken away: an output that goes into one puts nothing into a queue.
pub fn still_used(one: &UsedBy, processes: &DenseMap<ProcessId, Process>) -> bool {
    let work = &processes[one.process].work;
    let goes_there = |output: &Output| *output == Output::Queue(one.used.queue);
    one.used.role != Role::Output || goes_there(&work.stdout) || goes_there(&work.stderr)
}

fn runs_commands(process: &Process) -> bool {
    process.work.steps.iter().any(|step| matches!(step.action, Action::Command { .. }))
}

/// An edge leads from a queue to one into which its consumers put.
fn find_rings(queues: &mut DenseMap<QueueId, Queue>) {
    let mut taken: Vec<(ProcessId, QueueId)> =
        queues.entries().flat_map(|(id, queue)| queue.consumers.iter().map(move |consumer| (*consumer, id))).collect();
    taken.sort_unstable();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (to, queue) in queues.entries() {
        edges.extend(queue.producers.iter().flat_map(|producer| taken_by(&taken, *producer)).map(|from| (from.index(), to.index())));
    }
    edges.sort_unstable();
    edges.dedup();
    let own = edges.iter().filter(|(from, to)| from == to).map(|(queue, _)| vec![*queue]);
    let rings = graph::components(queues.len(), &edges);
    let alone = own.filter(|queue| !rings.iter().any(|ring| ring.contains(&queue[0])));
    for ring in alone.chain(rings.iter().cloned()) {
        let ring: Vec<QueueId> = ring.into_iter().map(QueueId::from_index).collect();
        for id in &ring {
            let queue = &mut queues[*id];
            let fed = |producer: &&ProcessId| taken_by(&taken, **producer).any(|queue| ring.contains(&queue));
            queue.fed = queue.producers.iter().filter(fed).copied().collect();
            queue.ring.clone_from(&ring);
        }
    }
}

/// The queues that a process takes from; the pairs are sorted.
fn taken_by(taken: &[(ProcessId, QueueId)], process: ProcessId) -> impl Iterator<Item = QueueId> {
    let first = taken.partition_point(|(consumer, _)| *consumer < process);
    taken[first..].iter().take_while(move |(consumer, _)| *consumer == process).map(|(_, queue)| *queue)
}
