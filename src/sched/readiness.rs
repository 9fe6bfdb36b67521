//! Readiness: when a process counts as ready, when that is lost, and when it can not come any more.
//!
//! A daemon is ready as long as it serves: not any more when it is asked to end, has failed, is between
//! two attempts or says that it is about to end. What a finite process was ready with is still there after
//! its end, so only another attempt takes its readiness away. Knows nothing of what the condition is.

use super::protocol::Outbox;
use super::scheduler::{News, Scheduler};
use super::state::{Health, State};
use super::timers::Timer;
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{Event, Failure, Outcome, OutcomeKind, StopReason};
use crate::source::model::RestartPolicy;

/// How a process stands towards those that wait until it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    Ready,
    /// It is not, but may be, in this attempt or in another.
    Possible,
    /// It will not be ready any more: what became of it, or is becoming.
    Over(OutcomeKind),
}

impl Scheduler {
    /// How a process stands, from its state alone.
    pub(super) fn readiness(&self, id: ProcessId) -> Readiness {
        let process = &self.processes[id];
        let daemon = self.plan.processes[id].control.daemon;
        if self.plan.processes[id].control.for_each.is_some() {
            return self.readiness_of_worker(id);
        }
        let Health { readied, leaving, .. } = process.health;
        match process.state {
            State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => Readiness::Possible,
            State::Running { .. } if readied && !(daemon && leaving) => Readiness::Ready,
            State::Running { .. } if !leaving || self.another_may_follow(id) => Readiness::Possible,
            State::Running { .. } => Readiness::Over(OutcomeKind::Stopped),
            State::Stopping { .. } | State::Ended if readied && !daemon => Readiness::Ready,
            State::Stopping { .. } if process.anew && self.may_not_start(id).is_none() => Readiness::Possible,
            State::Stopping { .. } if process.cause.is_none() => Readiness::Over(match process.stop_reason {
                Some(StopReason::RunStopped) if !daemon => OutcomeKind::Cancelled,
                _ => OutcomeKind::Stopped,
            }),
            State::Stopping { .. } if self.another_may_follow(id) => Readiness::Possible,
            State::Stopping { .. } => Readiness::Over(OutcomeKind::Failed),
            State::Ended => match &process.outcome {
                // Nothing went wrong: what it prepared is taken to be there.
                Some(Outcome::Success) if readied && !leaving => Readiness::Ready,
                Some(outcome) => Readiness::Over(outcome.kind()),
                None => Readiness::Possible,
            },
        }
    }

    /// A worker of a `for_each` is ready from its first waiting for an item on, whatever becomes of items.
    fn readiness_of_worker(&self, id: ProcessId) -> Readiness {
        let process = &self.processes[id];
        let goes_on = process.anew || process.cause.is_some();
        match (process.state, &process.outcome) {
            (State::Waiting, _) => Readiness::Possible,
            (State::Stopping { .. }, _) if !goes_on => Readiness::Over(OutcomeKind::Stopped),
            (State::Ended, Some(Outcome::Success)) => Readiness::Ready,
            (State::Ended, Some(outcome)) => Readiness::Over(outcome.kind()),
            (State::Ended, None) => Readiness::Possible,
            (State::Queued { .. } | State::Running { .. } | State::Stopping { .. } | State::Delaying | State::Idle, _) => Readiness::Ready,
        }
    }

    /// Whether another attempt may follow when this one fails. Whether a daemon may really be restarted is
    /// known only when it has ended: until then its earlier restarts grow old.
    fn another_may_follow(&self, id: ProcessId) -> bool {
        let control = &self.plan.processes[id].control;
        let allowed = if control.daemon {
            control.restart.policy != RestartPolicy::No && control.restart.max > 0
        } else {
            self.counted_attempts(id) <= control.retries.count
        };
        allowed && self.may_not_start(id).is_none()
    }

    /// Those that wait until a process is ready are to look again how it stands.
    pub(super) fn reconsider_readiness(&mut self, id: ProcessId) {
        self.news.push_back(News::Readiness(id));
    }

    /// The last step was told to have started: the process is ready, or the time for becoming so begins.
    pub(super) fn last_step_started(&mut self, id: ProcessId, out: &mut Outbox) {
        let Health { readied, leaving, .. } = self.processes[id].health;
        if self.plan.processes[id].control.for_each.is_some() || readied || !matches!(self.processes[id].state, State::Running { .. }) {
            return;
        }
        let Some(ready) = self.plan.processes[id].control.ready else {
            if !leaving {
                self.became_ready(id, out);
            }
            return;
        };
        self.timers.set(Timer::Ready(id), self.now + ready.within);
        if ready.polled && !leaving {
            self.begin_probing(id, ready.rhythm, ready.rhythm.initial_delay);
        }
    }

    /// The process is ready, for the first time in this attempt.
    pub(super) fn became_ready(&mut self, id: ProcessId, out: &mut Outbox) {
        self.end_probing(id, out);
        self.timers.clear(Timer::Ready(id));
        let health = &mut self.processes[id].health;
        health.readied = true;
        health.probes.failures = 0;
        let control = &self.plan.processes[id].control;
        let live = control.live;
        // Of a finite process without a condition its start says it all.
        if control.daemon || control.ready.is_some() {
            out.tell(self.now, Event::Ready { job: self.job(id) });
        }
        self.reconsider_readiness(id);
        if let Some(live) = live {
            self.begin_probing(id, live.rhythm, live.rhythm.initial_delay.max(live.rhythm.interval));
        }
    }

    /// The time for becoming ready is over.
    pub(super) fn not_ready_in_time(&mut self, id: ProcessId, out: &mut Outbox) {
        let Some(ready) = self.plan.processes[id].control.ready else { return };
        let why = self.processes[id].health.probes.why.clone();
        self.stop_failed(id, StopReason::NotReady, Failure::NeverReady { within: ready.within, why }, out);
    }

    /// A process says that it is about to end. Only its last step can: no other serves. A daemon has its grace
    /// for that, as if it had been asked to.
    pub(super) fn says_stopping(&mut self, job: JobId, out: &mut Outbox) {
        let id = job.process;
        if !self.runs_last_step(job) || self.processes[id].health.leaving {
            return;
        }
        self.end_probing(id, out);
        self.processes[id].health.leaving = true;
        let control = &self.plan.processes[id].control;
        if control.daemon {
            self.timers.set(Timer::Leaving(id), self.now + control.grace);
        }
        self.reconsider_readiness(id);
    }

    /// A daemon that said that it was about to end has not.
    pub(super) fn never_ended(&mut self, id: ProcessId, out: &mut Outbox) {
        let grace = self.plan.processes[id].control.grace;
        self.stop_failed(id, StopReason::NeverEnded, Failure::NeverEnded(grace), out);
    }

    /// Whether an attempt is under way, in its last step and not asked to end.
    pub(super) fn runs_last_step(&self, job: JobId) -> bool {
        let process = &self.processes[job.process];
        let last = self.plan.processes[job.process].control.steps.len();
        process.attempt == job.attempt && matches!(process.state, State::Running { step } if step as usize + 1 == last)
    }

    /// Whether a success code now would come too early.
    pub(super) fn is_owed_readiness(&self, id: ProcessId) -> bool {
        self.plan.processes[id].control.ready.is_some() && !self.processes[id].health.readied
    }
}
