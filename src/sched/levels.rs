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
            let (order, needs) = needs(plan);
            // Partners in a pipe are stopped together; what one of them joins may come before another in the order.
            loop {
                for id in order.iter().copied() {
                    let below = height[id] + usize::from(plan.processes[id].control.daemon);
                    for needed in &needs[id] {
                        height[*needed] = height[*needed].max(below);
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

    /// The next level that has daemons without an outcome, once all before it have ended and each of its own
    /// may be stopped.
    pub fn next_to_stop(&mut self, may_stop: impl Fn(ProcessId) -> bool) -> Option<Vec<ProcessId>> {
        if self.next > 0 && self.left[self.next - 1] > 0 {
            return None;
        }
        while self.next < self.members.len() {
            if self.left[self.next] > 0 && !self.members[self.next].iter().all(|id| may_stop(*id)) {
                return None;
            }
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

/// Whom each process needs, and all processes, each before those that it needs: those that it joins, and, of a
/// daemon, those that take from its queues.
///
/// One that takes from a queue may also join the daemon that puts into it. It is stopped after that one all the
/// same, so that nothing is left in the queue.
fn needs(plan: &Plan) -> (Vec<ProcessId>, DenseMap<ProcessId, Vec<ProcessId>>) {
    let takers = takers_of_daemons(plan);
    let joined = |id: ProcessId| plan.processes[id].control.joins.iter().map(|join| join.process);
    let before_takers =
        |id: ProcessId| joined(id).filter(|other| !takers[*other].contains(&id)).chain(takers[id].iter().copied()).collect();
    let both: DenseMap<ProcessId, Vec<ProcessId>> = plan.processes.ids().map(before_takers).collect();
    if let Some(order) = ordered(&both) {
        return (order, both);
    }
    // Queues and joins go round in a ring: joins count.
    let joins: DenseMap<ProcessId, Vec<ProcessId>> = plan.processes.ids().map(|id| joined(id).collect()).collect();
    (ordered(&joins).unwrap_or_default(), joins)
}

/// Of each daemon, those that say that they take from its queues.
fn takers_of_daemons(plan: &Plan) -> DenseMap<ProcessId, Vec<ProcessId>> {
    let mut takers: DenseMap<ProcessId, Vec<ProcessId>> = plan.processes.ids().map(|_| Vec::new()).collect();
    for queue in plan.queues.iter().filter(|queue| queue.declared) {
        // Those in a ring have no order.
        let outside = queue.producers.iter().filter(|id| !queue.fed.contains(id));
        for producer in outside.filter(|id| plan.processes[**id].control.daemon) {
            takers[*producer].extend(queue.consumers.iter().filter(|consumer| *consumer != producer));
        }
    }
    takers
}

fn ordered(needs: &DenseMap<ProcessId, Vec<ProcessId>>) -> Option<Vec<ProcessId>> {
    let edges: Vec<(usize, usize)> =
        needs.entries().flat_map(|(id, needed)| needed.iter().map(move |other| (id.index(), other.index()))).collect();
    Some(graph::topological_order(needs.len(), &edges)?.into_iter().map(ProcessId::from_index).collect())
}

/// All processes, each before those that it joins. A plan has no rings.
fn joiners_first(plan: &Plan) -> Vec<ProcessId> {
    let joins = plan.processes.iter().map(|process| process.control.joins.iter().map(|join| join.process).collect()).collect();
    ordered(&joins).unwrap_or_else(|| plan.processes.ids().collect())
}
