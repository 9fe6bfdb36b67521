//! Markdown: failures with their last lines, a table of processes, the critical path.
//!
//! For job summaries and comments, so it is bounded: failures come first, what went well last.

use super::{folded, words};
use crate::base::duration::human;
use crate::notice::OutcomeKind;
use crate::report::explain;
use crate::report::fates;
use crate::report::markdown::{block, inline};
use crate::report::paint::Paint;
use crate::report::record::Report;
use crate::report::record::model::{Counts, Process};
use crate::report::{state, verdict};

/// The most rows of a table, and the most failures that are told with their last lines.
const ROWS: usize = 200;
const FAILURES: usize = 50;

/// The page.
pub fn render(report: &Report) -> String {
    let run = &report.run;
    let mut page = format!("## {}\n\n", inline(&run.name));
    page += &format!("{} in {}: {}\n\n", inline(&run.text), human(run.length.0), counts(&run.counts));
    failures(report, &mut page);
    table(report, &mut page);
    warnings(report, &mut page);
    path(report, &mut page);
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn counts(counts: &Counts) -> String {
    let Counts { success: succeeded, failed, allowed, skipped, cancelled, stopped, .. } = *counts;
    verdict::counted(state::Counts { succeeded, failed, allowed, skipped, cancelled, stopped }, 0, 0, Paint::new(false))
}

/// Where a process stands in the table: failures first, what went well last; within these the order of the file.
fn rank(process: &Process) -> u8 {
    match process.outcome.as_ref().map(|outcome| (outcome.kind, outcome.allowed)) {
        None | Some((OutcomeKind::Failed, false)) => 0,
        Some((OutcomeKind::Failed, true)) => 1,
        Some((OutcomeKind::Cancelled, _)) => 2,
        Some((OutcomeKind::Skipped, _)) => 3,
        Some((OutcomeKind::Success | OutcomeKind::Stopped, _)) => 4,
    }
}

fn took(process: &Process) -> String {
    process.started.zip(process.ended).map_or_else(String::new, |(started, ended)| human(ended.since(started)))
}

/// What processes share that never ran, so that one row tells of all of them.
fn shared(process: &Process) -> Option<(&str, &str)> {
    words::never_ran(process).then(|| (words::outcome(process), words::reason(process)))
}

fn table(report: &Report, page: &mut String) {
    if report.processes.is_empty() {
        return;
    }
    let mut processes: Vec<&Process> = report.processes.iter().collect();
    processes.sort_by_key(|process| rank(process));
    *page += "| process | outcome | time | attempts | why |\n|---|---|--:|--:|---|\n";
    let rows = fates::rows(&processes, |process| shared(process));
    for row in rows.iter().take(ROWS) {
        let Some(process) = row.first() else { continue };
        let names: Vec<String> = row.iter().map(|process| process.name.to_string()).collect();
        let cells = [inline(&fates::cell(&names)), words::outcome(process).to_owned(), took(process)];
        *page += &format!(
            "| {} | {} | {} |\n",
            cells.join(" | "),
            process.attempts_begun,
            inline(&fates::reason(words::reason(process), row.len()))
        );
    }
    let more: usize = rows.iter().skip(ROWS).map(Vec::len).sum();
    if more > 0 {
        *page += &format!("\n… and {more} more processes\n");
    }
    page.push('\n');
}

fn failures(report: &Report, page: &mut String) {
    let failed = |process: &&Process| rank(process) < 2 || words::cut_off(process);
    let mut all: Vec<&Process> = report.processes.iter().filter(failed).collect();
    all.sort_by_key(|process| process.outcome.as_ref().is_some_and(|outcome| outcome.allowed));
    if all.is_empty() {
        return;
    }
    *page += "### Failures\n\n";
    for process in all.iter().take(FAILURES) {
        let place = format!("{}:{}", report.run.file, process.place.line);
        *page += &format!("**{}** ({}): {}\n\n", inline(&process.name), inline(&place), inline(words::reason(process)));
        let lines = words::last_lines(process);
        if !lines.is_empty() {
            *page += &block(lines);
            page.push('\n');
        }
    }
    let more = all.len().saturating_sub(FAILURES);
    if more > 0 {
        *page += &format!("… and {more} more failures\n\n");
    }
}

fn warnings(report: &Report, page: &mut String) {
    if report.warnings.is_empty() {
        return;
    }
    *page += "### Warnings\n\n";
    for warning in &report.warnings {
        let about = warning.process.as_ref().map_or_else(String::new, |process| format!("{}: ", inline(process)));
        *page += &format!("- {about}{}\n", inline(&warning.text));
    }
    if report.warnings_left_out > 0 {
        *page += &format!("- … and {} more\n", report.warnings_left_out);
    }
    page.push('\n');
}

/// The chain that made the run as long as it was, as a part of another page; empty without one.
pub fn critical_path(report: &Report) -> String {
    let mut page = String::new();
    path(report, &mut page);
    page
}

/// Whether a row is worth to be looked at first: a fifth of the run.
fn heavy(row: &folded::Row<'_>, report: &Report) -> bool {
    row.length() > report.run.length.0 / 5
}

/// A sentence with names in backquotes, which stay code; the rest is text.
fn with_code(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    // A name with a backquote in it would turn text into code and code into text.
    if parts.len().is_multiple_of(2) {
        return inline(sentence);
    }
    let part = |(index, part): (usize, &&str)| if index.is_multiple_of(2) { inline(part) } else { format!("`{part}`") };
    parts.iter().enumerate().map(part).collect()
}

/// The end of the path is what is read, so a long one is cut at its beginning.
fn path(report: &Report, page: &mut String) {
    let path = folded::rows(report);
    if path.is_empty() {
        return;
    }
    *page += &format!("### Critical path\n\n{}\n\n", with_code(&explain::sentence(report)));
    *page += "| from | time | process | what | then |\n|--:|--:|---|---|---|\n";
    let left_out = path.len().saturating_sub(ROWS);
    if left_out > 0 {
        *page += &format!("| | | | … {left_out} earlier pieces | |\n");
    }
    for row in &path[left_out..] {
        let times = format!("{} | {}", human(row.first().from.0), human(row.length()));
        let times = if heavy(row, report) { times.replace(" | ", " | **") + "**" } else { times };
        let then = inline(&words::link(&row.last().then));
        *page += &format!("| {times} | {} | {} | {then} |\n", inline(&row.first().process), row.did());
    }
    page.push('\n');
}
