//! What can never come although no ring of joins says so: built-in tasks that wait for the end of what
//! waits for theirs, and daemons that nobody can need any more when they could start.

use std::collections::VecDeque;

use super::graph;
use super::model::Process;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::base::span::Span;
use crate::source::model::Condition;

/// A task of one process that waits, without a bound, for the end of another.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Who waits.
    pub from: ProcessId,
    /// For whose end.
    pub on: ProcessId,
    /// Where it says so.
    pub place: Span,
}

/// Most joins that are followed in search of daemons that start too late: it is only a warning.
const MAX_STEPS: usize = 10_000_000;

/// Reports both.
pub fn check(processes: &DenseMap<ProcessId, Process>, waits: &[Wait], diagnostics: &mut Vec<Diagnostic>) {
    wait_rings(processes, waits, diagnostics);
    late_daemons(processes, diagnostics);
}

/// The two things that happen to a process, as nodes of one graph: an edge leads to what must happen first.
fn begins(process: ProcessId) -> usize {
    process.index() * 2
}

fn ends(process: ProcessId) -> usize {
    process.index() * 2 + 1
}

/// Whether a condition waits for the other's end.
fn is_end(condition: Condition) -> bool {
    matches!(condition, Condition::Success | Condition::Exit | Condition::Failure)
}

/// An edge and what to say of it: a place and a sentence. The step from a process's end to its begin needs no words.
type Edge = ((usize, usize), Option<(Span, String)>);

fn wait_rings(processes: &DenseMap<ProcessId, Process>, waits: &[Wait], diagnostics: &mut Vec<Diagnostic>) {
    let mut waits: Vec<&Wait> =
        waits.iter().filter(|wait| !processes[wait.from].control.disabled && !processes[wait.on].control.disabled).collect();
    waits.retain(|wait| {
        let (waiting, other) = (&processes[wait.from], &processes[wait.on]);
        if !other.control.daemon || waiting.control.daemon {
            return true;
        }
        diagnostics.push(
            Diagnostic::error(
                "wait-daemon-end",
                wait.place,
                format!("`{}` is a daemon: waiting for its end would last for ever", other.name),
            )
            .main_label(format!("`{}` waits for its end", waiting.name))
            .label(other.place, "the daemon")
            .help("daemons end after all finite processes; give the task a `timeout`, or stop the daemon with `task: stop`"),
        );
        false
    });
    if waits.is_empty() {
        return;
    }
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (id, process) in processes.entries() {
        edges.push((ends(id), begins(id)));
        for join in process.control.joins.iter().filter(|join| join.timeout.is_none()) {
            edges.push((begins(id), if is_end(join.until) { ends(join.process) } else { begins(join.process) }));
        }
    }
    edges.extend(waits.iter().map(|wait| (ends(wait.from), ends(wait.on))));
    for component in graph::components(processes.len() * 2, &edges) {
        let inside = |node: usize| component.binary_search(&node).is_ok();
        // Rings of joins alone are reported as such.
        let Some(wait) = waits.iter().find(|wait| inside(ends(wait.from)) && inside(ends(wait.on))) else { continue };
        let within: Vec<(usize, usize)> = edges.iter().copied().filter(|(a, b)| inside(*a) && inside(*b)).collect();
        let mut ring = graph::shortest_path(ends(wait.on), ends(wait.from), &within);
        ring.insert(0, ends(wait.from));
        diagnostics.push(ring_found(processes, &waits, &ring));
    }
}

fn ring_found(processes: &DenseMap<ProcessId, Process>, waits: &[&Wait], ring: &[usize]) -> Diagnostic {
    let process = |node: usize| ProcessId::from_index(node / 2);
    let mut names: Vec<&str> = ring.iter().map(|node| processes[process(*node)].name.as_str()).collect();
    names.dedup();
    let message = format!("these processes wait for each other: {}", names.join(" → "));
    let help = "give the waiting task a `timeout`, or remove one of these";
    let mut found: Option<Diagnostic> = None;
    for pair in ring.windows(2) {
        let Some((_, Some((place, text)))) = edge(processes, waits, pair[0], pair[1]) else { continue };
        found = Some(match found {
            None => Diagnostic::error("wait-ring", place, message.clone()).main_label(text).help(help),
            Some(found) => found.label(place, text),
        });
    }
    found.unwrap_or_else(|| Diagnostic::error("wait-ring", Span::default(), message).help(help))
}

fn edge(processes: &DenseMap<ProcessId, Process>, waits: &[&Wait], from: usize, to: usize) -> Option<Edge> {
    let (one, two) = (ProcessId::from_index(from / 2), ProcessId::from_index(to / 2));
    let (first, second) = (&processes[one].name, &processes[two].name);
    if one == two {
        return Some(((from, to), None));
    }
    if from == ends(one) {
        let wait = waits.iter().find(|wait| wait.from == one && wait.on == two)?;
        return Some(((from, to), Some((wait.place, format!("`{first}` waits here for the end of `{second}`")))));
    }
    let join = processes[one].control.joins.iter().find(|join| join.process == two)?;
    Some(((from, to), Some((join.place, format!("`{first}` starts after `{second}`")))))
}

/// A daemon is stopped when the last finite process has ended: one that can only start then is of no use.
fn late_daemons(processes: &DenseMap<ProcessId, Process>, diagnostics: &mut Vec<Diagnostic>) {
    let works = |process: &Process| !process.control.daemon && !process.control.disabled;
    let finite = processes.iter().filter(|process| works(process)).count();
    if finite == 0 {
        return;
    }
    let mut steps = 0;
    let mut seen = vec![usize::MAX; processes.len() * 2];
    for (id, process) in processes.entries().filter(|(_, process)| process.control.daemon && !process.control.disabled) {
        let mut ended = 0;
        let mut queue = VecDeque::from([begins(id)]);
        while let Some(node) = queue.pop_front() {
            let other = ProcessId::from_index(node / 2);
            if std::mem::replace(&mut seen[node], id.index()) == id.index() {
                continue;
            }
            if node == ends(other) {
                ended += usize::from(works(&processes[other]));
                queue.push_back(begins(other));
                continue;
            }
            steps += processes[other].control.joins.len();
            let joins = processes[other].control.joins.iter().filter(|join| join.timeout.is_none());
            queue.extend(joins.map(|join| if is_end(join.until) { ends(join.process) } else { begins(join.process) }));
        }
        if ended == finite {
            diagnostics.push(
                Diagnostic::warning(
                    "daemon-never-needed",
                    process.place,
                    format!("the daemon `{}` can start only when every finite process has ended, and is stopped then", process.name),
                )
                .help("remove a join, let a finite process join it, or take `daemon: true` away"),
            );
        }
        if steps > MAX_STEPS {
            return;
        }
    }
}
