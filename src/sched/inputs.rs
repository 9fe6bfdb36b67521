//! What comes from outside, input by input: each pair of input and state is decided here.
//!
//! News of an attempt or a step that is over is dropped: it may come late or twice.

use super::protocol::{Effect, Outbox};
use super::scheduler::{News, Scheduler};
use super::state::{State, StopPhase};
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{CancelReason, Event, Exit, Outcome, StopReason};

impl Scheduler {
    /// Whether news of a job is of the attempt and step that are under way; late news is dropped.
    fn is_current(&self, job: JobId, step: u32) -> bool {
        let process = &self.processes[job.process];
        let under_way = match process.state {
            State::Running { step } | State::Stopping { step, .. } => Some(step),
            State::Waiting | State::Queued { .. } | State::Delaying | State::Idle | State::Ended => None,
        };
        process.attempt == job.attempt && under_way == Some(step)
    }

    pub(super) fn started(&mut self, job: JobId, step: u32, pid: Option<u32>, out: &mut Outbox) {
        if !self.is_current(job, step) || std::mem::replace(&mut self.processes[job.process].step_told, true) {
            return;
        }
        out.tell(self.now, Event::Started { job, step, pid });
        let process = &mut self.processes[job.process];
        if process.started.is_none() {
            process.started = Some(self.now);
            self.news.push_back(News::Started(job.process));
        }
        if step as usize + 1 == self.plan.processes[job.process].control.steps.len() {
            self.last_step_started(job.process, out);
        }
    }

    pub(super) fn step_ended(&mut self, job: JobId, step: u32, exit: Exit, out: &mut Outbox) {
        if !self.is_current(job, step) {
            return;
        }
        let id = job.process;
        self.processes[id].last_exit = Some(exit.clone());
        self.stop_clock(id);
        self.end_probing(id, out);
        match self.processes[id].state {
            State::Running { step } => self.ran_to_end(id, step, exit, out),
            State::Stopping { .. } => self.was_stopped(id, exit, out),
            State::Waiting | State::Queued { .. } | State::Delaying | State::Idle | State::Ended => {}
        }
    }

    pub(super) fn stop_command_ended(&mut self, job: JobId, out: &mut Outbox) {
        let process = &self.processes[job.process];
        if process.attempt != job.attempt {
            return;
        }
        match process.state {
            State::Stopping { step, phase: StopPhase::Command } => {
                self.enter(job.process, State::Stopping { step, phase: StopPhase::Signalled });
                out.effects.push(Effect::Terminate { job });
            }
            State::Stopping { phase: StopPhase::Signalled | StopPhase::Killed, .. }
            | State::Waiting
            | State::Queued { .. }
            | State::Running { .. }
            | State::Delaying
            | State::Idle
            | State::Ended => {}
        }
    }

    pub(super) fn stop_requested(&mut self, id: ProcessId, out: &mut Outbox) {
        match self.processes[id].state {
            State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => {
                let outcome = if self.processes[id].begun { Outcome::Stopped } else { Outcome::Cancelled(CancelReason::Requested) };
                self.give_up(id, outcome, out);
            }
            State::Running { .. } => self.stop(id, StopReason::Requested, out),
            State::Stopping { .. } => self.try_no_more(id),
            State::Ended => {}
        }
    }
}
