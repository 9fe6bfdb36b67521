//! What happens when: at most one moment for each key.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::ids::{ProcessId, Section};
use crate::base::time::RunTime;

/// What a moment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The run's own timeout.
    Run,
    /// The end of the time for stopping.
    StopBudget,
    /// A join with a bound: its place among the joins of the process.
    Join(ProcessId, u32),
    /// The longest wait for locks and permits.
    Acquire(ProcessId),
    /// The longest wait of a section.
    Section(Section),
    /// The longest attempt.
    Attempt(ProcessId),
    /// The longest step.
    Step(ProcessId),
    /// The longest time until it is ready.
    Ready(ProcessId),
    /// The longest time that a daemon may take to end when it has said that it does.
    Leaving(ProcessId),
    /// The next probe, or the end of the wait for the answer to one.
    Probe(ProcessId),
    /// The next attempt.
    Retry(ProcessId),
    /// The end of the grace of a process that was asked to end.
    Grace(ProcessId),
}

/// Moments in order.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeSet<(RunTime, Timer)>,
    moments: BTreeMap<Timer, RunTime>,
}

impl Timers {
    /// Sets a moment, in place of an earlier one for the same key.
    pub fn set(&mut self, timer: Timer, at: RunTime) {
        self.clear(timer);
        self.moments.insert(timer, at);
        self.queue.insert((at, timer));
    }

    /// Takes a moment away.
    pub fn clear(&mut self, timer: Timer) {
        if let Some(at) = self.moments.remove(&timer) {
            self.queue.remove(&(at, timer));
        }
    }

    /// The next moment.
    pub fn next(&self) -> Option<RunTime> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the oldest moment that has come.
    pub fn pop_due(&mut self, now: RunTime) -> Option<Timer> {
        let (at, timer) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }
}
