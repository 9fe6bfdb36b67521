//! `join`: names to instances, conditions, rings.

use std::collections::{HashMap, HashSet};

use super::graph;
use super::model::{Join, Process};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::base::span::Span;
use crate::base::suggest::Suggester;
use crate::source::model::names::is_name;
use crate::source::model::{Condition, OnTimeout};
use std::time::Duration;

/// The most joins of a whole plan, after names with copies have been taken apart.
const MAX_JOINS: usize = 10_000_000;

/// The help for a name that resembles none.
const DECLARE: &str = "declare it under `processes`, or correct the name";

/// A join whose name is not looked up yet.
#[derive(Clone, Debug)]
pub struct PendingJoin {
    /// The name.
    pub target: String,
    /// Its place.
    pub place: Span,
    /// The condition, if one is given.
    pub until: Option<Condition>,
    /// The condition's place; the name's, if none is given.
    pub until_place: Span,
    /// The bound.
    pub timeout: Option<Duration>,
    /// What happens then.
    pub on_timeout: OnTimeout,
}

/// All names of processes.
pub struct Names<'a> {
    processes: &'a DenseMap<ProcessId, Process>,
    instances: HashMap<&'a str, ProcessId>,
    declared: HashMap<&'a str, Vec<ProcessId>>,
    templates: HashSet<&'a str>,
    /// Declared but unreadable: whoever refers to them is not blamed.
    broken: HashSet<&'a str>,
    suggest: Suggester,
}

impl<'a> Names<'a> {
    /// The names of a plan, of templates (for a better message) and of processes that could not be planned.
    pub fn new(processes: &'a DenseMap<ProcessId, Process>, templates: Vec<&'a str>, broken: Vec<&'a str>) -> Self {
        let mut names = Self {
            processes,
            instances: HashMap::with_capacity(processes.len()),
            declared: HashMap::new(),
            templates: templates.into_iter().collect(),
            broken: broken.into_iter().collect(),
            suggest: Suggester::default(),
        };
        for (id, process) in processes.entries() {
            names.instances.insert(&process.name, id);
            names.declared.entry(&process.declared).or_default().push(id);
        }
        names
    }

    /// All instances that a name stands for; `Ok(empty)` for a name whose own mistake is reported elsewhere.
    ///
    /// # Errors
    /// A finding with a suggestion when nobody has that name.
    pub fn resolve(&self, name: &str, place: Span) -> Result<&[ProcessId], Diagnostic> {
        if let Some(all) = self.declared.get(name) {
            return Ok(all);
        }
        if let Some(one) = self.instances.get(name) {
            return Ok(std::slice::from_ref(one));
        }
        let base = name.split('[').next().unwrap_or(name);
        if self.broken.contains(base) {
            return Ok(&[]);
        }
        let help = if self.templates.contains(name) {
            format!("`{name}` is a template, which is never run; name a process that extends it")
        } else if let Some(list) = several(name).or_else(|| self.words(name)) {
            format!("for several write `{list}`")
        } else if let Some(instances) = self.declared.get(base).filter(|_| !self.suggest.is_spent()) {
            instances_help(base, instances.iter().map(|id| self.processes[*id].name.as_str()).collect())
        } else if self.suggest.is_spent() {
            DECLARE.to_owned()
        } else {
            let mut known: Vec<&str> = self.declared.keys().chain(&self.broken).copied().collect();
            known.sort_unstable();
            known.dedup();
            self.suggest.did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match known.len() {
                0..=8 => format!("the processes are {}", crate::source::hints::list(&known)),
                _ => DECLARE.to_owned(),
            })
        };
        Err(Diagnostic::error("unknown-process", place, format!("there is no process `{name}`")).help(help))
    }

    /// Names of processes with blanks between them in one text, as a list.
    fn words(&self, name: &str) -> Option<String> {
        let names: Vec<&str> = name.split_whitespace().collect();
        let known = |name: &&str| self.declared.contains_key(name) || self.broken.contains(name);
        (names.len() > 1 && names.iter().all(known)).then(|| format!("[{}]", names.join(", ")))
    }
}

/// Names with commas between them in one text, as a list.
fn several(name: &str) -> Option<String> {
    let names: Vec<&str> = name.split(',').map(str::trim).collect();
    (names.len() > 1 && names.iter().all(|name| is_name(name))).then(|| format!("[{}]", names.join(", ")))
}

fn instances_help(base: &str, mut names: Vec<&str>) -> String {
    names.sort_unstable_by_key(|name| (name.len(), *name));
    match names.as_slice() {
        [] => format!("`{base}` has no instances"),
        [one] if *one == base => format!("`{base}` has neither replicas nor a matrix; write `{base}`"),
        [first, .., last] => format!("its instances go from `{first}` to `{last}`; `{base}` means all of them"),
        [one] => format!("its only instance is `{one}`"),
    }
}

/// Looks up all joins and puts them into the processes.
pub fn resolve(
    processes: &mut DenseMap<ProcessId, Process>,
    pending: Vec<Vec<PendingJoin>>,
    templates: Vec<&str>,
    broken: Vec<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let names = Names::new(processes, templates, broken);
    let mut total = 0;
    let mut resolved: Vec<Vec<Join>> = Vec::with_capacity(processes.len());
    let mut failed: HashSet<(Span, String)> = HashSet::new();
    // For each process, who joined it last and where: the same process twice is found without a search.
    let mut joined: Vec<Option<(ProcessId, Span)>> = vec![None; processes.len()];
    for (id, pending) in processes.ids().zip(pending) {
        let mut joins: Vec<Join> = Vec::new();
        for join in pending {
            if !failed.is_empty() && failed.contains(&(join.place, join.target.clone())) {
                continue;
            }
            match names.resolve(&join.target, join.place) {
                Ok(targets) => {
                    total += targets.len();
                    if total > MAX_JOINS {
                        diagnostics.push(
                            Diagnostic::error("too-many-joins", join.place, format!("all joins together are more than {MAX_JOINS}"))
                                .help("put one process between two groups that wait for each other: the first joins it, the second is joined by it"),
                        );
                        return;
                    }
                    add(&mut joins, id, &join, targets, &mut joined, processes, diagnostics);
                }
                Err(found) => {
                    failed.insert((join.place, join.target.clone()));
                    diagnostics.push(found);
                }
            }
        }
        resolved.push(joins);
    }
    for (process, joins) in processes.iter_mut().zip(resolved) {
        process.control.joins = joins;
    }
}

fn add(
    joins: &mut Vec<Join>,
    id: ProcessId,
    pending: &PendingJoin,
    targets: &[ProcessId],
    joined: &mut [Option<(ProcessId, Span)>],
    processes: &DenseMap<ProcessId, Process>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // Joining all of one's own kind means the others would be waited for by each other: a ring of one declaration.
    for target in targets {
        let other = &processes[*target];
        if *target == id || other.declared == processes[id].declared && targets.len() > 1 {
            diagnostics.push(
                Diagnostic::error("join-cycle", pending.place, format!("`{}` joins itself", processes[id].name))
                    .help("remove this join; to let copies follow each other, hold a lock"),
            );
            return;
        }
        let earlier = joined[target.index()].replace((id, pending.place));
        if let Some((_, first)) = earlier.filter(|(joiner, _)| *joiner == id) {
            diagnostics.push(
                Diagnostic::error("join-twice", pending.place, format!("`{}` is joined twice", other.name))
                    .main_label("again here")
                    .label(first, "first here")
                    .help("name each process once; a name with copies stands for all of them"),
            );
            return;
        }
        let default = if other.control.daemon { Condition::Ready } else { Condition::Success };
        let until = pending.until.unwrap_or(default);
        if other.control.daemon && matches!(until, Condition::Success | Condition::Exit) && pending.timeout.is_none() {
            diagnostics.push(
                Diagnostic::error(
                    "join-daemon-end",
                    pending.until_place,
                    format!("`{}` is a daemon: waiting for its end would last for ever", other.name),
                )
                .main_label("never comes")
                .label(other.place, "the daemon")
                .help("wait until it is `ready` or has its `start`; daemons end after all finite processes"),
            );
            return;
        }
        joins.push(Join { process: *target, until, timeout: pending.timeout, on_timeout: pending.on_timeout, place: pending.place });
    }
}

/// Reports every ring of joins, as a path with the place of each edge.
pub fn check_cycles(processes: &DenseMap<ProcessId, Process>, diagnostics: &mut Vec<Diagnostic>) {
    let mut edges = Vec::new();
    for (id, process) in processes.entries() {
        edges.extend(process.control.joins.iter().map(|join| (id.index(), join.process.index())));
    }
    if graph::topological_order(processes.len(), &edges).is_some() {
        return;
    }
    for component in graph::components(processes.len(), &edges) {
        let within: Vec<(usize, usize)> =
            edges.iter().copied().filter(|(a, b)| component.binary_search(a).is_ok() && component.binary_search(b).is_ok()).collect();
        let first = component[0];
        let Some((_, second)) = within.iter().find(|(from, _)| *from == first) else { continue };
        let mut ring = graph::shortest_path(*second, first, &within);
        ring.insert(0, first);
        let names: Vec<&str> = ring.iter().map(|node| processes[ProcessId::from_index(*node)].name.as_str()).collect();
        let mut found: Option<Diagnostic> = None;
        for pair in ring.windows(2) {
            let (one, two) = (&processes[ProcessId::from_index(pair[0])], ProcessId::from_index(pair[1]));
            let Some(join) = one.control.joins.iter().find(|join| join.process == two) else { continue };
            let text = format!("`{}` waits for `{}`", one.name, processes[two].name);
            found = Some(match found {
                None => Diagnostic::error("join-cycle", join.place, format!("these processes wait for each other: {}", names.join(" → ")))
                    .main_label(text)
                    .help("remove one of these joins"),
                Some(found) => found.label(join.place, text),
            });
        }
        diagnostics.extend(found);
    }
}
