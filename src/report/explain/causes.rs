//! Causes: what a process was skipped or cancelled for in the end, and what held up its start, back to the beginning.

use std::collections::{HashMap, HashSet};

use super::quoted;
use crate::base::duration::human;
use crate::base::time::RunTime;
use crate::notice::OutcomeKind;
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::{Process, Wait, WaitKind};

/// Longer chains of what held up a start are cut, and say so.
const LINKS: usize = 50;

/// Processes by their names.
pub struct Names<'a>(HashMap<&'a str, &'a Process>);

impl<'a> Names<'a> {
    /// All of a report.
    pub fn of(report: &'a Report) -> Self {
        Self(report.processes.iter().map(|process| (&*process.name, process)).collect())
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&'a Process> {
        self.0.get(name).copied()
    }
}

/// The processes through which it came that this one never ran: the last is the one where it began.
pub fn blamed<'a>(names: &Names<'a>, process: &'a Process) -> Vec<&'a Process> {
    let mut chain = Vec::new();
    let mut seen = HashSet::from([&*process.name]);
    let mut at = process;
    while let Some(other) = reason_process(at).and_then(|name| names.get(name)) {
        if !seen.insert(&other.name) {
            break;
        }
        chain.push(other);
        let never_ran = other.outcome.as_ref().is_some_and(|outcome| matches!(outcome.kind, OutcomeKind::Skipped | OutcomeKind::Cancelled));
        if !never_ran {
            break;
        }
        at = other;
    }
    chain
}

fn reason_process(process: &Process) -> Option<&str> {
    process.outcome.as_ref()?.reason.as_ref()?.process.as_deref()
}

/// One thing that held up a start: when it was over, and what it was.
pub type Cause = (RunTime, String);

/// What held up the start of a process, and what held up that, back to the beginning of the run. The latest first.
pub fn held_up<'a>(names: &Names<'a>, process: &'a Process) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(process);
    while let Some(at) = next.filter(|at| seen.insert(&*at.name)) {
        if causes.len() == LINKS {
            causes.push((RunTime::ZERO, format!("… and so on: only the last {LINKS} are told")));
            break;
        }
        next = cause(names, at, &mut causes);
    }
    causes
}

/// Adds what held up the start of one process; gives who did it.
fn cause<'a>(names: &Names<'a>, process: &'a Process, causes: &mut Vec<Cause>) -> Option<&'a Process> {
    let name = quoted(&process.name);
    if let Some(wait) = last_wait(process) {
        let to = wait.to.unwrap_or(wait.from);
        let long = human(to.since(wait.from));
        let what = match wait.kind {
            WaitKind::Locks => words::shares(&wait.wants),
            _ => "a job slot".to_owned(),
        };
        let Some(holder) = wait.freed_by.as_ref() else {
            causes.push((to, format!("{name} got {what}, for which it had waited {long}")));
            return names.get(&process.joins.iter().filter(|join| join.held.is_some()).max_by_key(|join| join.held)?.process);
        };
        causes.push((to, format!("{} gave back {what}, for which {name} had waited {long}", quoted(holder))));
        return names.get(holder);
    }
    let Some(join) = process.joins.iter().filter(|join| join.held.is_some()).max_by_key(|join| join.held) else {
        causes.push((process.started.unwrap_or_default(), format!("{name} waited for nothing: it started with the run")));
        return None;
    };
    let held = join.held.unwrap_or_default();
    let until = join.until.word();
    causes.push((held, format!("the join on {} ({until}) held, the last for which {name} had waited", quoted(&join.process))));
    names.get(&join.process)
}

/// The last wait for locks or a slot before the first command that had not been granted at once.
fn last_wait(process: &Process) -> Option<&Wait> {
    let attempt = process.attempts.first()?;
    let first = attempt.steps.first().map(|step| step.from);
    let counts = |wait: &&Wait| matches!(wait.kind, WaitKind::Locks | WaitKind::Slot) && wait.to.is_some_and(|to| to > wait.from);
    attempt.waits.iter().rfind(|wait| counts(wait) && first.is_none_or(|first| wait.from <= first))
}
