//! In which order daemons are stopped, and who waits for a daemon to fail.

use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::plan::{Plan, graph};
use crate::source::model::Condition;

/// Daemons by level: those on level 0 are needed by no other daemon, those on level 1 only by daemons
/// on level 0, and so on, through any chain of joins.
pub fn daemon_levels(plan: &Plan) -> Vec<Vec<ProcessId>> {
    let mut height: DenseMap<ProcessId, usize> = plan.processes.ids().map(|_| 0).collect();
    let mut levels: Vec<Vec<ProcessId>> = Vec::new();
    if !plan.processes.iter().any(|process| process.control.daemon) {
        return levels;
    }
    for id in joiners_first(plan) {
        let process = &plan.processes[id];
        let own = height[id];
        if process.control.daemon {
            if levels.len() <= own {
                levels.resize_with(own + 1, Vec::new);
            }
            levels[own].push(id);
        }
        let below = own + usize::from(process.control.daemon);
        for join in &process.control.joins {
            height[join.process] = height[join.process].max(below);
        }
    }
    for level in &mut levels {
        level.sort_unstable();
    }
    levels
}

/// Finite processes that wait for a daemon to fail, and those that wait for such a one: until they
/// start they hold nothing open.
pub fn alarms(plan: &Plan) -> DenseMap<ProcessId, bool> {
    let mut alarm: DenseMap<ProcessId, bool> = plan.processes.ids().map(|_| false).collect();
    let on_daemon = |join: &crate::plan::Join| join.until == Condition::Failure && plan.processes[join.process].control.daemon;
    if !plan.processes.iter().any(|process| process.control.joins.iter().any(on_daemon)) {
        return alarm;
    }
    let mut order = joiners_first(plan);
    order.reverse();
    for id in order {
        let process = &plan.processes[id];
        alarm[id] = !process.control.daemon && process.control.joins.iter().any(|join| on_daemon(join) || alarm[join.process]);
    }
    alarm
}

/// All processes, each before those that it joins. A plan has no rings.
fn joiners_first(plan: &Plan) -> Vec<ProcessId> {
    let mut edges = Vec::new();
    for (id, process) in plan.processes.entries() {
        edges.extend(process.control.joins.iter().map(|join| (id.index(), join.process.index())));
    }
    let order = graph::topological_order(plan.processes.len(), &edges);
    order.unwrap_or_else(|| (0..plan.processes.len()).collect()).into_iter().map(ProcessId::from_index).collect()
}
