//! What made a run as long as it was, as a list: the critical path in the order of time.
//!
//! Starts of no weight are left out. The list is bounded, and what weighs most is always in it.

use std::fmt::Write as _;

use super::sentence::sentence;
use super::{quoted, timed};
use crate::base::duration::human;
use crate::report::clean::clean_text;
use crate::report::formats::folded::{self, Row};
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::Link;

/// The most pieces of the list.
const PIECES: usize = 30;

/// What weighs most in the path, in a sentence, and all of it as a list.
pub fn list(report: &Report, text: &mut String) {
    let rows = folded::rows(report);
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}\nIn the order of time:", sentence(report));
    let mut told = 0;
    for index in heaviest(&rows) {
        left_out(index - told, text);
        told = index + 1;
        let (row, link) = (&rows[index], &rows[index].last().then);
        let next = rows.get(index + 1).map_or_else(String::new, |next| quoted(&next.first().process));
        let then = clean_text(&words::link(link)).replace("the next one", &next);
        let then = if *link == Link::Next { String::new() } else { format!("; {then}") };
        let (name, long) = (clean_text(&row.first().process), human(row.length()));
        timed(row.first().from.0, &format!("{name} {} for {long}{then}", row.did()), text);
    }
    left_out(rows.len() - told, text);
}

/// Where the longest rows stand, in the order of time.
fn heaviest(rows: &[Row<'_>]) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows.len()).collect();
    all.sort_by_key(|index| std::cmp::Reverse(rows[*index].length()));
    all.truncate(PIECES);
    all.sort_unstable();
    all
}

fn left_out(count: usize, text: &mut String) {
    if count > 0 {
        let _ = writeln!(text, "  {:>10}  {count} shorter {}", "…", if count == 1 { "piece" } else { "pieces" });
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
