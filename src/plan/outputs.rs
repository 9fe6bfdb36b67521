//! Whose outputs a process may read: of those that it joins, directly or through others.

use std::collections::HashSet;

use super::joins::Names;
use super::model::{Action, Process};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::base::span::Spanned;

/// Checks all outputs that are read; `reads` holds the readers, and process and name of what they read.
pub fn check(
    processes: &DenseMap<ProcessId, Process>,
    reads: &[(ProcessId, Spanned<(String, String)>)],
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // The same for every copy: said once.
    let mut reported = HashSet::new();
    for (reader, read) in reads {
        let found = wrong(processes, *reader, read, names);
        diagnostics.extend(found.filter(|found| reported.insert(found.span())));
    }
}

fn wrong(
    processes: &DenseMap<ProcessId, Process>,
    reader: ProcessId,
    read: &Spanned<(String, String)>,
    names: &Names<'_>,
) -> Option<Diagnostic> {
    let (process, name) = (&read.value.0, &read.value.1);
    let targets = match names.resolve(process, read.span) {
        Ok(targets) => targets,
        Err(found) => return Some(found),
    };
    let target = *targets.first()?;
    let (other, own) = (&processes[target], &processes[reader]);
    if other.name != *process {
        let found = Diagnostic::error("unknown-process", read.span, format!("`{process}` has copies, and each writes outputs of its own"));
        return Some(found.help(format!("name one of them, as in `outputs[\"{}\"].{name}`", other.name)));
    }
    if target == reader {
        let found = Diagnostic::error("names-itself", read.span, format!("`{process}` reads its own outputs"));
        return Some(found.help("hand values from step to step in a file or, in one `command`, in a variable"));
    }
    if !is_joined(processes, reader, target) {
        let message = format!("`{}` does not join `{process}`, so nothing says that this is written when it starts", own.declared);
        let found = Diagnostic::error("outputs-not-joined", read.span, message).label(other.place, "writes the output");
        return Some(found.help(format!("add `{process}` to the `join` of `{}`", own.declared)));
    }
    let commands = other.work.steps.iter().any(|step| matches!(step.action, Action::Command { .. }));
    (!commands).then(|| {
        Diagnostic::error("no-outputs", read.span, format!("`{process}` writes no outputs: built-in tasks have none"))
            .label(other.place, "runs built-in tasks only")
            .help("read an output of a process with a `command`")
    })
}

/// Whether a process starts only after another has, as its joins say, through any number of others.
fn is_joined(processes: &DenseMap<ProcessId, Process>, reader: ProcessId, target: ProcessId) -> bool {
    if processes[reader].control.joins.iter().any(|join| join.process == target) {
        return true;
    }
    let mut seen = vec![false; processes.len()];
    let mut open = vec![reader];
    while let Some(id) = open.pop() {
        for join in &processes[id].control.joins {
            if join.process == target {
                return true;
            }
            if !std::mem::replace(&mut seen[join.process.index()], true) {
                open.push(join.process);
            }
        }
    }
    false
}
