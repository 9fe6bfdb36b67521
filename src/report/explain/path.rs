//! What made a run as long as it was: the critical path as a list, and in a sentence.
//!
//! Starts of no weight are left out of both. The list is bounded, and what weighs most is always in it. The sentence
//! names only what weighs most, so that a chain of thousands is told as briefly as one of three.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{quoted, timed};
use crate::base::duration::human;
use crate::report::clean::clean_text;
use crate::report::formats::folded::{self, Row};
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::{Activity, Link};

/// The most pieces of the list, and the most turns of the sentence.
const PIECES: usize = 30;
const TURNS: usize = 3;
/// A lock that was handed on at least so often is told of, rather than those who had it.
const HANDED_ON: usize = 4;

/// The whole path as a list, and who weighs most in it.
pub fn list(report: &Report, text: &mut String) {
    let rows = folded::rows(report);
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhat made it take {}, in the order of time:", human(report.run.length.0));
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
    weights(report, text);
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

/// Which processes of the path weigh most.
fn weights(report: &Report, text: &mut String) {
    let mut weights: Vec<(&str, Duration)> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for piece in &report.critical_path {
        let at = *index.entry(&piece.process).or_insert_with(|| {
            weights.push((&piece.process, Duration::ZERO));
            weights.len() - 1
        });
        weights[at].1 = weights[at].1.saturating_add(piece.to.since(piece.from));
    }
    weights.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let whole = report.run.length.0.as_secs_f64();
    if weights.len() < 2 || whole <= 0.0 {
        return;
    }
    let share = |(name, weight): &(&str, Duration)| format!("{} {:.0} %", clean_text(name), weight.as_secs_f64() / whole * 100.0);
    let shares: Vec<_> = weights.iter().take(3).map(share).collect();
    let _ = writeln!(text, "Most of it: {}.", shares.join(", "));
}

/// Pieces of one process that follow each other.
struct Turn<'a> {
    process: &'a str,
    /// What it did, how long in all.
    did: Vec<(Activity, Duration)>,
    /// What its end brought about, and for whom.
    then: &'a Link,
    next: Option<&'a str>,
}

impl Turn<'_> {
    fn length(&self) -> Duration {
        self.did.iter().fold(Duration::ZERO, |sum, (_, long)| sum.saturating_add(*long))
    }

    /// `` `seed` ran for 3.00 s and held up `test`, which waited for db``; what is short beside the rest is left out.
    fn words(&self) -> String {
        let short = self.length() / 5;
        let did = self.did.iter().filter(|(_, long)| *long >= short);
        let did: Vec<_> = did.map(|(activity, long)| format!("{} for {}", words::did(*activity), human(*long))).collect();
        let held_up = words::wanted(self.then)
            .zip(self.next)
            .map_or_else(String::new, |(what, next)| format!(" and held up {}, which waited for {}", quoted(next), clean_text(&what)));
        format!("{} {}{held_up}", quoted(self.process), did.join(" and "))
    }
}

/// What made the run as long as it was, the heaviest first, in one or two sentences without line breaks; empty when
/// nothing ran.
pub fn sentence(report: &Report) -> String {
    let all = turns(report);
    if all.is_empty() {
        return String::new();
    }
    let queue = in_turn(&all, report.run.length.0);
    let mut turns: Vec<&Turn<'_>> = all.iter().collect();
    turns.sort_by_key(|turn| std::cmp::Reverse(turn.length()));
    let whole = report.run.length.0.as_secs_f64().max(f64::MIN_POSITIVE);
    let share = |long: Duration| format!("{:.0} %", long.as_secs_f64() / whole * 100.0);
    if let Some((resource, held)) = queue {
        let sum = held.iter().fold(Duration::ZERO, |sum, turn| sum.saturating_add(turn.length()));
        let longest = turns.iter().filter(|turn| held.iter().any(|one| std::ptr::eq(*one, **turn)));
        let longest: Vec<_> = longest.take(TURNS).map(|turn| format!("{} ({})", quoted(turn.process), human(turn.length()))).collect();
        let (took, number, name) = (human(report.run.length.0), held.len(), quoted(resource));
        let parts = format!("{name} was held {number} times, one after the other, for {} in all ({})", human(sum), share(sum));
        return format!("Took {took}: {parts}, longest by {}.", longest.join(", "));
    }
    let (told, rest) = turns.split_at(turns.len().min(TURNS));
    let told: Vec<_> = told.iter().map(|turn| format!("{} ({})", turn.words(), share(turn.length()))).collect();
    let told = format!("Took {}: {}.", human(report.run.length.0), told.join(", "));
    let sum = rest.iter().fold(Duration::ZERO, |sum, turn| sum.saturating_add(turn.length()));
    match rest.len() {
        0 => told,
        1 => format!("{told} The rest is one shorter part ({}).", share(sum)),
        number => format!("{told} The rest are {number} shorter parts ({}).", share(sum)),
    }
}

/// The lock or semaphore that was handed on most often, and the turns that had it, if these are most of the run.
fn in_turn<'a, 'b>(turns: &'b [Turn<'a>], whole: Duration) -> Option<(&'a str, Vec<&'b Turn<'a>>)> {
    let gives =
        |turn: &Turn<'a>, name: &str| matches!(turn.then, Link::Locks { wants } if wants.iter().any(|want| &*want.resource == name));
    let mut names: Vec<(&str, usize)> = Vec::new();
    for turn in turns {
        let Link::Locks { wants } = turn.then else { continue };
        for want in wants {
            match names.iter_mut().find(|(name, _)| *name == &*want.resource) {
                Some((_, times)) => *times += 1,
                None => names.push((&want.resource, 1)),
            }
        }
    }
    let (name, _) = names.into_iter().max_by_key(|(_, times)| *times).filter(|(_, times)| *times >= HANDED_ON)?;
    let had = |index: &usize| gives(&turns[*index], name) || *index > 0 && gives(&turns[*index - 1], name);
    let held: Vec<&Turn<'_>> = (0..turns.len()).filter(had).map(|index| &turns[index]).collect();
    let sum = held.iter().fold(Duration::ZERO, |sum, turn| sum.saturating_add(turn.length()));
    (sum >= whole / 2).then_some((name, held))
}

fn turns(report: &Report) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    let pieces = words::pieces(report);
    for (index, piece) in pieces.iter().enumerate() {
        let long = piece.to.since(piece.from);
        let went_on = folded::attempts_left_out(piece, pieces.get(index + 1).copied());
        let activity = if went_on { Activity::Running } else { piece.activity };
        match turns.last_mut() {
            Some(turn) if turn.process == &*piece.process => {
                match turn.did.iter_mut().find(|(did, _)| *did == activity) {
                    Some((_, sum)) => *sum = sum.saturating_add(long),
                    None => turn.did.push((activity, long)),
                }
                turn.then = &piece.then;
            }
            last => {
                last.into_iter().for_each(|turn| turn.next = Some(&piece.process));
                turns.push(Turn { process: &piece.process, did: vec![(activity, long)], then: &piece.then, next: None });
            }
        }
    }
    turns
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
