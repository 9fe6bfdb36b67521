//! One process: what became of it and why, what it waited for, what it did, and what held it up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::causes::{self, Names};
use super::{events, list, output, quoted, timed};
use crate::base::duration::human;
use crate::notice::OutcomeKind;
use crate::report::clean::clean_text;
use crate::report::fates;
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::{Process, ReasonKind};

/// The most joins and the most names of one list.
const JOINS: usize = 10;
/// The most that are told between a process that never ran and the one where that began.
const BLAMED: usize = 20;

/// The whole text.
pub fn process(report: &Report, process: &Process) -> String {
    let names = Names::of(report);
    let mut text = head(report, process);
    blame(&names, process, &mut text);
    output(words::last_lines(process), "  ", &mut text);
    joins(process, &mut text);
    attempts(report, process, &mut text);
    chain(&names, process, &mut text);
    waiters(report, process, &mut text);
    critical(report, process, &mut text);
    text
}

fn head(report: &Report, process: &Process) -> String {
    let mut text = format!("{}: {}", clean_text(&process.name), words::outcome(process));
    let reason = words::reason(process);
    if !reason.is_empty() {
        let _ = write!(text, ", {}", clean_text(reason));
    }
    if let (Some(started), Some(ended)) = (process.started, process.ended) {
        let _ = write!(text, ", {} after its start", human(ended.since(started)));
    }
    let place = process.place;
    let daemon = if process.daemon { ", a daemon" } else { "" };
    let _ = writeln!(text, "\n  {}:{}:{}{daemon}", clean_text(&report.run.file), place.line, place.column);
    if let Some(about) = &process.description {
        let _ = writeln!(text, "  {}", clean_text(about));
    }
    text
}

/// Why it never ran, if it was for others: through which processes, to the one where it began.
fn blame(names: &Names<'_>, process: &Process, text: &mut String) {
    let kind = process.outcome.as_ref().map(|outcome| outcome.kind);
    let never_ran = matches!(kind, Some(OutcomeKind::Skipped | OutcomeKind::Cancelled));
    let chain = if never_ran { causes::blamed(names, process) } else { Vec::new() };
    let Some((last, between)) = chain.split_last() else { return };
    let _ = writeln!(text, "\nWhy it did not run:");
    // A join names the one where it began, which is told last.
    let by_join = |other: &Process| {
        other.outcome.as_ref().and_then(|outcome| outcome.reason.as_ref()).is_some_and(|reason| reason.kind == ReasonKind::Join)
    };
    for other in between.iter().take(BLAMED) {
        fate(other, if by_join(other) { "" } else { words::reason(other) }, text);
    }
    if between.len() > BLAMED {
        let _ = writeln!(text, "  … and {} more", between.len() - BLAMED);
    }
    fate(last, words::reason(last), text);
    output(words::last_lines(last), "    ", text);
}

fn fate(process: &Process, reason: &str, text: &mut String) {
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", clean_text(reason)) };
    let _ = writeln!(text, "  {} {}{reason}", clean_text(&process.name), words::outcome(process));
}

/// What it waited for; those that held last come last, because they decided.
fn joins(process: &Process, text: &mut String) {
    if process.joins.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhat it waited for:");
    let mut joins: Vec<_> = process.joins.iter().collect();
    joins.sort_by_key(|join| (join.held.is_none(), join.held));
    let left_out = joins.len().saturating_sub(JOINS);
    if left_out + process.joins_left_out > 0 {
        let _ = writeln!(text, "  {:>10}  {} more", "…", left_out + process.joins_left_out);
    }
    for join in &joins[left_out..] {
        let what = format!("{} ({})", clean_text(&join.process), join.until.word());
        match join.held {
            Some(held) => timed(held.0, &what, text),
            None => {
                let _ = writeln!(text, "  {:>10}  {what}", "never");
            }
        }
    }
}

fn attempts(report: &Report, process: &Process, text: &mut String) {
    let many = process.attempts_begun > 1;
    let mut before: u32 = 0;
    for attempt in &process.attempts {
        let title = if many { format!("Attempt {} of {}", attempt.number, process.attempts_begun) } else { "What it did".to_owned() };
        let next = before.saturating_add(1);
        if attempt.number > next {
            let _ = writeln!(text, "\n(attempts {next} to {} are not in the report)", attempt.number - 1);
        }
        before = attempt.number;
        let _ = writeln!(text, "\n{title}:");
        for (at, what) in events::of(attempt, report.run.length) {
            timed(at.0, &what, text);
        }
    }
}

fn chain(names: &Names<'_>, process: &Process, text: &mut String) {
    if process.started.is_none() {
        return;
    }
    let _ = writeln!(text, "\nWhy it did not start earlier, the last cause first:");
    for (at, what) in causes::held_up(names, process) {
        timed(at.0, &what, text);
    }
}

fn waiters(report: &Report, process: &Process, text: &mut String) {
    let joins = |other: &&Process| other.joins.iter().any(|join| join.process == process.name);
    let waiting: Vec<&Process> = report.processes.iter().filter(joins).collect();
    let names = |all: &[&Process]| all.iter().map(|other| quoted(&other.name)).collect::<Vec<_>>();
    if (1..=JOINS).contains(&waiting.len()) {
        let names: Vec<_> = waiting.iter().map(|other| format!("{} ({})", quoted(&other.name), words::outcome(other))).collect();
        let _ = writeln!(text, "\nWhat waited for it: {}", list(&names, JOINS));
    } else if !waiting.is_empty() {
        let _ = writeln!(text, "\nWhat waited for it, {} processes:", waiting.len());
        let mut by_outcome: BTreeMap<&str, Vec<&Process>> = BTreeMap::new();
        waiting.iter().for_each(|other| by_outcome.entry(words::outcome(other)).or_default().push(*other));
        for (outcome, all) in by_outcome {
            let _ = writeln!(text, "  {} {outcome}: {}", all.len(), fates::examples(&names(&all)));
        }
    }
    let mut behind: Vec<String> = Vec::new();
    for other in report.processes.iter().filter(|other| other.name != process.name) {
        let mut waits = other.attempts.iter().flat_map(|attempt| attempt.waits.iter().chain(&attempt.inner_waits));
        if waits.any(|wait| wait.freed_by.as_ref() == Some(&process.name)) {
            behind.push(quoted(&other.name));
        }
    }
    if !behind.is_empty() {
        let _ = writeln!(text, "\nWhat got locks, permits or a job slot from it: {}", list(&behind, JOINS));
    }
}

fn critical(report: &Report, process: &Process, text: &mut String) {
    let own: Vec<_> = report.critical_path.iter().filter(|piece| piece.process == process.name).collect();
    let total = own.iter().fold(Duration::ZERO, |total, piece| total.saturating_add(piece.to.since(piece.from)));
    let whole = report.run.length.0.as_secs_f64();
    if own.is_empty() {
        let _ = writeln!(text, "\nIt is not on the critical path: that the run took {} is not due to it.", human(report.run.length.0));
        return;
    }
    let share = if whole > 0.0 { total.as_secs_f64() / whole * 100.0 } else { 100.0 };
    let long = human(total);
    let _ = writeln!(text, "\nIt is on the critical path with {long}, {share:.0} % of the run.");
}
