//! The critical path: the chain of joins, locks, slots and items that made a run as long as it was.
//!
//! Pure, from a report's processes, who produces into which queue and who reads from whom. Walks back from what ended
//! last: through what ran, to whoever gave back the lock or slot, produced what was waited for or wrote what was read, to
//! the join that held last. So the pieces follow each other without a gap, and shortening any of them is what can make
//! the run shorter. Knows one cause for each beginning, the last one: others that were as late are not told.

use std::collections::{HashMap, HashSet};

use super::inputs::Inputs;
use super::model::{Activity, Link, Name, Process, Segment};
use super::pieces::{EndedBy, Piece, pieces};
use super::producers::Producers;
use crate::base::time::RunTime;

/// More pieces than this are not told; the first are left out.
const SEGMENTS: usize = 10_000;

/// Where the walk goes on.
type Place = (usize, RunTime);

/// The path, from the beginning of the run to its end.
pub fn path(processes: &[Process], producers: &Producers, inputs: &Inputs, began: RunTime, ended: RunTime) -> Vec<Segment> {
    let index: HashMap<&str, usize> = processes.iter().enumerate().map(|(index, process)| (&*process.name, index)).collect();
    let mut walk = Walk { processes, producers, inputs, index, began, link: Link::End, segments: Vec::new() };
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
    inputs: &'a Inputs,
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
        for piece in pieces(process, self.inputs.of_process(who)).into_iter().rev() {
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
            EndedBy::Writer(other) => (*other, to, Link::Pipe),
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
            if let Some(after) = self.segments.last_mut().filter(|_| self.link == Link::Next)
                && (&*after.process, after.attempt, after.step, after.activity) == (&*self.processes[who].name, attempt, step, activity)
            {
                after.from = from;
                return;
            }
            let then = std::mem::replace(&mut self.link, Link::Next);
            self.segments.push(Segment { process: self.processes[who].name.clone(), attempt, step, activity, from, to, then });
        }
    }
}

#[cfg(test)]
#[path = "critical_tests.rs"]
mod tests;
