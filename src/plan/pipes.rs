//! `stdin: {process: other}`: who reads whom, and what partners in a pipe may not ask of each other.
//!
//! Partners start together, once all joins of all of them hold, and are one chain: each reads one other and
//! is read by one. Whatever would make one of them start, or start again, without the others has no meaning
//! and is refused where it stands; what comes from `defaults` is left out.

use std::collections::BTreeMap;

use super::graph;
use super::joins::Names;
use super::lifetime::Use;
use super::model::{Output, Plan, Process, Resource, Restart, Retries};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId, ResourceId};
use crate::base::span::{Span, Spanned};

/// What counts for a process as an end of a pipe.
#[derive(Clone, Debug)]
pub struct Member {
    /// The process whose output it reads, by name.
    pub source: Option<Spanned<String>>,
    /// Where it says that it runs for each item of a queue.
    pub for_each: Option<Span>,
    /// Whether it runs one command.
    pub command: bool,
    /// Whether it writes to a terminal of its own.
    pub tty: bool,
    /// Where it or its templates say where its output goes.
    pub stdout: Option<Span>,
    /// Where they say that it is started again.
    pub again: Option<Span>,
}

/// The chains of processes that are tied by pipes, each from the first writer to the last reader.
pub fn chains(processes: &DenseMap<ProcessId, Process>) -> Vec<Vec<ProcessId>> {
    let mut readers: BTreeMap<ProcessId, ProcessId> = BTreeMap::new();
    readers.extend(processes.entries().filter_map(|(id, process)| Some((process.control.pipe_from?, id))));
    let first = |id: &&ProcessId| processes[**id].control.pipe_from.is_none();
    readers.keys().filter(first).map(|id| std::iter::successors(Some(*id), |id| readers.get(id).copied()).collect()).collect()
}

impl Plan {
    /// The chains of processes that are tied by pipes and start together, each from the first writer on.
    pub fn chains(&self) -> Vec<Vec<ProcessId>> {
        chains(&self.processes)
    }
}

/// Looks up who reads whom and checks it.
pub fn connect(
    processes: &mut DenseMap<ProcessId, Process>,
    members: &[Member],
    uses: &[Use],
    resources: &DenseMap<ResourceId, Resource>,
    sources: Vec<(ProcessId, ProcessId)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut read: BTreeMap<ProcessId, Span> = BTreeMap::new();
    for (reader, source) in sources {
        let place = members[reader.index()].source.as_ref().map_or_else(Span::default, |source| source.span);
        if let Some(other) = read.insert(source, place) {
            let found = Diagnostic::error("pipe", place, format!("the output of `{}` has two readers", processes[source].name));
            diagnostics
                .push(found.label(other, "the other").help("a pipe has one: let a command such as `tee` write to a file for the second"));
            continue;
        }
        diagnostics.extend(unfit(processes, members, reader, source, place));
        processes[reader].control.pipe_from = Some(source);
        std::sync::Arc::make_mut(&mut processes[source].work).stdout = Output::Pipe;
        for id in [reader, source] {
            (processes[id].control.retries, processes[id].control.restart) = (Retries::default(), Restart::default());
        }
    }
    if refuse_rings(processes, members, diagnostics) {
        return;
    }
    let asked = by_process(uses);
    for chain in chains(processes) {
        refuse_host(processes, resources, &together(&chain, &asked), diagnostics);
        refuse_shared(processes, &together(&chain, &asked), diagnostics);
    }
    refuse_joins(processes, diagnostics);
}

/// What a chain asks for is had together, and given back one by one; what other runs share is had and given back
/// as one, so a member of a chain cannot have it.
fn refuse_host(
    processes: &DenseMap<ProcessId, Process>,
    resources: &DenseMap<ResourceId, Resource>,
    together: &[&Use],
    diagnostics: &mut Vec<Diagnostic>,
) {
    for one in together.iter().filter(|one| resources[one.wanted.share.resource].host.is_some()) {
        let Resource { name, kind, .. } = &resources[one.wanted.share.resource];
        let message = format!(
            "`{}` is an end of a pipe and cannot hold the {} `{name}`, which other runs share",
            processes[one.process].name,
            kind.word()
        );
        let help = "hold it in a process around the pipeline, with the pipe written into its `command`";
        diagnostics.push(Diagnostic::error("pipe", one.wanted.place, message).help(help));
    }
}

/// The source of each reader.
pub fn sources(
    members: &[Member],
    processes: &DenseMap<ProcessId, Process>,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(ProcessId, ProcessId)> {
    let mut found = Vec::new();
    for (reader, member) in processes.ids().zip(members) {
        let Some(source) = &member.source else { continue };
        match names.resolve(&source.value, source.span) {
            Ok([]) => {}
            Ok([one, ..]) if *one == reader => {
                let found = Diagnostic::error("pipe", source.span, format!("`{}` reads its own output", source.value));
                diagnostics.push(found.help("let it read another process"));
            }
            Ok([one, ..]) if processes[*one].name == source.value => found.push((reader, *one)),
            Ok([one, ..]) => {
                let base = &processes[*one].declared;
                let message = format!("`{base}` has copies, and a pipe joins two processes");
                let help = format!("name one, as in `\"{}\"`; copies are paired by `\"{base}[${{{{ index }}}}]\"`", processes[*one].name);
                diagnostics.push(Diagnostic::error("pipe", source.span, message).help(help));
            }
            Err(wrong) => diagnostics.push(wrong),
        }
    }
    found
}

/// Why two processes cannot be tied.
fn unfit(
    processes: &DenseMap<ProcessId, Process>,
    members: &[Member],
    reader: ProcessId,
    source: ProcessId,
    place: Span,
) -> Option<Diagnostic> {
    let (one, other) = (&processes[reader], &processes[source]);
    let (own, its) = (&members[reader.index()], &members[source.index()]);
    for (member, process) in [(own, one), (its, other)] {
        if !member.command {
            let found =
                Diagnostic::error("pipe", place, format!("`{}` has no `command` of its own that could be an end of a pipe", process.name));
            return Some(found.help("both ends of a pipe are processes with a `command`, neither `steps` nor a `task`"));
        }
        if let Some(for_each) = member.for_each {
            let message = format!("`{}` runs for each item of a queue and cannot be an end of a pipe", process.name);
            let found = Diagnostic::error("pipe", for_each, message).label(place, "the pipe");
            return Some(found.help("let it write into a queue, as in `stdout: {queue: name}`, or put the pipe into its `command`"));
        }
        if let Some(again) = member.again {
            let found =
                Diagnostic::error("pipe", again, format!("`{}` is an end of a pipe and cannot be started again alone", process.name));
            return Some(found.label(place, "the pipe").help("remove it; to try a whole pipeline again, write it into one `command`"));
        }
    }
    if one.control.daemon != other.control.daemon {
        let found = Diagnostic::error(
            "pipe",
            place,
            format!(
                "`{}` is a daemon and `{}` is not",
                if one.control.daemon { &one.name } else { &other.name },
                if one.control.daemon { &other.name } else { &one.name }
            ),
        );
        return Some(found.help("tie two finite processes or two daemons: they start together, but would not end together"));
    }
    if let Some(stdout) = its.stdout {
        let found = Diagnostic::error("pipe", stdout, format!("the standard output of `{}` goes into a pipe", other.name));
        return Some(found.label(place, "read here").help("remove one of the two; `tee` writes to a file as well"));
    }
    its.tty.then(|| {
        Diagnostic::error("pipe", place, format!("`{}` writes to a terminal of its own, not into a pipe", other.name))
            .help("remove `tty` there, or do not read it")
    })
}

/// Processes that read each other in a ring.
fn refuse_rings(processes: &mut DenseMap<ProcessId, Process>, members: &[Member], diagnostics: &mut Vec<Diagnostic>) -> bool {
    let edges: Vec<(usize, usize)> =
        processes.entries().filter_map(|(id, process)| Some((id.index(), process.control.pipe_from?.index()))).collect();
    let rings =
        if graph::topological_order(processes.len(), &edges).is_some() { Vec::new() } else { graph::components(processes.len(), &edges) };
    for ring in &rings {
        let names: Vec<String> = ring.iter().map(|id| format!("`{}`", processes[ProcessId::from_index(*id)].name)).collect();
        let place = members[ring[0]].source.as_ref().map_or_else(Span::default, |source| source.span);
        let message = format!("{} read each other in a ring", names.join(", "));
        diagnostics.push(Diagnostic::error("pipe", place, message).help("let one of them read something else"));
    }
    !rings.is_empty()
}

/// What each process asks for.
pub fn by_process(uses: &[Use]) -> BTreeMap<ProcessId, Vec<&Use>> {
    let mut asked: BTreeMap<ProcessId, Vec<&Use>> = BTreeMap::new();
    for one in uses {
        asked.entry(one.process).or_default().push(one);
    }
    asked
}

/// What all of a chain ask for, which is one request.
pub fn together<'u>(chain: &[ProcessId], asked: &BTreeMap<ProcessId, Vec<&'u Use>>) -> Vec<&'u Use> {
    chain.iter().flat_map(|id| asked.get(id).into_iter().flatten().copied()).collect()
}

/// Partners hold what they ask for at the same time, and ask for it together.
fn refuse_shared(processes: &DenseMap<ProcessId, Process>, all: &[&Use], diagnostics: &mut Vec<Diagnostic>) {
    for (number, one) in all.iter().enumerate() {
        let same = |other: &&&Use| other.wanted.share.resource == one.wanted.share.resource && other.process != one.process;
        if let Some(other) = all[..number].iter().find(same) {
            let (first, second) = (&processes[other.process].name, &processes[one.process].name);
            let message = format!("`{first}` and `{second}` run together, tied by a pipe, and ask for the same");
            let found = Diagnostic::error("pipe", one.wanted.place, message).label(other.wanted.place, "asked for here too");
            diagnostics.push(found.help("let one of them hold it for both: what partners ask for is taken together when they start"));
        }
    }
}

/// Partners start when all joins of all of them hold: none can wait for another, or for what waits for another.
fn refuse_joins(processes: &DenseMap<ProcessId, Process>, diagnostics: &mut Vec<Diagnostic>) {
    let mut node: Vec<usize> = (0..processes.len()).collect();
    for chain in chains(processes) {
        chain.iter().for_each(|id| node[id.index()] = chain[0].index());
    }
    let mut edges = Vec::new();
    for (id, process) in processes.entries() {
        for join in &process.control.joins {
            let (from, to) = (node[id.index()], node[join.process.index()]);
            if from == to {
                let message = format!(
                    "`{}` starts together with `{}`, tied by a pipe, and cannot wait for it",
                    process.name, processes[join.process].name
                );
                diagnostics
                    .push(Diagnostic::error("pipe", join.place, message).help("remove this join: its end is seen as the end of the input"));
            } else {
                edges.push((from, to));
            }
        }
    }
    let own: Vec<(usize, usize)> = processes
        .entries()
        .flat_map(|(id, process)| process.control.joins.iter().map(move |join| (id.index(), join.process.index())))
        .collect();
    // Rings of joins alone are reported as such.
    if graph::topological_order(processes.len(), &edges).is_some() || graph::topological_order(processes.len(), &own).is_none() {
        return;
    }
    for ring in graph::components(processes.len(), &edges) {
        let inside = |id: ProcessId| ring.binary_search(&node[id.index()]).is_ok();
        let waits = processes.entries().filter(|(id, _)| inside(*id)).flat_map(|(id, process)| {
            let joins = process.control.joins.iter().filter(|join| inside(join.process));
            joins.map(move |join| (join.place, format!("`{}` waits for `{}`", process.name, processes[join.process].name), id))
        });
        let message = "these processes wait for each other: those that are tied by a pipe start together";
        let found = waits.fold(None, |found: Option<Diagnostic>, (place, text, _)| {
            Some(match found {
                None => Diagnostic::error("pipe", place, message).main_label(text).help("remove one of these joins, or the pipe"),
                Some(found) => found.label(place, text),
            })
        });
        diagnostics.extend(found);
    }
}
