//! What processes say of each other is looked up and checked, when all of them are planned.
//!
//! One pass gathers what each says; then each concern has its turn in a file of its own. Order matters: joins come
//! before all that follows them, pipes before queues, whose outputs they may take away.

use std::collections::HashSet;

use super::lifetime::{self, Use};
use super::model::{Process, Queue};
use super::order::{self, Wait};
use super::process::{Mention, Planned};
use super::queue_checks::{self, Checked};
use super::queues::{Queues, UsedBy};
use super::requests::Resources;
use super::waiting::WaitingGraph;
use super::{joins, listening, outputs, pipes, queue_ends, queue_locks, queue_waits, readiness_use, supervision};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::ids::{DenseMap, ProcessId, QueueId};
use crate::base::span::Span;
use crate::source::Parsed;

/// Looks up what processes say of each other and checks it.
pub fn connect(
    parsed: &Parsed,
    planned: Vec<Planned>,
    broken: &[&str],
    resources: &Resources,
    queues: &Queues,
    diagnostics: &mut Vec<Diagnostic>,
) -> (DenseMap<ProcessId, Process>, DenseMap<QueueId, Queue>) {
    let templates: Vec<&str> =
        parsed.workflow.templates.value().map_or_else(Vec::new, |map| map.entries.iter().map(|(name, _)| name.value.as_str()).collect());
    let mut processes: DenseMap<ProcessId, Process> = DenseMap::default();
    let mut pending = Vec::with_capacity(planned.len());
    let mut waiting = WaitingGraph::default();
    let mut uses = Vec::new();
    let mut mentions: Vec<(ProcessId, Mention)> = Vec::new();
    let mut unused: Vec<(ProcessId, Option<Span>)> = Vec::new();
    let mut reads = Vec::new();
    let mut ready_places = Vec::new();
    let mut members = Vec::new();
    let mut queue_uses: Vec<UsedBy> = Vec::new();
    for one in planned {
        let (held, steps) = (one.held, one.steps);
        waiting.request(&one.process.name, &[], &held);
        for asked in &steps {
            waiting.request(&one.process.name, &held, asked);
        }
        let daemon = one.process.control.daemon;
        let stop_unused = one.process.control.stop_unused;
        let id = processes.push(one.process);
        ready_places.extend(one.ready_place.map(|place| (id, place)));
        if stop_unused {
            unused.push((id, one.unused_place));
        }
        let last = steps.len().saturating_sub(1);
        uses.extend(held.into_iter().map(|wanted| Use { process: id, step: None, wanted, for_life: daemon }));
        for (step, asked) in steps.into_iter().enumerate() {
            let for_life = daemon && step == last;
            uses.extend(asked.into_iter().map(|wanted| Use { process: id, step: Some(step), wanted, for_life }));
        }
        mentions.extend(one.mentions.into_iter().map(|mention| (id, mention)));
        queue_uses.extend(one.queues.into_iter().map(|used| UsedBy { process: id, used }));
        members.push(one.member);
        reads.extend(one.reads.into_iter().map(|read| (id, read)));
        pending.push(one.joins);
    }
    refuse_same_names(&processes, diagnostics);
    joins::resolve(&mut processes, pending, templates.clone(), broken.to_vec(), diagnostics);
    joins::check_cycles(&processes, diagnostics);
    // A joiner with a mistake of its own is not planned; the daemon is not blamed for that.
    if broken.is_empty() {
        supervision::check_unused(&mut processes, &unused, diagnostics);
        readiness_use::check(&processes, &ready_places, diagnostics);
    }
    if !reads.is_empty() {
        outputs::check(&processes, &reads, &joins::Names::new(&processes, templates.clone(), broken.to_vec()), diagnostics);
    }
    if members.iter().any(|member| member.source.is_some()) {
        let names = joins::Names::new(&processes, templates.clone(), broken.to_vec());
        let sources = pipes::sources(&members, &processes, &names, diagnostics);
        pipes::connect(&mut processes, &members, &uses, &resources.all, sources, diagnostics);
        let asked = pipes::by_process(&uses);
        for chain in pipes::chains(&processes) {
            let together: Vec<_> = pipes::together(&chain, &asked).into_iter().map(|one| one.wanted).collect();
            waiting.request(&processes[chain[0]].name, &[], &together);
        }
    }
    let waits = check_mentions(&processes, &mentions, templates, broken.to_vec(), diagnostics);
    listening::check(&processes, diagnostics);
    order::check(&processes, &waits, diagnostics);
    waiting.check(&resources.all, diagnostics);
    lifetime::check(&processes, &resources.all, &uses, diagnostics);
    queue_uses.retain(|one| queue_ends::still_used(one, &processes));
    let all = queue_ends::connect(queues, &queue_uses, &processes);
    if !queue_uses.is_empty() {
        queue_uses.sort_by_key(|one| one.used.queue);
        let checked = Checked { processes: &processes, queues: &all, uses: &queue_uses, bounds: &queues.bounds };
        queue_checks::check(&checked, broken.is_empty() && all_uses_known(parsed, diagnostics), diagnostics);
        queue_waits::check(&checked, &waits, diagnostics);
        queue_locks::check(&checked, &resources.all, &uses, diagnostics);
    }
    (processes, all)
}

/// Whether no mistake hides that a process uses a queue.
fn all_uses_known(parsed: &Parsed, diagnostics: &[Diagnostic]) -> bool {
    let error = |found: &Diagnostic| found.severity == Severity::Error;
    !parsed.diagnostics.iter().any(error) && !diagnostics.iter().any(|found| error(found) && found.code == "key-does-not-fit")
}

/// Two instances of one name: only the values of a matrix can be alike, as other names are keys.
fn refuse_same_names(processes: &DenseMap<ProcessId, Process>, diagnostics: &mut Vec<Diagnostic>) {
    let mut names = HashSet::with_capacity(processes.len());
    for process in processes.iter() {
        if !names.insert(process.name.as_str()) {
            diagnostics.push(
                Diagnostic::error("duplicate-name", process.place, format!("two instances are called `{}`", process.name))
                    .help("make the values of the matrix differ"),
            );
        }
    }
}

/// Names of processes in the arguments of built-in tasks; the answer is which process waits for the end of which.
fn check_mentions(
    processes: &DenseMap<ProcessId, Process>,
    mentions: &[(ProcessId, Mention)],
    templates: Vec<&str>,
    broken: Vec<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Wait> {
    let mut waits = Vec::new();
    if mentions.is_empty() {
        return waits;
    }
    let names = joins::Names::new(processes, templates, broken);
    let mut stopped: HashSet<ProcessId> = HashSet::new();
    for (id, mention) in mentions {
        let name = &mention.name;
        match names.resolve(&name.value, name.span) {
            Ok(targets) if targets.contains(id) => diagnostics.push(
                Diagnostic::error("names-itself", name.span, format!("`{}` names itself", processes[*id].name))
                    .help("name another process; to end this one, let its last step end"),
            ),
            Ok(targets) => {
                if mention.stops {
                    stopped.extend(targets);
                }
                if mention.waits {
                    waits.extend(targets.iter().map(|target| Wait { from: *id, on: *target, place: name.span }));
                }
            }
            Err(found) => diagnostics.push(found),
        }
    }
    // Who is stopped by a task ends whatever it waits for.
    waits.retain(|wait| !stopped.contains(&wait.on) && !stopped.contains(&wait.from));
    waits
}
