//! JUnit XML: a test case for each process, as CI systems show them.
//!
//! Written by the serialiser of cargo-nextest, in the dialect that Jenkins, GitLab and GitHub actions read: a failed
//! attempt before the last is told as a rerun or, when the last one went well, as a flaky failure. `timestamp`, `file`
//! and `line` of a test case are beyond the schema of Jenkins; those that know them use them, the others skip them. What
//! XML 1.0 can not carry, colours included, is taken out or replaced. Knows nothing of the rest of the run: for that
//! there is JSON.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::words;
use crate::base::time::RunTime;
use crate::notice::OutcomeKind;
use crate::report::record::Report;
use crate::report::record::model::{Attempt, AttemptOutcome, Process};

/// The document.
pub fn render(report: &Report) -> Result<Vec<u8>, String> {
    let began = DateTime::parse_from_rfc3339(&report.run.started).ok();
    let mut suite = TestSuite::new(text(&report.run.name));
    suite.set_time(report.run.length.0);
    if let Some(began) = began {
        suite.set_timestamp(began);
    }
    suite.add_property(Property::new("id", text(&report.run.id)));
    suite.add_property(Property::new("file", text(file(report))));
    suite.add_property(Property::new("outcome", text(&report.run.text)));
    for process in &report.processes {
        suite.add_test_case(case(process, report, began));
    }
    let mut document = quick_junit::Report::new(text(&report.run.name));
    document.set_time(report.run.length.0);
    if let Some(began) = began {
        document.set_timestamp(began);
    }
    document.add_test_suite(suite);
    document.to_string().map(String::into_bytes).map_err(|error| error.to_string())
}

/// CI systems link to it by its path in the repository.
fn file(report: &Report) -> &str {
    report.run.in_repository.as_deref().unwrap_or(&report.run.file)
}

/// A text that XML can carry: control characters are replaced, escape sequences are left to the serialiser.
fn text(text: &str) -> String {
    let replace = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{1b}' => c,
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    };
    text.chars().map(replace).collect()
}

fn case(process: &Process, report: &Report, began: Option<DateTime<FixedOffset>>) -> TestCase {
    let mut case = TestCase::new(text(&process.name), status(process));
    case.set_classname(text(&report.run.name));
    case.set_time(Duration::try_from_secs_f64(words::took(process)).unwrap_or_default());
    if let (Some(began), Some(started)) = (began, process.started) {
        case.set_timestamp(moment(began, started));
    }
    case.extra.insert("file".into(), text(file(report)).into());
    case.extra.insert("line".into(), process.place.line.to_string().into());
    let lines = words::last_lines(process);
    if !lines.is_empty() {
        case.set_system_out(text(&lines.join("\n")));
    }
    case
}

fn moment(began: DateTime<FixedOffset>, at: RunTime) -> DateTime<FixedOffset> {
    i64::try_from(at.0.as_millis()).map_or(began, |millis| began + chrono::TimeDelta::milliseconds(millis))
}

fn status(process: &Process) -> TestCaseStatus {
    let Some(outcome) = &process.outcome else {
        return non_success(NonSuccessKind::Error, "lost", "the run was lost before it ended");
    };
    let kind = outcome.reason.as_ref().and_then(|reason| serde_json::to_value(reason.kind).ok());
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("failed");
    let why = words::reason(process);
    match outcome.kind {
        OutcomeKind::Failed if !outcome.allowed => {
            let mut status = non_success(NonSuccessKind::Failure, kind, why);
            status.add_reruns(failures(process).map(rerun));
            status
        }
        OutcomeKind::Cancelled if words::cut_off(process) => non_success(NonSuccessKind::Error, kind, why),
        OutcomeKind::Skipped | OutcomeKind::Cancelled | OutcomeKind::Failed => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(text(&format!("{}: {why}", words::outcome(process)))).set_type(kind);
            status
        }
        OutcomeKind::Success | OutcomeKind::Stopped => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(failures(process).map(rerun));
            status
        }
    }
}

fn non_success(kind: NonSuccessKind, ty: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    // Its last lines are the output of the case: told here as well they would be shown twice.
    status.set_message(text(why)).set_type(ty).set_description(text(why));
    status
}

/// The failed attempts before the one that decided.
fn failures(process: &Process) -> impl Iterator<Item = &Attempt> {
    let before = process.attempts.len().saturating_sub(1);
    process.attempts[..before].iter().filter(|attempt| attempt.outcome == Some(AttemptOutcome::Failed))
}

fn rerun(attempt: &Attempt) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Failure);
    let why = attempt.reason.as_ref().map_or("failed", |reason| &reason.text);
    rerun.set_message(text(why)).set_type("attempt").set_description(text(&format!("attempt {}: {why}", attempt.number)));
    if !attempt.last_lines.is_empty() {
        rerun.set_system_out(text(&attempt.last_lines.join("\n")));
    }
    rerun
}
