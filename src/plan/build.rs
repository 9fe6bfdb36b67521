//! One instance of a process, put together from all its keys.
//!
//! Knows in which order keys are looked at; what each means is in files of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command;
use super::environment::{self, Overlay};
use super::expression::{self, Reads};
use super::joins::PendingJoin;
use super::late::{Late, LateCondition, Lates, Target};
use super::model::{Control, DEFAULT_GRACE, Output, Process, Retries, Step, Work};
use super::pipes::Member;
use super::process::{Builder, Planned};
use super::readiness::Owner;
use super::secrets;
use super::steps::{Shared, program_place};
use super::supervision;
use super::terminals;
use crate::base::diagnostic::Diagnostic;
use crate::source::model::names::env_form;
use crate::source::model::{self as written, Bits, Leftovers, OnTimeout, SignalName};
use crate::source::read::{Field, Tmpl};

impl Builder<'_, '_> {
    /// The instance, with mistakes left out where they were found.
    pub(super) fn build(mut self) -> Planned {
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
        let shared = Shared { env: &env, cwd: &cwd, secrets: &secrets, umask, lates: &lates };
        let steps = self.steps(&shared, &mut mentions);
        let planned = steps.iter().map(|planned| &planned.step);
        secrets::warn_unset(&self.process.secrets, planned, self.around.host.env(), self.resolver);
        let stop = self.process.stop.value().cloned().unwrap_or_default();
        let stop_command = self.stop_command(&stop, &shared);
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
            awaited: ready.as_ref().map(|(_, probe)| probe.words()),
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
        let ready_place = self.given.ready.and(self.process.ready.span());
        let unused_place = self.given.stop_when;
        Planned { process, joins, held, steps, mentions, member, reads, unused_place, ready_place, queues: self.queues }
    }

    /// The command that is run before the stop signal.
    fn stop_command(&mut self, stop: &written::Stop, shared: &Shared<'_>) -> Option<Step> {
        let command = stop.command.get()?;
        let mut lates = shared.lates.clone();
        let action = command::action(command, &Field::Absent, &self.process.shell, &mut lates, self.resolver)?;
        let late = Late::new(self.around.keep(self.resolver).as_ref(), lates, None);
        let place = program_place(command, self.around.document);
        let (cwd, env, secrets) = (shared.cwd.to_owned(), Arc::clone(shared.env), Arc::clone(shared.secrets));
        Some(Step { name: None, place, action, cwd, env, secrets, umask: shared.umask, late })
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
