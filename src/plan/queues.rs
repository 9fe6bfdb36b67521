//! Queues: declared names to ids, and what each process says of them.
//!
//! Who puts and who takes is gathered process by process, with its places; what that means for a queue is
//! known only when all are planned, and worked out in `queue_ends`. Knows nothing of items.

use std::collections::HashMap;

use super::model::Queue;
use super::process::Builder;
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId, QueueId};
use crate::base::span::{Span, Spanned};
use crate::base::suggest::Suggester;
use crate::source::model::Workflow;
use crate::source::read::{Field, OneOrMany, Tmpl};

/// How often an item is delivered in all, unless the workflow says otherwise.
const MAX_DELIVERIES: u32 = 3;

/// How a process uses a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs once for each item.
    ForEach,
    /// Its standard input is the items, a line each.
    Stdin,
    /// The lines of one of its outputs are items.
    Output,
    /// Its commands put items.
    Produces,
    /// Its commands take items.
    Consumes,
}

impl Role {
    /// Whether it puts items, rather than taking them.
    pub fn puts(self) -> bool {
        matches!(self, Self::Output | Self::Produces)
    }

    /// Whether it goes on until the queue has ended.
    pub fn reads_on(self) -> bool {
        matches!(self, Self::ForEach | Self::Stdin)
    }
}

/// One use of a queue by a process.
#[derive(Clone, Copy, Debug)]
pub struct QueueUse {
    /// Which queue.
    pub queue: QueueId,
    /// How.
    pub role: Role,
    /// Where it is named.
    pub place: Span,
}

/// A use, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct UsedBy {
    /// The process.
    pub process: ProcessId,
    /// What it says.
    pub used: QueueUse,
}

/// The declared queues.
#[derive(Debug, Default)]
pub struct Queues {
    /// All of them, in file order, without those who use them.
    pub all: DenseMap<QueueId, Queue>,
    /// Where each is bounded.
    pub bounds: Vec<Option<Span>>,
    names: HashMap<String, QueueId>,
    /// The declarations could not be read: whoever names a queue is not blamed.
    broken: bool,
    declared: Option<Span>,
    suggest: Suggester,
}

impl Queues {
    /// Reads the declarations of a workflow.
    pub fn declare(workflow: &Workflow, resolver: &mut Resolver<'_>) -> Self {
        let mut queues = Self { broken: workflow.queues.is_broken(), declared: workflow.queues.span(), ..Self::default() };
        for (name, spec) in workflow.queues.value().map_or(&[][..], |queues| &queues.0) {
            let unbounded = "to leave it unbounded, leave `maxsize` out";
            let maxsize = at_least_one(&spec.maxsize, "a queue that can hold nothing passes nothing on", unbounded, resolver);
            let once = "`1` delivers each item once, whatever becomes of it";
            let deliveries = at_least_one(&spec.max_deliveries, "an item that is delivered no times reaches nobody", once, resolver);
            let id = queues.all.push(Queue {
                name: name.value.clone(),
                maxsize,
                max_deliveries: deliveries.unwrap_or(MAX_DELIVERIES),
                place: name.span,
                ..Queue::default()
            });
            queues.bounds.push(spec.maxsize.span());
            queues.names.insert(name.value.clone(), id);
        }
        queues
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let found = Diagnostic::error("unknown-queue", span, format!("there is no queue `{name}`"));
        if self.suggest.is_spent() {
            return found.help("declare it at the top");
        }
        let mut known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        known.sort_unstable();
        match (self.suggest.did_you_mean(name, known), self.declared) {
            (Some(help), _) => found.help(help),
            (None, Some(place)) => found.label(place, "add it here").help("add it to `queues` at the top"),
            (None, None) => found.help(format!("declare it at the top: `queues: [{name}]`")),
        }
    }
}

/// A number that must not be zero.
fn at_least_one(field: &Field<Tmpl<u32>>, why: &str, help: &str, resolver: &mut Resolver<'_>) -> Option<u32> {
    let number = resolver.field(field)?;
    if let (0, Some(span)) = (number, field.span()) {
        resolver.report(Diagnostic::error("bad-value", span, why).help(format!("write a number of at least 1; {help}")));
    }
    Some(number.max(1))
}

impl Builder<'_, '_> {
    /// The queue that a key names, which is noted as used.
    pub(super) fn queue(&mut self, name: &Spanned<Tmpl<String>>, role: Role) -> Option<QueueId> {
        let place = name.span;
        let name = self.resolver.scalar(&name.value, place)?;
        let queues = self.around.queues;
        let Some(queue) = queues.names.get(&name).copied() else {
            if !queues.broken {
                self.resolver.report(queues.unknown(&name, place));
            }
            return None;
        };
        self.queues.push(QueueUse { queue, role, place });
        Some(queue)
    }

    /// The queue for each of whose items it runs.
    pub(super) fn for_each(&mut self) -> Option<QueueId> {
        let process = self.process;
        let spec = process.for_each.get()?;
        match &spec.value.0.queue {
            Field::Set(name) => self.queue(name, Role::ForEach),
            Field::Broken(_) => None,
            Field::Absent | Field::Null(_) => {
                if !self.around.unknown.any_within(spec.span) {
                    let found = Diagnostic::error("missing-key", spec.span, "`queue` is missing");
                    self.resolver.report(found.help("add `queue: name`: the queue for each of whose items it runs"));
                }
                None
            }
        }
    }

    /// The queues that its commands use.
    pub(super) fn queues_of_commands(&mut self) {
        let process = self.process;
        self.named_once("produces", &process.produces, Role::Produces);
        self.named_once("consumes", &process.consumes, Role::Consumes);
    }

    fn named_once(&mut self, key: &str, names: &Field<OneOrMany<Tmpl<String>>>, role: Role) {
        let mut seen: Vec<(QueueId, Span)> = Vec::new();
        for name in names.value().map_or(&[][..], |names| &names.0) {
            let Some(queue) = self.queue(name, role) else { continue };
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == queue) {
                let message = format!("the queue `{}` stands twice in `{key}`", self.around.queues.all[queue].name);
                let found = Diagnostic::error("queue-twice", name.span, message).main_label("again here");
                self.resolver.report(found.label(*first, "first here").help("name each queue once"));
                continue;
            }
            seen.push((queue, name.span));
        }
    }
}

#[cfg(test)]
#[path = "queues_tests.rs"]
mod tests;
