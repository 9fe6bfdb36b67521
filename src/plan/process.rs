//! One declared process becomes its instances.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use super::environment::Overlay;
use super::expression::{Item, Scope};
use super::extend::{Extended, Given};
use super::fit;
use super::host::Host;
use super::instances::{self, Instance};
use super::joins::PendingJoin;
use super::kind;
use super::late::Kept;
use super::listening::{self, Listening};
use super::model::Process;
use super::pipes::Member;
use super::queues::{QueueUse, Queues};
use super::requests::{Resources, Wanted};
use super::resolve::Resolver;
use super::unknown_keys::UnknownKeys;
use crate::base::diagnostic::Severity;
use crate::base::span::{Span, Spanned};
use crate::source::model as written;
use crate::source::tree::Document;

/// What all processes share while they are planned.
pub struct Around<'a> {
    /// The text's nodes, for the arguments of tasks.
    pub document: &'a Document,
    /// The machine.
    pub host: &'a dyn Host,
    /// The workflow's folder, absolute.
    pub folder: &'a Path,
    /// What the top level adds to the environment.
    pub env: Arc<Overlay>,
    /// The declared locks and semaphores.
    pub resources: &'a Resources,
    /// The declared queues.
    pub queues: &'a Queues,
    /// Where keys were reported as unknown.
    pub unknown: &'a UnknownKeys,
    /// The workflow's file, for messages.
    pub file: &'a str,
    /// The nodes for what is late, once something is.
    pub kept: OnceCell<Arc<Document>>,
}

impl Around<'_> {
    /// What late values of the process that is being planned will need; nothing as long as nothing is late.
    pub fn keep(&self, resolver: &Resolver<'_>) -> Option<Arc<Kept>> {
        if resolver.reads.is_empty() {
            return None;
        }
        Some(Arc::new(Kept {
            document: Arc::clone(self.kept.get_or_init(|| Arc::new(self.document.clone()))),
            file: self.file.to_owned(),
            folder: self.folder.to_owned(),
            names: resolver.scope.names(),
            processes: resolver.reads.outputs.iter().map(|read| read.value.0.clone()).collect(),
        }))
    }
}

/// A process that is named in the arguments of a task.
#[derive(Clone, Debug)]
pub struct Mention {
    /// Its name.
    pub name: Spanned<String>,
    /// The task waits for its end, without a bound.
    pub waits: bool,
    /// The task stops it.
    pub stops: bool,
}

/// One instance, and what is still to be looked up for it.
pub struct Planned {
    /// The process, without joins.
    pub process: Process,
    /// Its joins by name.
    pub joins: Vec<PendingJoin>,
    /// What it holds for each whole attempt.
    pub held: Vec<Wanted>,
    /// What each step asks for.
    pub steps: Vec<Vec<Wanted>>,
    /// Names of processes in the arguments of tasks.
    pub mentions: Vec<Mention>,
    /// What counts for it as an end of a pipe.
    pub member: Member,
    /// The outputs that it reads: process, name and place.
    pub reads: Vec<Spanned<(String, String)>>,
    /// Where it says that it is stopped when it is unused, unless that is from `defaults`.
    pub unused_place: Option<Span>,
    /// Where it has `ready`, unless that is from `defaults`.
    pub ready_place: Option<Span>,
    /// The queues that it uses.
    pub queues: Vec<QueueUse>,
}

/// Plans all instances of one process into `planned`. After an instance with mistakes the rest is left
/// out, because each would repeat them, and the answer is false. `misspelt`: an unknown key was reported
/// in it. `copies` counts the instances of all processes that have copies.
pub fn plan(
    name: &Spanned<String>,
    process: &Extended<'_>,
    misspelt: bool,
    around: &Around<'_>,
    copies: &mut usize,
    resolver: &mut Resolver<'_>,
    planned: &mut Vec<Planned>,
) -> bool {
    let whole = &*process.whole;
    kind::check(name, process, misspelt, resolver);
    let before = resolver.diagnostics.len();
    let fitting = fit::fitting(process, resolver);
    let instances = instances::expand(&fitting, copies, resolver);
    let expanded =
        resolver.diagnostics.len() == before && !whole.matrix.is_broken() && !whole.replicas.is_broken() && !whole.for_each.is_broken();
    for instance in instances {
        let mut scope = resolver.scope.with(instance.values().as_ref(), instance.index);
        mark_broken_copies(whole, expanded, &mut scope);
        let scope = if fitting.for_each.is_set() { scope.without_item(Item::Later) } else { scope };
        let mut inner = Resolver::new(scope);
        let listening = listening::plan(&fitting, process.given, around, &mut inner);
        let (given, queues) = (process.given, Vec::new());
        let one = Builder {
            name,
            process: &listening.process,
            given,
            misspelt,
            instance: &instance,
            listening: &listening,
            around,
            queues,
            resolver: &mut inner,
        }
        .build();
        let failed = inner.diagnostics.iter().any(|found| found.severity == Severity::Error);
        resolver.diagnostics.append(&mut inner.diagnostics);
        planned.push(one);
        if failed {
            return false;
        }
    }
    expanded
}

/// What has a mistake among copies is not known to expressions; they are not blamed for it.
fn mark_broken_copies(process: &written::Process, expanded: bool, scope: &mut Scope<'_>) {
    for (axis, values) in process.matrix.value().map_or(&[][..], |matrix| &matrix.axes) {
        if !values.is_set() {
            scope.mark_broken(format!("matrix.{}", axis.value));
        }
    }
    if expanded {
        return;
    }
    if process.replicas.is_given() || process.for_each.is_given() {
        scope.mark_broken("index");
    }
    if process.for_each.is_broken() {
        scope.mark_broken("item");
    }
    if process.matrix.is_given() {
        scope.mark_broken("matrix");
    }
}

/// One instance that is being planned.
pub struct Builder<'b, 'a> {
    pub(super) name: &'b Spanned<String>,
    pub(super) process: &'b written::Process,
    pub(super) given: Given,
    /// An unknown key was reported in it, which may be what seems to be missing.
    pub(super) misspelt: bool,
    pub(super) instance: &'b Instance,
    pub(super) listening: &'b Listening<'b>,
    pub(super) around: &'b Around<'b>,
    /// The queues that it uses, as far as they were seen.
    pub(super) queues: Vec<QueueUse>,
    pub(super) resolver: &'b mut Resolver<'a>,
}
