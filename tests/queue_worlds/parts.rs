//! What a random plan is made of, and how it is laid out with dense ids.

use std::sync::Arc;

use flowrun::base::ids::{DenseMap, Id, ProcessId, QueueId};
use flowrun::base::span::Span;
use flowrun::plan::{Control, Join, Output, Plan, Process, Queue, Stdin, Work};
use flowrun::source::model::{Condition, OnTimeout};

/// A queue as it is declared.
#[derive(Clone, Debug)]
pub struct Queued {
    pub maxsize: Option<u32>,
    pub max_deliveries: u32,
    pub declared: bool,
    /// All its consumers are daemons.
    pub daemonic: bool,
}

/// How a process takes items, from the queue of this number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takes {
    #[default]
    Nothing,
    Items(usize),
    Stream(usize),
    Client(usize),
}

impl Takes {
    pub fn queue(self) -> Option<usize> {
        match self {
            Self::Nothing => None,
            Self::Items(queue) | Self::Stream(queue) | Self::Client(queue) => Some(queue),
        }
    }
}

/// A process as it is declared: all its workers.
#[derive(Clone, Debug)]
pub struct Draft {
    pub control: Control,
    pub daemon: bool,
    pub takes: Takes,
    /// Queues that it puts into.
    pub puts: Vec<usize>,
    /// Whether it puts into the first of them by its standard output.
    pub streams: bool,
    pub workers: u32,
    pub joins: Vec<(usize, Condition)>,
}

impl Default for Draft {
    fn default() -> Self {
        let (control, takes) = (Control::default(), Takes::Nothing);
        Self { control, daemon: false, takes, puts: Vec::new(), streams: false, workers: 1, joins: Vec::new() }
    }
}

/// All instances and queues of what is declared.
pub fn lay_out(drafts: &[Draft], queues: &[Queued]) -> (DenseMap<ProcessId, Process>, DenseMap<QueueId, Queue>) {
    let mut ids: Vec<Vec<ProcessId>> = Vec::new();
    let mut next = 0;
    for draft in drafts {
        ids.push((next..next + draft.workers).map(ProcessId).collect());
        next += draft.workers;
    }
    let mut processes = DenseMap::default();
    for (number, draft) in drafts.iter().enumerate() {
        for index in 0..draft.workers {
            let declared = format!("p{number}");
            let name = if draft.workers == 1 { declared.clone() } else { format!("{declared}[{index}]") };
            let joins = draft.joins.iter().flat_map(|(other, until)| ids[*other].iter().map(|process| join(*process, *until))).collect();
            let control = Control { joins, ..draft.control.clone() };
            processes.push(Process { name, declared, description: None, place: Span::default(), control, work: Arc::new(work(draft)) });
        }
    }
    let instances = |takes: &dyn Fn(&Draft) -> bool| -> Vec<ProcessId> {
        drafts.iter().zip(&ids).filter(|(draft, _)| takes(draft)).flat_map(|(_, ids)| ids.iter().copied()).collect()
    };
    let mut all = DenseMap::default();
    for (number, queue) in queues.iter().enumerate() {
        let producers = instances(&|draft| draft.puts.contains(&number));
        let consumers = instances(&|draft| match queue.declared {
            true => draft.takes.queue() == Some(number),
            false => !draft.puts.contains(&number),
        });
        all.push(Queue {
            name: format!("q{number}"),
            maxsize: queue.maxsize,
            max_deliveries: queue.max_deliveries,
            producers,
            consumers,
            declared: queue.declared,
            ..Queue::default()
        });
    }
    tie_rings(&mut all);
    (processes, all)
}

fn join(process: ProcessId, until: Condition) -> Join {
    Join { process, until, timeout: None, on_timeout: OnTimeout::Fail, place: Span::default() }
}

fn work(draft: &Draft) -> Work {
    let mut work = Work::default();
    if let Takes::Stream(queue) = draft.takes {
        work.stdin = Stdin::Queue(QueueId::from_index(queue));
    }
    if draft.streams
        && let Some(queue) = draft.puts.first()
    {
        work.stdout = Output::Queue(QueueId::from_index(*queue));
    }
    work
}

/// Finds out which queues feed each other, and by whom.
pub fn tie_rings(queues: &mut DenseMap<QueueId, Queue>) {
    let feeders = |from: QueueId, to: QueueId, queues: &DenseMap<QueueId, Queue>| -> Vec<ProcessId> {
        let (from, to) = (&queues[from], &queues[to]);
        let takes = |id: &&ProcessId| from.declared && from.consumers.contains(id);
        to.producers.iter().filter(takes).copied().collect()
    };
    let ids: Vec<QueueId> = queues.ids().collect();
    let mut reach: DenseMap<QueueId, Vec<QueueId>> = ids.iter().map(|_| Vec::new()).collect();
    // As often as a chain can be long.
    for _ in &ids {
        for from in &ids {
            for to in &ids {
                if !feeders(*from, *to, queues).is_empty() {
                    let mut further = reach[*to].clone();
                    further.push(*to);
                    further.retain(|queue| !reach[*from].contains(queue));
                    further.dedup();
                    reach[*from].extend(further);
                }
            }
        }
    }
    for queue in &ids {
        let ring: Vec<QueueId> =
            ids.iter().copied().filter(|other| other == queue || reach[*queue].contains(other) && reach[*other].contains(queue)).collect();
        let closed = reach[*queue].contains(queue);
        let mut fed: Vec<ProcessId> = ring.iter().filter(|_| closed).flat_map(|from| feeders(*from, *queue, queues)).collect();
        fed.sort();
        fed.dedup();
        queues[*queue].fed = fed;
        queues[*queue].ring = ring;
    }
}

/// The plan in a few words, a line for each thing.
pub fn text(plan: &Plan) -> String {
    let mut text = format!("jobs {:?}, timeout {:?}, on_failure {:?}\n", plan.jobs, plan.timeout, plan.on_failure);
    for queue in plan.queues.iter() {
        text.push_str(&format!("{queue:?}\n"));
    }
    for (id, process) in plan.processes.entries() {
        let Work { stdin, stdout, .. } = &*process.work;
        text.push_str(&format!("{} {} stdin {stdin:?} stdout {stdout:?} {:?}\n", id.0, process.name, process.control));
    }
    text
}
