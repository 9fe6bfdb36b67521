//! How steps, attempts and processes end.

use std::time::Duration;

use super::protocol::Outbox;
use super::retry;
use super::scheduler::{News, Scheduler};
use super::state::State;
use super::timers::Timer;
use crate::base::ids::ProcessId;
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
                } else {
                    self.succeed(id, out);
                }
                return;
            }
            Exit::Code(code) => Failure::Code(code),
            Exit::Signal(signal) => Failure::Signal(signal),
            Exit::NotStarted(why) => Failure::NotStarted(why),
        };
        self.attempt_failed(id, failure, out);
    }

    fn succeed(&mut self, id: ProcessId, out: &mut Outbox) {
        if self.plan.processes[id].control.daemon {
            let message = "the daemon ended by itself".to_owned();
            out.tell(self.now, Event::Warning { process: Some(id), message });
        }
        self.end(id, Outcome::Success, out);
    }

    /// A step ended after it was asked to.
    pub(super) fn was_stopped(&mut self, id: ProcessId, exit: Exit, out: &mut Outbox) {
        let daemon = self.plan.processes[id].control.daemon;
        let reason = self.processes[id].stop_reason.take();
        match (reason, exit) {
            (Some(StopReason::Timeout), Exit::NotStarted(why)) => self.attempt_failed(id, Failure::NotStarted(why), out),
            // What could not even be started has failed, whoever wanted it to end.
            (_, Exit::NotStarted(why)) => self.fail(id, Failure::NotStarted(why), out),
            (Some(StopReason::Timeout), Exit::Code(_) | Exit::Signal(_)) => {
                let bound = self.processes[id].broken_bound.unwrap_or_default();
                self.attempt_failed(id, Failure::Timeout(bound), out);
            }
            (Some(StopReason::RunStopped), Exit::Code(_) | Exit::Signal(_)) if !daemon => {
                self.end(id, Outcome::Cancelled(self.halt_reason()), out);
            }
            (
                Some(
                    StopReason::Requested
                    | StopReason::WorkEnded
                    | StopReason::RunStopped
                    | StopReason::NotReady
                    | StopReason::NotLive
                    | StopReason::Unused,
                )
                | None,
                Exit::Code(_) | Exit::Signal(_),
            ) => {
                self.end(id, Outcome::Stopped, out);
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
        let retries = self.plan.processes[id].control.retries;
        let job = self.job(id);
        self.processes[id].last_failure = Some(failure.clone());
        if job.attempt > retries.count || self.may_not_start(id).is_some() {
            self.fail(id, failure, out);
            return;
        }
        let delay = retry::delay(&retries, job, self.settings.seed);
        out.tell(self.now, Event::Retrying { job, failure, attempts: retries.count.saturating_add(1), delay });
        self.enter(id, State::Delaying);
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
        self.timers.clear(Timer::Retry(id));
        for number in 0..u32::try_from(self.processes[id].settled.len()).unwrap_or(u32::MAX) {
            self.timers.clear(Timer::Join(id, number));
        }
        self.enter(id, State::Ended);
        let process = &mut self.processes[id];
        process.outcome = Some(outcome.clone());
        let (exit, attempts, started) = (process.last_exit.clone(), process.attempt, process.started);
        out.tell(self.now, Event::Ended { process: id, outcome, exit, attempts, started });
        self.news.push_back(News::Ended(id));
    }
}
