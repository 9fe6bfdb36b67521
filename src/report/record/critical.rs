//! The critical path: the chain of joins, locks, slots and items that made a run as long as it was.
//!
//! Pure, from a report's processes and who produces into which queue. Walks back from what ended last: through what ran,
//! to whoever gave back the lock or slot or produced what was waited for, to the join that held last. So the pieces follow each other without a gap, and
//! shortening any of them is what can make the run shorter. Knows one cause for each beginning, the last one: others
//! that were as late are not told.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::model::{Activity, Attempt, AttemptOutcome, Link, Name, Process, Segment, Wait, WaitKind};
use super::producers::Producers;
use crate::base::time::RunTime;

/// More pieces than this are not told; the first are left out.
const SEGMENTS: usize = 10_000;

/// A time in the life of one process.
struct Piece<'a> {
    attempt: u32,
    step: Option<u32>,
    activity: Activity,
    from: RunTime,
    to: RunTime,
    /// Whether the attempt failed: then it was not stopped because others needed it no more.
    failed: bool,
    /// Who ended it.
    ended_by: EndedBy<'a>,
}

/// Who else ended a piece.
enum EndedBy<'a> {
    /// Nobody, or nobody of this run.
    Nobody,
    /// Who gave this back.
    Freed(&'a str, Link),
    /// Who produced into this queue.
    Items(&'a Name),
}

/// Where the walk goes on.
type Place = (usize, RunTime);

/// The path, from the beginning of the run to its end.
pub fn path(processes: &[Process], producers: &Producers, began: RunTime, ended: RunTime) -> Vec<Segment> {
    let index: HashMap<&str, usize> = processes.iter().enumerate().map(|(index, process)| (&*process.name, index)).collect();
    let mut walk = Walk { processes, producers, index, began, link: Link::End, segments: Vec::new() };
    let mut seen = HashSet::new();
    let mut place = walk.last_before(ended, None);
    while let Some(next) = place.filter(|next| seen.insert(*next) && walk.segments.len() < SEGMENTS) {
        place = walk.back(next);
    }
    walk.segments.reverse();
    walk.segments
}

struct Walk<'a> {
    processes: &'a [Process],
    producers: &'a Producers,
    index: HashMap<&'a str, usize>,
    began: RunTime,
    /// What the end of the next piece that is found brought about.
    link: Link,
    segments: Vec<Segment>,
}

impl<'a> Walk<'a> {
    /// Goes back through one process, and says by whom it was held up before.
    fn back(&mut self, (who, mut at): Place) -> Option<Place> {
        let (process, told) = (&self.processes[who], self.segments.len());
        let mut first = (process.attempts.first().map_or(0, |attempt| attempt.number), None);
        for piece in pieces(process).into_iter().rev() {
            if piece.from > at {
                continue;
            }
            let to = piece.to.min(at);
            first = (piece.attempt, piece.step);
            self.tell(who, first, Activity::Starting, to, at);
            at = to;
            if let Some((other, since, link)) = self.other(who, &piece, to) {
                self.tell(who, first, piece.activity, since, at);
                self.brings(link, told);
                return Some((other, since));
            }
            self.tell(who, first, piece.activity, piece.from, at);
            at = piece.from;
            if piece.activity == Activity::Stopping && process.daemon && !piece.failed {
                self.brings(Link::Stop, told);
                return self.last_before(at, Some(who));
            }
        }
        let joins = process.joins.iter().filter_map(|join| Some((join.held.filter(|held| *held <= at)?, join)));
        let Some((held, join)) = joins.max_by_key(|(held, _)| *held) else {
            self.tell(who, first, Activity::Starting, self.began, at);
            return None;
        };
        self.tell(who, first, Activity::Starting, held, at);
        self.brings(Link::Join { until: join.until }, told);
        Some((*self.index.get(&*join.process)?, held))
    }

    /// What the end of the next piece that is found brought about, if anything was told since `told`: a process that
    /// took no time has no piece, so the one before it brought about what that one did.
    fn brings(&mut self, link: Link, told: usize) {
        if self.segments.len() > told {
            self.link = link;
        }
    }

    /// Who ended a piece of another that went on until then, since when that has gone on without him, and by what.
    fn other(&self, who: usize, piece: &Piece<'_>, to: RunTime) -> Option<(usize, RunTime, Link)> {
        let (other, since, link) = match &piece.ended_by {
            EndedBy::Nobody => return None,
            EndedBy::Freed(name, link) => (*self.index.get(*name)?, to, link.clone()),
            EndedBy::Items(queue) => {
                let (other, since) = self.producers.last(queue, who, piece.from, to)?;
                (other, since, Link::Items { queue: Name::clone(queue) })
            }
        };
        (other != who && piece.from < to).then_some((other, since, link))
    }

    /// The process that ended last until then, of those that ran.
    fn last_before(&self, at: RunTime, but: Option<usize>) -> Option<Place> {
        let ran = self.processes.iter().enumerate().filter(|(index, process)| process.started.is_some() && Some(*index) != but);
        let ends = ran.filter_map(|(index, process)| Some((process.ended.filter(|ended| *ended <= at)?, !process.daemon, index)));
        ends.max().map(|(ended, _, index)| (index, ended))
    }

    fn tell(&mut self, who: usize, (attempt, step): (u32, Option<u32>), activity: Activity, from: RunTime, to: RunTime) {
        if from < to {
            let step = step.filter(|_| activity == Activity::Running);
            let then = std::mem::replace(&mut self.link, Link::Next);
            self.segments.push(Segment { process: self.processes[who].name.clone(), attempt, step, activity, from, to, then });
        }
    }
}

/// All times of a process that are known, in order.
fn pieces(process: &Process) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut before: Option<&Attempt> = None;
    for attempt in &process.attempts {
        let number = attempt.number;
        let failed = attempt.outcome == Some(AttemptOutcome::Failed);
        for wait in &attempt.waits {
            let Some(to) = wait.to else { continue };
            let freed = |link| wait.freed_by.as_deref().map_or(EndedBy::Nobody, |name| EndedBy::Freed(name, link));
            let (activity, ended_by) = match wait.kind {
                WaitKind::Locks => (Activity::WaitingForLocks, freed(Link::Locks { wants: wait.wants.clone() })),
                WaitKind::Slot => (Activity::WaitingForSlot, freed(Link::Slot)),
                WaitKind::Items => (Activity::WaitingForItems, produced(wait, before)),
                WaitKind::Delay => (Activity::Delay, EndedBy::Nobody),
            };
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
                    pieces.push(run(step.from, stop, Activity::Running));
                    pieces.push(run(stop, to, Activity::Stopping));
                }
                None => pieces.push(run(step.from, to, Activity::Running)),
            }
        }
        before = Some(attempt);
    }
    pieces.sort_by_key(|piece| (piece.from, piece.to));
    pieces
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

#[cfg(test)]
#[path = "critical_tests.rs"]
mod tests;
