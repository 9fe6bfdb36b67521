//! What is wrong with a queue by itself: nobody at one of its ends, daemons that never let it end, and rings in
//! which nobody can tell when it is done.

use std::collections::HashSet;

use super::model::{Process, Queue};
use super::queues::{Role, UsedBy};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId, QueueId};
use crate::base::span::Span;

/// The queues, and who uses them where.
pub struct Checked<'c> {
    /// All processes.
    pub processes: &'c DenseMap<ProcessId, Process>,
    /// All queues.
    pub queues: &'c DenseMap<QueueId, Queue>,
    /// What processes say of them, in the order of the queues.
    pub uses: &'c [UsedBy],
    /// Where queues are bounded.
    pub bounds: &'c [Option<Span>],
}

impl<'c> Checked<'c> {
    /// The uses of a queue; of processes with copies only the first.
    pub fn uses_of(&'c self, queue: QueueId) -> impl Iterator<Item = &'c UsedBy> {
        let mut seen = HashSet::new();
        let first = self.uses.partition_point(|one| one.used.queue < queue);
        let uses = self.uses[first..].iter().take_while(move |one| one.used.queue == queue);
        uses.filter(move |one| seen.insert((one.used.place, self.name(one.process))))
    }

    /// Whether a process is not skipped by its `if` from the beginning.
    pub fn works(&self, process: ProcessId) -> bool {
        !self.processes[process].control.disabled
    }

    /// The name of a process for a sentence: copies by the name that they share.
    pub fn name(&self, process: ProcessId) -> &'c str {
        &self.processes[process].declared
    }

    /// A finding with all places where a queue is used in one direction.
    fn with_uses(&self, found: Diagnostic, queue: QueueId, puts: bool) -> Diagnostic {
        let uses = self.uses_of(queue).filter(|one| one.used.role.puts() == puts);
        uses.take(MOST_LABELS).fold(found, |found, one| {
            let does = if puts { "puts into it" } else { "takes from it" };
            found.label(one.used.place, format!("`{}` {does}", self.name(one.process)))
        })
    }
}

/// Most places that one finding shows.
const MOST_LABELS: usize = 8;

/// Reports queues without producers or consumers. `all`: every process could be planned, so that none is missing.
pub fn check(checked: &Checked<'_>, all: bool, diagnostics: &mut Vec<Diagnostic>) {
    for (id, queue) in checked.queues.entries() {
        if all {
            diagnostics.extend(no_end(checked, id, queue));
        }
        diagnostics.extend(daemon_producer(checked, id, queue));
        if !queue.ring.is_empty() {
            ring(checked, id, queue, diagnostics);
        }
    }
}

fn no_end(checked: &Checked<'_>, id: QueueId, queue: &Queue) -> Option<Diagnostic> {
    let name = &queue.name;
    if queue.declared && queue.producers.is_empty() {
        let found = Diagnostic::error("queue-without-producer", queue.place, format!("nobody puts anything into the queue `{name}`"));
        return Some(checked.with_uses(found, id, false).help(format!(
            "write `stdout: {{queue: {name}}}` in a process whose lines are items, or `produces: {name}` in one that calls `flowrun queue put {name}`"
        )));
    }
    if !queue.producers.is_empty() && queue.consumers.is_empty() {
        let found = Diagnostic::error("queue-without-consumer", queue.place, format!("nobody takes anything from the queue `{name}`"));
        return Some(checked.with_uses(found, id, true).help(format!(
            "write `for_each: {name}` in a process that runs once for each item, or `stdin: {{queue: {name}}}` in one that reads them as lines"
        )));
    }
    None
}

/// Who goes on until a queue has ended would never see that of one that a daemon holds open.
fn daemon_producer(checked: &Checked<'_>, id: QueueId, queue: &Queue) -> Option<Diagnostic> {
    let works = |one: &&UsedBy| checked.works(one.process);
    let holds_open = |one: &&UsedBy| {
        let control = &checked.processes[one.process].control;
        one.used.role.puts() && control.daemon && control.for_each.is_none() && !queue.fed.contains(&one.process)
    };
    let waits = |one: &&UsedBy| one.used.role.reads_on() && !checked.processes[one.process].control.daemon;
    let producer = checked.uses_of(id).filter(works).find(holds_open)?;
    let consumer = checked.uses_of(id).filter(works).find(waits)?;
    let (daemon, waiting) = (checked.name(producer.process), checked.name(consumer.process));
    let message =
        format!("`{waiting}` would wait for ever: the daemon `{daemon}` keeps the queue `{}` open as long as the run lasts", queue.name);
    let found = Diagnostic::error("queue-of-daemon", consumer.used.place, message).main_label("goes on until the queue has ended");
    let found = found.label(producer.used.place, "the daemon puts into it here");
    Some(found.help(format!("write `daemon: true` in `{waiting}` as well, or make `{daemon}` a process that ends")))
}

/// What keeps a queue that is fed by its own consumers from having an end.
fn ring(checked: &Checked<'_>, id: QueueId, queue: &Queue, diagnostics: &mut Vec<Diagnostic>) {
    let rings = || queue.ring.iter().map(|id| &checked.queues[*id]);
    if queue.ring[0] == id && rings().all(|queue| queue.fed.len() == queue.producers.len()) {
        diagnostics.push(nobody_first(checked, id, queue));
    }
    if let Some(bound) = checked.bounds[id.0 as usize] {
        diagnostics.push(bounded(checked, id, queue, bound));
    }
    let fed = |one: &&UsedBy| queue.fed.contains(&one.process) && one.used.role.puts();
    for feeder in checked.uses_of(id).filter(fed) {
        let takes = |one: &&UsedBy| one.process == feeder.process && !one.used.role.puts();
        for taken in checked.uses.iter().filter(takes) {
            let inside = queue.ring.contains(&taken.used.queue);
            if inside && taken.used.role == Role::Stdin {
                diagnostics.push(streams(checked, queue, feeder, taken));
            } else if !inside {
                diagnostics.push(takes_elsewhere(checked, queue, feeder, taken));
            }
        }
    }
}

fn nobody_first(checked: &Checked<'_>, id: QueueId, queue: &Queue) -> Diagnostic {
    let message = format!("nobody puts the first item into the queue `{}`: all that feed it take from it", queue.name);
    let found = Diagnostic::error("queue-without-producer", queue.place, message);
    checked
        .with_uses(found, id, true)
        .help(format!("add a process that puts the first ones, as in `seed: {{command: echo start, stdout: {{queue: {}}}}}`", queue.name))
}

fn bounded(checked: &Checked<'_>, id: QueueId, queue: &Queue, bound: Span) -> Diagnostic {
    let message = format!("the queue `{}` is fed by those that take from it: full, it would hold them all back for ever", queue.name);
    let found = Diagnostic::error("queue-ring", bound, message).main_label("bounded here");
    let feeders = checked.uses_of(id).filter(|one| one.used.role.puts() && queue.fed.contains(&one.process));
    let found = feeders.take(MOST_LABELS).fold(found, |found, one| {
        found.label(
            one.used.place,
            format!("`{}` feeds it with what it takes from {}", checked.name(one.process), taken_from(checked, queue, one)),
        )
    });
    found.help("remove `maxsize`")
}

/// The queues of the ring from which a feeder takes.
fn taken_from(checked: &Checked<'_>, queue: &Queue, feeder: &UsedBy) -> String {
    let taken = queue.ring.iter().filter(|id| checked.queues[**id].consumers.contains(&feeder.process));
    let names: Vec<&str> = taken.map(|id| checked.queues[*id].name.as_str()).collect();
    crate::source::hints::list(&names)
}

fn streams(checked: &Checked<'_>, queue: &Queue, feeder: &UsedBy, taken: &UsedBy) -> Diagnostic {
    let (name, from) = (checked.name(feeder.process), &checked.queues[taken.used.queue].name);
    let message =
        format!("`{name}` reads `{from}` as its input and feeds `{}`: nobody could tell when it is done with an item", queue.name);
    let found = Diagnostic::error("queue-ring", taken.used.place, message).main_label("reads on until the queue has ended");
    found
        .label(feeder.used.place, "keeps it from ending")
        .help(format!("write `for_each: {from}` instead: each item is done when its attempt has ended"))
}

fn takes_elsewhere(checked: &Checked<'_>, queue: &Queue, feeder: &UsedBy, taken: &UsedBy) -> Diagnostic {
    let (name, from) = (checked.name(feeder.process), &checked.queues[taken.used.queue].name);
    let message = format!(
        "`{name}` feeds `{0}`, from which its items come, and takes from `{from}` as well: nobody could tell when `{0}` is done",
        queue.name
    );
    let found = Diagnostic::error("queue-ring", taken.used.place, message).main_label("taken from here");
    found.label(feeder.used.place, "fed here").help(format!("let a process of its own put what comes from `{from}` into `{}`", queue.name))
}
