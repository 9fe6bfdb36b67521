//! The end of the run: when the work has ended, daemons are stopped, level by level.

use super::protocol::Outbox;
use super::scheduler::Scheduler;
use super::state::State;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Outcome, StopReason};

impl Scheduler {
    /// Moves the end of the run on: when the work has ended, daemons are stopped, level by level.
    /// True when something changed.
    pub(super) fn close(&mut self, out: &mut Outbox) -> bool {
        if self.finished || self.alive == 0 {
            return false;
        }
        if self.halted.is_some() && self.open_regular == 0 {
            // Only cleanups and daemons are left: from here on the budget bounds them.
            self.start_budget();
        }
        let serves = self.wanted > 0 || !self.has_work;
        let work_ended = self.open == 0 && (!serves || self.halted.is_some()) && !self.is_draining();
        if !work_ended {
            return false;
        }
        if !std::mem::replace(&mut self.closing, true) {
            self.start_budget();
            if self.start_no_more_daemons(out) {
                return true;
            }
        }
        self.stop_next_level(out)
    }

    /// Whether what is in queues is still to be done. A run that is cut off leaves it.
    fn is_draining(&self) -> bool {
        let cut_off = self.killing || matches!(self.halted, Some(CancelReason::Interrupt | CancelReason::RunTimeout));
        !cut_off && !self.closing && self.queues.hold_open()
    }

    /// Daemons that were never started, or would be started again, are not needed any more; those that wait
    /// between two steps keep their place in the order.
    fn start_no_more_daemons(&mut self, out: &mut Outbox) -> bool {
        let mut changed = false;
        for id in self.plan.processes.ids() {
            let process = &self.processes[id];
            if !self.plan.processes[id].control.daemon || process.state == State::Ended {
                continue;
            }
            if !process.begun {
                self.give_up(id, Outcome::Cancelled(CancelReason::WorkEnded), out);
            } else if self.is_between_attempts(id) && self.plan.processes[id].control.for_each.is_none() {
                self.give_up(id, Outcome::Stopped, out);
            } else {
                self.reconsider_readiness(id);
            }
            changed = true;
        }
        changed
    }

    /// Whether an attempt has ended and the next has not been started.
    pub(super) fn is_between_attempts(&self, id: ProcessId) -> bool {
        let process = &self.processes[id];
        process.begun && process.state.is_before_attempt()
    }

    /// Stops the next level of daemons, once all levels before it have ended.
    fn stop_next_level(&mut self, out: &mut Outbox) -> bool {
        // What a daemon has put into a queue before it was stopped is done before who takes it is stopped.
        let drained = self.killing || self.halted.is_some();
        let queues = &self.queues;
        let Some(level) = self.daemon_levels.next_to_stop(|id| drained || !queues.needs(id)) else { return false };
        for id in level {
            match self.processes[id].state {
                State::Running { .. } => self.stop(id, StopReason::WorkEnded, out),
                State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => self.give_up(id, Outcome::Stopped, out),
                State::Stopping { .. } | State::Ended => {}
            }
        }
        true
    }
}
