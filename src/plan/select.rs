//! `flowrun FILE PROCESS…`: only these, what they join, partners of their pipes and queues, and the cleanups that
//! belong to them.

use std::collections::BTreeMap;

use super::graph;
use super::kept_queues;
use super::model::{Plan, Process};
use super::supervision;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::base::suggest;
use crate::source::model::Condition;

/// How many processes are named to somebody who asked for none of them.
const MOST_NAMES: usize = 10;

/// The part of a plan that names select. Without names, the whole.
///
/// # Errors
/// A sentence about the first name that nobody has.
pub fn select(plan: &Plan, names: &[String]) -> Result<Plan, String> {
    if names.is_empty() {
        return Ok(plan.clone());
    }
    let mut plan = plan.clone();
    let mut chosen = vec![false; plan.processes.len()];
    let mut queue: Vec<ProcessId> = Vec::new();
    for name in names {
        let before = queue.len();
        queue.extend(plan.named(name));
        if queue.len() == before {
            return Err(unknown(&plan, name));
        }
    }
    // Who asks for services alone wants them to serve, however soon what prepares them is done.
    if queue.iter().all(|id| plan.processes[*id].control.daemon) {
        queue.iter().for_each(|id| plan.processes[*id].control.wanted = true);
    }
    let partners = Partners::of(&plan);
    choose(&plan, &partners, queue, &mut chosen);
    while add_cleanups(&plan, &partners, &mut chosen) {}
    kept_queues::refuse_without_consumer(&plan, &chosen)?;
    Ok(keep(&plan, &chosen))
}

/// Why there is nothing to select: the name that it may be, else those that there are.
fn unknown(plan: &Plan, name: &str) -> String {
    let mut known: Vec<&str> = plan.processes.iter().map(|process| process.declared.as_str()).collect();
    known.dedup();
    let help = suggest::did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
        let more = if known.len() > MOST_NAMES { ", …" } else { "" };
        let first: Vec<String> = known.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
        format!("its processes are {}{more}", first.join(", "))
    });
    format!("the workflow has no process `{name}`; {help}")
}

/// Whether a process waits by `exit` or `failure`.
pub fn is_cleanup(process: &Process) -> bool {
    process.control.joins.iter().any(|join| matches!(join.until, Condition::Exit | Condition::Failure))
}

/// Who is tied to whom, by pipes and by queues.
struct Partners {
    all: Vec<Vec<ProcessId>>,
    of: BTreeMap<ProcessId, usize>,
    queues: Vec<Vec<ProcessId>>,
    at_queues: BTreeMap<ProcessId, Vec<usize>>,
}

impl Partners {
    fn of(plan: &Plan) -> Self {
        let all = plan.chains();
        let of = (0..).zip(&all).flat_map(|(number, chain)| chain.iter().map(move |id| (*id, number))).collect();
        let queues: Vec<Vec<ProcessId>> = plan.queues.iter().map(kept_queues::partners).collect();
        let mut at_queues: BTreeMap<ProcessId, Vec<usize>> = BTreeMap::new();
        for (number, partners) in queues.iter().enumerate() {
            partners.iter().for_each(|id| at_queues.entry(*id).or_default().push(number));
        }
        Self { all, of, queues, at_queues }
    }

    fn in_pipes(&self, id: ProcessId) -> &[ProcessId] {
        self.of.get(&id).map_or(&[][..], |number| &self.all[*number])
    }
}

/// Chooses processes, all that they join, and partners of their pipes and queues.
fn choose(plan: &Plan, partners: &Partners, mut queue: Vec<ProcessId>, chosen: &mut [bool]) {
    let mut seen = vec![false; partners.queues.len()];
    while let Some(id) = queue.pop() {
        if !std::mem::replace(&mut chosen[id.index()], true) {
            queue.extend(plan.processes[id].control.joins.iter().map(|join| join.process));
            queue.extend(partners.in_pipes(id));
            for number in partners.at_queues.get(&id).into_iter().flatten() {
                if !std::mem::replace(&mut seen[*number], true) {
                    queue.extend(&partners.queues[*number]);
                }
            }
        }
    }
}

/// Adds the cleanups whose joins lie within what is chosen; whether there were any. One pass suffices when each process
/// comes after all that it joins, unless partners of a queue come in as well. Partners in a pipe are one.
fn add_cleanups(plan: &Plan, partners: &Partners, chosen: &mut [bool]) -> bool {
    let mut added = false;
    let edges: Vec<(usize, usize)> = plan
        .processes
        .entries()
        .flat_map(|(id, process)| process.control.joins.iter().map(move |join| (join.process.index(), id.index())))
        .collect();
    for index in graph::topological_order(plan.processes.len(), &edges).unwrap_or_default() {
        let process = &plan.processes[ProcessId::from_index(index)];
        let together = partners.in_pipes(ProcessId::from_index(index)).iter().map(|id| &plan.processes[*id]).chain([process]);
        let inside = together.flat_map(|process| &process.control.joins).all(|join| chosen[join.process.index()]);
        if !chosen[index] && inside && is_cleanup(process) {
            choose(plan, partners, vec![ProcessId::from_index(index)], chosen);
            added = true;
        }
    }
    added
}

fn keep(plan: &Plan, chosen: &[bool]) -> Plan {
    let mut new_id = vec![None; chosen.len()];
    let mut next = 0;
    for (id, kept) in chosen.iter().enumerate() {
        if *kept {
            new_id[id] = Some(ProcessId::from_index(next));
            next += 1;
        }
    }
    let queues = kept_queues::Kept::new(plan, &new_id);
    let mut processes: DenseMap<ProcessId, Process> = DenseMap::default();
    for (id, process) in plan.processes.entries() {
        if chosen[id.index()] {
            let mut process = process.clone();
            queues.renumber(&mut process);
            process.control.pipe_from = process.control.pipe_from.and_then(|source| new_id[source.index()]);
            for join in &mut process.control.joins {
                // Everything a chosen process joins is chosen.
                join.process = new_id[join.process.index()].unwrap_or(join.process);
            }
            processes.push(process);
        }
    }
    // Who uses it may not be selected: then it was asked for by its own name, and stays.
    let used = supervision::used(&processes);
    for (process, used) in processes.iter_mut().zip(used) {
        process.control.stop_unused &= used;
    }
    Plan { processes, queues: queues.all, ..plan.clone() }
}
