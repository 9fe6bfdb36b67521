//! One declared process becomes its instances.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::command;
use super::environment::{self, Overlay};
use super::expression::Scope;
use super::extend::{Extended, Given};
use super::host::Host;
use super::instances::{self, Instance};
use super::joins::PendingJoin;
use super::late::{self, Kept, Late, LateCondition, LateTask, Lates, Lenient, Target, Unknown};
use super::listening::{self, Listening};
use super::model::{Action, Control, DEFAULT_GRACE, Output, Process, Restart, Retries, Stdin, Step, StepControl, Work};
use super::pipes::Member;
use super::readiness::Owner;
use super::requests::{Resources, Wanted};
use super::resolve::Resolver;
use super::supervision;
use super::terminals;
use super::unknown_keys::UnknownKeys;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::{Span, Spanned};
use crate::source::model::names::env_form;
use crate::source::model::process::With;
use crate::source::model::{self as written, Backoff, Bits, Leftovers, OnTimeout, SignalName};
use crate::source::read::{Field, Reader, Tmpl};
use crate::source::tree::Document;
use crate::{base::suggest, task};

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
    /// Where keys were reported as unknown.
    pub unknown: &'a UnknownKeys,
    /// The workflow's file, for messages.
    pub file: &'a str,
    /// The nodes for what is late, once something is.
    pub kept: OnceCell<Arc<Document>>,
}

impl Around<'_> {
    /// What late values of the process that is being planned will need; nothing as long as it reads no outputs.
    pub fn keep(&self, resolver: &Resolver<'_>) -> Option<Arc<Kept>> {
        if resolver.reads.is_empty() {
            return None;
        }
        Some(Arc::new(Kept {
            document: Arc::clone(self.kept.get_or_init(|| Arc::new(self.document.clone()))),
            file: self.file.to_owned(),
            folder: self.folder.to_owned(),
            names: resolver.scope.names(),
            processes: resolver.reads.iter().map(|read| read.value.0.clone()).collect(),
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
    check_kind(name, process, misspelt, resolver);
    let before = resolver.diagnostics.len();
    let instances = instances::expand(whole, copies, resolver);
    let expanded = resolver.diagnostics.len() == before && !whole.matrix.is_broken() && !whole.replicas.is_broken();
    for instance in instances {
        let mut scope = resolver.scope.with(instance.values().as_ref(), instance.index);
        mark_broken_copies(whole, expanded, &mut scope);
        let mut inner = Resolver::new(scope);
        let listening = listening::plan(whole, process.given, around, &mut inner);
        let given = process.given;
        let one = Builder {
            name,
            process: &listening.process,
            given,
            misspelt,
            instance: &instance,
            listening: &listening,
            around,
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
    if process.replicas.is_given() {
        scope.mark_broken("index");
    }
    if process.matrix.is_given() {
        scope.mark_broken("matrix");
    }
}

/// A file mask belongs to a process of the system.
const WHOSE_UMASK: &str = "a `command`; built-in tasks run within flowrun and share its file mask";

/// Exactly one of `command`, `task` and `steps`, and no key that fits another kind only.
fn check_kind(name: &Spanned<String>, process: &Extended<'_>, misspelt: bool, resolver: &mut Resolver<'_>) {
    let whole = &*process.whole;
    let unreadable = whole.command.is_broken() || whole.task.is_broken() || whole.steps.is_broken();
    let kinds = [("command", whole.command.span()), ("task", whole.task.span()), ("steps", whole.steps.span())];
    let given: Vec<(&str, Span)> = kinds.iter().filter_map(|(key, span)| span.map(|span| (*key, span))).collect();
    match given.as_slice() {
        [] if unreadable || misspelt => return,
        [] => resolver.report(
            Diagnostic::error("nothing-to-run", name.span, format!("`{}` does not say what to run", name.value))
                .help("write exactly one of `command`, `task` and `steps`"),
        ),
        [_] => {}
        [(first, first_span), (second, second_span), rest @ ..] => {
            let mut found = Diagnostic::error("two-kinds", *second_span, format!("`{}` has both `{first}` and `{second}`", name.value))
                .main_label(format!("`{second}`"))
                .label(*first_span, format!("`{first}`"))
                .help("keep one; several commands one after another are `steps`");
            for (key, span) in rest {
                found = found.label(*span, format!("`{key}`"));
            }
            resolver.report(found);
        }
    }
    let only_for = |key: &str, span: Option<Span>, fits: bool, owner: &str| {
        span.filter(|_| !fits).map(|span| {
            Diagnostic::error("key-does-not-fit", span, format!("`{key}` means nothing here")).help(format!("it belongs to {owner}"))
        })
    };
    let own = process.given;
    let text_command = matches!(whole.command.value(), Some(written::Command::Shell(_)));
    let has_steps = whole.steps.is_set();
    if unreadable {
        return;
    }
    for found in [
        only_for("with", own.with, whole.task.is_set(), "a process with a `task`, or to a step with one"),
        only_for("args", own.args, whole.command.is_set(), "a `command`"),
        only_for("shell", own.shell, text_command || has_steps, "a `command` that is a text"),
        only_for("umask", own.umask, !whole.task.is_set(), WHOSE_UMASK),
        only_for("tty", own.tty, !whole.task.is_set(), "a `command`; built-in tasks write to no terminal"),
        only_for("listen", own.listen, !whole.task.is_set(), "a `command`; built-in tasks take no connections"),
        only_for("stdin", own.stdin, !whole.task.is_set(), "a `command`; built-in tasks read no input"),
    ]
    .into_iter()
    .flatten()
    {
        resolver.report(found);
    }
}

struct Builder<'b, 'a> {
    name: &'b Spanned<String>,
    process: &'b written::Process,
    given: Given,
    /// An unknown key was reported in it, which may be what seems to be missing.
    misspelt: bool,
    instance: &'b Instance,
    listening: &'b Listening<'b>,
    around: &'b Around<'b>,
    resolver: &'b mut Resolver<'a>,
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
        let tty = terminals::tty(self.process, self.given, self.resolver);
        let umask = self.umask(&self.process.umask);
        let source = self.source();
        let mut lates = Lates::default();
        let env = self.environment(&mut lates);
        let cwd = self.folder(&self.process.cwd, self.around.folder, &mut lates);
        let stdin = self.stdin(&mut lates);
        let mut mentions = Vec::new();
        let steps = self.steps(&Shared { env: &env, cwd: &cwd, umask, lates: &lates }, &mut mentions);
        let stop = self.process.stop.value().cloned().unwrap_or_default();
        let stop_command = stop.command.get().and_then(|command| {
            let mut lates = lates.clone();
            let action = command::action(command, &Field::Absent, &self.process.shell, &mut lates, self.resolver)?;
            let late = Late::new(self.around.keep(self.resolver).as_ref(), lates, None);
            let place = program_place(command, self.around.document);
            Some(Step { name: None, place, action, cwd: cwd.clone(), env: Arc::clone(&env), umask, late })
        });
        let outputs = if tty {
            (Output::Captured, Output::Captured)
        } else {
            (self.output(&self.process.stdout, false), self.output(&self.process.stderr, true))
        };
        // What has flowrun's terminal writes there.
        let inherits = matches!(self.process.stdin.value(), Some(written::Stdin::Inherit));
        let captured = !inherits && (outputs.0 == Output::Captured || outputs.1 == Output::Captured);
        let owner = Owner { around: self.around, shell: &self.process.shell, cwd: &cwd, env: &env, umask, lates: &lates, captured };
        let ready = self.process.ready.get().and_then(|spec| owner.ready(&spec.value.0, spec.span, self.given.ready, self.resolver));
        let live = self.process.live.get().and_then(|spec| owner.live(&spec.value.0, spec.span, self.given.live, self.resolver));
        let (disabled, condition) = self.condition();
        let member = Member {
            source,
            command: self.process.command.is_set(),
            tty,
            stdout: self.given.stdout,
            again: self.given.retries.or(self.given.restart),
        };
        let control = Control {
            pipe_from: None,
            for_each: None,
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
        let reads = std::mem::take(&mut self.resolver.reads);
        Some(Planned { process, joins, held, steps, mentions, member, reads, unused_place: self.given.stop_when })
    }

    /// Whether its `if` is false, or the `if` itself when it reads outputs.
    fn condition(&mut self) -> (bool, Option<LateCondition>) {
        let Some(condition) = self.process.condition.get() else { return (false, None) };
        let scope = &self.resolver.scope;
        let reads = scope.condition_text(&condition.value, condition.span).and_then(|(inner, place)| scope.outputs_of_one(inner, place));
        let holds = match reads {
            Ok(reads) if reads.is_empty() => scope.condition(&condition.value, condition.span),
            Ok(mut reads) => {
                self.resolver.reads.append(&mut reads);
                let late = self.around.keep(self.resolver).map(|kept| LateCondition { kept, text: condition.clone() });
                return (false, late);
            }
            Err(found) => Err(found),
        };
        (!holds.map_err(|found| self.resolver.report(found)).unwrap_or(true), None)
    }

    /// Whether a key of finite processes applies; written in a daemon it is an error, from `defaults` it is left out.
    fn finite_only(&mut self, key: &str, daemon: bool, given: Option<Span>) -> bool {
        if let (true, Some(span)) = (daemon, given) {
            let help = match key {
                "timeout" => "remove it: a daemon ends when nobody needs it any more",
                "leftovers" => "remove it: what a daemon leaves running is stopped with it",
                _ => "remove it: `retries` is for finite processes; daemons have `restart: on-failure`",
            };
            self.resolver.report(Diagnostic::error("key-does-not-fit", span, format!("a daemon has no `{key}`")).help(help));
        }
        !daemon
    }

    fn restart(&mut self, daemon: bool) -> Restart {
        if let (false, Some(span)) = (daemon, self.given.restart) {
            let found = Diagnostic::error("key-does-not-fit", span, "a finite process has no `restart`");
            self.resolver.report(found.help("write `retries: 3`, or `daemon: true` if it is a background service"));
        }
        match self.process.restart.value().filter(|_| daemon) {
            Some(spec) => supervision::restart(&spec.0, self.given.restart, self.resolver),
            None => Restart::default(),
        }
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

    fn folder(&mut self, cwd: &Field<Tmpl<String>>, from: &Path, lates: &mut Lates) -> PathBuf {
        let Some(text) = self.resolver.text_field(cwd) else { return from.to_owned() };
        lates.set(Target::Folder, text.late);
        self.around.folder.join(text.now)
    }

    fn umask(&mut self, umask: &Field<written::Umask>) -> Option<u32> {
        let umask = umask.get()?;
        self.resolver.scalar(&umask.value.0, umask.span).map(|Bits(bits)| bits)
    }

    fn steps(&mut self, shared: &Shared<'_>, mentions: &mut Vec<Mention>) -> Vec<PlannedStep> {
        if let Some(steps) = self.process.steps.get() {
            if steps.value.0.is_empty() {
                self.resolver.report(Diagnostic::error("bad-value", steps.span, "there are no steps").help("add one, or use `command`"));
            }
            return steps.value.0.iter().filter_map(|step| self.step(step, shared, mentions)).collect();
        }
        let process = self.process;
        let place = process.command.get().map(|command| program_place(command, self.around.document)).unwrap_or_default();
        let mut lates = shared.lates.clone();
        let action = match (process.command.get(), process.task.get()) {
            (Some(command), _) => {
                command::action(command, &process.args, &process.shell, &mut lates, self.resolver).map(|action| (action, None))
            }
            (None, Some(task)) => self.task(task, &process.with, mentions),
            (None, None) => None,
        };
        let Some((action, task)) = action else { return Vec::new() };
        let late = Late::new(self.around.keep(self.resolver).as_ref(), lates, task);
        vec![PlannedStep {
            control: StepControl { only_waits: only_waits(&action), ..StepControl::default() },
            step: Step { name: None, place, action, cwd: shared.cwd.to_owned(), env: Arc::clone(shared.env), umask: shared.umask, late },
            wanted: Vec::new(),
        }]
    }

    fn step(&mut self, step: &Spanned<written::Step>, shared: &Shared<'_>, mentions: &mut Vec<Mention>) -> Option<PlannedStep> {
        let (place, step) = (step.span, &step.value);
        let mut lates = shared.lates.clone();
        let program = step.command.get().map(|command| program_place(command, self.around.document)).unwrap_or_default();
        let action = match (step.command.get(), step.task.get()) {
            (Some(command), None) => {
                let shell = if step.shell.is_set() { &step.shell } else { &self.process.shell };
                command::action(command, &step.args, shell, &mut lates, self.resolver).map(|action| (action, None))
            }
            (None, Some(task)) => self.task(task, &step.with, mentions),
            (Some(_), Some(task)) => {
                self.resolver.report(
                    Diagnostic::error("two-kinds", task.span, "this step has both `command` and `task`").help("make two steps of it"),
                );
                None
            }
            (None, None) => {
                let broken = step.command.is_broken() || step.task.is_broken();
                if !broken && !self.around.unknown.any_within(place) {
                    self.resolver.report(
                        Diagnostic::error("nothing-to-run", place, "this step does not say what to run").help("write `command` or `task`"),
                    );
                }
                None
            }
        };
        let mut env = Arc::clone(shared.env);
        if step.env.is_set() {
            let mut overlay = (**shared.env).clone();
            environment::add_late_entries(&mut overlay, &step.env, &mut lates, self.resolver);
            env = Arc::new(overlay);
        }
        let cwd = self.folder(&step.cwd, shared.cwd, &mut lates);
        if let (Some(span), true) = (step.umask.span(), step.task.is_set()) {
            self.resolver.report(
                Diagnostic::error("key-does-not-fit", span, "`umask` means nothing here").help(format!("it belongs to {WHOSE_UMASK}")),
            );
        }
        let umask = self.umask(&step.umask).or(shared.umask);
        let mut wanted = self.around.resources.request(&step.lock, &step.semaphore, self.resolver);
        if terminals::inherits(self.process).is_some() {
            self.around.resources.remove_terminal(&mut wanted);
        }
        let timeout = self.resolver.period(&step.timeout);
        let (action, task) = action?;
        let only_waits = only_waits(&action);
        let late = Late::new(self.around.keep(self.resolver).as_ref(), lates, task);
        Some(PlannedStep {
            step: Step { name: step.name.value().cloned(), place: program, action, cwd, env, umask, late },
            control: StepControl { request: wanted.iter().map(|wanted| wanted.share).collect(), timeout, only_waits },
            wanted,
        })
    }

    fn task(
        &mut self,
        task: &Spanned<Tmpl<String>>,
        with: &Field<With>,
        mentions: &mut Vec<Mention>,
    ) -> Option<(Action, Option<LateTask>)> {
        if with.is_broken() {
            return None;
        }
        let name = self.resolver.scalar(&task.value, task.span)?;
        let Some(definition) = task::find(&name) else {
            let known: Vec<&str> = task::TASKS.iter().map(|task| task.name).collect();
            let help = suggest::did_you_mean(&name, known.iter().copied())
                .unwrap_or_else(|| format!("the tasks are {}; a program is a `command`", crate::source::hints::list(&known)));
            self.resolver.report(Diagnostic::error("unknown-task", task.span, format!("there is no built-in task `{name}`")).help(help));
            return None;
        };
        let entries = with.value().map_or_else(Vec::new, With::entries);
        let mut reader = Reader::new(self.around.document);
        let lenient = Lenient { scope: &self.resolver.scope, reads: RefCell::default() };
        reader.render = Some(&lenient);
        let place = with.span().unwrap_or(task.span);
        let built = (definition.build)(&entries, place, &mut reader);
        let mut found = std::mem::take(&mut reader.diagnostics);
        let mut reads = lenient.reads.take();
        if self.misspelt && !with.is_set() {
            found.retain(|found| found.code != "missing-key");
        }
        let wrong = found.iter().any(|found| found.severity == Severity::Error);
        self.resolver.diagnostics.append(&mut found);
        if let Some(read) = reads.first() {
            // Whom it waits for and what it stops must be known before anything runs.
            if ["wait", "stop"].contains(&definition.name) {
                self.resolver.report(late::not_here(read.span));
                return None;
            }
            self.resolver.reads.append(&mut reads);
            let later = LateTask { build: definition.build, entries, place };
            let task = built.unwrap_or_else(|| Arc::new(Unknown));
            return (!wrong).then_some((Action::Task { name: definition.name, task }, Some(later)));
        }
        let task = built?;
        let (waits, stops) = (task.waits_for(), task.stops());
        let is_in = |names: &[Spanned<String>], name: &Spanned<String>| names.iter().any(|other| other.span == name.span);
        mentions.extend(task.mentions().into_iter().map(|name| Mention { waits: is_in(&waits, &name), stops: is_in(&stops, &name), name }));
        Some((Action::Task { name: definition.name, task }, None))
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

    fn retries(&mut self) -> Retries {
        let Some(spec) = self.process.retries.get() else { return Retries::default() };
        let (span, spec) = (spec.span, &spec.value.0);
        if !spec.count.is_given() && !spec.delay.is_broken() {
            self.resolver.report(
                Diagnostic::error("missing-key", span, "`count` is missing").help("add `count: 3`: how many attempts may follow the first"),
            );
        }
        Retries {
            count: self.resolver.field_or(&spec.count, 0),
            delay: self.resolver.period(&spec.delay).unwrap_or(Duration::ZERO),
            backoff: self.resolver.field_or(&spec.backoff, Backoff::Constant),
            max_delay: self.resolver.period(&spec.max_delay),
            jitter: self.resolver.field_or(&spec.jitter, false),
        }
    }

    fn success_codes(&mut self) -> Vec<i32> {
        let codes = self.resolver.many(&self.process.success_codes);
        if let Some(written) = self.process.success_codes.get()
            && written.value.0.is_empty()
        {
            self.resolver.report(
                Diagnostic::error("bad-value", written.span, "without a success code no end would be a success")
                    .help("write at least one, as in `[0]`, or leave the key out"),
            );
        }
        for code in codes.iter().filter(|code| code.value > 255) {
            self.resolver.report(
                Diagnostic::error("bad-value", code.span, format!("{} is not an exit code", code.value))
                    .help("exit codes go from 0 to 255"),
            );
        }
        if codes.is_empty() {
            return vec![0];
        }
        codes.iter().map(|code| i32::try_from(code.value).unwrap_or(i32::MAX)).collect()
    }

    /// The process whose output it reads.
    fn source(&mut self) -> Option<Spanned<String>> {
        let Some(written::Stdin::From(source)) = self.process.stdin.value() else { return None };
        let place = source.process.span()?;
        self.resolver.field(&source.process).map(|name| Spanned::new(name, place))
    }

    fn stdin(&mut self, lates: &mut Lates) -> Stdin {
        let source = match self.process.stdin.value() {
            Some(written::Stdin::From(source)) => source,
            Some(written::Stdin::Inherit) => return Stdin::Inherit,
            Some(written::Stdin::Nothing) | None => return Stdin::Null,
        };
        if let Some(text) = self.resolver.text_field(&source.text) {
            lates.set(Target::InputText, text.late);
            return Stdin::Text(text.now);
        }
        if source.process.is_set() {
            return Stdin::Pipe;
        }
        let Some(file) = self.resolver.text_field(&source.file) else { return Stdin::Null };
        lates.set(Target::InputFile, file.late);
        Stdin::File(self.around.folder.join(file.now))
    }

    fn output(&mut self, output: &Field<written::Stdout>, is_stderr: bool) -> Output {
        match output.get() {
            None => Output::Captured,
            Some(Spanned { value: written::Stdout::SameAsStdout, .. }) if is_stderr => Output::SameAsStdout,
            Some(Spanned { value: written::Stdout::SameAsStdout, span }) => {
                self.resolver.report(
                    Diagnostic::error("bad-value", *span, "standard output cannot go to itself")
                        .help("`stdout` is a form of `stderr` only"),
                );
                Output::Captured
            }
            Some(Spanned { value: written::Stdout::File(sink), .. }) => match self.resolver.field(&sink.file) {
                Some(path) => Output::File { path: self.around.folder.join(path), append: self.resolver.field_or(&sink.append, false) },
                None => Output::Captured,
            },
        }
    }
}

/// Where the program of a command stands, as far as the text shows it.
pub fn program_place(command: &Spanned<written::Command>, document: &Document) -> Span {
    let text = match &command.value {
        written::Command::Argv(words) => return words.first().map_or(command.span, |word| word.span),
        written::Command::Shell(text) => text.value.text(),
    };
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    let source = command.span.slice(&document.text);
    match source.find(first) {
        Some(at) if !first.is_empty() && at <= 1 => {
            let start = command.span.start as usize + at;
            Span::new(start, start + first.len())
        }
        _ => command.span,
    }
}

/// What the steps of a process have in common.
struct Shared<'s> {
    env: &'s Arc<Overlay>,
    cwd: &'s Path,
    umask: Option<u32>,
    lates: &'s Lates,
}

struct PlannedStep {
    step: Step,
    control: StepControl,
    wanted: Vec<Wanted>,
}

fn only_waits(action: &Action) -> bool {
    matches!(action, Action::Task { task, .. } if task.only_waits())
}
