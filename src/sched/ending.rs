//! How steps, attempts and processes end.

use std::time::Duration;

use super::protocol::Outbox;
use super::retry;
use super::scheduler::{News, Scheduler};
use super::state::{Health, State};
use super::timers::Timer;
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{CancelReason, Event, Exit, Failure, HaltReason, Outcome, StopReason};
use crate::source::model::OnFailure;

impl Scheduler {
    /// A step ended without having been asked to.
    pub(super) fn ran_to_end(&mut self, id: ProcessId, step: u32, exit: Exit, out: &mut Outbox) {
        self.release_step(id, step, out);
        let control = &self.plan.processes[id].control;
        let failure = match exit {
            Exit::Code(code) if control.success_codes.contains(&code) => {
                if (step as usize) + 1 < control.steps.len() {
                    self.begin_step(id, step + 1, out);
                    return;
                }
                if !self.is_owed_readiness(id) {
                    self.attempt_succeeded(id, out);
                    return;
                }
                Failure::EndedBeforeReady
            }
            Exit::Code(code) => Failure::Code(code),
            Exit::Signal(signal) => Failure::Signal(signal),
            Exit::NotStarted(why) => Failure::NotStarted(why),
        };
        self.attempt_failed(id, failure, out);
    }

    fn attempt_succeeded(&mut self, id: ProcessId, out: &mut Outbox) {
        if let Some(delivery) = self.processes[id].item.take() {
            self.item_done(id, delivery, out);
        } else if self.plan.processes[id].control.daemon {
            self.release_attempt(id, out);
            self.processes[id].last_failure = None;
            self.fell(id, None, out);
        } else {
            self.end(id, Outcome::Success, out);
        }
    }

    /// A daemon ended with a success code and is not started again.
    pub(super) fn ended_by_itself(&mut self, id: ProcessId, out: &mut Outbox) {
        let message = "the daemon ended by itself".to_owned();
        out.tell(self.now, Event::Warning { process: Some(id), message });
        self.end(id, Outcome::Success, out);
    }

    /// A step ended after it was asked to.
    pub(super) fn was_stopped(&mut self, id: ProcessId, exit: Exit, out: &mut Outbox) {
        let daemon = self.plan.processes[id].control.daemon;
        let process = &mut self.processes[id];
        let anew = std::mem::take(&mut process.anew);
        match (process.cause.take(), exit) {
            (None, Exit::NotStarted(why)) if anew => self.attempt_failed(id, Failure::NotStarted(why), out),
            (None, Exit::Code(_) | Exit::Signal(_)) if anew && self.may_not_start(id).is_none() => self.begin_anew(id, out),
            (Some(_), Exit::NotStarted(why)) => self.attempt_failed(id, Failure::NotStarted(why), out),
            // What could not even be started has failed, whoever wanted it to end.
            (None, Exit::NotStarted(why)) => self.fail(id, Failure::NotStarted(why), out),
            (Some(failure), Exit::Code(_) | Exit::Signal(_)) => self.attempt_failed(id, failure, out),
            (None, Exit::Code(_) | Exit::Signal(_)) => {
                let cut_off = self.processes[id].stop_reason == Some(StopReason::RunStopped) && !daemon;
                let outcome = if cut_off { Outcome::Cancelled(self.halt_reason()) } else { Outcome::Stopped };
                self.end(id, outcome, out);
            }
        }
    }

    /// Why nothing regular is started any more; without a halt, the work is over and its time for stopping too.
    pub(super) fn halt_reason(&self) -> CancelReason {
        self.halted.clone().unwrap_or(CancelReason::WorkEnded)
    }

    /// An attempt failed: another follows, or the process has failed.
    pub(super) fn attempt_failed(&mut self, id: ProcessId, failure: Failure, out: &mut Outbox) {
        if let State::Running { step } | State::Stopping { step, .. } = self.processes[id].state {
            self.release_step(id, step, out);
        }
        self.release_attempt(id, out);
        if let Some(delivery) = self.processes[id].item.take() {
            self.item_failed(id, delivery, failure, out);
            return;
        }
        self.processes[id].last_failure = Some(failure.clone());
        let control = &self.plan.processes[id].control;
        let (retries, job) = (control.retries, self.job(id));
        if control.daemon {
            self.fell(id, Some(failure), out);
        } else if self.counted_attempts(id) > retries.count || self.may_not_start(id).is_some() {
            self.fail(id, failure, out);
        } else {
            let uncounted = self.processes[id].uncounted;
            let delay = retry::delay(&retries, JobId { attempt: self.counted_attempts(id), ..job }, self.settings.seed);
            let attempts = retries.count.saturating_add(1).saturating_add(uncounted);
            out.tell(self.now, Event::Retrying { job, failure, attempts, delay });
            self.try_again(id, delay, out);
        }
    }

    /// Another attempt follows after a delay.
    pub(super) fn try_again(&mut self, id: ProcessId, delay: Duration, out: &mut Outbox) {
        self.enter(id, State::Delaying);
        self.processes[id].health = Health::default();
        if delay == Duration::ZERO {
            self.begin_attempt(id, out);
        } else {
            self.timers.set(Timer::Retry(id), self.now + delay);
        }
    }

    /// A process has failed for good.
    pub(super) fn fail(&mut self, id: ProcessId, failure: Failure, out: &mut Outbox) {
        let allowed = self.plan.processes[id].control.allow_failure;
        self.end(id, Outcome::Failed { failure, allowed }, out);
        if allowed {
            return;
        }
        self.summary.failed += 1;
        match self.plan.on_failure {
            OnFailure::Kill => self.stop_everything(id, out),
            OnFailure::Finish => self.halt(CancelReason::Failure(id), HaltReason::Failure { process: id }, out),
            // With nothing but daemons, one that fails is the end of the run.
            OnFailure::Continue if !self.has_work => {
                self.halt(CancelReason::Failure(id), HaltReason::Failure { process: id }, out);
            }
            OnFailure::Continue => {}
        }
    }

    /// Ends a process that is not running: takes back what it waits for and gives back what it holds.
    pub(super) fn give_up(&mut self, id: ProcessId, outcome: Outcome, out: &mut Outbox) {
        if self.has_no_item_left(id) {
            self.queue_ended(id, out);
            return;
        }
        if let State::Queued { ticket, .. } = self.processes[id].state {
            self.withdraw(id, ticket, out);
        }
        self.end(id, outcome, out);
    }

    /// Gives a process its outcome: the only place that does.
    pub(super) fn end(&mut self, id: ProcessId, outcome: Outcome, out: &mut Outbox) {
        if self.processes[id].state == State::Ended {
            return;
        }
        if let State::Running { step } | State::Stopping { step, .. } = self.processes[id].state {
            self.release_step(id, step, out);
        }
        self.release_attempt(id, out);
        self.leave_queue(id, &outcome);
        self.timers.clear(Timer::Retry(id));
        for number in 0..u32::try_from(self.processes[id].settled.len()).unwrap_or(u32::MAX) {
            self.timers.clear(Timer::Join(id, number));
        }
        self.enter(id, State::Ended);
        let process = &mut self.processes[id];
        process.outcome = Some(outcome.clone());
        let (exit, attempts, started) = (process.last_exit.clone(), process.attempt, process.started);
        out.tell(self.now, Event::Ended { process: id, outcome, exit, attempts, started });
        self.ends_told += 1;
        self.news.push_back(News::Ended(id));
        self.leave_group(id);
        self.queues.ended(id, self.plan.processes[id].control.daemon);
        self.stop_using(id);
    }
}
