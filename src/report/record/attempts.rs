//! The attempts of one process: what was waited for, held and run, and when.
//!
//! Knows nothing of other processes. The notices say when something begins; what was before it ends then, because a
//! process does one thing at a time. Of many attempts the first and the last are kept.

use super::model::{Attempt, AttemptOutcome, Hold, Reason, Share, Step, Stopping, Wait, WaitKind};
use crate::base::time::RunTime;

/// How many of the first and of the last attempts are kept.
const FIRST: usize = 3;
const LAST: usize = 7;
/// How many waits of an attempt's commands are kept.
const INNER: usize = 100;

/// Those that are kept, in order.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Vec<Attempt>);

impl Attempts {
    /// The attempt with this number; it begins now unless it has begun.
    pub fn of(&mut self, number: u32, at: RunTime) -> &mut Attempt {
        if self.0.last().is_none_or(|last| last.number != number) {
            if self.0.len() == FIRST + LAST {
                self.0.remove(FIRST);
            }
            self.0.push(Attempt {
                number,
                from: at,
                to: None,
                waits: Vec::new(),
                inner_waits: Vec::new(),
                inner_waits_left_out: 0,
                holds: Vec::new(),
                steps: Vec::new(),
                ready: None,
                stopping: None,
                outcome: None,
                reason: None,
                last_lines: Vec::new(),
            });
        }
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// The last one, if it is not over.
    pub fn open(&mut self) -> Option<&mut Attempt> {
        self.0.last_mut().filter(|attempt| attempt.to.is_none())
    }

    /// Whether there was none yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn finish(self) -> Vec<Attempt> {
        self.0
    }
}

impl Attempt {
    /// What was waited for last is over; says whether something was.
    pub(super) fn end_wait(&mut self, at: RunTime, granted: bool) -> Option<&mut Wait> {
        let wait = self.waits.last_mut().filter(|wait| wait.to.is_none())?;
        (wait.to, wait.granted) = (Some(at), granted);
        Some(wait)
    }

    /// The command or task that ran last has ended.
    pub(super) fn end_step(&mut self, at: RunTime) {
        if let Some(step) = self.steps.last_mut() {
            step.to.get_or_insert(at);
        }
    }

    /// It waits for something from now on.
    pub(super) fn wait(&mut self, kind: WaitKind, step: Option<u32>, wants: Vec<Share>, at: RunTime) -> &mut Wait {
        self.end_wait(at, true);
        self.end_step(at);
        self.waits.push(Wait { step, wants, ..Wait::new(kind, at) });
        let last = self.waits.len() - 1;
        &mut self.waits[last]
    }

    /// A command of it has waited for something itself; of many, the longest are kept.
    pub(super) fn waited_inside(&mut self, wait: Wait) {
        let place = self.inner_waits.partition_point(|other| other.from <= wait.from);
        self.inner_waits.insert(place, wait);
        if self.inner_waits.len() > INNER {
            let length = |wait: &Wait| wait.to.map(|to| to.since(wait.from));
            let shortest = (0..self.inner_waits.len()).min_by_key(|index| length(&self.inner_waits[*index]));
            shortest.map(|index| self.inner_waits.remove(index));
            self.inner_waits_left_out += 1;
        }
    }

    /// It holds something from now on.
    pub(super) fn hold(&mut self, step: Option<u32>, shares: Vec<Share>, at: RunTime) {
        self.end_step(at);
        self.holds.push(Hold { step, shares, from: at, to: None });
    }

    /// It has given back what a step, or the whole attempt, held.
    pub(super) fn give_back(&mut self, step: Option<u32>, at: RunTime) {
        if step.is_some() {
            self.end_step(at);
        }
        if let Some(hold) = self.holds.iter_mut().rev().find(|hold| hold.step == step) {
            hold.to.get_or_insert(at);
        }
    }

    /// A command or task of it runs from now on.
    pub(super) fn start(&mut self, step: Step) {
        self.end_step(step.from);
        self.steps.push(step);
    }

    /// It was asked to end; the first reason is the one that counts.
    pub(super) fn stop(&mut self, text: &str, at: RunTime) -> &mut Stopping {
        self.stopping.get_or_insert_with(|| Stopping { from: at, text: text.to_owned(), killed: None })
    }

    /// It is over.
    pub(super) fn end(&mut self, outcome: AttemptOutcome, reason: Option<Reason>, at: RunTime) {
        self.end_wait(at, false);
        self.end_step(at);
        for hold in &mut self.holds {
            hold.to.get_or_insert(at);
        }
        (self.to, self.outcome, self.reason) = (Some(at), Some(outcome), reason);
    }
}
