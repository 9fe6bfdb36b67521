//! One declared process becomes its instances.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command;
use super::environment::{self, Overlay};
use super::expression::{self, Item, Reads, Scope};
use super::extend::{Extended, Given};
use super::fit;
use super::host::Host;
use super::instances::{self, Instance};
use super::joins::PendingJoin;
use super::kind;
use super::late::{Kept, Late, LateCondition, Lates, Target};
use super::listening::{self, Listening};
use super::model::{Control, DEFAULT_GRACE, Output, Process, Retries, Step, Work};
use super::pipes::Member;
use super::queues::{QueueUse, Queues};
use super::readiness::Owner;
use super::requests::{Resources, Wanted};
use super::resolve::Resolver;
use super::secrets;
use super::steps::{Shared, program_place};
use super::supervision;
use super::terminals;
use super::unknown_keys::UnknownKeys;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::{Span, Spanned};
use crate::source::model::names::env_form;
use crate::source::model::{self as written, Bits, Leftovers, OnTimeout, SignalName};
use crate::source::read::{Field, Tmpl};
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
        planned.extend(one);
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
    listening: &'b Listening<'b>,
    pub(super) around: &'b Around<'b>,
    /// The queues that it uses, as far as they were seen.
    pub(super) queues: Vec<QueueUse>,
    pub(super) resolver: &'b mut Resolver<'a>,
}

impl Builder<'_, '_> {
    fn build(mut self) -> Option<Planned> {
        let daemon = self.resolver.field_or(&self.process.daemon, false);
        self.listening.check_kind(daemon, self.resolver);
        let mut held = self.around.resources.request(&self.process.lock, &self.process.semaphore, self.resolver);
        let inherits = terminals::inherits(self.process);
        if let Some(place) = inherits {
            self.around.resources.add_terminal(place, &mut held);
        }
        let for_each = self.for_each();
        self.queues_of_commands();
        let tty = terminals::tty(self.process, self.given, self.resolver);
        let umask = self.umask(&self.process.umask);
        let source = self.source();
        let mut lates = Lates::default();
        let env = self.environment(&mut lates);
        let cwd = self.folder(&self.process.cwd, self.around.folder, &mut lates);
        let stdin = self.stdin(&mut lates);
        let secrets = secrets::names(&self.process.secrets, &Arc::default(), self.resolver);
        let mut mentions = Vec::new();
        let steps = self.steps(&Shared { env: &env, cwd: &cwd, secrets: &secrets, umask, lates: &lates }, &mut mentions);
        let stop = self.process.stop.value().cloned().unwrap_or_default();
        let stop_command = stop.command.get().and_then(|command| {
            let mut lates = lates.clone();
            let action = command::action(command, &Field::Absent, &self.process.shell, &mut lates, self.resolver)?;
            let late = Late::new(self.around.keep(self.resolver).as_ref(), lates, None);
            let place = program_place(command, self.around.document);
            let secrets = Arc::clone(&secrets);
            Some(Step { name: None, place, action, cwd: cwd.clone(), env: Arc::clone(&env), secrets, umask, late })
        });
        let outputs = if tty {
            (Output::Captured, Output::Captured)
        } else {
            (self.output(&self.process.stdout, false), self.output(&self.process.stderr, true))
        };
        // What has flowrun's terminal writes there.
        let inherits = matches!(self.process.stdin.value(), Some(written::Stdin::Inherit));
        let captured = !inherits && (outputs.0 == Output::Captured || outputs.1 == Output::Captured);
        let shell = &self.process.shell;
        let owner = Owner { around: self.around, shell, cwd: &cwd, env: &env, secrets: &secrets, umask, lates: &lates, captured };
        let ready = self.process.ready.get().and_then(|spec| owner.ready(&spec.value.0, spec.span, self.given.ready, self.resolver));
        let live = self.process.live.get().and_then(|spec| owner.live(&spec.value.0, spec.span, self.given.live, self.resolver));
        let (disabled, condition) = self.condition();
        let member = Member {
            for_each: self.process.for_each.span(),
            source,
            command: self.process.command.is_set(),
            tty,
            stdout: self.given.stdout,
            again: self.given.retries.or(self.given.restart),
        };
        let control = Control {
            pipe_from: None,
            for_each,
            daemon,
            disabled,
            decided_late: condition.is_some(),
            joins: Vec::new(),
            request: held.iter().map(|wanted| wanted.share).collect(),
            steps: steps.iter().map(|step| step.control.clone()).collect(),
            acquire_timeout: self.resolver.period(&self.process.acquire_timeout),
            timeout: self.finite_only("timeout", daemon, self.given.timeout).then(|| self.resolver.period(&self.process.timeout)).flatten(),
            retries: if self.finite_only("retries", daemon, self.given.retries) { self.retries() } else { Retries::default() },
            stop_command: stop_command.is_some(),
            grace: self.resolver.period(&stop.grace).unwrap_or(DEFAULT_GRACE),
            success_codes: self.success_codes(),
            allow_failure: self.resolver.field_or(&self.process.allow_failure, false),
            ready: ready.as_ref().map(|(readiness, _)| *readiness),
            live: live.as_ref().map(|(liveness, _)| *liveness),
            restart: self.restart(daemon),
            stop_unused: supervision::stop_unused(&stop.when, daemon, self.given.stop_when, self.resolver),
            wanted: false,
        };
        let work = Work {
            condition,
            index: self.instance.index,
            stdin,
            stdout: outputs.0,
            stderr: outputs.1,
            tty,
            stop_signal: self.resolver.field_or(&stop.signal, SignalName(nix::sys::signal::Signal::SIGTERM as i32)).0,
            stop_command,
            steps: steps.iter().map(|step| step.step.clone()).collect(),
            ready: ready.map(|(_, probe)| probe),
            live: live.map(|(_, probe)| probe),
            keep_leftovers: self.finite_only("leftovers", daemon, self.given.leftovers)
                && self.resolver.field_or(&self.process.leftovers, Leftovers::Stop) == Leftovers::Keep,
            listen: self.listening.listen.clone(),
        };
        let joins = self.joins();
        let process = Process {
            name: format!("{}{}", self.name.value, self.instance.suffix),
            declared: self.name.value.clone(),
            description: self.resolver.field(&self.process.description),
            place: self.name.span,
            control,
            work: Arc::new(work),
        };
        let steps = steps.into_iter().map(|step| step.wanted).collect();
        let reads = std::mem::take(&mut self.resolver.reads.outputs);
        Some(Planned { process, joins, held, steps, mentions, member, reads, unused_place: self.given.stop_when, queues: self.queues })
    }

    /// Whether its `if` is false, or the `if` itself when it reads outputs.
    fn condition(&mut self) -> (bool, Option<LateCondition>) {
        let Some(condition) = self.process.condition.get() else { return (false, None) };
        let scope = &self.resolver.scope;
        let reads = scope.condition_text(&condition.value, condition.span).and_then(|(inner, place)| scope.reads_of_one(inner, place));
        let holds = match reads {
            Ok(reads) if reads.is_empty() => scope.condition(&condition.value, condition.span),
            Ok(Reads { item: Some(place), .. }) => Err(expression::item_not_here(place)),
            Ok(reads) => {
                self.resolver.reads.append(reads);
                let late = self.around.keep(self.resolver).map(|kept| LateCondition { kept, text: condition.clone() });
                return (false, late);
            }
            Err(found) => Err(found),
        };
        (!holds.map_err(|found| self.resolver.report(found)).unwrap_or(true), None)
    }

    fn environment(&mut self, lates: &mut Lates) -> Arc<Overlay> {
        let matrix = self.instance.matrix.as_deref().unwrap_or_default();
        if !self.process.env.is_set() && !self.process.env_file.is_set() && matrix.is_empty() {
            return Arc::clone(&self.around.env);
        }
        let mut overlay = (*self.around.env).clone();
        environment::add_files(&mut overlay, &self.process.env_file, self.around.folder, self.around.host, self.resolver);
        environment::add_late_entries(&mut overlay, &self.process.env, lates, self.resolver);
        for (axis, value) in matrix {
            overlay.insert(format!("FLOWRUN_MATRIX_{}", env_form(axis)), Some(value.text.clone()));
        }
        Arc::new(overlay)
    }

    pub(super) fn folder(&mut self, cwd: &Field<Tmpl<String>>, from: &Path, lates: &mut Lates) -> PathBuf {
        let Some(text) = self.resolver.text_field(cwd) else { return from.to_owned() };
        lates.set(Target::Folder, text.late);
        self.around.folder.join(text.now)
    }

    pub(super) fn umask(&mut self, umask: &Field<written::Umask>) -> Option<u32> {
        let umask = umask.get()?;
        self.resolver.scalar(&umask.value.0, umask.span).map(|Bits(bits)| bits)
    }

    fn joins(&mut self) -> Vec<PendingJoin> {
        let mut joins = Vec::new();
        for entry in self.process.join.value().map_or(&[][..], |join| &join.0) {
            let Field::Set(spec) = &entry.spec else {
                if matches!(entry.spec, Field::Null(_)) {
                    let name = entry.target.value.text();
                    self.resolver.report(
                        Diagnostic::error(
                            "null-takes-nothing-away",
                            entry.target.span,
                            format!("`{name}` has no condition: null takes the join of a template away, and there is none"),
                        )
                        .help(format!("to wait for it, write `{name}: success`, or `join: [{name}]`")),
                    );
                }
                continue;
            };
            let Some(target) = self.resolver.scalar(&entry.target.value, entry.target.span) else { continue };
            let spec = &spec.value;
            let timeout = self.resolver.period(&spec.timeout);
            if timeout.is_none() && spec.on_timeout.is_set() {
                let span = spec.on_timeout.span().unwrap_or(entry.target.span);
                self.resolver.report(
                    Diagnostic::error("key-does-not-fit", span, "`on_timeout` means nothing without a `timeout`").help("add `timeout: 5m`"),
                );
            }
            joins.push(PendingJoin {
                target,
                place: entry.target.span,
                until: self.resolver.field(&spec.until),
                until_place: spec.until.span().unwrap_or(entry.target.span),
                timeout,
                on_timeout: self.resolver.field_or(&spec.on_timeout, OnTimeout::Fail),
            });
        }
        joins
    }
}
