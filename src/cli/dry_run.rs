//! `flowrun --dry-run`: what would start, in order.

use std::sync::Arc;

use super::hidden;
use super::list::{action, listens, one_line};
use super::text::count;
use crate::base::ids::ProcessId;
use crate::plan::{Plan, Process, ResourceKind};
use crate::run::dry;

/// The plan in start order. What stands in one block can start without waiting for another's end; what it waits for
/// within its block, as for a daemon to be ready, is noted.
pub fn describe(plan: Arc<Plan>) -> String {
    let starts = dry::starts(Arc::clone(&plan));
    let mut text = format!("{}: {}", plan.name, count(plan.processes.len(), "process"));
    if let Some(jobs) = plan.jobs {
        text.push_str(&format!(", at most {jobs} at once"));
    }
    text.push('\n');
    let width = plan.processes.iter().map(|process| process.name.chars().count()).max().unwrap_or(0).min(30);
    let mut round = None;
    // The block in which each process has begun.
    let mut begun: Vec<Option<usize>> = vec![None; plan.processes.len()];
    for start in &starts {
        if round != Some(start.round) {
            text.push_str(if round.is_none() { "at first\n" } else { "then\n" });
            round = Some(start.round);
        }
        let process = &plan.processes[start.job.process];
        begun[start.job.process.0 as usize].get_or_insert(start.round);
        let mut notes = Vec::new();
        if process.control.daemon {
            notes.push("daemon".to_owned());
        }
        notes.extend(process.work.listen.as_ref().map(listens));
        notes.extend(start.for_each.map(|queue| format!("each item of queue {}", plan.queues[queue].name)));
        if process.control.steps.len() > 1 {
            notes.push(format!("step {} of {}", start.step + 1, process.control.steps.len()));
        }
        if start.step == 0 {
            notes.extend(waits_beside(process, &plan, |other| begun[other.0 as usize] == Some(start.round)));
        }
        let held = process.control.request.iter().chain(&process.control.steps[start.step as usize].request);
        notes.extend(held.map(|share| {
            let resource = &plan.resources[share.resource];
            match resource.kind {
                ResourceKind::Semaphore { .. } if share.permits > 1 => format!("semaphore {} ×{}", resource.name, share.permits),
                kind => format!("{} {}{}", kind.word(), resource.name, if share.shared { " shared" } else { "" }),
            }
        }));
        let notes = if notes.is_empty() { String::new() } else { format!("  [{}]", notes.join(", ")) };
        let runs = action(&process.work.steps[start.step as usize].action);
        let runs = runs.lines().next().unwrap_or_default().to_owned() + if runs.contains('\n') { " …" } else { "" };
        text.push_str(one_line(&format!("  {:width$}  {runs}{notes}", process.name)).trim_end());
        text.push('\n');
    }
    let idle: Vec<&str> =
        plan.processes.entries().filter(|(id, _)| begun[id.0 as usize].is_none()).map(|(_, process)| process.name.as_str()).collect();
    if !idle.is_empty() {
        text.push_str(&format!("not started when all goes well\n  {}\n", idle.join("\n  ")));
    }
    hidden::hide(&plan, text)
}

/// What a process waits for that begins in the same block.
fn waits_beside(process: &Process, plan: &Plan, is_beside: impl Fn(ProcessId) -> bool) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for join in process.control.joins.iter().filter(|join| is_beside(join.process)) {
        let note = format!("waits for {} ({})", plan.processes[join.process].declared, join.until.word());
        // Copies of one process are joined in one go.
        if notes.last() != Some(&note) {
            notes.push(note);
        }
    }
    notes
}
