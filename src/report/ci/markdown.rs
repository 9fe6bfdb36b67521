//! A run in Markdown, for the page that a host shows beside the log.
//!
//! Pure: from what is known of the run to a text. Bounded, because hosts take no more than a mebibyte; failures come
//! first.

use std::collections::{BTreeSet, HashMap};

use super::super::clean::{clean_text, plain};
use super::super::fates;
use super::super::markdown::{block, inline};
use super::super::page::escaped;
use super::super::paint::Paint;
use super::super::verdict;
use super::super::view::{End, RunView, State};
use super::super::words;
use crate::base::duration::human;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Outcome, OutcomeKind, RunSummary};
use crate::plan::Plan;

/// The most processes in the table.
const ROWS: usize = 200;
/// The most failures whose last lines are shown.
const FAILURES: usize = 20;

/// A heading, the last lines of failures, a table. Sections of others can be appended to it.
pub fn summary(view: &RunView, summary: &RunSummary) -> String {
    let plan = view.plan();
    let mut text = format!("### {}: {}\n\n", inline(&clean_text(&plan.name)), verdict::line(view, summary, Paint::new(false)));
    failures(view, &mut text);
    text += "| | process | outcome | time |\n|---|---|---|---|\n";
    let mut all: Vec<ProcessId> = plan.processes.ids().collect();
    let allowed: BTreeSet<ProcessId> = view.troubles().iter().filter(|end| is_allowed(&end.outcome)).map(|end| end.process).collect();
    all.sort_by_key(|process| rank(view, &allowed, *process));
    let ends: HashMap<ProcessId, &Outcome> = view.troubles().iter().map(|end| (end.process, &end.outcome)).collect();
    let why = |process: ProcessId| ends.get(&process).map_or_else(String::new, |outcome| reason(plan, process, outcome));
    let shared = |process: ProcessId| never_ran(view, process).then(|| (rank(view, &allowed, process), why(process)));
    let rows = fates::rows(&all, |process| shared(*process));
    for processes in rows.iter().take(ROWS) {
        text += &row(view, processes, ends.get(processes[0]).copied(), &why(*processes[0]));
    }
    let more: usize = rows.iter().skip(ROWS).map(Vec::len).sum();
    if more > 0 {
        text += &format!("\n… and {more} more\n");
    }
    text.push('\n');
    warnings(view, &mut text);
    text
}

fn is_allowed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { allowed: true, .. })
}

/// What is wrong comes first.
fn rank(view: &RunView, allowed: &BTreeSet<ProcessId>, process: ProcessId) -> u8 {
    match view.state(process) {
        State::Ended(OutcomeKind::Failed) if allowed.contains(&process) => 1,
        State::Ended(OutcomeKind::Failed) => 0,
        State::Ended(OutcomeKind::Cancelled) => 2,
        State::Ended(OutcomeKind::Skipped) => 3,
        State::Ended(OutcomeKind::Stopped | OutcomeKind::Success) => 4,
        _ => 2,
    }
}

/// Whether it was skipped or cancelled before anything of it was started.
fn never_ran(view: &RunView, process: ProcessId) -> bool {
    let kept = matches!(view.state(process), State::Ended(OutcomeKind::Skipped | OutcomeKind::Cancelled));
    kept && view.begun(process).is_none()
}

/// Why a process did not end well; nothing for one that did.
fn reason(plan: &Plan, process: ProcessId, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { failure, .. } => words::failure(plan, process, failure),
        Outcome::Skipped(reason) => words::skip(plan, reason),
        Outcome::Cancelled(reason) => words::cancel(plan, reason),
        Outcome::Success | Outcome::Stopped => String::new(),
    }
}

/// Processes that share all but their names; most often one.
fn row(view: &RunView, processes: &[&ProcessId], end: Option<&Outcome>, why: &str) -> String {
    let process = *processes[0];
    let (sign, word) = match view.state(process) {
        State::Ended(OutcomeKind::Success) => ("✅", "succeeded"),
        State::Ended(OutcomeKind::Stopped) => ("⏹️", "stopped"),
        State::Ended(OutcomeKind::Failed) if end.is_some_and(is_allowed) => ("⚠️", "failed as allowed"),
        State::Ended(OutcomeKind::Failed) => ("❌", "failed"),
        State::Ended(OutcomeKind::Skipped) => ("⏭️", "skipped"),
        State::Ended(OutcomeKind::Cancelled) => ("🚫", "cancelled"),
        _ => ("❔", "did not end"),
    };
    let why = fates::reason(why, processes.len());
    let why = if why.is_empty() { String::new() } else { format!(": {}", inline(&why)) };
    let time = view.begun(process).map_or_else(String::new, |begun| human(view.since(process).since(begun)));
    let names: Vec<String> = processes.iter().map(|process| words::name(view.plan(), **process)).collect();
    format!("| {sign} | {} | {word}{why} | {time} |\n", inline(&fates::cell(&names)))
}

/// What was told beside the ends of processes: items that were set aside, what was left running.
fn warnings(view: &RunView, text: &mut String) {
    for (process, message) in view.warnings() {
        let about = process.map_or_else(String::new, |process| format!("{}: ", words::name(view.plan(), process)));
        *text += &format!("- ⚠️ {}\n", inline(&format!("{about}{}", clean_text(message))));
    }
    let more = view.warned() - view.warnings().len();
    if more > 0 {
        *text += &format!("- … and {more} more warnings\n");
    }
    if view.warned() > 0 {
        text.push('\n');
    }
}

fn failures(view: &RunView, text: &mut String) {
    let told = |end: &&End| matches!(end.outcome, Outcome::Failed { .. } | Outcome::Cancelled(CancelReason::RunTimeout));
    let mut failed: Vec<&End> = view.troubles().iter().filter(told).collect();
    failed.sort_by_key(|end| is_allowed(&end.outcome));
    // Of what the run's timeout kept from starting there are no lines.
    failed.retain(|end| view.last_lines(end.process).next().is_some());
    for end in failed.into_iter().take(FAILURES) {
        let lines: Vec<String> = view.last_lines(end.process).map(plain).collect();
        // Within an element of HTML no Markdown is read, up to the next empty line.
        let name = escaped(&words::name(view.plan(), end.process));
        *text += &format!("<details open><summary>Last lines of {name}</summary>\n\n{}\n</details>\n\n", block(&lines));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::testing::{ended, failed, note, output, plan, started};
    use super::*;
    use crate::notice::{Event, SkipReason, Stream};

    #[test]
    fn failures_come_first_and_nothing_leaves_its_place() {
        let mut view = RunView::new(Arc::new(plan(&["good", "a|b[<i>]", "may"])));
        for event in [
            started(0, 1),
            started(1, 1),
            output(1, Stream::Stderr, b"\x1b[31m```</details>\x1b[0m\nlast\n"),
            started(2, 1),
            output(2, Stream::Stdout, b"hm\n"),
            ended(2, Outcome::Failed { failure: crate::notice::Failure::Code(1), allowed: true }),
            ended(0, Outcome::Success),
            ended(1, failed(3)),
            Event::Warning { process: Some(ProcessId(0)), message: "left <b>".to_owned() },
        ] {
            view.apply(&note(1500, event));
        }
        let expected = "\
### shop: 1 succeeded, 1 failed, 1 failed as allowed in 1.50 s

<details open><summary>Last lines of a|b[&lt;i&gt;]</summary>

````text
```</details>
last
````

</details>

<details open><summary>Last lines of may</summary>

```text
hm
```

</details>

| | process | outcome | time |
|---|---|---|---|
| ❌ | a\\|b\\[&lt;i&gt;\\] | failed: exit code 3 | 1.50 s |
| ⚠️ | may | failed as allowed: exit code 1 | 1.50 s |
| ✅ | good | succeeded | 1.50 s |

- ⚠️ good&#58; left &lt;b&gt;

";
        assert_eq!(summary(&view, &RunSummary { failed: 1, ..RunSummary::default() }), expected);
    }

    #[test]
    fn many_that_were_skipped_for_the_same_are_one_row() {
        let names: Vec<String> = (0..200).map(|number| format!("p{number}")).collect();
        let mut view = RunView::new(Arc::new(plan(&names.iter().map(String::as_str).collect::<Vec<_>>())));
        view.apply(&note(0, started(0, 1)));
        view.apply(&note(10, ended(0, failed(2))));
        let root = (ProcessId(0), OutcomeKind::Failed);
        let skip = SkipReason::Join { process: ProcessId(0), until: Default::default(), because: OutcomeKind::Failed, root };
        (1..198).for_each(|process| view.apply(&note(10, ended(process, Outcome::Skipped(skip.clone())))));
        (198..200).for_each(|process| view.apply(&note(10, ended(process, Outcome::Cancelled(CancelReason::Failure(ProcessId(0)))))));
        let page = summary(&view, &RunSummary { failed: 1, ..RunSummary::default() });
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        let expected = [
            "| ❌ | p0 | failed: exit code 2 | 10 ms |",
            "| 🚫 | p198 | cancelled: \\`p0\\` failed |  |",
            "| 🚫 | p199 | cancelled: \\`p0\\` failed |  |",
            "| ⏭️ | 197 processes&#58; p1, p2, p3, … and 194 more | skipped: \\`p0\\` failed |  |",
        ];
        assert_eq!(rows, expected);
    }
}
