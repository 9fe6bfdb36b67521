//! What daemons hold for life must not be what others wait for.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::model::{Process, Resource, ResourceKind};
use super::requests::Wanted;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId, ResourceId};
use crate::source::model::Condition;

/// One share that a process asks for, at its start or in a step.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// By which process.
    pub process: ProcessId,
    /// In which step; none is the whole attempt.
    pub step: Option<usize>,
    /// What and where.
    pub wanted: Wanted,
    /// Whether a daemon holds it until the run ends: for the whole process or in its last step.
    pub for_life: bool,
}

/// Reports every request that daemons leave no room for.
pub fn check(
    processes: &DenseMap<ProcessId, Process>,
    resources: &DenseMap<ResourceId, Resource>,
    uses: &[Use],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut by_resource: BTreeMap<ResourceId, Vec<&Use>> = BTreeMap::new();
    for one in uses {
        by_resource.entry(one.wanted.share.resource).or_default().push(one);
    }
    for (resource, uses) in by_resource {
        let holders: Vec<&Use> = uses.iter().copied().filter(|one| one.for_life).collect();
        if holders.is_empty() {
            continue;
        }
        let mut reported = HashSet::new();
        for one in &uses {
            let others = holders.iter().copied().filter(|holder| holder.process != one.process);
            let apart = |holder: &&Use| {
                must_end_before(processes, one.process, holder.process) || must_end_before(processes, holder.process, one.process)
            };
            let blocking: Vec<&Use> = others.filter(|holder| !apart(holder)).collect();
            let Some(holder) = blocking.first() else { continue };
            if fits(resources[resource].kind, one, &blocking) || !reported.insert(one.wanted.place) {
                continue;
            }
            let Resource { name, kind, .. } = &resources[resource];
            let (daemon, waiting) = (&processes[holder.process], &processes[one.process]);
            diagnostics.push(
                Diagnostic::error(
                    "held-for-life",
                    one.wanted.place,
                    format!(
                        "`{}` would wait for ever: the daemon `{}` holds the {} `{name}` as long as the run lasts",
                        waiting.name,
                        daemon.name,
                        kind.word()
                    ),
                )
                .main_label(if one.wanted.inherited { "`stdin: inherit` asks for it" } else { "asked for here" })
                .label(
                    holder.wanted.place,
                    if holder.wanted.inherited { "the daemon has it by `stdin: inherit`" } else { "held by the daemon" },
                )
                .help(if holder.wanted.inherited {
                    "one process at a time has flowrun's standard input: give the daemon another `stdin`"
                } else {
                    "let the daemon hold it in an early step only, or not at all"
                }),
            );
        }
    }
}

fn fits(kind: ResourceKind, one: &Use, holders: &[&Use]) -> bool {
    match kind {
        ResourceKind::Lock => one.wanted.share.shared && holders.iter().all(|holder| holder.wanted.share.shared),
        ResourceKind::Semaphore { permits } => {
            let held: u64 = holders.iter().map(|holder| u64::from(holder.wanted.share.permits)).sum();
            held + u64::from(one.wanted.share.permits) <= u64::from(permits)
        }
    }
}

/// Whether joins make sure that `first` has ended before `second` starts.
///
/// Only joins without a bound are followed: behind one that gives up, or that lets its process fail
/// before its time, the rest of the chain may still run. A process that is skipped by its own `if`
/// waits for nothing.
fn must_end_before(processes: &DenseMap<ProcessId, Process>, first: ProcessId, second: ProcessId) -> bool {
    let mut seen = vec![false; processes.len()];
    let mut queue = VecDeque::from([second]);
    while let Some(id) = queue.pop_front() {
        let control = &processes[id].control;
        if control.disabled {
            continue;
        }
        for join in control.joins.iter().filter(|join| join.timeout.is_none()) {
            let ends = matches!(join.until, Condition::Success | Condition::Exit | Condition::Failure);
            if join.process == first && ends {
                return true;
            }
            if !std::mem::replace(&mut seen[join.process.index()], true) {
                queue.push_back(join.process);
            }
        }
    }
    false
}
