//! `defaults`, `templates` and `extends`: one process from several.

use std::collections::{HashMap, HashSet};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Spanned;
use crate::base::suggest;
use crate::source::model::{Process, Workflow};
use crate::source::read::{Field, Merge};

/// Keys that `defaults` may not hold, because they say what one process is.
const NOT_IN_DEFAULTS: &str = "what a process runs, waits for, holds and is called is its own affair";

/// Merges templates, remembering those done.
pub struct Extender<'a> {
    workflow: &'a Workflow,
    templates: HashMap<&'a str, &'a Process>,
    merged: HashMap<String, Process>,
    refused: HashSet<String>,
}

/// A process after merging.
pub struct Extended {
    /// Templates and own keys, without defaults.
    pub given: Process,
    /// Defaults too.
    pub whole: Process,
}

impl<'a> Extender<'a> {
    /// Checks `defaults` and the templates' own `extends`.
    pub fn new(workflow: &'a Workflow, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut templates = HashMap::new();
        if let Some(map) = workflow.templates.value() {
            for (name, template) in &map.entries {
                if let Some(template) = template.value() {
                    templates.insert(name.value.as_str(), template);
                }
            }
        }
        let mut extender = Self { workflow, templates, merged: HashMap::new(), refused: HashSet::new() };
        extender.check_defaults(diagnostics);
        let names: Vec<&str> =
            workflow.templates.value().map_or_else(Vec::new, |map| map.entries.iter().map(|(name, _)| name.value.as_str()).collect());
        for name in names {
            let _ = extender.template(name, &mut Vec::new(), diagnostics);
        }
        extender
    }

    fn check_defaults(&self, diagnostics: &mut Vec<Diagnostic>) {
        let Some(defaults) = self.workflow.defaults.value() else { return };
        let places = [
            ("command", defaults.command.span()),
            ("task", defaults.task.span()),
            ("with", defaults.with.span()),
            ("args", defaults.args.span()),
            ("steps", defaults.steps.span()),
            ("join", defaults.join.span()),
            ("lock", defaults.lock.span()),
            ("semaphore", defaults.semaphore.span()),
            ("extends", defaults.extends.span()),
            ("daemon", defaults.daemon.span()),
            ("replicas", defaults.replicas.span()),
            ("matrix", defaults.matrix.span()),
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
    pub fn extend(&mut self, own: &Process, diagnostics: &mut Vec<Diagnostic>) -> Extended {
        let given = self.with_templates(own, &mut Vec::new(), diagnostics);
        let whole = match self.workflow.defaults.value() {
            Some(defaults) => overlay(defaults.clone(), given.clone()),
            None => given.clone(),
        };
        Extended { given, whole }
    }

    fn with_templates(&mut self, own: &Process, path: &mut Vec<Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) -> Process {
        let Some(names) = own.extends.value() else { return own.clone() };
        let mut base = Process::default();
        for name in &names.0 {
            if let Some(first) = path.iter().position(|outer| outer.value == name.value) {
                self.report_ring(&path[first..], name, diagnostics);
                continue;
            }
            if !self.templates.contains_key(name.value.as_str()) {
                self.report_unknown(name, diagnostics);
                continue;
            }
            path.push(name.clone());
            let template = self.template(&name.value, path, diagnostics);
            path.pop();
            base = overlay(base, template);
        }
        overlay(base, own.clone())
    }

    fn template(&mut self, name: &str, path: &mut Vec<Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) -> Process {
        if let Some(done) = self.merged.get(name) {
            return done.clone();
        }
        let Some(template) = self.templates.get(name).copied() else { return Process::default() };
        let merged = self.with_templates(template, path, diagnostics);
        // Inside a ring the result depends on where one entered; such a plan is refused anyway.
        self.merged.insert(name.to_owned(), merged.clone());
        merged
    }

    fn report_ring(&mut self, ring: &[Spanned<String>], closing: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) {
        if !self.refused.insert(closing.value.clone()) {
            return;
        }
        let mut path: Vec<&str> = ring.iter().map(|name| name.value.as_str()).collect();
        path.push(&closing.value);
        let mut found =
            Diagnostic::error("template-ring", closing.span, format!("templates extend each other in a ring: {}", path.join(" → ")))
                .main_label("closes the ring")
                .help("take one `extends` away");
        for name in &ring[1..] {
            found = found.label(name.span, "also in the ring");
        }
        diagnostics.push(found);
    }

    fn report_unknown(&self, name: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) {
        let declared = self.workflow.templates.value();
        if declared.is_some_and(|map| map.get(&name.value).is_some()) {
            // Its own mistake was reported where it stands.
            return;
        }
        let is_process = self.workflow.processes.value().is_some_and(|map| map.get(&name.value).is_some());
        let help = if is_process {
            format!("`{}` is a process; move what is shared into `templates` and extend that", name.value)
        } else {
            let known: Vec<&str> = declared.map_or_else(Vec::new, |map| map.entries.iter().map(|(name, _)| name.value.as_str()).collect());
            suggest::did_you_mean(&name.value, known).unwrap_or_else(|| "declare it under `templates`".to_owned())
        };
        diagnostics.push(Diagnostic::error("unknown-template", name.span, format!("there is no template `{}`", name.value)).help(help));
    }
}

/// `over` laid over `base`: what `over` runs replaces whatever `base` runs.
fn overlay(mut base: Process, over: Process) -> Process {
    if over.command.is_given() || over.task.is_given() || over.steps.is_given() {
        let same_task = base.task.is_set() && base.task.value() == over.task.value();
        if !same_task {
            base.with = Field::Absent;
        }
        if !over.command.is_given() {
            base.args = Field::Absent;
        }
        base.command = Field::Absent;
        base.task = Field::Absent;
        base.steps = Field::Absent;
    }
    base.merge(over)
}
