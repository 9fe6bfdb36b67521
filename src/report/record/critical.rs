//! The critical path: the chain of joins, locks and slots that made a run as long as it was.
//!
//! Pure, from a report's processes alone. Walks back from what ended last: through what ran, to whoever gave back the
//! lock or slot that was waited for, to the join that held last. So the pieces follow each other without a gap, and
//! shortening any of them is what can make the run shorter. Knows one cause for each beginning, the last one: others
//! that were as late are not told.

use std::collections::{HashMap, HashSet};

use super::model::{Activity, Link, Process, Segment, WaitKind};
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
    /// Who ended it by giving something back, and what that was.
    freed: Option<(&'a str, Link)>,
}

/// Where the walk goes on.
type Place = (usize, RunTime);

/// The path, from the beginning of the run to its end.
pub fn path(processes: &[Process], began: RunTime, ended: RunTime) -> Vec<Segment> {
    let index: HashMap<&str, usize> = processes.iter().enumerate().map(|(index, process)| (&*process.name, index)).collect();
    let mut walk = Walk { processes, index, began, link: Link::End, segments: Vec::new() };
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
    index: HashMap<&'a str, usize>,
    began: RunTime,
    /// What the end of the next piece that is found brought about.
    link: Link,
    segments: Vec<Segment>,
}

impl<'a> Walk<'a> {
    /// Goes back through one process, and says by whom it was held up before.
    fn back(&mut self, (who, mut at): Place) -> Option<Place> {
        let process = &self.processes[who];
        let mut first = (process.attempts.first().map_or(0, |attempt| attempt.number), None);
        for piece in pieces(process).into_iter().rev() {
            if piece.from > at {
                continue;
            }
            let to = piece.to.min(at);
            first = (piece.attempt, piece.step);
            self.tell(who, first, Activity::Starting, to, at);
            at = to;
            let other = piece.freed.and_then(|(name, link)| Some((*self.index.get(name)?, link)));
            if let Some((other, link)) = other.filter(|(other, _)| *other != who && piece.from < piece.to) {
                self.link = link;
                return Some((other, at));
            }
            self.tell(who, first, piece.activity, piece.from, at);
            at = piece.from;
            if piece.activity == Activity::Stopping && process.daemon {
                self.link = Link::Stop;
                return self.last_before(at, Some(who));
            }
        }
        let joins = process.joins.iter().filter_map(|join| Some((join.held.filter(|held| *held <= at)?, join)));
        let Some((held, join)) = joins.max_by_key(|(held, _)| *held) else {
            self.tell(who, first, Activity::Starting, self.began, at);
            return None;
        };
        self.tell(who, first, Activity::Starting, held, at);
        self.link = Link::Join { until: join.until };
        Some((*self.index.get(&*join.process)?, held))
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
    for attempt in &process.attempts {
        let number = attempt.number;
        for wait in &attempt.waits {
            let Some(to) = wait.to else { continue };
            let (activity, link) = match wait.kind {
                WaitKind::Locks => (Activity::WaitingForLocks, Link::Locks { wants: wait.wants.clone() }),
                WaitKind::Slot => (Activity::WaitingForSlot, Link::Slot),
                WaitKind::Items => (Activity::WaitingForItems, Link::Next),
                WaitKind::Delay => (Activity::Delay, Link::Next),
            };
            let freed = wait.freed_by.as_deref().map(|name| (name, link));
            pieces.push(Piece { attempt: number, step: wait.step, activity, from: wait.from, to, freed });
        }
        let stop = attempt.stopping.as_ref().map(|stopping| stopping.from);
        for step in &attempt.steps {
            let Some(to) = step.to else { continue };
            let run = |from, to, activity| Piece { attempt: number, step: Some(step.step), activity, from, to, freed: None };
            match stop.filter(|stop| *stop < to) {
                Some(stop) => {
                    let stop = stop.max(step.from);
                    pieces.push(run(step.from, stop, Activity::Running));
                    pieces.push(run(stop, to, Activity::Stopping));
                }
                None => pieces.push(run(step.from, to, Activity::Running)),
            }
        }
    }
    pieces.sort_by_key(|piece| (piece.from, piece.to));
    pieces
}

#[cfg(test)]
#[path = "critical_tests.rs"]
mod tests;
