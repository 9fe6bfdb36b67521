//! Joins: counted down by what happens to others, never searched.

use super::readiness::Readiness;
use super::scheduler::{News, Scheduler};
use super::state::{Settled, State};
use super::timers::Timer;
use super::{Effect, Outbox, protocol};
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Failure, Outcome, OutcomeKind, SkipReason};
use crate::source::model::{Condition, OnTimeout};

/// What news means for one join.
enum Verdict {
    Holds,
    Broken(OutcomeKind),
    /// It does not hold, or not any more, but may.
    Open,
    /// Nothing.
    Same,
}

impl Scheduler {
    /// Tells all joiners of a process what happened to it.
    pub(super) fn carry(&mut self, news: News, out: &mut Outbox) {
        let id = match news {
            News::Started(id) | News::Readiness(id) | News::Ended(id) => id,
            News::Unused(id) => return self.unused(id, out),
        };
        if let News::Ended(id) = news {
            self.give_up_partners(id, out);
        }
        // A process has news more than once, so taking the list would lose the second; an index does not.
        for index in 0..self.joiners[id].len() {
            let (joiner, number) = self.joiners[id][index];
            let waiter = &self.processes[joiner];
            let settled = waiter.settled.get(number as usize).copied().unwrap_or(Settled::No);
            let until = self.plan.processes[joiner].control.joins[number as usize].until;
            // A join that is settled stays so: what was waited for long enough may fail later. Only what was
            // ready may be so no more.
            let stays = settled == Settled::GivenUp || settled == Settled::Holds && until != Condition::Ready;
            if waiter.state != State::Waiting || stays {
                continue;
            }
            match self.verdict(news, joiner, number) {
                Verdict::Holds if settled == Settled::No => self.join_settled(joiner, number, Settled::Holds, out),
                Verdict::Open if settled == Settled::Holds => self.join_lost(joiner, number),
                Verdict::Broken(because) => {
                    let reason = SkipReason::Join { process: id, until, because, root: self.root(id, because) };
                    self.end(joiner, Outcome::Skipped(reason), out);
                }
                Verdict::Holds | Verdict::Open | Verdict::Same => {}
            }
        }
    }

    /// Carries all news that there are. Before what waits is cancelled: what can not start any more for its own joins
    /// is skipped for them, however the run ends.
    pub(super) fn carry_all(&mut self, out: &mut Outbox) {
        while let Some(news) = self.news.pop_front() {
            self.carry(news, out);
        }
    }

    /// Where it began that a join on this process can not hold.
    fn root(&self, mut id: ProcessId, mut because: OutcomeKind) -> (ProcessId, OutcomeKind) {
        // A partner is named only by those that ended after it for its sake, so this comes to an end.
        while let Some(Outcome::Skipped(SkipReason::Partner { process })) = &self.processes[id].outcome {
            id = *process;
            because = self.processes[id].outcome.as_ref().map_or(because, Outcome::kind);
        }
        match &self.processes[id].outcome {
            Some(Outcome::Skipped(SkipReason::Join { root, .. })) => *root,
            _ => (id, because),
        }
    }

    fn verdict(&self, news: News, joiner: ProcessId, number: u32) -> Verdict {
        let until = self.plan.processes[joiner].control.joins[number as usize].until;
        match (news, until) {
            (News::Started(_), Condition::Start) => Verdict::Holds,
            (News::Readiness(id) | News::Ended(id), Condition::Ready) => match self.readiness(id) {
                Readiness::Ready => Verdict::Holds,
                Readiness::Possible => Verdict::Open,
                Readiness::Over(because) => Verdict::Broken(because),
            },
            (News::Ended(id), _) => self.verdict_on_end(id, until, joiner, number),
            (News::Started(_) | News::Readiness(_) | News::Unused(_), _) => Verdict::Same,
        }
    }

    fn verdict_on_end(&self, id: ProcessId, until: Condition, joiner: ProcessId, number: u32) -> Verdict {
        let process = &self.processes[id];
        let Some(outcome) = &process.outcome else { return Verdict::Same };
        let holds = match until {
            Condition::Success => {
                matches!(outcome, Outcome::Success | Outcome::Skipped(SkipReason::Condition) | Outcome::Failed { allowed: true, .. })
            }
            Condition::Exit => process.begun || self.copies_keep_exit(joiner, number),
            Condition::Failure => matches!(outcome, Outcome::Failed { .. }),
            // Told of when it was.
            Condition::Start if process.started.is_some() => return Verdict::Same,
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

    fn join_settled(&mut self, id: ProcessId, number: u32, how: Settled, out: &mut Outbox) {
        let bounded = self.plan.processes[id].control.joins[number as usize].timeout.is_some();
        let process = &mut self.processes[id];
        if let Some(settled) = process.settled.get_mut(number as usize) {
            *settled = how;
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

    /// A join that held does so no more: the other is not ready any longer. Clocks that ran because it held
    /// stop; they start anew when it holds again.
    fn join_lost(&mut self, id: ProcessId, number: u32) {
        let joins = &self.plan.processes[id].control.joins;
        let process = &mut self.processes[id];
        (process.asked, process.willing) = (false, false);
        process.settled[number as usize] = Settled::No;
        process.unmet += 1;
        match joins[number as usize].timeout {
            Some(timeout) if process.unmet_unbounded == 0 => self.timers.set(Timer::Join(id, number), self.now + timeout),
            Some(_) => {}
            None => {
                process.unmet_unbounded += 1;
                for (other, _) in (0..).zip(joins) {
                    self.timers.clear(Timer::Join(id, other));
                }
            }
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

    /// Starts the clocks of bounded joins when only they are left.
    ///
    /// A bound counts from when the joins without one hold: two bounded joins would otherwise each wait
    /// for the other's clock.
    fn start_join_clocks(&mut self, id: ProcessId) {
        for (number, join) in (0u32..).zip(&self.plan.processes[id].control.joins) {
            if let (Some(timeout), Settled::No) = (join.timeout, self.processes[id].settled[number as usize]) {
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
            OnTimeout::Continue => self.join_settled(id, number, Settled::GivenUp, out),
            OnTimeout::Fail => {
                let failure = Failure::JoinTimeout { process, timeout };
                self.fail(id, failure, out);
            }
        }
    }

    fn joins_hold(&mut self, id: ProcessId, out: &mut protocol::Outbox) {
        if let Some(reason) = self.may_not_start(id) {
            self.end(id, Outcome::Cancelled(reason), out);
        } else if self.plan.processes[id].control.decided_late {
            // It goes on waiting, and may be stopped or lose a join meanwhile, as if one more join did not hold.
            self.processes[id].asked = true;
            out.effects.push(Effect::Decide { process: id });
        } else {
            self.may_begin(id, out);
        }
    }

    /// The `if` of a process was evaluated. An answer that nobody waits for any more is dropped.
    pub(super) fn decided(&mut self, id: ProcessId, holds: Result<bool, String>, out: &mut protocol::Outbox) {
        let process = &mut self.processes[id];
        if process.state != State::Waiting || !std::mem::take(&mut process.asked) {
            return;
        }
        match (holds, self.may_not_start(id)) {
            (_, Some(reason)) => self.end(id, Outcome::Cancelled(reason), out),
            (Ok(true), None) => self.may_begin(id, out),
            (Ok(false), None) => self.end(id, Outcome::Skipped(SkipReason::Condition), out),
            (Err(why), None) => self.fail(id, Failure::NotStarted(why), out),
        }
    }

    /// Why a process must not be started any more.
    pub(super) fn may_not_start(&self, id: ProcessId) -> Option<CancelReason> {
        if self.is_unused(id) {
            return Some(CancelReason::Unused);
        }
        let control = &self.plan.processes[id].control;
        let (daemon, is_worker) = (control.daemon, control.for_each.is_some());
        match &self.halted {
            Some(reason) if self.killing || !self.cleanup[id] => Some(reason.clone()),
            None if self.killing => Some(CancelReason::WorkEnded),
            // A worker ends with its queue, or when its turn to be stopped comes.
            Some(_) | None if self.closing && daemon && !is_worker => Some(CancelReason::WorkEnded),
            Some(_) | None => None,
        }
    }
}
