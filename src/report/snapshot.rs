//! How things stand, as data: every process with its number, its state, its exit code, what it waits for.
//!
//! The same facts as the table of [`super::status`], with the processes that have ended. Costs a scan of all
//! processes, which is why it is made only when somebody asks.

use serde::Serialize;

use super::status::{waits_for, word};
use super::view::{RunView, State};
use super::waiters::Places;
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::notice::OutcomeKind;

/// The run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The workflow's name.
    pub name: String,
    /// The number of the process that leads the run: the parent of all that it starts.
    pub pid: u32,
    /// How long it has run (seconds), pauses excluded.
    pub elapsed: f64,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it starts no more regular work.
    pub ending: bool,
    /// All processes, in the order of the file.
    pub processes: Vec<Entry>,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its name.
    pub process: String,
    /// Where it is in its life: one word; of what has ended, its outcome.
    pub state: &'static str,
    /// How it ended; none before.
    pub outcome: Option<OutcomeKind>,
    /// Which attempt is the current one, from 1; 0 before the first.
    pub attempt: u32,
    /// The system's number, if a command of it runs.
    pub pid: Option<u32>,
    /// The number of the parent of that: flowrun's own.
    pub parent: Option<u32>,
    /// How long it has been in this state (seconds); none for what waits for its joins.
    pub since: Option<f64>,
    /// Its exit code as Python shows it: none before its end, -15 when signal 15 ended it.
    pub code: Option<i32>,
    /// What it waits for, for people.
    pub waits_for: String,
    /// The processes that hold the locks and permits that it waits for, those of others on this machine as
    /// `build of shop (pid 12)`.
    pub held_by: Vec<String>,
}

/// All processes; `parent` is the number of the process that starts them.
pub fn whole(view: &RunView, now: RunTime, parent: u32) -> Snapshot {
    let (plan, places) = (view.plan(), view.places());
    Snapshot {
        name: plan.name.clone(),
        pid: parent,
        elapsed: view.elapsed(now).as_secs_f64(),
        suspended: view.suspended(),
        ending: view.halted().is_some(),
        processes: plan.processes.ids().map(|process| one_of(view, process, &places, now, parent)).collect(),
    }
}

/// One process.
pub fn entry(view: &RunView, process: ProcessId, now: RunTime, parent: u32) -> Entry {
    one_of(view, process, &view.places(), now, parent)
}

fn one_of(view: &RunView, process: ProcessId, places: &Places, now: RunTime, parent: u32) -> Entry {
    let state = view.state(process);
    let outcome = if let State::Ended(kind) = state { Some(*kind) } else { None };
    let pid = view.pid(process);
    Entry {
        process: view.plan().processes[process].name.clone(),
        state: outcome.map_or_else(|| word(view, process), ended),
        outcome,
        attempt: view.attempt(process),
        pid,
        parent: pid.map(|_| parent),
        since: (*state != State::Waiting).then(|| now.since(view.since(process)).as_secs_f64()),
        code: view.code(process),
        waits_for: waits_for(view, process, places, now),
        held_by: holders(view, process),
    }
}

fn ended(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Success => "success",
        OutcomeKind::Failed => "failed",
        OutcomeKind::Skipped => "skipped",
        OutcomeKind::Cancelled => "cancelled",
        OutcomeKind::Stopped => "stopped",
    }
}

fn holders(view: &RunView, process: ProcessId) -> Vec<String> {
    let Some((wants, _)) = view.wait(process) else { return Vec::new() };
    let mut holders: Vec<ProcessId> = wants.iter().flat_map(|share| view.holders(share.resource)).map(|(holder, _)| holder).collect();
    holders.sort_unstable();
    holders.dedup();
    let own = holders.into_iter().map(|holder| view.plan().processes[holder].name.clone());
    let elsewhere = view.held_elsewhere(process).into_iter().flat_map(|(_, holders)| holders).map(|holder| {
        let of = holder.workflow.as_ref().map_or_else(String::new, |workflow| format!(" of {workflow}"));
        format!("{}{of} (pid {})", holder.process, holder.pid)
    });
    own.chain(elsewhere).collect()
}
