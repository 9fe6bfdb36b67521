//! What an attempt went through, as lines in the order of time.

use super::{quoted, span};
use crate::base::duration::human;
use crate::base::time::RunTime;
use crate::report::clean::clean_text;
use crate::report::formats::words;
use crate::report::record::model::{Attempt, AttemptOutcome, Wait, WaitKind};

/// The most lines of one attempt.
const LINES: usize = 40;
/// Begins what its commands asked for themselves.
const INNER: &str = "  its command";

/// When, and what began then; `end` is the end of the run.
pub fn of(attempt: &Attempt, end: RunTime) -> Vec<(RunTime, String)> {
    let mut events: Vec<(RunTime, String)> = attempt.waits.iter().map(|wait| (wait.from, waited(wait, end))).collect();
    events.extend(attempt.inner_waits.iter().map(|wait| (wait.from, format!("{INNER} {}", waited(wait, end)))));
    if attempt.inner_waits_left_out > 0 {
        events.push((attempt.from, format!("{INNER} waited {} more times, for less long", attempt.inner_waits_left_out)));
    }
    for hold in &attempt.holds {
        let long = human(span(hold.from, hold.to, end));
        events.push((hold.from, format!("held {} for {long}", clean_text(&words::shares(&hold.shares)))));
    }
    for step in &attempt.steps {
        let name = step.name.as_ref().map_or_else(|| format!("step {}", step.step.saturating_add(1)), |name| clean_text(name));
        let name = if attempt.steps.len() > 1 || step.name.is_some() || step.step > 0 { format!(" {name}") } else { String::new() };
        let pid = step.pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
        events.push((step.from, format!("ran{name} for {}{pid}", human(span(step.from, step.to, end)))));
    }
    events.extend(attempt.ready.map(|at| (at, "was ready".to_owned())));
    if let Some(stopping) = &attempt.stopping {
        events.push((stopping.from, format!("was asked to end: {}", clean_text(&stopping.text))));
        events.extend(stopping.killed.map(|at| (at, "was killed".to_owned())));
    }
    events.sort_by_key(|event| event.0);
    let more = events.len().saturating_sub(LINES);
    events.truncate(LINES);
    if more > 0 {
        events.push((attempt.to.unwrap_or(end), format!("… and {more} more")));
    }
    events.push((attempt.to.unwrap_or(end), ended(attempt)));
    events
}

fn waited(wait: &Wait, end: RunTime) -> String {
    let what = match wait.kind {
        WaitKind::Locks => clean_text(&words::shares(&wait.wants)),
        WaitKind::Slot => "a job slot".to_owned(),
        WaitKind::Items => format!("an item of {}", wait.queue.as_deref().map_or_else(String::new, quoted)),
        WaitKind::Delay => "its next attempt".to_owned(),
    };
    let long = human(span(wait.from, wait.to, end));
    let freed = wait.freed_by.as_ref().map_or_else(String::new, |name| format!(", which {} gave back", quoted(name)));
    let vain = if wait.granted { "" } else { " in vain" };
    format!("waited {long} for {what}{freed}{vain}")
}

fn ended(attempt: &Attempt) -> String {
    let word = match attempt.outcome {
        Some(AttemptOutcome::Success) => "success",
        Some(AttemptOutcome::Failed) => "failed",
        Some(AttemptOutcome::Cancelled) => "cancelled",
        Some(AttemptOutcome::Stopped) => "stopped",
        Some(AttemptOutcome::BegunAnew) => "begun anew",
        None => "lost",
    };
    attempt.reason.as_ref().map_or_else(|| word.to_owned(), |reason| format!("{word}: {}", clean_text(&reason.text)))
}
