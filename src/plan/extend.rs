//! `defaults`, `templates` and `extends`: one process from several.
//!
//! `args` and `with` may stand in `defaults`: like all that does not fit a process's kind, they are not
//! applied to the others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::base::suggest::Suggester;
use crate::source::model::ready::Asked;
use crate::source::model::{Process, Workflow};
use crate::source::read::{Field, Merge};

/// Keys that `defaults` may not hold, because they say what one process is.
const NOT_IN_DEFAULTS: &str = "what a process runs, waits for, holds and is called is its own affair";

/// Merges templates, remembering those done.
pub struct Extender<'a> {
    workflow: &'a Workflow,
    templates: HashMap<&'a str, &'a Process>,
    merged: HashMap<&'a str, Process>,
    /// Without the keys that may not stand there.
    defaults: Option<Process>,
    processes: HashSet<&'a str>,
    suggest: Suggester,
}

/// A process after merging.
pub struct Extended<'a> {
    /// Templates, own keys and defaults.
    pub whole: Cow<'a, Process>,
    /// Where templates and own keys, but not defaults, have keys that fit only one kind of process.
    pub given: Given,
}

/// Places of keys, where they are given by a process or its templates.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// `with`.
    pub with: Option<Span>,
    /// `args`.
    pub args: Option<Span>,
    /// `shell`.
    pub shell: Option<Span>,
    /// `stdin`.
    pub stdin: Option<Span>,
    /// `umask`.
    pub umask: Option<Span>,
    /// `tty`.
    pub tty: Option<Span>,
    /// `listen`.
    pub listen: Option<Span>,
    /// `max` of `listen`.
    pub listen_max: Option<Span>,
    /// `stdout`.
    pub stdout: Option<Span>,
    /// `stderr`.
    pub stderr: Option<Span>,
    /// `timeout`.
    pub timeout: Option<Span>,
    /// `retries`.
    pub retries: Option<Span>,
    /// `restart`.
    pub restart: Option<Span>,
    /// `leftovers`.
    pub leftovers: Option<Span>,
    /// `when` of `stop`.
    pub stop_when: Option<Span>,
    /// `ready`.
    pub ready: Option<Conditions>,
    /// `live`.
    pub live: Option<Conditions>,
    /// `produces`.
    pub produces: Option<Span>,
    /// `consumes`.
    pub consumes: Option<Span>,
}

/// Keys of `ready` or `live` that do not fit every condition, where they are given.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// The first that belongs to `http`.
    pub of_http: Option<(&'static str, Span)>,
    /// Those that say when it is asked.
    pub of_asking: [Option<(&'static str, Span)>; 3],
}

impl Conditions {
    fn of(asked: Asked<'_>) -> Self {
        Self { of_http: asked.of_http().into_iter().next(), of_asking: asked.of_asking() }
    }
}

impl Given {
    fn of(process: &Process) -> Self {
        Self {
            with: process.with.span(),
            args: process.args.span(),
            shell: process.shell.span(),
            stdin: process.stdin.span(),
            umask: process.umask.span(),
            tty: process.tty.span(),
            listen: process.listen.span(),
            listen_max: process.listen.value().and_then(|listen| listen.spec.max.span()),
            stdout: process.stdout.span(),
            stderr: process.stderr.span(),
            timeout: process.timeout.span(),
            retries: process.retries.span(),
            restart: process.restart.span(),
            leftovers: process.leftovers.span(),
            stop_when: process.stop.value().and_then(|stop| stop.when.span()),
            ready: process.ready.value().map(|ready| Conditions::of(ready.0.asked())),
            live: process.live.value().map(|live| Conditions::of(live.0.asked())),
            produces: process.produces.span(),
            consumes: process.consumes.span(),
        }
    }
}

impl<'a> Extender<'a> {
    /// Checks `defaults` and merges the templates.
    pub fn new(workflow: &'a Workflow, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let entries = workflow.templates.value().map_or(&[][..], |map| &map.entries);
        let templates = entries.iter().filter_map(|(name, template)| Some((name.value.as_str(), template.value()?))).collect();
        let processes = workflow.processes.value().map_or(&[][..], |map| &map.entries).iter().map(|(name, _)| name.value.as_str());
        let mut extender = Self {
            workflow,
            templates,
            merged: HashMap::new(),
            defaults: None,
            processes: processes.collect(),
            suggest: Suggester::default(),
        };
        extender.check_defaults(diagnostics);
        for name in extender.order(diagnostics) {
            let merged = extender.with_templates(extender.templates[name], diagnostics).into_owned();
            extender.merged.insert(name, merged);
        }
        extender
    }

    /// The templates, each after those it extends; rings are reported. Does not recurse, so that a long
    /// chain is no deeper than a short one.
    fn order(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<&'a str> {
        let mut order = Vec::with_capacity(self.templates.len());
        let mut done: HashMap<&str, bool> = HashMap::new();
        let names = self.workflow.templates.value().map_or(&[][..], |map| &map.entries).iter().map(|(name, _)| name.value.as_str());
        for root in names.filter(|name| self.templates.contains_key(name)) {
            if done.contains_key(root) {
                continue;
            }
            done.insert(root, false);
            let mut open = vec![(root, 0)];
            while let Some((name, next)) = open.last_mut() {
                let parents = self.templates[*name].extends.value().map_or(&[][..], |names| &names.0);
                let Some(parent) = parents.get(*next) else {
                    order.push(*name);
                    done.insert(*name, true);
                    open.pop();
                    continue;
                };
                *next += 1;
                match done.get(parent.value.as_str()) {
                    Some(true) => {}
                    Some(false) => diagnostics.push(self.ring(&open, &parent.value)),
                    None => {
                        if self.templates.contains_key(parent.value.as_str()) {
                            done.insert(&parent.value, false);
                            open.push((&parent.value, 0));
                        }
                    }
                }
            }
        }
        order
    }

    /// The finding for a ring: `open` are the templates from the first visited to the one that extends `closing`.
    fn ring(&self, open: &[(&str, usize)], closing: &str) -> Diagnostic {
        let first = open.iter().position(|(name, _)| *name == closing).unwrap_or(0);
        let ring = &open[first..];
        let mut path: Vec<&str> = ring.iter().map(|(name, _)| *name).collect();
        path.push(closing);
        let message = format!("templates extend each other in a ring: {}", path.join(" → "));
        let edge = |(name, next): &(&str, usize)| {
            let parent = &self.templates[name].extends.value()?.0[next - 1];
            Some((parent.span, format!("`{name}` extends `{}`", parent.value)))
        };
        let mut edges = ring.iter().filter_map(edge);
        let (span, text) = edges.next().unwrap_or_default();
        let found = Diagnostic::error("template-ring", span, message).main_label(text).help("take one `extends` away");
        edges.fold(found, |found, (span, text)| found.label(span, text))
    }

    fn check_defaults(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let Some(defaults) = self.workflow.defaults.value() else { return };
        self.defaults = Some(Process {
            command: Field::Absent,
            task: Field::Absent,
            steps: Field::Absent,
            join: Field::Absent,
            lock: Field::Absent,
            semaphore: Field::Absent,
            extends: Field::Absent,
            daemon: Field::Absent,
            replicas: Field::Absent,
            matrix: Field::Absent,
            for_each: Field::Absent,
            condition: Field::Absent,
            ..defaults.clone()
        });
        let places = [
            ("command", defaults.command.span()),
            ("task", defaults.task.span()),
            ("steps", defaults.steps.span()),
            ("join", defaults.join.span()),
            ("lock", defaults.lock.span()),
            ("semaphore", defaults.semaphore.span()),
            ("extends", defaults.extends.span()),
            ("daemon", defaults.daemon.span()),
            ("replicas", defaults.replicas.span()),
            ("matrix", defaults.matrix.span()),
            ("for_each", defaults.for_each.span()),
            ("if", defaults.condition.span()),
        ];
        for (key, span) in places {
            if let Some(span) = span {
                diagnostics.push(
                    Diagnostic::error("not-in-defaults", span, format!("`{key}` cannot stand in `defaults`"))
                        .help(format!("{NOT_IN_DEFAULTS}; put it into a template and write `extends: template`")),
                );
            }
        }
    }

    /// A process with its templates and the defaults.
    pub fn extend<'p>(&self, own: &'p Process, diagnostics: &mut Vec<Diagnostic>) -> Extended<'p> {
        let process = self.with_templates(own, diagnostics);
        let given = Given::of(&process);
        let whole = match &self.defaults {
            Some(defaults) => Cow::Owned(overlay(defaults.clone(), process.into_owned())),
            None => process,
        };
        Extended { whole, given }
    }

    fn with_templates<'p>(&self, own: &'p Process, diagnostics: &mut Vec<Diagnostic>) -> Cow<'p, Process> {
        let Some(names) = own.extends.value() else { return Cow::Borrowed(own) };
        let mut base = Process::default();
        for name in &names.0 {
            match self.merged.get(name.value.as_str()) {
                Some(template) => base = overlay(base, template.clone()),
                // One that is not merged yet is in a ring, which is reported.
                None if self.templates.contains_key(name.value.as_str()) => {}
                None => self.report_unknown(name, diagnostics),
            }
        }
        Cow::Owned(overlay(base, own.clone()))
    }

    fn report_unknown(&self, name: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) {
        let declared = self.workflow.templates.value();
        if self.workflow.templates.is_broken() || declared.is_some_and(|map| map.get(&name.value).is_some()) {
            // Its own mistake was reported where it stands.
            return;
        }
        let help = if self.processes.contains(name.value.as_str()) {
            format!("`{}` is a process; move what is shared into `templates` and extend that", name.value)
        } else {
            let known: Vec<&str> = declared.map_or_else(Vec::new, |map| map.entries.iter().map(|(name, _)| name.value.as_str()).collect());
            self.suggest.did_you_mean(&name.value, known).unwrap_or_else(|| "declare it under `templates`".to_owned())
        };
        diagnostics.push(Diagnostic::error("unknown-template", name.span, format!("there is no template `{}`", name.value)).help(help));
    }
}

/// `over` laid over `base`: what `over` runs replaces whatever `base` runs.
fn overlay(mut base: Process, over: Process) -> Process {
    let runs = |process: &Process| process.command.is_given() || process.task.is_given() || process.steps.is_given();
    if runs(&over) {
        if base.task.is_given() && base.task.value() != over.task.value() {
            base.with = Field::Absent;
        }
        if base.command.is_given() && !over.command.is_given() {
            base.args = Field::Absent;
        }
        base.command = Field::Absent;
        base.task = Field::Absent;
        base.steps = Field::Absent;
    }
    base.merge(over)
}
