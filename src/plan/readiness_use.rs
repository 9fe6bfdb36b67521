//! A condition of readiness that nobody waits for, while somebody waits for the end: most often a server that
//! was meant to be a daemon, and a run that never ends.
//!
//! Looks at declarations, not at copies: a name is told once.

use std::collections::{HashMap, HashSet};

use super::model::{Join, Process};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId};
use crate::base::span::Span;
use crate::source::model::Condition;

/// Warns of finite processes whose readiness nobody waits for; `places` are where processes or templates have `ready`.
pub fn check(processes: &DenseMap<ProcessId, Process>, places: &[(ProcessId, Span)], diagnostics: &mut Vec<Diagnostic>) {
    if places.is_empty() {
        return;
    }
    let mut told: HashSet<&str> = HashSet::new();
    let mut waiting_for_end: HashMap<&str, (&Process, &Join)> = HashMap::new();
    for process in processes.iter() {
        for join in &process.control.joins {
            let other = processes[join.process].declared.as_str();
            match join.until {
                Condition::Ready => drop(told.insert(other)),
                Condition::Success | Condition::Exit => drop(waiting_for_end.entry(other).or_insert((process, join))),
                Condition::Failure | Condition::Start => {}
            }
        }
    }
    for (id, place) in places {
        let process = &processes[*id];
        let name = process.declared.as_str();
        // What is asked for its life is asked once it is ready.
        if process.control.daemon || process.control.live.is_some() {
            continue;
        }
        let Some((joiner, join)) = waiting_for_end.get(name) else { continue };
        if told.insert(name) {
            diagnostics.push(
                Diagnostic::warning(
                    "unused-ready",
                    *place,
                    format!("nobody waits until `{name}` is ready: `{}` waits for its end", joiner.declared),
                )
                .label(join.place, "waits for its end")
                .help(format!("write `daemon: true`, or `join: {{{name}: ready}}`")),
            );
        }
    }
}
