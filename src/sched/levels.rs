//! In which order daemons are stopped, and who waits for a daemon to fail.

use super::groups::Groups;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::plan::{Join, Plan, graph};
use crate::source::model::Condition;

/// Daemons by level: those on level 0 are needed by no other daemon, those on level 1 only by daemons
/// on level 0, and so on, through any chain of joins. Counted down as daemons end, never searched.
#[derive(Debug)]
pub struct Levels {
    members: Vec<Vec<ProcessId>>,
    /// The level of each process; of no meaning for finite ones.
    height: DenseMap<ProcessId, usize>,
    /// Daemons without an outcome, by level.
    left: Vec<usize>,
    /// The first level that has not been handed out.
    next: usize,
}

impl Levels {
    /// The levels of a plan, none handed out.
    pub fn new(plan: &Plan, groups: &Groups) -> Self {
        let mut height: DenseMap<ProcessId, usize> = plan.processes.ids().map(|_| 0).collect();
        let mut members: Vec<Vec<ProcessId>> = Vec::new();
        if plan.processes.iter().any(|process| process.control.daemon) {
            let order = joiners_first(plan);
            // Partners in a pipe are stopped together; what one of them joins may come before another in the order.
            loop {
                for id in order.iter().copied() {
                    let process = &plan.processes[id];
                    let below = height[id] + usize::from(process.control.daemon);
                    for join in &process.control.joins {
                        height[join.process] = height[join.process].max(below);
                    }
                }
                if !groups.raise(&mut height) {
                    break;
                }
            }
            for (id, _) in plan.processes.entries().filter(|(_, process)| process.control.daemon) {
                let own = height[id];
                if members.len() <= own {
                    members.resize_with(own + 1, Vec::new);
                }
                members[own].push(id);
            }
        }
        let left = members.iter().map(Vec::len).collect();
        Self { members, height, left, next: 0 }
    }

    /// A daemon has its outcome.
    pub fn ended(&mut self, daemon: ProcessId) {
        self.left[self.height[daemon]] -= 1;
    }

    /// The next level that has daemons without an outcome, once all before it have ended.
    pub fn next_to_stop(&mut self) -> Option<Vec<ProcessId>> {
        if self.next > 0 && self.left[self.next - 1] > 0 {
            return None;
        }
        while self.next < self.members.len() {
            self.next += 1;
            if self.left[self.next - 1] > 0 {
                return Some(std::mem::take(&mut self.members[self.next - 1]));
            }
        }
        None
    }
}

/// Finite processes that wait for a daemon to fail, and those that wait for such a one, also through
/// daemons: until they start they hold nothing open.
pub fn alarms(plan: &Plan, groups: &Groups) -> DenseMap<ProcessId, bool> {
    let mut waits: DenseMap<ProcessId, bool> = plan.processes.ids().map(|_| false).collect();
    if !plan.processes.iter().any(|process| process.control.joins.iter().any(|join| rings_on_failure(plan, join))) {
        return waits;
    }
    let mut order = joiners_first(plan);
    order.reverse();
    // Partners start together; what waits for one of them may come before another in the order.
    loop {
        let before = waits.iter().filter(|waits| **waits).count();
        mark_waiting(plan, &order, &mut waits);
        groups.spread(&mut waits);
        if waits.iter().filter(|waits| **waits).count() == before {
            break;
        }
    }
    plan.processes.ids().map(|id| waits[id] && !plan.processes[id].control.daemon).collect()
}

fn mark_waiting(plan: &Plan, order: &[ProcessId], waits: &mut DenseMap<ProcessId, bool>) {
    for id in order.iter().copied() {
        let control = &plan.processes[id].control;
        // A daemon whose join has a bound comes in any case, and with it what waits for that daemon.
        let counts = |join: &Join| !control.daemon || join.timeout.is_none();
        waits[id] |= control.joins.iter().any(|join| counts(join) && (rings_on_failure(plan, join) || waits[join.process]));
    }
}

fn rings_on_failure(plan: &Plan, join: &Join) -> bool {
    join.until == Condition::Failure && plan.processes[join.process].control.daemon
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
