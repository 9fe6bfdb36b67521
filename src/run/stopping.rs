//! Asking what runs to end, and killing it.

use std::sync::Arc;

use nix::sys::signal::Signal;

use super::jobs::{Job, Role};
use super::runner::Runner;
use crate::base::ids::JobId;
use crate::exec::command::StartError;
use crate::io::reap;
use crate::notice::Exit;
use crate::sched::Input;

impl Runner<'_> {
    pub(super) fn run_stop_command(&mut self, job: JobId) {
        let plan = Arc::clone(&self.setup.plan);
        let Some(step) = &plan.processes[job.process].work.stop_command else { return };
        if self.withdraw_start(job, Signal::SIGTERM) {
            return;
        }
        match self.launch(Role::StopCommand(job), step, &[], false) {
            Ok(running) => {
                let pid = running.pid;
                let pipes = self.watch(job.process, running);
                self.jobs.add_stop_command(job, pid, pipes);
            }
            Err(StartError::NoRoom(why) | StartError::Failed(why)) => {
                self.warn(job.process, format!("its stop command failed, so the stop signal is sent at once: {why}"));
                self.inputs.push_back(Input::StopCommandEnded { job });
            }
        }
    }

    pub(super) fn terminate(&mut self, job: JobId) {
        if self.withdraw_start(job, Signal::SIGTERM) {
            return;
        }
        let signal = self.setup.plan.processes[job.process].work.stop_signal;
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = true;
                reap::signal_group(*pid, signal);
                // What is stopped (by a terminal, say) must go on to hear it.
                reap::signal_group(*pid, Signal::SIGCONT as i32);
            }
            Some(Job::Task { cancel, .. }) => cancel.cancel(),
            None => {}
        }
    }

    pub(super) fn kill(&mut self, job: JobId) {
        if self.withdraw_start(job, Signal::SIGKILL) {
            return;
        }
        self.kill_stop_command(job);
        if self.lingering.kill(job, self.setup.clock.now()) {
            return;
        }
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = true;
                reap::signal_group(*pid, Signal::SIGKILL as i32);
            }
            Some(Job::Task { step, cancel }) => {
                // A thread cannot be killed: it is left to itself, and what it may still say is not heard.
                cancel.cancel();
                let input = Input::Ended { job, step: *step, exit: Exit::Signal(Signal::SIGKILL as i32) };
                self.jobs.remove(job);
                self.inputs.push_back(input);
            }
            None => {}
        }
    }

    /// Kills the stop command of a job with its group, if it runs.
    pub(super) fn kill_stop_command(&self, job: JobId) {
        if let Some(pid) = self.jobs.stop_command(job) {
            reap::signal_group(pid, Signal::SIGKILL as i32);
        }
    }
}
