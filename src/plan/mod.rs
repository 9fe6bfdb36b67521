//! All meaning: a [`Workflow`](crate::source::model::Workflow) becomes a [`Plan`], or findings.
//!
//! Templates are merged, expressions evaluated, copies made, names looked up, rings refused. Asks the
//! machine only through [`Host`]; knows nothing of running processes or of clocks. The work goes in
//! one direction, one file a concern; [`build`] is its order.

mod attempts;
mod build;
mod command;
mod connect;
pub mod dotenv;
mod environment;
mod executables;
mod expression;
mod extend;
mod fit;
pub mod graph;
mod host;
mod instances;
mod joins;
mod kept_queues;
mod kind;
mod late;
mod lifetime;
mod listening;
mod literal_env;
mod model;
mod order;
mod outputs;
pub mod pipes;
mod probe;
mod process;
mod queue_checks;
mod queue_ends;
mod queue_locks;
mod queue_waits;
mod queues;
mod readiness;
mod readiness_use;
mod requests;
mod resolve;
mod secrets;
mod select;
mod sharing;
mod shell_habits;
pub mod simple_command;
mod steps;
mod streams;
mod supervision;
mod terminals;
mod unknown_keys;
mod variables;
mod waiting;

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::diagnostic::{self, Diagnostic, Severity};
use crate::base::span::Span;
use crate::source::Parsed;
use crate::source::model::{JobLimit, OnFailure};
use crate::source::read::{Field, MAX_FINDINGS};
use crate::source::tree::Kind;
use environment::Overlay;
use expression::{Engine, Scope};
use extend::Extender;
use process::{Around, Planned};
use queues::Queues;
use requests::Resources;
use resolve::Resolver;
use unknown_keys::UnknownKeys;

pub use host::{Host, NoHost};
pub use late::{Given, Late, Written};
pub use model::*;
pub use probe::{HttpProbe, Probe};
pub use select::{is_cleanup, select};

/// What the command line adds to a workflow.
#[derive(Clone, Debug)]
pub struct Options {
    /// The workflow's folder, absolute: relative paths start there.
    pub folder: PathBuf,
    /// The workflow's name, unless it has one of its own.
    pub name: String,
    /// The workflow's file, for messages while it runs.
    pub file: String,
    /// `--set name=value`, in order.
    pub set: Vec<(String, String)>,
    /// `--env-file`, from the current folder, over those of the workflow.
    pub env_files: Vec<PathBuf>,
    /// `--jobs`, over the workflow's.
    pub jobs: Option<JobLimit>,
    /// `--keep-going`, over the workflow's.
    pub on_failure: Option<OnFailure>,
    /// Processors of the machine.
    pub cpus: u32,
}

impl Options {
    /// A workflow in a folder, with nothing from the command line.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            name: "workflow".to_owned(),
            file: "workflow".to_owned(),
            set: Vec::new(),
            env_files: Vec::new(),
            jobs: None,
            on_failure: None,
            cpus: 1,
        }
    }
}

/// A plan, or what keeps the workflow from having one.
#[derive(Debug)]
pub struct Outcome {
    /// The plan, when there is no error.
    pub plan: Option<Plan>,
    /// Errors and warnings in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Plans a workflow.
pub fn build(parsed: &Parsed, options: &Options, host: &dyn Host) -> Outcome {
    let mut diagnostics = parsed.diagnostics.clone();
    // After so many mistakes the rest is not looked at: what is missing then may only have been passed over.
    let too_many = diagnostics.iter().filter(|found| found.severity == Severity::Error).count() >= MAX_FINDINGS;
    let unreadable = too_many || parsed.document.root().is_none() || diagnostics.iter().any(|found| found.code == "syntax");
    let mut plan = if unreadable {
        if diagnostics.is_empty() {
            diagnostics.push(empty_file());
        }
        None
    } else {
        Some(plan(parsed, options, host, &mut diagnostics))
    };
    if let Some(plan) = &mut plan {
        secrets::hide(&mut diagnostics, plan, host.env());
    }
    if diagnostics.iter().any(|found| found.severity == Severity::Error) {
        plan = None;
    }
    let follows = |found: &Diagnostic| found.code == expression::FOLLOW_UP;
    if diagnostics.iter().any(|found| found.severity == Severity::Error && !follows(found)) {
        diagnostics.retain(|found| !follows(found));
    }
    diagnostic::sort(&mut diagnostics);
    Outcome { plan, diagnostics }
}

fn empty_file() -> Diagnostic {
    Diagnostic::error("empty", crate::base::span::Span::default(), "the workflow is empty")
        .help("begin with `processes:` and a process below it, or let `flowrun init` write an example")
}

fn plan(parsed: &Parsed, options: &Options, host: &dyn Host, diagnostics: &mut Vec<Diagnostic>) -> Plan {
    let workflow = &parsed.workflow;
    let engine = Engine::default();
    let text: &str = &parsed.document.text;
    let (vars, broken) = variables::evaluate(workflow, options, &engine, text, host, diagnostics);
    let mut resolver = Resolver::new(Scope::new(&engine, text, &vars, host.env()));
    broken.into_iter().for_each(|name| resolver.scope.mark_broken(name));
    let overlay = top_environment(parsed, options, host, &mut resolver);
    let broken = resolver.scope.broken().clone();
    resolver.scope = Scope::new(&engine, text, &vars, &environment::effective(host.env(), &overlay));
    broken.into_iter().for_each(|name| resolver.scope.mark_broken(name));
    let name = workflow.name.value().cloned().unwrap_or_else(|| options.name.clone());
    let resources = Resources::declare(workflow, &name, &mut resolver);
    let queues = Queues::declare(workflow, &mut resolver);
    let unknown = UnknownKeys::new(&parsed.diagnostics);
    let around = Around {
        document: &parsed.document,
        host,
        folder: &options.folder,
        env: Arc::new(overlay),
        resources: &resources,
        queues: &queues,
        unknown: &unknown,
        file: &options.file,
        kept: OnceCell::new(),
    };
    let (planned, broken) = processes(parsed, &around, &mut resolver);
    let jobs = options.jobs.or(resolver.field(&workflow.jobs)).map(|limit| limit.resolve(options.cpus));
    let timeout = resolver.period(&workflow.timeout);
    let on_failure = options.on_failure.or(resolver.field(&workflow.on_failure)).unwrap_or_default();
    let declared = workflow.locks.value().map_or(&[][..], |locks| &locks.0).iter().map(|(name, _)| name);
    let declared = declared.chain(workflow.semaphores.value().map_or(&[][..], |map| &map.entries).iter().map(|(name, _)| name));
    resolver.diagnostics.extend(environment::refuse_clashes(declared, environment::SLOT));
    diagnostics.append(&mut resolver.diagnostics);
    let (processes, queues) = connect::connect(parsed, planned, &broken, &resources, &queues, diagnostics);
    executables::check(&processes, host, diagnostics);
    literal_env::check(workflow, diagnostics);
    shell_habits::check(workflow, diagnostics);
    Plan {
        name,
        description: workflow.description.value().cloned(),
        processes,
        resources: resources.all,
        queues,
        jobs,
        timeout,
        on_failure,
    }
}

fn top_environment(parsed: &Parsed, options: &Options, host: &dyn Host, resolver: &mut Resolver<'_>) -> Overlay {
    let mut overlay = Overlay::new();
    environment::add_files(&mut overlay, &parsed.workflow.env_file, &options.folder, host, resolver);
    for path in &options.env_files {
        match environment::read_file(path, &path.display().to_string(), host) {
            Ok(values) => overlay.extend(values.into_iter().map(|(name, value)| (name, Some(value)))),
            Err(why) => resolver.report(Diagnostic { labels: Vec::new(), ..Diagnostic::error("env-file", Default::default(), why) }),
        }
    }
    if parsed.workflow.env.is_broken() || parsed.workflow.env_file.is_broken() {
        resolver.scope.mark_broken("env");
    }
    environment::add_entries(&mut overlay, &parsed.workflow.env, resolver);
    overlay
}

/// All instances, and the names of processes that could not be planned.
fn processes<'a>(parsed: &'a Parsed, around: &Around<'_>, resolver: &mut Resolver<'_>) -> (Vec<Planned>, Vec<&'a str>) {
    let before = resolver.diagnostics.len();
    let extender = Extender::new(&parsed.workflow, &mut resolver.diagnostics);
    let of_templates = |found: &Diagnostic| matches!(found.code, "unknown-template" | "template-ring");
    let templates = parsed.workflow.templates.value().map_or(&[][..], |map| &map.entries);
    let unreadable = templates.iter().any(|(_, template)| template.is_broken());
    let templates_broken = unreadable || parsed.workflow.templates.is_broken() || resolver.diagnostics[before..].iter().any(of_templates);
    let mut all = Vec::new();
    let mut broken = Vec::new();
    let Some(map) = parsed.workflow.processes.get() else {
        resolver.diagnostics.extend(no_processes(parsed));
        return (all, broken);
    };
    let mut copies = 0;
    if map.value.entries.is_empty() {
        resolver
            .report(Diagnostic::error("empty", map.span, "there are no processes").help("add one, as in `main: {command: echo hello}`"));
    }
    for (name, process) in &map.value.entries {
        let own = match process {
            Field::Set(process) => process,
            Field::Null(_) => {
                resolver.report(
                    Diagnostic::error("nothing-to-run", name.span, format!("`{}` does not say what to run", name.value))
                        .help("write exactly one of `command`, `task` and `steps`"),
                );
                broken.push(name.value.as_str());
                continue;
            }
            Field::Absent | Field::Broken(_) => {
                broken.push(name.value.as_str());
                continue;
            }
        };
        let before = resolver.diagnostics.len();
        let extended = extender.extend(&own.value, &mut resolver.diagnostics);
        let template_missing =
            own.value.extends.is_broken() || own.value.extends.is_set() && (templates_broken || resolver.diagnostics.len() > before);
        let misspelt = template_missing || around.unknown.any_within(own.span);
        if !process::plan(name, &extended, misspelt, around, &mut copies, resolver, &mut all) {
            broken.push(name.value.as_str());
        }
    }
    (all, broken)
}

/// The finding for a workflow without `processes`, unless another finding says what became of them.
fn no_processes(parsed: &Parsed) -> Option<Diagnostic> {
    let root = parsed.document.root()?;
    let place = match &parsed.workflow.processes {
        Field::Null(span) => *span,
        Field::Broken(_) => return None,
        Field::Absent | Field::Set(_) => parsed.document.span(root),
    };
    let Kind::Map(entries) = &parsed.document.node(root).kind else { return None };
    let is_top = |span: Span| entries.iter().any(|entry| entry.key.span == span);
    if parsed.diagnostics.iter().any(|found| found.code == "unknown-key" && is_top(found.span())) {
        return None;
    }
    Some(Diagnostic { help: empty_file().help, ..Diagnostic::error("empty", place, "the workflow has no `processes`") })
}
