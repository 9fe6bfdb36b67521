//! What is remembered, and what is not.

use super::super::testing::{ended, failed, note, output, plan, started};
use super::*;
use crate::notice::{Event, Failure, Outcome, Stream};

fn lines(view: &RunView, process: u32) -> Vec<String> {
    view.last_lines(ProcessId(process)).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

#[test]
fn last_lines_are_kept_of_what_runs_and_of_what_failed() {
    let mut view = RunView::new(Arc::new(plan(&["a", "b"])));
    let mut apply = |event| view.apply(&note(0, event));
    for process in [0, 1] {
        apply(started(process, 1));
        apply(output(process, Stream::Stdout, b"old\n"));
        apply(started(process, 2));
        apply(output(process, Stream::Stderr, b"new\n"));
    }
    apply(ended(0, Outcome::Success));
    apply(ended(1, failed(1)));
    apply(output(0, Stream::Stdout, b"late\n"));
    assert!(lines(&view, 0).is_empty());
    assert_eq!(lines(&view, 1), ["new"]);
}

#[test]
fn success_leaves_nothing_behind_but_counts() {
    let names: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    let mut view = RunView::new(Arc::new(plan(&names.iter().map(String::as_str).collect::<Vec<_>>())));
    for process in 0..1000 {
        view.apply(&note(0, started(process, 1)));
        view.apply(&note(u64::from(process), ended(process, Outcome::Success)));
    }
    assert_eq!(view.counts(), Counts { succeeded: 1000, ..Counts::default() });
    assert!(view.troubles().is_empty());
    assert_eq!((view.live().len(), view.queued().len()), (0, 0));
    let slowest: Vec<_> = view.slowest().iter().map(|(_, process)| process.0).collect();
    assert_eq!(slowest, [999, 998, 997]);
    assert!(size_of::<Record>() <= 128, "{}", size_of::<Record>());
}

#[test]
fn a_daemon_that_failed_is_among_the_slowest_and_one_that_served_is_not() {
    let mut plan = plan(&["a", "failed", "served"]);
    (1..3).for_each(|daemon| plan.processes[ProcessId(daemon)].control.daemon = true);
    let mut view = RunView::new(Arc::new(plan));
    view.apply(&note(10, ended(0, Outcome::Success)));
    let outcome = Outcome::Failed { failure: Failure::Timeout(Duration::from_secs(60)), allowed: false };
    view.apply(&note(60_000, ended(1, outcome)));
    view.apply(&note(70_000, ended(2, Outcome::Stopped)));
    let slowest: Vec<_> = view.slowest().iter().map(|(_, process)| process.0).collect();
    assert_eq!(slowest, [1, 0]);
}

#[test]
fn only_the_first_warnings_are_kept() {
    let mut view = RunView::new(Arc::new(plan(&[])));
    for number in 0..100 {
        view.apply(&note(0, Event::Warning { process: None, message: number.to_string() }));
    }
    assert_eq!((view.warnings().len(), view.warned()), (10, 100));
}
