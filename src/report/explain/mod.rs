//! A report in plain words: what became of a run or of one process, and why.
//!
//! Pure functions from the report to a text without colours. Knows nothing of files. A text tells causes, not
//! everything: lists are bounded, the whole is in the report.

mod causes;
mod events;
mod path;
mod process;
mod run;
mod sentence;

use std::fmt::Write as _;
use std::time::Duration;

use super::clean::clean_text;
use super::fates;
use super::formats::words;
use super::record::model::Process;
use crate::base::duration::human;
use crate::base::escape;
use crate::base::time::RunTime;
use crate::notice::OutcomeKind;

pub use process::process;
pub use run::run;
pub use sentence::sentence;

/// A name of a process in a sentence that is about something else.
fn quoted(name: &str) -> String {
    format!("`{}`", clean_text(name))
}

/// `a, b and 3 more`.
fn list(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    let more = all.len().saturating_sub(most);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// A line of a list that begins with a time.
fn timed(at: Duration, what: &str, text: &mut String) {
    let _ = writeln!(text, "  {:>10}  {what}", human(at));
}

/// The last lines of output, as the summary of a run shows them.
fn output(lines: &[String], indent: &str, text: &mut String) {
    for line in lines {
        let line = clean_text(&escape::strip(line));
        let _ = writeln!(text, "{}", format!("{indent}| {line}").trim_end());
    }
}

/// How long something took; to the end of the run if it never ended.
fn span(from: RunTime, to: Option<RunTime>, end: RunTime) -> Duration {
    to.unwrap_or(end).since(from)
}

/// All that share a declared name, at most `most` of them: one line each, what failed first.
pub fn instances(name: &str, all: &[&Process], most: usize) -> String {
    let mut text = format!("{} stands for {} processes; name one of them:\n", clean_text(name), all.len());
    let well = |process: &&&Process| process.outcome.as_ref().is_some_and(|outcome| outcome.kind != OutcomeKind::Failed);
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(well);
    // Those that never ran for the same are told in one line.
    let fate = |process: &Process| (words::outcome(process), clean_text(words::reason(process)));
    let rows = fates::rows(&sorted, |process| words::never_ran(process).then(|| fate(process)));
    for row in rows.iter().take(most) {
        let names: Vec<_> = row.iter().map(|process| clean_text(&process.name)).collect();
        let (outcome, reason) = fate(row[0]);
        let _ = writeln!(text, "  {}", fates::line(&names, outcome, &reason));
    }
    let more: usize = rows.iter().skip(most).map(Vec::len).sum();
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    text
}
