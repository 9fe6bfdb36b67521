//! What made a run as long as it was, in a sentence.
//!
//! Names only what weighs most, so that a chain of thousands is told as briefly as one of three; starts of no weight
//! are left out. Where one lock went from hand to hand for most of the run, the lock is told, and not who had it.

use std::time::Duration;

use super::quoted;
use crate::base::duration::human;
use crate::report::clean::clean_text;
use crate::report::formats::{folded, words};
use crate::report::record::Report;
use crate::report::record::model::{Activity, Link};

/// The most turns that are named.
const TURNS: usize = 3;
/// A lock that was handed on at least so often is told of, rather than those who had it.
const HANDED_ON: usize = 4;

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
#[path = "sentence_tests.rs"]
mod tests;
