//! What joins mean, from the history.

use std::time::Duration;

use flowrun::base::ids::ProcessId;
use flowrun::base::time::RunTime;
use flowrun::notice::{Outcome, SkipReason};
use flowrun::plan::Join;
use flowrun::source::model::{Condition, OnTimeout};

use super::Watch;

/// How a join stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Open,
    Holds(RunTime),
    /// It can no longer hold, since then.
    Broken(RunTime),
    /// It held until this step, or began to: which came first is not known any more.
    Either,
}

/// How all joins of a process stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    Open,
    Hold,
    Broken,
    /// A bound passed that is a failure.
    TimedOut,
    /// Two of these happened so close together that either is right.
    Either,
}

impl Watch {
    pub fn stand(&self, id: ProcessId, join: &Join) -> Stand {
        let other = &self.all[join.process];
        if let (Condition::Start, Some(at)) = (join.until, other.started_at) {
            return Stand::Holds(at);
        }
        if join.until == Condition::Ready {
            let just_lost = other.lost.is_some_and(|(_, step)| step == self.whole.step);
            return match (other.health.ready, self.never_ready(join.process)) {
                (Some(at), _) => Stand::Holds(at),
                (None, _) if self.looking_back && just_lost => Stand::Either,
                (None, Some((at, _))) => Stand::Broken(at),
                (None, None) => Stand::Open,
            };
        }
        let Some((at, outcome)) = &other.outcome else { return Stand::Open };
        let holds = match join.until {
            Condition::Success => {
                matches!(outcome, Outcome::Success | Outcome::Failed { allowed: true, .. } | Outcome::Skipped(SkipReason::Condition))
            }
            Condition::Failure => matches!(outcome, Outcome::Failed { .. }),
            Condition::Exit => other.begun || self.copies_keep_exit(id, join),
            Condition::Start | Condition::Ready => false,
        };
        if holds { Stand::Holds(*at) } else { Stand::Broken(*at) }
    }

    /// A copy that was never begun keeps no cleanup from running when another copy was, or still may be.
    fn copies_keep_exit(&self, id: ProcessId, join: &Join) -> bool {
        let name = |id: ProcessId| &self.plan.processes[id].declared;
        let others = self.plan.processes[id].control.joins.iter().filter(|other| other.place == join.place);
        others.filter(|other| name(other.process) == name(join.process)).any(|other| {
            let copy = &self.all[other.process];
            copy.begun || copy.outcome.is_none()
        })
    }

    /// When the clocks of bounded joins started: once all joins without a bound hold.
    fn clock(&self, id: ProcessId) -> Option<RunTime> {
        let unbounded = self.plan.processes[id].control.joins.iter().filter(|join| join.timeout.is_none());
        unbounded
            .map(|join| if let Stand::Holds(at) = self.stand(id, join) { Some(at) } else { None })
            .try_fold(RunTime::ZERO, |a, b| Some(a.max(b?)))
    }

    /// When the wait for a bounded join is over. One that held and does so no more is waited for anew.
    fn due(&self, id: ProcessId, join: &Join) -> Option<RunTime> {
        let lost = self.all[join.process].lost.filter(|_| join.until == Condition::Ready).map(|(at, _)| at);
        let clock = self.clock(id)?.max(lost.unwrap_or(RunTime::ZERO));
        join.timeout.map(|timeout| clock + timeout)
    }

    /// Takes note of joins that were waited for long enough: what becomes of them later changes nothing. One
    /// that broke in the same moment was given up before, or the process would not wait any more.
    pub fn note_given_up(&mut self, id: ProcessId) {
        let one = &self.all[id];
        if one.attempt > 0 || one.outcome.is_some() || self.suspended {
            return;
        }
        let past = |due: Option<RunTime>| due.is_some_and(|due| due <= self.now);
        let (mut given_up, mut unsure, mut dues) = (Vec::new(), Vec::new(), Vec::new());
        for (number, join) in self.plan.processes[id].control.joins.iter().enumerate() {
            let waits = join.on_timeout == OnTimeout::Continue && !matches!(self.stand(id, join), Stand::Holds(_));
            let due = self.due(id, join).filter(|_| waits);
            if past(due) {
                given_up.push(number);
            } else if waits && past(one.dues.get(number).copied().flatten()) {
                // Another join was lost in the very moment: which came first is not known.
                unsure.push(number);
            }
            dues.push(due);
        }
        let one = &mut self.all[id];
        one.given_up.extend(given_up);
        one.unsure.extend(unsure);
        one.dues = dues;
    }

    /// One join: whether it holds, lasts, is broken or has timed out.
    pub fn joined_one(&self, id: ProcessId, join: &Join) -> Joined {
        let number = self.plan.processes[id].control.joins.iter().position(|other| other.process == join.process);
        if number.is_some_and(|number| self.all[id].given_up.contains(&number)) {
            return Joined::Hold;
        }
        if number.is_some_and(|number| self.all[id].unsure.contains(&number)) {
            return Joined::Either;
        }
        let stand = self.stand(id, join);
        let Some(due) = self.due(id, join).filter(|due| *due <= self.now && !self.suspended) else {
            return match stand {
                Stand::Open => Joined::Open,
                Stand::Holds(_) => Joined::Hold,
                Stand::Broken(_) => Joined::Broken,
                Stand::Either => Joined::Either,
            };
        };
        let late = |at: RunTime| at >= due && at <= due + self.slack;
        let then = if join.on_timeout == OnTimeout::Continue { Joined::Hold } else { Joined::TimedOut };
        match stand {
            Stand::Open => then,
            Stand::Either => Joined::Either,
            Stand::Holds(at) if at < due || then == Joined::Hold => Joined::Hold,
            Stand::Broken(at) if at < due => Joined::Broken,
            Stand::Holds(at) | Stand::Broken(at) if late(at) => Joined::Either,
            Stand::Holds(_) | Stand::Broken(_) => then,
        }
    }

    /// All joins of a process.
    pub fn joined(&self, id: ProcessId) -> Joined {
        let mut all = Joined::Hold;
        let rank = |joined: Joined| match joined {
            Joined::Hold => 0,
            Joined::Open => 1,
            Joined::TimedOut => 2,
            Joined::Broken => 3,
            Joined::Either => 4,
        };
        for join in &self.plan.processes[id].control.joins {
            let one = self.joined_one(id, join);
            // Broken and timed out at once: whichever came first counts.
            let both = matches!((all, one), (Joined::Broken, Joined::TimedOut) | (Joined::TimedOut, Joined::Broken));
            if both {
                all = Joined::Either;
            } else if rank(one) > rank(all) {
                all = one;
            }
        }
        all
    }

    /// Whether a failure by this join's bound is right.
    pub fn timed_out_rightly(&self, id: ProcessId, process: ProcessId, timeout: Duration) -> bool {
        let joins = &self.plan.processes[id].control.joins;
        joins.iter().any(|join| {
            let times_out = matches!(self.joined_one(id, join), Joined::TimedOut | Joined::Either);
            join.process == process && join.timeout == Some(timeout) && join.on_timeout == OnTimeout::Fail && times_out
        })
    }
}
