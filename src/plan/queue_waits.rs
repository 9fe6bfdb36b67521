//! Joins and waiting tasks that keep a queue from being filled or emptied, so that processes wait for each other.
//!
//! One graph of moments: that a process begins, that it ends, that a queue has ended; an edge leads to what must
//! happen first. Who goes on until a queue has ended ends after that, and the queue after its producers. A ring
//! through a queue can never come to pass; nor can the begin of all consumers behind the end of a producer that is
//! held back by a bounded queue. Joins with a bound, and processes that are skipped by their `if`, are left out.

use std::collections::HashSet;

use super::graph;
use super::model::Queue;
use super::order::Wait;
use super::pipes;
use super::queue_checks::Checked;
use super::queues::UsedBy;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{Id, ProcessId, QueueId};
use crate::base::span::Span;
use crate::source::model::Condition;

/// Reports both.
pub fn check(checked: &Checked<'_>, waits: &[Wait], diagnostics: &mut Vec<Diagnostic>) {
    let moments = Moments::new(checked, waits);
    let rings = graph::components(moments.count(), &moments.edges());
    for ring in &rings {
        let through = ring.iter().find(|node| **node >= moments.first_queue());
        diagnostics.extend(through.map(|queue| moments.ring(ring, *queue)));
    }
    let told = |queue: QueueId| rings.iter().any(|ring| ring.binary_search(&moments.over(queue)).is_ok());
    for (id, queue) in checked.queues.entries().filter(|(id, queue)| queue.declared && !told(*id)) {
        let late = queue.maxsize.and_then(|_| moments.late_consumers(queue));
        diagnostics.extend(late.or_else(|| moments.late_producer(id, queue)));
    }
}

/// What must happen first.
struct Edge {
    from: usize,
    to: usize,
    /// Where that is said, and why it is so.
    told: Option<(Span, Why)>,
}

/// Why one moment comes after another.
#[derive(Clone, Copy)]
enum Why {
    /// The first process joins the second, perhaps for its end.
    Joins(ProcessId, ProcessId, bool),
    /// A task of the first waits for the end of the second.
    Waits(ProcessId, ProcessId),
    /// The process takes from the queue until that has ended.
    ReadsOn(ProcessId, QueueId),
    /// The process puts into the queue.
    Puts(ProcessId, QueueId),
    /// Nobody but the process takes from the queue.
    Alone(ProcessId, QueueId),
}

struct Moments<'m> {
    checked: &'m Checked<'m>,
    all: Vec<Edge>,
    /// Of each moment those that must come before it, and those that come after it.
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

impl<'m> Moments<'m> {
    fn new(checked: &'m Checked<'m>, waits: &[Wait]) -> Self {
        let mut moments = Self { checked, all: Vec::new(), before: Vec::new(), after: Vec::new() };
        moments.processes();
        for wait in waits.iter().filter(|wait| checked.works(wait.from) && checked.works(wait.on)) {
            moments.add(ends(wait.from), ends(wait.on), Some((wait.place, Why::Waits(wait.from, wait.on))));
        }
        moments.queues();
        let none = vec![Vec::new(); moments.count()];
        (moments.before, moments.after) = (none.clone(), none);
        for edge in &moments.all {
            moments.before[edge.from].push(edge.to);
            moments.after[edge.to].push(edge.from);
        }
        moments
    }

    /// The first moment that is a queue's.
    fn first_queue(&self) -> usize {
        self.checked.processes.len() * 2
    }

    /// The moment in which a queue has ended; queues that feed each other end together.
    fn over(&self, queue: QueueId) -> usize {
        let together = self.checked.queues[queue].ring.first().copied();
        self.first_queue() + together.unwrap_or(queue).index()
    }

    fn count(&self) -> usize {
        self.first_queue() + self.checked.queues.len()
    }

    fn edges(&self) -> Vec<(usize, usize)> {
        self.all.iter().map(|edge| (edge.from, edge.to)).collect()
    }

    fn add(&mut self, from: usize, to: usize, told: Option<(Span, Why)>) {
        self.all.push(Edge { from, to, told });
    }

    fn processes(&mut self) {
        let checked = self.checked;
        for (id, process) in checked.processes.entries().filter(|(_, process)| !process.control.disabled) {
            self.add(ends(id), begins(id), None);
            for join in process.control.joins.iter().filter(|join| join.timeout.is_none()) {
                let other = &checked.processes[join.process];
                let for_end = matches!(join.until, Condition::Success | Condition::Exit | Condition::Failure);
                if other.control.disabled || for_end && other.control.daemon {
                    continue;
                }
                let to = if for_end { ends(join.process) } else { begins(join.process) };
                self.add(begins(id), to, Some((join.place, Why::Joins(id, join.process, for_end))));
            }
        }
        for chain in pipes::chains(checked.processes) {
            for pair in chain.windows(2) {
                self.add(begins(pair[0]), begins(pair[1]), None);
                self.add(begins(pair[1]), begins(pair[0]), None);
            }
        }
    }

    fn queues(&mut self) {
        let checked = self.checked;
        for one in checked.uses.iter().filter(|one| checked.works(one.process)) {
            let (process, queue) = (one.process, one.used.queue);
            let over = self.over(queue);
            if one.used.role.reads_on() {
                self.add(ends(process), over, Some((one.used.place, Why::ReadsOn(process, queue))));
            } else if one.used.role.puts() && !checked.processes[process].control.daemon && !checked.queues[queue].fed.contains(&process) {
                self.add(over, ends(process), Some((one.used.place, Why::Puts(process, queue))));
            }
        }
        for (id, queue) in checked.queues.entries() {
            self.taken(id, queue);
        }
    }

    /// A queue from which one process alone takes has not ended before that has begun.
    fn taken(&mut self, id: QueueId, queue: &Queue) {
        let Some(first) = queue.consumers.first().filter(|_| queue.declared && !queue.producers.is_empty()) else { return };
        let checked = self.checked;
        let declared = checked.name(*first);
        if queue.consumers.iter().any(|other| checked.name(*other) != declared || !checked.works(*other)) {
            return;
        }
        let Some(one) = checked.uses_of(id).find(|one| !one.used.role.puts()) else { return };
        for consumer in &queue.consumers {
            self.add(self.over(id), begins(*consumer), Some((one.used.place, Why::Alone(*consumer, id))));
        }
    }

    /// A ring through a queue.
    fn ring(&self, ring: &[usize], queue: usize) -> Diagnostic {
        let inside = |node: usize| ring.binary_search(&node).is_ok();
        let within: Vec<(usize, usize)> = self.edges().into_iter().filter(|(from, to)| inside(*from) && inside(*to)).collect();
        let next = within.iter().filter(|(from, _)| *from == queue).map(|(_, to)| graph::shortest_path(*to, queue, &within));
        let mut path = next.min_by_key(Vec::len).unwrap_or_default();
        path.insert(0, queue);
        let name = &self.checked.queues[QueueId::from_index(queue - self.first_queue())].name;
        let message = format!("the queue `{name}` can never end: those at its ends wait for each other");
        self.found(
            message,
            &path,
            "remove one of these: who takes from a queue sees its end by itself, and who puts need not wait for that",
        )
    }

    /// Consumers that all begin only when a producer has ended, which a full queue keeps from ending.
    fn late_consumers(&self, queue: &Queue) -> Option<Diagnostic> {
        let producers: Vec<ProcessId> = queue.producers.iter().copied().filter(|id| self.checked.works(*id)).collect();
        let behind = reached(producers.iter().map(|id| ends(*id)).collect(), &self.after);
        let mut consumers = queue.consumers.iter().copied().filter(|id| self.checked.works(*id)).peekable();
        let first = *consumers.peek()?;
        if !consumers.all(|id| behind.contains(&begins(id))) {
            return None;
        }
        let edges = self.edges();
        let paths = producers.iter().map(|id| graph::shortest_path(begins(first), ends(*id), &edges));
        let path = paths.filter(|path| !path.is_empty()).min_by_key(Vec::len)?;
        let producer = self.checked.name(ProcessId::from_index(path[path.len() - 1] / 2));
        let (name, consumer) = (&queue.name, self.checked.name(first));
        let message = format!("`{consumer}` starts only when `{producer}` has ended, which waits when the queue `{name}` is full");
        let found = self.found(message, &path, "remove this join: items are taken as they come; or remove `maxsize` of the queue");
        Some(found.label(queue.place, "bounded by its `maxsize`"))
    }

    /// A producer that begins only when all that take from its queue have ended.
    fn late_producer(&self, id: QueueId, queue: &Queue) -> Option<Diagnostic> {
        let consumers: Vec<ProcessId> = queue.consumers.iter().copied().filter(|id| self.checked.works(*id)).collect();
        let first = *consumers.first()?;
        let behind = reached(vec![ends(first)], &self.after);
        let puts = |one: &&UsedBy| one.used.role.puts() && self.checked.works(one.process) && behind.contains(&begins(one.process));
        for one in self.checked.uses_of(id).filter(puts) {
            let before = reached(vec![begins(one.process)], &self.before);
            if !consumers.iter().all(|id| before.contains(&ends(*id))) {
                continue;
            }
            let path = graph::shortest_path(begins(one.process), ends(first), &self.edges());
            let (producer, consumer) = (self.checked.name(one.process), self.checked.name(first));
            let message = format!(
                "`{producer}` starts only when `{consumer}` has ended, and then nobody takes from the queue `{}` any more",
                queue.name
            );
            let found = self.found(message, &path, "let it start before, or put into another queue");
            return Some(found.label(one.used.place, "puts into it here"));
        }
        None
    }

    fn sentence(&self, why: Why) -> String {
        let name = |process| self.checked.name(process);
        let queue = |queue: QueueId| &self.checked.queues[queue].name;
        match why {
            Why::Joins(one, other, true) => format!("`{}` starts after the end of `{}`", name(one), name(other)),
            Why::Joins(one, other, false) => format!("`{}` starts after `{}`", name(one), name(other)),
            Why::Waits(one, other) => format!("`{}` waits here for the end of `{}`", name(one), name(other)),
            Why::ReadsOn(process, of) => format!("`{}` goes on until the queue `{}` has ended", name(process), queue(of)),
            Why::Puts(process, into) => format!("`{}` ends after `{}`, which puts into it", queue(into), name(process)),
            Why::Alone(process, from) => format!("`{}` alone takes from `{}`", name(process), queue(from)),
        }
    }

    /// A finding with the place of every edge of a path.
    fn found(&self, message: String, path: &[usize], help: &str) -> Diagnostic {
        let edge = |pair: &[usize]| self.all.iter().find(|edge| edge.from == pair[0] && edge.to == pair[1])?.told;
        let mut places = path.windows(2).filter_map(edge).map(|(place, why)| (place, self.sentence(why)));
        let (place, text) = places.next().unwrap_or_default();
        let found = Diagnostic::error("queue-wait", place, message).main_label(text).help(help);
        places.fold(found, |found, (place, text)| found.label(place, text))
    }
}

fn begins(process: ProcessId) -> usize {
    process.index() * 2
}

fn ends(process: ProcessId) -> usize {
    process.index() * 2 + 1
}

/// Which nodes can be reached from some.
fn reached(mut open: Vec<usize>, next: &[Vec<usize>]) -> HashSet<usize> {
    let mut seen = HashSet::new();
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            open.extend(&next[node]);
        }
    }
    seen
}
