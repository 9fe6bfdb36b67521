//! One declared process becomes its instances.

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
use super::model::{Action, Control, DEFAULT_GRACE, Output, Process, Restart, Retries, Stdin, Step, StepControl, Work};
use super::readiness::Owner;
use super::requests::{Resources, Wanted};
use super::resolve::Resolver;
use super::supervision;
use super::terminals;
use super::unknown_keys::UnknownKeys;
use crate::base::diagnostic::Diagnostic;
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
        let one =
            Builder { name, process: whole, given: process.given, misspelt, instance: &instance, around, resolver: &mut inner }.build();
        let failed = inner.diagnostics.iter().any(|found| found.severity == crate::base::diagnostic::Severity::Error);
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
    around: &'b Around<'b>,
    resolver: &'b mut Resolver<'a>,
}

impl Builder<'_, '_> {
    fn build(mut self) -> Option<Planned> {
        let daemon = self.resolver.field_or(&self.process.daemon, false);
        let mut held = self.around.resources.request(&self.process.lock, &self.process.semaphore, self.resolver);
        let inherits = terminals::inherits(self.process);
        if let Some(place) = inherits {
            self.around.resources.add_terminal(place, &mut held);
        }
        let tty = terminals::tty(self.process, self.given, self.resolver);
        let umask = self.umask(&self.process.umask);
        let env = self.environment();
        let cwd = self.folder(&self.process.cwd, self.around.folder);
        let mut mentions = Vec::new();
        let steps = self.steps(&env, &cwd, umask, &mut mentions);
        let stop = self.process.stop.value().cloned().unwrap_or_default();
        let stop_command = stop.command.get().and_then(|command| {
            Some((
                program_place(command, self.around.document),
                command::action(command, &Field::Absent, &self.process.shell, self.resolver)?,
            ))
        });
        let outputs = if tty {
            (Output::Captured, Output::Captured)
        } else {
            (self.output(&self.process.stdout, false), self.output(&self.process.stderr, true))
        };
        let captured = outputs.0 == Output::Captured || outputs.1 == Output::Captured;
        let owner = Owner { around: self.around, shell: &self.process.shell, cwd: &cwd, env: &env, umask, captured };
        let ready = self.process.ready.get().and_then(|spec| owner.ready(&spec.value.0, spec.span, self.given.ready, self.resolver));
        let live = self.process.live.get().and_then(|spec| owner.live(&spec.value.0, spec.span, self.given.live, self.resolver));
        let control = Control {
            daemon,
            disabled: self.disabled(),
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
            index: self.instance.index,
            stdin: self.stdin(),
            stdout: outputs.0,
            stderr: outputs.1,
            tty,
            stop_signal: self.resolver.field_or(&stop.signal, SignalName(nix::sys::signal::Signal::SIGTERM as i32)).0,
            stop_command: stop_command.map(|(place, action)| Step {
                name: None,
                place,
                action,
                cwd: cwd.clone(),
                env: Arc::clone(&env),
                umask,
            }),
            steps: steps.iter().map(|step| step.step.clone()).collect(),
            ready: ready.map(|(_, probe)| probe),
            live: live.map(|(_, probe)| probe),
            keep_leftovers: self.finite_only("leftovers", daemon, self.given.leftovers)
                && self.resolver.field_or(&self.process.leftovers, Leftovers::Stop) == Leftovers::Keep,
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
        Some(Planned { process, joins, held, steps, mentions, unused_place: self.given.stop_when })
    }

    fn disabled(&mut self) -> bool {
        let Some(condition) = self.process.condition.get() else { return false };
        match self.resolver.scope.condition(&condition.value, condition.span) {
            Ok(holds) => !holds,
            Err(found) => {
                self.resolver.report(found);
                false
            }
        }
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

    fn environment(&mut self) -> Arc<Overlay> {
        let matrix = self.instance.matrix.as_deref().unwrap_or_default();
        if !self.process.env.is_set() && !self.process.env_file.is_set() && matrix.is_empty() {
            return Arc::clone(&self.around.env);
        }
        let mut overlay = (*self.around.env).clone();
        environment::add_files(&mut overlay, &self.process.env_file, self.around.folder, self.around.host, self.resolver);
        environment::add_entries(&mut overlay, &self.process.env, self.resolver);
        for (axis, value) in matrix {
            overlay.insert(format!("FLOWRUN_MATRIX_{}", env_form(axis)), Some(value.text.clone()));
        }
        Arc::new(overlay)
    }

    fn folder(&mut self, cwd: &Field<Tmpl<String>>, from: &Path) -> PathBuf {
        self.resolver.field(cwd).map_or_else(|| from.to_owned(), |cwd| self.around.folder.join(cwd))
    }

    fn umask(&mut self, umask: &Field<written::Umask>) -> Option<u32> {
        let umask = umask.get()?;
        self.resolver.scalar(&umask.value.0, umask.span).map(|Bits(bits)| bits)
    }

    fn steps(&mut self, env: &Arc<Overlay>, cwd: &Path, umask: Option<u32>, mentions: &mut Vec<Mention>) -> Vec<PlannedStep> {
        if let Some(steps) = self.process.steps.get() {
            if steps.value.0.is_empty() {
                self.resolver.report(Diagnostic::error("bad-value", steps.span, "there are no steps").help("add one, or use `command`"));
            }
            return steps.value.0.iter().filter_map(|step| self.step(step, env, cwd, umask, mentions)).collect();
        }
        let process = self.process;
        let place = process.command.get().map(|command| program_place(command, self.around.document)).unwrap_or_default();
        let action = match (process.command.get(), process.task.get()) {
            (Some(command), _) => command::action(command, &process.args, &process.shell, self.resolver),
            (None, Some(task)) => self.task(task, &process.with, mentions),
            (None, None) => None,
        };
        let plan = |action: Action| PlannedStep {
            control: StepControl { only_waits: only_waits(&action), ..StepControl::default() },
            step: Step { name: None, place, action, cwd: cwd.to_owned(), env: Arc::clone(env), umask },
            wanted: Vec::new(),
        };
        action.map(plan).into_iter().collect()
    }

    fn step(
        &mut self,
        step: &Spanned<written::Step>,
        env: &Arc<Overlay>,
        cwd: &Path,
        umask: Option<u32>,
        mentions: &mut Vec<Mention>,
    ) -> Option<PlannedStep> {
        let (place, step) = (step.span, &step.value);
        let program = step.command.get().map(|command| program_place(command, self.around.document)).unwrap_or_default();
        let action = match (step.command.get(), step.task.get()) {
            (Some(command), None) => {
                let shell = if step.shell.is_set() { &step.shell } else { &self.process.shell };
                command::action(command, &step.args, shell, self.resolver)
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
        let mut step_env = Arc::clone(env);
        if step.env.is_set() {
            let mut overlay = (**env).clone();
            environment::add_entries(&mut overlay, &step.env, self.resolver);
            step_env = Arc::new(overlay);
        }
        let cwd = self.folder(&step.cwd, cwd);
        if let (Some(span), true) = (step.umask.span(), step.task.is_set()) {
            self.resolver.report(
                Diagnostic::error("key-does-not-fit", span, "`umask` means nothing here").help(format!("it belongs to {WHOSE_UMASK}")),
            );
        }
        let umask = self.umask(&step.umask).or(umask);
        let mut wanted = self.around.resources.request(&step.lock, &step.semaphore, self.resolver);
        if terminals::inherits(self.process).is_some() {
            self.around.resources.remove_terminal(&mut wanted);
        }
        let timeout = self.resolver.period(&step.timeout);
        let action = action?;
        let only_waits = only_waits(&action);
        Some(PlannedStep {
            step: Step { name: step.name.value().cloned(), place: program, action, cwd, env: step_env, umask },
            control: StepControl { request: wanted.iter().map(|wanted| wanted.share).collect(), timeout, only_waits },
            wanted,
        })
    }

    fn task(&mut self, task: &Spanned<Tmpl<String>>, with: &Field<With>, mentions: &mut Vec<Mention>) -> Option<Action> {
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
        reader.render = Some(&self.resolver.scope);
        let built = (definition.build)(&entries, with.span().unwrap_or(task.span), &mut reader);
        let mut found = std::mem::take(&mut reader.diagnostics);
        if self.misspelt && !with.is_set() {
            found.retain(|found| found.code != "missing-key");
        }
        self.resolver.diagnostics.append(&mut found);
        let task = built?;
        let (waits, stops) = (task.waits_for(), task.stops());
        let is_in = |names: &[Spanned<String>], name: &Spanned<String>| names.iter().any(|other| other.span == name.span);
        mentions.extend(task.mentions().into_iter().map(|name| Mention { waits: is_in(&waits, &name), stops: is_in(&stops, &name), name }));
        Some(Action::Task { name: definition.name, task })
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

    fn stdin(&mut self) -> Stdin {
        let source = match self.process.stdin.value() {
            Some(written::Stdin::From(source)) => source,
            Some(written::Stdin::Inherit) => return Stdin::Inherit,
            Some(written::Stdin::Nothing) | None => return Stdin::Null,
        };
        if let Some(text) = self.resolver.field(&source.text) {
            return Stdin::Text(text);
        }
        self.resolver.field(&source.file).map_or(Stdin::Null, |file| Stdin::File(self.around.folder.join(file)))
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

struct PlannedStep {
    step: Step,
    control: StepControl,
    wanted: Vec<Wanted>,
}

fn only_waits(action: &Action) -> bool {
    matches!(action, Action::Task { task, .. } if task.only_waits())
}
