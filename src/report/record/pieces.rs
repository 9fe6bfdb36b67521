//! The times in the life of one process, and who ended each of them, for the critical path.
//!
//! Knows nothing of others but their names. What a command did with its time is known only where it asked flowrun for
//! something, or where its input ended: a reader is taken to have followed its writer until then, also one that was
//! the slower of the two and held the other up by a full pipe.

use std::time::Duration;

use super::inputs::{From, Input};
use super::model::{Activity, Attempt, AttemptOutcome, Link, Name, Process, Wait, WaitKind};
use crate::base::time::RunTime;

/// A time in the life of one process.
pub struct Piece<'a> {
    pub attempt: u32,
    pub step: Option<u32>,
    pub activity: Activity,
    pub from: RunTime,
    pub to: RunTime,
    /// Whether the attempt failed: then it was not stopped because others needed it no more.
    pub failed: bool,
    /// Who ended it.
    pub ended_by: EndedBy<'a>,
}

/// Who else ended a piece.
pub enum EndedBy<'a> {
    /// Nobody, or nobody of this run.
    Nobody,
    /// Who gave this back.
    Freed(&'a str, Link),
    /// Who produced into this queue.
    Items(&'a Name),
    /// Who wrote what it read.
    Writer(usize),
}

/// All times of a process that are known, in order.
///
/// Those in which a command ran are divided by what it waited for itself, and by the end of its input.
pub fn pieces<'a>(process: &'a Process, input: Option<&'a Input>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut before: Option<&Attempt> = None;
    for attempt in &process.attempts {
        let number = attempt.number;
        let failed = attempt.outcome == Some(AttemptOutcome::Failed);
        for wait in &attempt.waits {
            let Some(to) = wait.to else { continue };
            let (activity, ended_by) = waited(wait, before);
            pieces.push(Piece { attempt: number, step: wait.step, activity, from: wait.from, to, failed, ended_by });
        }
        let stop = attempt.stopping.as_ref().map(|stopping| stopping.from);
        for step in &attempt.steps {
            let Some(to) = step.to else { continue };
            let run = |from, to, activity| Piece {
                attempt: number,
                step: Some(step.step),
                activity,
                from,
                to,
                failed,
                ended_by: EndedBy::Nobody,
            };
            match stop.filter(|stop| *stop < to) {
                Some(stop) => {
                    let stop = stop.max(step.from);
                    divide(run(step.from, stop, Activity::Running), attempt, input, &mut pieces);
                    pieces.push(run(stop, to, Activity::Stopping));
                }
                None => divide(run(step.from, to, Activity::Running), attempt, input, &mut pieces),
            }
        }
        before = Some(attempt);
    }
    pieces.sort_by_key(|piece| (piece.from, piece.to));
    pieces
}

/// What a wait was, and who ended it; `before` is the attempt before, of a worker.
fn waited<'a>(wait: &'a Wait, before: Option<&Attempt>) -> (Activity, EndedBy<'a>) {
    let freed = |link| wait.freed_by.as_deref().map_or(EndedBy::Nobody, |name| EndedBy::Freed(name, link));
    match wait.kind {
        WaitKind::Locks => (Activity::WaitingForLocks, freed(Link::Locks { wants: wait.wants.clone() })),
        WaitKind::Slot => (Activity::WaitingForSlot, freed(Link::Slot)),
        WaitKind::Items => (Activity::WaitingForItems, produced(wait, before)),
        WaitKind::Delay => (Activity::Delay, EndedBy::Nobody),
    }
}

/// Whether the producers of a queue held up its consumer, after the attempt `before`. Between two items there is a wait
/// also when the next one lies ready, and nothing tells the one from the other. So those count who set the pace: for
/// the first item, for the end of the queue, and where the consumer waited no shorter than it had worked.
fn produced<'a>(wait: &'a Wait, before: Option<&Attempt>) -> EndedBy<'a> {
    let worked = before.and_then(|before| Some(before.to?.since(before.steps.first()?.from))).unwrap_or_default();
    let waited = wait.to.map_or(Duration::ZERO, |to| to.since(wait.from));
    match &wait.queue {
        Some(queue) if !wait.granted || waited >= worked => EndedBy::Items(queue),
        _ => EndedBy::Nobody,
    }
}

/// Divides the time in which a command ran. Of waits that overlap, the one that began first is told.
fn divide<'a>(whole: Piece<'a>, attempt: &'a Attempt, input: Option<&'a Input>, pieces: &mut Vec<Piece<'a>>) {
    let mut from = whole.from;
    for wait in &attempt.inner_waits {
        let (begin, Some(end)) = (wait.from.max(from), wait.to) else { continue };
        let end = end.min(whole.to);
        if begin < end {
            read(Piece { from, to: begin, ended_by: EndedBy::Nobody, ..whole }, input, pieces);
            let (activity, ended_by) = waited(wait, None);
            pieces.push(Piece { activity, from: begin, to: end, ended_by, ..whole });
            from = end;
        }
    }
    read(Piece { from, ..whole }, input, pieces);
}

/// Divides it where the input ended: before that it went at the pace of who wrote it, or may have.
fn read<'a>(whole: Piece<'a>, input: Option<&'a Input>, pieces: &mut Vec<Piece<'a>>) {
    let Some(input) = input.filter(|input| whole.from < input.ended && input.ended < whole.to) else { return pieces.push(whole) };
    let ended_by = match &input.from {
        From::Queue(queue) => EndedBy::Items(queue),
        From::Process(writer) => EndedBy::Writer(*writer),
    };
    pieces.push(Piece { to: input.ended, ended_by, ..whole });
    pieces.push(Piece { from: input.ended, ..whole });
}
