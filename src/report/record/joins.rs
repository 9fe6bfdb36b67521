//! When the joins of a process held.
//!
//! Told from what is known of the other processes at the moment when the process goes on, or ends without ever having
//! begun: notices tell of processes, not of joins.

use super::model::{Join, Name};
use crate::base::ids::{DenseMap, ProcessId};
use crate::base::time::RunTime;
use crate::notice::{Outcome, SkipReason};
use crate::plan;
use crate::source::model::Condition;

/// How many joins of a process are kept.
const JOINS: usize = 1000;

/// What those who join a process wait for.
#[derive(Clone, Debug, Default)]
pub struct Milestones {
    /// When its first command was started.
    pub started: Option<RunTime>,
    /// When it was ready last.
    pub ready: Option<RunTime>,
    /// When and how it ended.
    pub ended: Option<(RunTime, Outcome)>,
}

impl Milestones {
    /// Since when a join on this process has held.
    fn held(&self, until: Condition) -> Option<RunTime> {
        let ended = |holds: fn(&Outcome) -> bool| self.ended.as_ref().filter(|(_, outcome)| holds(outcome)).map(|(at, _)| *at);
        match until {
            Condition::Start => self.started,
            Condition::Ready => self.ready,
            Condition::Success => ended(|outcome| {
                matches!(outcome, Outcome::Success | Outcome::Skipped(SkipReason::Condition) | Outcome::Failed { allowed: true, .. })
            }),
            Condition::Failure => ended(|outcome| matches!(outcome, Outcome::Failed { .. })),
            Condition::Exit => ended(|outcome| !matches!(outcome, Outcome::Skipped(_))),
        }
    }
}

/// The joins of a process.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    /// The first of them.
    pub list: Vec<Join>,
    /// When all held.
    pub joined: Option<RunTime>,
}

/// The joins of a process that goes on `now` or, without that, ends without having begun.
pub fn settle(
    joins: &[plan::Join],
    names: &DenseMap<ProcessId, Name>,
    milestones: &DenseMap<ProcessId, Milestones>,
    began: RunTime,
    now: Option<RunTime>,
) -> Joins {
    let mut joined = Some(began);
    let mut list = Vec::with_capacity(joins.len().min(JOINS));
    for join in joins {
        let held = milestones[join.process].held(join.until);
        // One that goes on waits no longer for what does not hold.
        joined = joined.zip(held.or(now)).map(|(latest, held)| latest.max(held));
        if list.len() < JOINS {
            list.push(Join { process: names[join.process].clone(), until: join.until, held });
        }
    }
    Joins { list, joined }
}
