//! Long paths as lists.

use super::*;
use crate::notice::{Exit, Outcome};
use crate::report::record::testing::{join, over, recorded};
use crate::report::testing::{plan, run_started, started};
use crate::source::model::Condition;

#[test]
fn the_heaviest_pieces_of_a_long_chain_are_listed_in_the_order_of_time() {
    let names: Vec<String> = (0..100).map(|number| format!("p{number}")).collect();
    let mut plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut events = vec![(0, run_started())];
    let mut at = 0;
    for process in 0..100 {
        if process > 0 {
            join(&mut plan, process, process - 1, Condition::Success);
        }
        events.push((at, started(process, 1)));
        at += if matches!(process, 0 | 50) { 2000 } else { 10 + u64::from(process) };
        events.push((at, over(process, Outcome::Success, Exit::Code(0), 1)));
    }
    let mut text = String::new();
    list(&recorded(plan, events, 0), &mut text);
    let lines: Vec<&str> = text.trim().lines().skip(1).collect();
    assert_eq!(lines.iter().filter(|line| line.contains(" ran for ")).count(), PIECES, "{text}");
    assert!(lines[1].contains("p0 ran for 2.00 s") && lines[2].ends_with("…  49 shorter pieces"), "{text}");
    assert!(lines[3].contains("p50 ran for 2.00 s") && lines[4].ends_with("…  21 shorter pieces"), "{text}");
    assert!(lines[5].contains("p72 ran") && lines[32].contains("p99 ran"), "{text}");
}
