//! A whole run: how it ended, what failed and what did not run for that, and what made it as long as it was.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::{list, output, path, quoted};
use crate::base::duration::human;
use crate::notice::OutcomeKind;
use crate::report::clean::clean_text;
use crate::report::fates;
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::{Process, Use};

/// The most failures, reasons and names of one list.
const FAILURES: usize = 20;
const REASONS: usize = 10;
const NAMES: usize = 10;

/// The whole text.
pub fn run(report: &Report) -> String {
    let run = &report.run;
    let name = clean_text(&run.name);
    let mut text = format!("{name}: {} in {}, exit status {}\n", clean_text(&run.text), human(run.length.0), run.status);
    let _ = writeln!(text, "  {}, started {}", clean_text(&run.file), clean_text(&run.started));
    if let Some(halted) = &run.halted {
        let _ = writeln!(text, "  at {}: {}", human(halted.at.0), clean_text(&halted.text));
    }
    failures(report, &mut text);
    unstarted(report, &mut text);
    queues(report, &mut text);
    path::list(report, &mut text);
    contended(report, &mut text);
    text
}

fn kind(process: &Process) -> Option<OutcomeKind> {
    process.outcome.as_ref().map(|outcome| outcome.kind)
}

fn failures(report: &Report, text: &mut String) {
    let told = |process: &&Process| matches!(kind(process), Some(OutcomeKind::Failed) | None) || words::cut_off(process);
    let mut failed: Vec<_> = report.processes.iter().filter(told).collect();
    failed.sort_by_key(|process| process.outcome.as_ref().is_some_and(|outcome| outcome.allowed));
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhat failed:");
    for process in failed.iter().take(FAILURES) {
        let reason = clean_text(words::reason(process));
        let many = process.attempts_begun;
        let attempts = if many > 1 { format!(", after {many} attempts") } else { String::new() };
        let allowed = process.outcome.as_ref().is_some_and(|outcome| outcome.allowed);
        let allowed = if allowed { ", which is allowed" } else { "" };
        let reason = if reason.is_empty() { "lost".to_owned() } else { reason };
        let _ = writeln!(text, "  {}: {reason}{attempts}{allowed}", clean_text(&process.name));
        output(words::last_lines(process), "    ", text);
    }
    let rest: Vec<_> = failed.iter().skip(FAILURES).map(|process| quoted(&process.name)).collect();
    if !rest.is_empty() {
        let _ = writeln!(text, "  and {}", list(&rest, NAMES));
    }
}

/// What did not run, one line a reason.
fn unstarted(report: &Report, text: &mut String) {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut names: HashMap<(&str, &str), Vec<String>> = HashMap::new();
    for process in &report.processes {
        if !matches!(kind(process), Some(OutcomeKind::Skipped | OutcomeKind::Cancelled)) || words::cut_off(process) {
            continue;
        }
        let begun = words::ran_last(process) && kind(process) == Some(OutcomeKind::Cancelled);
        let word = if begun { "cancelled while running" } else { words::outcome(process) };
        let key = (word, words::reason(process));
        let group = names.entry(key).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(clean_text(&process.name));
    }
    if order.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhat was skipped or cancelled:");
    for key in order.iter().take(REASONS) {
        let _ = writeln!(text, "  {}", fates::line(&names[key], key.0, &clean_text(key.1)));
    }
    if order.len() > REASONS {
        let _ = writeln!(text, "  and more, for {} other reasons", order.len() - REASONS);
    }
}

fn queues(report: &Report, text: &mut String) {
    for queue in &report.queues {
        let name = clean_text(&queue.name);
        let aside = queue.set_aside.len() as u64 + queue.set_aside_left_out;
        if aside > 0 {
            let items = if aside == 1 { "1 item was" } else { &format!("{aside} items were") };
            let _ = writeln!(text, "\nOf the queue {name}, {items} set aside, delivered as often as may be and never done.");
        }
        if let Some(at) = queue.abandoned {
            let _ = writeln!(text, "\nThe queue {name} was abandoned at {} with {} items left in it.", human(at.0), queue.left);
        }
    }
}

/// Locks and semaphores that were waited for, the longest first; what is short beside the run is left out.
fn contended(report: &Report, text: &mut String) {
    let short = report.run.length.0.as_secs_f64() / 100.0;
    let mut waited: Vec<_> = report.resources.iter().filter(|resource| resource.waited > 0.0 && resource.waited >= short).collect();
    waited.sort_by(|a, b| b.waited.total_cmp(&a.waited));
    if waited.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhat was waited for:");
    for resource in waited.iter().take(REASONS) {
        let long = human(Duration::try_from_secs_f64(resource.waited).unwrap_or_default());
        let name = clean_text(&resource.name);
        let waited = |one: &&Use| one.had.is_none_or(|had| had > one.asked);
        let mut known = HashSet::new();
        let names = resource.uses.iter().filter(waited).map(|one| &*one.process);
        let who: Vec<_> = names.filter(|name| known.insert(*name)).map(quoted).collect();
        let _ = writeln!(text, "  {name}: {long} in all, by {}", list(&who, NAMES));
    }
}
