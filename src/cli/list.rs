//! `flowrun list`: the processes of a workflow.

use serde::Serialize;

use super::args::ListArgs;
use super::{Failure, Status, columns, excerpt, hidden, load, print};
use crate::base::span::Span;
use crate::plan::{Action, Listen, Plan, Process, ResourceKind};

/// Prints all processes.
///
/// # Errors
/// The file cannot be read.
pub fn list(args: &ListArgs) -> Result<Status, Failure> {
    let Some((source, plan)) = load::load(args.file.as_deref(), &args.workflow)? else { return Ok(Status::Usage) };
    if args.json {
        let line = |span: Span| source.text.get(..span.start as usize).map_or(1, |before| before.matches('\n').count() + 1);
        let entries: Vec<Entry<'_>> = plan.processes.iter().map(|process| entry(process, &plan, line(process.place))).collect();
        let failed = |error: serde_json::Error| Failure::system(format!("cannot write JSON: {error}"));
        let mut data = serde_json::to_value(&entries).map_err(failed)?;
        hidden::hide_in_data(&plan, &mut data);
        print::out(&(serde_json::to_string_pretty(&data).map_err(failed)? + "\n"))?;
    } else {
        print::out(&table(&plan))?;
    }
    Ok(Status::Success)
}

/// One line a process: name, kind, what it joins, what it is for.
fn table(plan: &Plan) -> String {
    let mut rows = vec![["PROCESS", "KIND", "JOINS", "DESCRIPTION"].map(str::to_owned)];
    rows.extend(
        plan.processes
            .iter()
            .map(|process| [process.name.clone(), kind(process).to_owned(), short_joins(process, plan).join(" "), purpose(process)]),
    );
    // Before they are put below each other: what stands for a secret has another length.
    hidden::hide_in_cells(plan, rows.iter_mut().flatten());
    let rows: Vec<_> = rows.into_iter().map(|cells| cells.map(|cell| one_line(&cell))).collect();
    columns::table(&rows)
}

/// A text on one line, without what would steer a terminal.
pub fn one_line(text: &str) -> String {
    excerpt::printable(&text.replace(['\n', '\t'], " "))
}

/// Joins in short: all copies of a process by the name that they share.
fn short_joins(process: &Process, plan: &Plan) -> Vec<String> {
    let mut short: Vec<String> = Vec::new();
    let joins = &process.control.joins;
    for (at, join) in joins.iter().enumerate() {
        let other = &plan.processes[join.process];
        let is_copy = |join: &crate::plan::Join| plan.processes[join.process].declared == other.declared;
        // Copies of one process are joined in one go, so they stand together.
        let together = at.checked_sub(1).is_some_and(|at| is_copy(&joins[at])) || joins.get(at + 1).is_some_and(is_copy);
        let word = format!("{}:{}", if together { &other.declared } else { &other.name }, join.until.word());
        if short.last() != Some(&word) {
            short.push(word);
        }
    }
    short
}

/// The description, or what is run.
fn purpose(process: &Process) -> String {
    process.description.clone().unwrap_or_else(|| {
        let steps: Vec<String> = process.work.steps.iter().map(|step| action(&step.action)).collect();
        let text = steps.join("; ").replace('\n', " ");
        let short: String = text.chars().take(60).collect();
        if short.len() < text.len() { format!("{short}…") } else { short }
    })
}

/// What a step runs, for people.
pub fn action(action: &Action) -> String {
    match action {
        Action::Command { text, .. } => text.clone(),
        Action::Task { name, .. } => format!("task {name}"),
    }
}

/// Where flowrun listens for a process, for people.
pub fn listens(listen: &Listen) -> String {
    match listen.accept {
        Some(max) => format!("listens at {}, a command for each connection, {max} at once", listen.address),
        None => format!("listens at {}", listen.address),
    }
}

fn kind(process: &Process) -> &'static str {
    match (process.control.disabled, process.control.daemon) {
        (true, _) => "skipped",
        (false, true) => "daemon",
        (false, false) => "finite",
    }
}

/// A process as data.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    declared: &'a str,
    kind: &'static str,
    description: Option<&'a str>,
    line: usize,
    joins: Vec<EntryJoin<'a>>,
    locks: Vec<EntryShare<'a>>,
    listen: Option<EntryListen>,
    steps: Vec<EntryStep<'a>>,
}

/// A join as data.
#[derive(Serialize)]
pub struct EntryJoin<'a> {
    /// The other process.
    pub process: &'a str,
    /// The condition.
    pub until: &'static str,
}

#[derive(Serialize)]
struct EntryShare<'a> {
    name: &'a str,
    kind: &'static str,
    shared: bool,
    permits: u32,
}

#[derive(Serialize)]
struct EntryListen {
    address: String,
    accept: bool,
    max: Option<u32>,
}

#[derive(Serialize)]
struct EntryStep<'a> {
    name: Option<&'a str>,
    runs: String,
    locks: Vec<EntryShare<'a>>,
}

fn entry<'a>(process: &'a Process, plan: &'a Plan, line: usize) -> Entry<'a> {
    let steps = process.work.steps.iter().zip(&process.control.steps);
    Entry {
        name: &process.name,
        declared: &process.declared,
        kind: kind(process),
        description: process.description.as_deref(),
        line,
        joins: joins(process, plan),
        locks: shares(&process.control.request, plan),
        listen: process.work.listen.as_ref().map(|listen| EntryListen {
            address: listen.address.to_string(),
            accept: listen.accept.is_some(),
            max: listen.accept,
        }),
        steps: steps
            .map(|(step, control)| EntryStep {
                name: step.name.as_deref(),
                runs: action(&step.action),
                locks: shares(&control.request, plan),
            })
            .collect(),
    }
}

/// What a process joins.
pub fn joins<'a>(process: &Process, plan: &'a Plan) -> Vec<EntryJoin<'a>> {
    let join = |join: &crate::plan::Join| EntryJoin { process: &plan.processes[join.process].name, until: join.until.word() };
    process.control.joins.iter().map(join).collect()
}

fn shares<'a>(request: &[crate::notice::Share], plan: &'a Plan) -> Vec<EntryShare<'a>> {
    let share = |share: &crate::notice::Share| {
        let resource = &plan.resources[share.resource];
        let kind = match resource.kind {
            ResourceKind::Lock => "lock",
            ResourceKind::Semaphore { .. } => "semaphore",
        };
        EntryShare { name: &resource.name, kind, shared: share.shared, permits: share.permits }
    };
    request.iter().map(share).collect()
}
