//! The critical path as rows for people: what is heavy stands alone, and many small pieces of one process that follow each
//! other, as those of a worker with its items, are one row.
//!
//! The one place where pieces are folded, for every format that shows rows. Pure, from a report.

use std::time::Duration;

use serde::Serialize;

use super::words;
use crate::report::record::Report;
use crate::report::record::model::{Activity, Segment};

/// As many small pieces stand alone.
const FEW: usize = 3;
/// A piece of at least this part of the run is heavy.
const HEAVY: u32 = 20;

/// One row: a piece, or pieces of one process that follow each other.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// Where its pieces stand in the critical path; never empty.
    places: Vec<usize>,
    /// What the process did.
    did: String,
    #[serde(skip)]
    pieces: Vec<&'a Segment>,
}

impl<'a> Row<'a> {
    /// The first of its pieces.
    pub fn first(&self) -> &'a Segment {
        self.pieces[0]
    }

    /// The last of its pieces: what came of it is what came of the row.
    pub fn last(&self) -> &'a Segment {
        self.pieces[self.pieces.len() - 1]
    }

    /// What the process did, as in `ran` or `worked on 42 items`.
    pub fn did(&self) -> &str {
        &self.did
    }

    /// How long it took.
    pub fn length(&self) -> Duration {
        self.pieces.iter().fold(Duration::ZERO, |sum, piece| sum.saturating_add(long(piece)))
    }
}

fn long(piece: &Segment) -> Duration {
    piece.to.since(piece.from)
}

/// Whether a piece is the time of attempts that are not in the report, before the next piece: it tells nothing of them but
/// that the process went on.
pub fn attempts_left_out(piece: &Segment, next: Option<&Segment>) -> bool {
    let goes_on = |next: &Segment| next.process == piece.process && next.attempt > piece.attempt.saturating_add(1);
    piece.activity == Activity::Starting && piece.attempt > 0 && next.is_some_and(goes_on)
}

/// All rows, in the order of time. Starts of no weight are left out.
pub fn rows(report: &Report) -> Vec<Row<'_>> {
    let heavy = report.run.length.0 / HEAVY;
    let all: Vec<(usize, &Segment)> = words::placed(report).collect();
    let folds = |index: usize| {
        let piece = all[index].1;
        long(piece) < heavy || attempts_left_out(piece, all.get(index + 1).map(|next| next.1))
    };
    let mut rows = Vec::new();
    let mut first = 0;
    for index in 1..=all.len() {
        let goes_on = index < all.len() && all[index].1.process == all[first].1.process && folds(index - 1) && folds(index);
        if !goes_on {
            rows.extend(row(&all[first..index]));
            first = index;
        }
    }
    rows
}

/// One row of many pieces, or one for each of few.
fn row<'a>(all: &[(usize, &'a Segment)]) -> Vec<Row<'a>> {
    let one = |(place, piece): &(usize, &'a Segment)| Row { places: vec![*place], did: words::activity(piece), pieces: vec![*piece] };
    let [(_, first), .., (_, last)] = all else { return all.iter().map(one).collect() };
    if all.len() <= FEW {
        return all.iter().map(one).collect();
    }
    let items = all.iter().any(|(_, piece)| piece.activity == Activity::WaitingForItems);
    let did = match last.attempt.saturating_sub(first.attempt).saturating_add(1) {
        1 => format!("went through {} short parts", all.len()),
        attempts if items => format!("worked on {attempts} items"),
        attempts => format!("went through {attempts} attempts"),
    };
    let (places, pieces) = all.iter().copied().unzip();
    vec![Row { places, did, pieces }]
}

#[cfg(test)]
#[path = "folded_tests.rs"]
mod tests;
