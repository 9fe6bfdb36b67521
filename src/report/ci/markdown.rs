//! A run in Markdown, for the page that a host shows beside the log.
//!
//! Pure: from what is known of the run to a text. Bounded, because hosts take no more than a mebibyte; failures come
//! first.

use super::super::clean::clean_text;
use super::super::view::{RunView, State};
use super::super::words;
use super::annotate::clean_line;
use crate::base::duration::human;
use crate::base::ids::ProcessId;
use crate::notice::{Outcome, OutcomeKind, RunSummary};

/// The most processes in the table.
const ROWS: usize = 200;
/// The most failures whose last lines are shown.
const FAILURES: usize = 20;

/// A heading, a table, the last lines of failures. Sections of others can be appended to it.
pub fn summary(view: &RunView, summary: &RunSummary) -> String {
    let plan = view.plan();
    let mut text = format!("### {}: {}\n\n", inline(&clean_text(&plan.name)), verdict(view, summary));
    text += "| | process | outcome | time |\n|---|---|---|---|\n";
    let mut all: Vec<ProcessId> = plan.processes.ids().collect();
    all.sort_by_key(|process| rank(view, *process));
    for process in all.iter().take(ROWS) {
        text += &row(view, *process);
    }
    if all.len() > ROWS {
        text += &format!("\n… and {} more\n", all.len() - ROWS);
    }
    failures(view, &mut text);
    text + "\n"
}

fn verdict(view: &RunView, summary: &RunSummary) -> String {
    let counts = view.counts();
    let counted = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.allowed, "failed as allowed"),
        (counts.skipped, "skipped"),
        (counts.cancelled, "cancelled"),
        (counts.stopped, "stopped"),
        (summary.queues, "queues not worked off"),
    ];
    let counted: Vec<String> = counted.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let mut text =
        format!("{} in {}", if counted.is_empty() { "nothing to do".to_owned() } else { counted.join(", ") }, human(view.length()));
    if let Some(signal) = summary.interrupted {
        text += &format!(", {}", words::interrupted(signal));
    }
    if summary.timed_out {
        text += &format!(", {}", words::run_timeout(view.plan()));
    }
    text
}

/// What is wrong comes first.
fn rank(view: &RunView, process: ProcessId) -> u8 {
    match view.state(process) {
        State::Ended(OutcomeKind::Failed) => 0,
        State::Ended(OutcomeKind::Cancelled) => 1,
        State::Ended(OutcomeKind::Skipped) => 2,
        State::Ended(OutcomeKind::Stopped | OutcomeKind::Success) => 3,
        _ => 1,
    }
}

fn row(view: &RunView, process: ProcessId) -> String {
    let plan = view.plan();
    let trouble = view.troubles().iter().find(|end| end.process == process).map(|end| &end.outcome);
    let (sign, outcome) = match (trouble, view.state(process)) {
        (Some(Outcome::Failed { failure, allowed }), _) => {
            let sign = if *allowed { "⚠️" } else { "❌" };
            (sign, format!("failed{}: {}", if *allowed { " as allowed" } else { "" }, words::failure(plan, process, failure)))
        }
        (Some(Outcome::Skipped(reason)), _) => ("⏭️", format!("skipped: {}", words::skip(plan, reason))),
        (Some(Outcome::Cancelled(reason)), _) => ("🚫", format!("cancelled: {}", words::cancel(plan, reason))),
        (_, State::Ended(OutcomeKind::Success)) => ("✅", "succeeded".to_owned()),
        (_, State::Ended(OutcomeKind::Stopped)) => ("⏹️", "stopped".to_owned()),
        (_, State::Ended(OutcomeKind::Failed)) => ("❌", "failed".to_owned()),
        (_, State::Ended(OutcomeKind::Skipped)) => ("⏭️", "skipped".to_owned()),
        (_, State::Ended(OutcomeKind::Cancelled)) => ("🚫", "cancelled".to_owned()),
        _ => ("❔", "did not end".to_owned()),
    };
    let time = view.begun(process).map_or_else(String::new, |begun| human(view.since(process).since(begun)));
    format!("| {sign} | {} | {} | {time} |\n", inline(&words::name(plan, process)), inline(&outcome))
}

fn failures(view: &RunView, text: &mut String) {
    let failed = view.troubles().iter().filter(|end| matches!(end.outcome, Outcome::Failed { .. }));
    for end in failed.take(FAILURES) {
        let lines: Vec<String> = view.last_lines(end.process).map(clean_line).collect();
        if lines.is_empty() {
            continue;
        }
        let lines = lines.join("\n");
        let fence = "`".repeat(longest_run(&lines).max(2) + 1);
        let name = inline(&words::name(view.plan(), end.process));
        *text += &format!("\n<details open><summary>Last lines of {name}</summary>\n\n{fence}text\n{lines}\n{fence}\n\n</details>\n");
    }
}

/// How many backquotes stand together at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A text without what Markdown and HTML would take for their own.
fn inline(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\n' | '\r' => plain.push(' '),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' | '@' => plain.extend(['\\', c]),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::testing::{ended, failed, note, output, plan, started};
    use super::*;
    use crate::notice::Stream;

    #[test]
    fn failures_come_first_and_nothing_leaves_its_place() {
        let mut view = RunView::new(Arc::new(plan(&["good", "a|b<i>"])));
        for event in [
            started(0, 1),
            started(1, 1),
            output(1, Stream::Stderr, b"\x1b[31m```</details>\x1b[0m\nlast\n"),
            ended(0, Outcome::Success),
            ended(1, failed(3)),
        ] {
            view.apply(&note(1500, event));
        }
        let expected = "\
### shop: 1 succeeded, 1 failed in 1.50 s

| | process | outcome | time |
|---|---|---|---|
| ❌ | a\\|b&lt;i&gt; | failed: exit code 3 | 0 ms |
| ✅ | good | succeeded | 0 ms |

<details open><summary>Last lines of a\\|b&lt;i&gt;</summary>

````text
```</details>
last
````

</details>

";
        assert_eq!(summary(&view, &RunSummary { failed: 1, ..RunSummary::default() }), expected);
    }
}
