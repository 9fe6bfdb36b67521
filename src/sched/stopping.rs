//! Stopping: of one process, and of the run after a failure, a signal or a timeout.
//!
//! The order is finite processes, cleanups, daemons level by level; one budget bounds all of it. Knows nothing of the levels.

use std::time::Duration;

use super::protocol::{Effect, Outbox};
use super::scheduler::Scheduler;
use super::state::{State, StopPhase};
use super::timers::Timer;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Event, Failure, HaltReason, Outcome, StopReason};

impl Scheduler {
    /// Asks a running process to end: its stop command, its signal, and after its grace a kill.
    pub(super) fn stop(&mut self, id: ProcessId, reason: StopReason, out: &mut Outbox) {
        let State::Running { step } = self.processes[id].state else { return };
        let (grace, job) = (self.plan.processes[id].control.grace, self.job(id));
        self.end_watching(id, out);
        self.timers.set(Timer::Grace(id), self.now + grace);
        self.processes[id].stop_reason = Some(reason.clone());
        let (phase, effect) = if self.plan.processes[id].control.stop_command {
            (StopPhase::Command, Effect::RunStopCommand { job })
        } else {
            (StopPhase::Signalled, Effect::Terminate { job })
        };
        self.enter(id, State::Stopping { step, phase });
        out.tell(self.now, Event::Stopping { job, reason, grace });
        out.effects.push(effect);
    }

    /// Kills a process whose time to end when asked is over, or that is to end at once.
    pub(super) fn kill(&mut self, id: ProcessId, grace_over: bool, out: &mut Outbox) {
        let step = match self.processes[id].state {
            State::Running { step } | State::Stopping { step, phase: StopPhase::Command | StopPhase::Signalled } => step,
            State::Stopping { phase: StopPhase::Killed, .. }
            | State::Waiting
            | State::Queued { .. }
            | State::Delaying
            | State::Idle
            | State::Ended => return,
        };
        self.end_watching(id, out);
        self.timers.clear(Timer::Grace(id));
        self.processes[id].stop_reason.get_or_insert(StopReason::RunStopped);
        self.enter(id, State::Stopping { step, phase: StopPhase::Killed });
        let job = self.job(id);
        out.tell(self.now, Event::Killing { job, grace_over });
        out.effects.push(Effect::Kill { job });
    }

    /// What is asked to end is neither bound nor probed any more.
    fn end_watching(&mut self, id: ProcessId, out: &mut Outbox) {
        self.timers.clear(Timer::Attempt(id));
        self.timers.clear(Timer::Step(id));
        self.timers.clear(Timer::Ready(id));
        self.timers.clear(Timer::Leaving(id));
        self.end_probing(id, out);
    }

    /// An attempt or a step took too long.
    pub(super) fn bound_broken(&mut self, id: ProcessId, bound: Option<Duration>, out: &mut Outbox) {
        self.stop_failed(id, StopReason::Timeout, Failure::Timeout(bound.unwrap_or_default()), out);
    }

    /// Asks a process to end whose attempt has failed: another may follow.
    pub(super) fn stop_failed(&mut self, id: ProcessId, reason: StopReason, failure: Failure, out: &mut Outbox) {
        if let State::Running { .. } = self.processes[id].state {
            self.processes[id].cause = Some(failure);
            self.stop(id, reason, out);
        }
    }

    /// A process that is being stopped because its attempt has failed, or to be begun anew, is asked to stop as
    /// well: then it is not tried again.
    pub(super) fn try_no_more(&mut self, id: ProcessId) {
        let process = &mut self.processes[id];
        let another = std::mem::take(&mut process.anew) | process.cause.take().is_some();
        if another {
            self.processes[id].stop_reason = Some(StopReason::Requested);
            self.reconsider_readiness(id);
        }
    }

    /// A signal: the first says how the run ended and ends it in order, unless it means at once, the second at once.
    pub(super) fn interrupt(&mut self, signal: i32, at_once: bool, out: &mut Outbox) {
        let first = self.summary.interrupted.is_none();
        self.summary.interrupted.get_or_insert(signal);
        let reason = HaltReason::Interrupt { signal };
        if first && !at_once {
            return self.stop_run(CancelReason::Interrupt, reason, out);
        }
        if first {
            self.halted = Some(CancelReason::Interrupt);
            out.tell(self.now, Event::Halted { reason });
        }
        self.kill_all(false, out);
    }

    pub(super) fn run_timed_out(&mut self, out: &mut Outbox) {
        self.summary.timed_out = true;
        self.stop_run(CancelReason::RunTimeout, HaltReason::Timeout, out);
    }

    /// Ends the run in order: regular finite processes now, then cleanups, then daemons.
    fn stop_run(&mut self, cancel: CancelReason, reason: HaltReason, out: &mut Outbox) {
        self.halted = Some(cancel.clone());
        out.tell(self.now, Event::Halted { reason });
        self.start_budget();
        for id in self.plan.processes.ids() {
            let regular = !self.cleanup[id];
            let daemon = self.plan.processes[id].control.daemon;
            match self.processes[id].state {
                State::Running { .. } if regular && !daemon => self.stop(id, StopReason::RunStopped, out),
                State::Waiting | State::Queued { .. } | State::Delaying | State::Idle
                    if regular && !(daemon && self.processes[id].begun) =>
                {
                    self.give_up(id, Outcome::Cancelled(cancel.clone()), out);
                }
                // Not started again. A daemon between two steps goes on: cleanups may need it.
                State::Queued { .. } | State::Delaying | State::Idle if regular && self.is_between_attempts(id) => {
                    self.give_up(id, Outcome::Stopped, out);
                }
                State::Running { .. } | State::Stopping { .. } => self.reconsider_readiness(id),
                State::Waiting | State::Queued { .. } | State::Delaying | State::Idle | State::Ended => {}
            }
        }
        self.tell_waiting(out);
    }

    /// Starts nothing new but cleanups; what runs goes on to its end.
    pub(super) fn halt(&mut self, cancel: CancelReason, reason: HaltReason, out: &mut Outbox) {
        if self.halted.is_some() {
            return;
        }
        self.halted = Some(cancel.clone());
        out.tell(self.now, Event::Halted { reason });
        self.fail_between_attempts(out);
        self.carry_all(out);
        for id in self.plan.processes.ids() {
            if self.cleanup[id] {
                continue;
            }
            if self.processes[id].state.is_before_attempt() {
                let outcome = if self.plan.processes[id].control.for_each.is_some() {
                    self.unfinished(id, cancel.clone())
                } else if self.processes[id].begun {
                    Outcome::Stopped
                } else {
                    Outcome::Cancelled(cancel.clone())
                };
                self.give_up(id, outcome, out);
            } else if let State::Running { .. } | State::Stopping { .. } = self.processes[id].state {
                // None of them is tried again: some will not be ready any more.
                self.reconsider_readiness(id);
            }
        }
    }

    /// A process between two attempts has failed already; it only gets no other chance.
    fn fail_between_attempts(&mut self, out: &mut Outbox) {
        for id in self.plan.processes.ids() {
            let process = &self.processes[id];
            let between = process.state.is_before_attempt() && !self.cleanup[id];
            if let Some(failure) = process.last_failure.clone().filter(|_| between) {
                if let State::Queued { ticket, .. } = self.processes[id].state {
                    self.withdraw(id, ticket, out);
                }
                self.fail(id, failure, out);
            }
        }
    }

    /// The policy `kill`: everything is asked to end at once, daemons and cleanups too.
    pub(super) fn stop_everything(&mut self, failed: ProcessId, out: &mut Outbox) {
        if self.killing {
            return;
        }
        self.killing = true;
        let cancel = CancelReason::Failure(failed);
        if self.halted.is_none() {
            self.halted = Some(cancel.clone());
            out.tell(self.now, Event::Halted { reason: HaltReason::Failure { process: failed } });
        }
        self.carry_all(out);
        self.start_budget();
        for id in self.plan.processes.ids() {
            match self.processes[id].state {
                State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => {
                    self.give_up(id, Outcome::Cancelled(cancel.clone()), out);
                }
                State::Running { .. } => self.stop(id, StopReason::RunStopped, out),
                State::Stopping { .. } | State::Ended => {}
            }
        }
        self.tell_waiting(out);
    }

    /// Everything is killed, nothing is started.
    pub(super) fn kill_all(&mut self, overdue: bool, out: &mut Outbox) {
        self.killing = true;
        out.tell(self.now, Event::KillingAll { overdue });
        let cancel = self.halt_reason();
        self.halted.get_or_insert(cancel.clone());
        for id in self.plan.processes.ids() {
            match self.processes[id].state {
                // A daemon that served, and only waits for its next step, was stopped like the others.
                State::Queued { .. } | State::Delaying | State::Idle if cancel == CancelReason::WorkEnded && self.processes[id].begun => {
                    self.give_up(id, Outcome::Stopped, out);
                }
                State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => {
                    self.give_up(id, Outcome::Cancelled(cancel.clone()), out);
                }
                State::Running { .. } | State::Stopping { .. } => self.kill(id, false, out),
                State::Ended => {}
            }
        }
    }

    pub(super) fn start_budget(&mut self) {
        if !std::mem::replace(&mut self.budget_runs, true) {
            self.timers.set(Timer::StopBudget, self.now + self.settings.stop_timeout);
        }
    }

    /// Tells what has to end first: finite processes; when none of them is alive, daemons.
    fn tell_waiting(&self, out: &mut Outbox) {
        let alive = |id: &ProcessId| matches!(self.processes[*id].state, State::Running { .. } | State::Stopping { .. });
        let (daemons, finite): (Vec<ProcessId>, Vec<ProcessId>) =
            self.plan.processes.ids().filter(alive).partition(|id| self.plan.processes[*id].control.daemon);
        let processes = if finite.is_empty() { daemons } else { finite };
        if !processes.is_empty() {
            out.tell(self.now, Event::WaitingFor { processes, at_most: Some(self.settings.stop_timeout) });
        }
    }
}
