//! What a process runs: its steps, or the one that a plain `command` or `task` is.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::command;
use super::environment::{self, Overlay};
use super::kind::WHOSE_UMASK;
use super::late::{Late, LateTask, Lates, Lenient, Unknown};
use super::model::{Action, Step, StepControl};
use super::process::{Builder, Mention};
use super::requests::Wanted;
use super::secrets;
use super::terminals;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::{Span, Spanned};
use crate::source::model as written;
use crate::source::model::process::With;
use crate::source::read::{Field, Reader, Tmpl};
use crate::source::tree::Document;
use crate::{base::suggest, task};

impl Builder<'_, '_> {
    /// All of them; those with mistakes are left out.
    pub(super) fn steps(&mut self, shared: &Shared<'_>, mentions: &mut Vec<Mention>) -> Vec<PlannedStep> {
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
            step: Step {
                name: None,
                place,
                action,
                cwd: shared.cwd.to_owned(),
                env: Arc::clone(shared.env),
                secrets: Arc::clone(shared.secrets),
                umask: shared.umask,
                late,
            },
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
        let secrets = secrets::names(&step.secrets, shared.secrets, self.resolver);
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
        let planned = Step { name: step.name.value().cloned(), place: program, action, cwd, env, secrets, umask, late };
        secrets::warn_unset(&step.secrets, std::iter::once(&planned), self.around.host.env(), self.resolver);
        Some(PlannedStep {
            step: planned,
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
        let reads = lenient.reads.take();
        if self.misspelt && !with.is_set() {
            found.retain(|found| found.code != "missing-key");
        }
        let wrong = found.iter().any(|found| found.severity == Severity::Error);
        self.resolver.diagnostics.append(&mut found);
        if let Some(not_here) = reads.not_here() {
            // Whom it waits for and what it stops must be known before anything runs.
            if ["wait", "stop"].contains(&definition.name) {
                self.resolver.report(not_here);
                return None;
            }
            self.resolver.reads.append(reads);
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
pub struct Shared<'s> {
    /// Its environment.
    pub env: &'s Arc<Overlay>,
    /// Its folder, absolute.
    pub cwd: &'s Path,
    /// The names of variables whose values must not be shown.
    pub secrets: &'s Arc<[String]>,
    /// The permissions that new files do not get.
    pub umask: Option<u32>,
    /// What of its environment and folder is late.
    pub lates: &'s Lates,
}

/// A step, and what it asks for.
pub struct PlannedStep {
    /// For an executor.
    pub step: Step,
    /// For the scheduler.
    pub control: StepControl,
    /// What it holds while it runs.
    pub wanted: Vec<Wanted>,
}

fn only_waits(action: &Action) -> bool {
    matches!(action, Action::Task { task, .. } if task.only_waits())
}
