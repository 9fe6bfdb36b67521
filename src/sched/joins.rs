//! Joins: counted down by what happens to others, never searched.

use super::scheduler::{News, Scheduler};
use super::state::State;
use super::timers::Timer;
use super::{Outbox, protocol};
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Failure, Outcome, OutcomeKind, SkipReason};
use crate::source::model::{Condition, OnTimeout};

/// What news means for one join.
enum Verdict {
    Holds,
    Broken(OutcomeKind),
    Open,
}

impl Scheduler {
    /// Tells all joiners of a process what happened to it.
    pub(super) fn carry(&mut self, news: News, out: &mut Outbox) {
        let (News::Started(id) | News::Ended(id)) = news;
        // A process starts and ends once each, so taking the list would lose the second; an index does not.
        for index in 0..self.joiners[id].len() {
            let (joiner, number) = self.joiners[id][index];
            let waiter = &self.processes[joiner];
            // A join that is settled stays so: what was waited for long enough may fail later.
            if waiter.state != State::Waiting || waiter.settled.get(number as usize) == Some(&true) {
                continue;
            }
            let until = self.plan.processes[joiner].control.joins[number as usize].until;
            match self.verdict(news, joiner, number) {
                Verdict::Holds => self.join_settled(joiner, number, out),
                Verdict::Broken(because) => {
                    let reason = SkipReason::Join { process: id, until, because };
                    self.end(joiner, Outcome::Skipped(reason), out);
                }
                Verdict::Open => {}
            }
        }
    }

    fn verdict(&self, news: News, joiner: ProcessId, number: u32) -> Verdict {
        let until = self.plan.processes[joiner].control.joins[number as usize].until;
        let id = match news {
            News::Started(_) => {
                return match until {
                    Condition::Start | Condition::Ready => Verdict::Holds,
                    Condition::Success | Condition::Exit | Condition::Failure => Verdict::Open,
                };
            }
            News::Ended(id) => id,
        };
        let process = &self.processes[id];
        let Some(outcome) = &process.outcome else { return Verdict::Open };
        let failed = matches!(outcome, Outcome::Failed { .. });
        let holds = match until {
            Condition::Success => {
                matches!(outcome, Outcome::Success | Outcome::Skipped(SkipReason::Condition) | Outcome::Failed { allowed: true, .. })
            }
            Condition::Exit => process.begun || self.copies_keep_exit(joiner, number),
            Condition::Failure => failed,
            // Told of when it started.
            Condition::Start | Condition::Ready if process.started.is_some() => return Verdict::Open,
            Condition::Start | Condition::Ready => false,
        };
        if holds { Verdict::Holds } else { Verdict::Broken(outcome.kind()) }
    }

    /// Whether an `exit` join on a copy that was never begun holds for the sake of its other copies.
    ///
    /// A name stands for all its copies, and cleaning up after them must not be skipped because some were
    /// kept from starting: the name has ended when all copies that were begun have, if there was one.
    fn copies_keep_exit(&self, joiner: ProcessId, number: u32) -> bool {
        let joins = &self.plan.processes[joiner].control.joins;
        let join = &joins[number as usize];
        let declared = &self.plan.processes[join.process].declared;
        let copies = joins.iter().filter(|other| other.place == join.place && self.plan.processes[other.process].declared == *declared);
        // As long as one has not ended, that one decides.
        copies.map(|copy| &self.processes[copy.process]).any(|copy| copy.begun || copy.outcome.is_none())
    }

    fn join_settled(&mut self, id: ProcessId, number: u32, out: &mut Outbox) {
        let bounded = self.plan.processes[id].control.joins[number as usize].timeout.is_some();
        let process = &mut self.processes[id];
        if let Some(settled) = process.settled.get_mut(number as usize) {
            *settled = true;
        }
        process.unmet -= 1;
        if bounded {
            self.timers.clear(Timer::Join(id, number));
        } else {
            process.unmet_unbounded -= 1;
        }
        if process.unmet == 0 {
            self.joins_hold(id, out);
        } else if !bounded && process.unmet_unbounded == 0 {
            self.start_join_clocks(id);
        }
    }

    /// Begins with a process: it starts at once, or its clocks do, or it waits.
    pub(super) fn begin_waiting(&mut self, id: ProcessId, out: &mut Outbox) {
        let process = &self.processes[id];
        if process.unmet == 0 {
            self.joins_hold(id, out);
        } else if process.unmet_unbounded == 0 {
            self.start_join_clocks(id);
        }
    }

    /// Starts the clocks of bounded joins, once, when only they are left.
    ///
    /// A bound counts from when the joins without one hold: two bounded joins would otherwise each wait
    /// for the other's clock.
    fn start_join_clocks(&mut self, id: ProcessId) {
        for (number, join) in (0u32..).zip(&self.plan.processes[id].control.joins) {
            if let (Some(timeout), false) = (join.timeout, self.processes[id].settled[number as usize]) {
                self.timers.set(Timer::Join(id, number), self.now + timeout);
            }
        }
    }

    pub(super) fn join_timed_out(&mut self, id: ProcessId, number: u32, out: &mut Outbox) {
        if self.processes[id].state != State::Waiting {
            return;
        }
        let join = &self.plan.processes[id].control.joins[number as usize];
        let (process, timeout) = (join.process, join.timeout.unwrap_or_default());
        match join.on_timeout {
            OnTimeout::Continue => self.join_settled(id, number, out),
            OnTimeout::Fail => {
                let failure = Failure::JoinTimeout { process, timeout };
                self.fail(id, failure, out);
            }
        }
    }

    fn joins_hold(&mut self, id: ProcessId, out: &mut protocol::Outbox) {
        if let Some(reason) = self.may_not_start(id) {
            self.end(id, Outcome::Cancelled(reason), out);
        } else {
            self.begin_attempt(id, out);
        }
    }

    /// Why a process must not be started any more.
    pub(super) fn may_not_start(&self, id: ProcessId) -> Option<CancelReason> {
        let daemon = self.plan.processes[id].control.daemon;
        match &self.halted {
            Some(reason) if self.killing || !self.cleanup[id] => Some(reason.clone()),
            None if self.killing => Some(CancelReason::WorkEnded),
            Some(_) | None if self.closing && daemon => Some(CancelReason::WorkEnded),
            Some(_) | None => None,
        }
    }
}
