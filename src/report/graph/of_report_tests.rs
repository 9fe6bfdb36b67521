//! Small reports and the graphs of them.

use super::*;
use crate::report::record::model::{Join, Queue};
use crate::report::record::testing::mixed;

/// Two copies of `a`, and `c`, which joins `a[1]` and a stranger.
fn report() -> Report {
    let mut report = mixed();
    report.processes.truncate(3);
    for (index, name) in ["a[0]", "a[1]", "c"].into_iter().enumerate() {
        let process = &mut report.processes[index];
        process.name = name.into();
        process.declared = name.split('[').next().unwrap_or(name).into();
        process.joins.clear();
    }
    let join = |name: &str| Join { process: name.into(), until: crate::source::model::Condition::Success, held: None };
    report.processes[2].joins = vec![join("a[1]"), join("stranger")];
    report
}

#[test]
fn copies_are_one_node_and_strangers_are_left_out() {
    let picture = GraphPicture::of_report(&report());
    let nodes: Vec<_> = picture.processes.iter().map(|node| (&*node.name, node.instances)).collect();
    assert_eq!(nodes, [("a", 2), ("c", 1)]);
    assert_eq!(picture.joins, [Edge { from: 0, to: 1, until: "success" }]);
    assert!(picture.pipes.is_empty() && picture.puts.is_empty());
}

#[test]
fn pipes_and_queues_are_drawn() {
    let mut report = report();
    report.processes[2].reads_from = Some("a[0]".into());
    report.queues = vec![Queue {
        name: "jobs".into(),
        maxsize: Some(3),
        producers: vec!["a[0]".into(), "a[1]".into()],
        consumers: vec!["c".into(), "stranger".into()],
        ..Queue::default()
    }];
    let picture = GraphPicture::of_report(&report);
    assert_eq!(picture.pipes, [Pipe { from: 0, to: 1 }]);
    assert_eq!((picture.puts, picture.takes), (vec![Flow { process: 0, queue: 0 }], vec![Flow { process: 1, queue: 0 }]));
}

#[test]
fn who_held_a_lock_is_drawn() {
    let report = mixed();
    let picture = GraphPicture::of_report(&report);
    let holds: Vec<_> = picture.holds.iter().map(|hold| (&*picture.processes[hold.process].name, hold.resource, hold.step)).collect();
    assert_eq!(holds, [("a", 0, false), ("b|*", 0, false)]);
    assert_eq!((&*picture.resources[0].name, picture.resources[0].permits), ("till", None));
}
