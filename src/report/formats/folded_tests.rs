//! Small paths and their rows.

use super::*;
use crate::base::time::RunTime;
use crate::report::record::model::Link;
use crate::report::record::testing::mixed;

/// A report of a run of a second with these pieces (process, attempt, activity, milliseconds), one after the other.
fn report(pieces: &[(&str, u32, Activity, u64)]) -> Report {
    let mut report = mixed();
    report.run.length = RunTime(Duration::from_secs(1));
    let mut at = Duration::ZERO;
    let piece = |(process, attempt, activity, millis): &(&str, u32, Activity, u64)| {
        let from = RunTime(at);
        at += Duration::from_millis(*millis);
        Segment { process: (*process).into(), attempt: *attempt, step: None, activity: *activity, from, to: RunTime(at), then: Link::Next }
    };
    report.critical_path = pieces.iter().map(piece).collect();
    report
}

fn told(report: &Report) -> Vec<String> {
    rows(report).iter().map(|row| format!("{} {} {}", row.first().process, row.did(), row.length().as_millis())).collect()
}

#[test]
fn small_pieces_of_a_worker_are_one_row_and_heavy_ones_stand_alone() {
    use Activity::{Running, WaitingForItems};
    let mut pieces = vec![("a", 1, Running, 300)];
    pieces.extend((1..=5).flat_map(|item| [("w", item, WaitingForItems, 1), ("w", item, Running, 2)]));
    pieces.extend([("w", 6, Running, 200), ("w", 7, Running, 1), ("w", 8, Running, 1), ("b", 1, Running, 1)]);
    let report = report(&pieces);
    assert_eq!(told(&report), ["a ran 300", "w worked on 5 items 15", "w ran 200", "w ran 1", "w ran 1", "b ran 1"]);
    assert_eq!(rows(&report)[1].places, (1..=10).collect::<Vec<_>>());
}

/// The report keeps the first attempts and the last: the long time between them belongs to those that it has left out.
#[test]
fn attempts_that_are_left_out_are_counted() {
    use Activity::{Running, Starting};
    let pieces = [("w", 1, Running, 2), ("w", 2, Running, 2), ("w", 2, Starting, 400), ("w", 30, Running, 2), ("w", 31, Running, 2)];
    assert_eq!(told(&report(&pieces)), ["w went through 31 attempts 408"]);
}

#[test]
fn few_pieces_and_those_of_others_stand_alone() {
    use Activity::Running;
    let pieces = [("a", 1, Running, 2), ("a", 2, Running, 2), ("a", 3, Running, 2), ("b", 1, Running, 2), ("a", 4, Running, 2)];
    assert_eq!(told(&report(&pieces)).len(), 5);
}
