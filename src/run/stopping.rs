//! Asking what runs to end, and killing it.

use std::sync::Arc;

use nix::sys::signal::Signal;

use super::jobs::{Asked, Job, Role};
use super::runner::Runner;
use crate::base::ids::JobId;
use crate::exec::command::{Ends, StartError};
use crate::io::{procfs, reap};
use crate::notice::Exit;
use crate::sched::Input;

impl Runner<'_> {
    pub(super) fn run_stop_command(&mut self, job: JobId) {
        let plan = Arc::clone(&self.setup.plan);
        let Some(step) = &plan.processes[job.process].work.stop_command else { return };
        if self.withdraw_start(job, Signal::SIGTERM) {
            return;
        }
        match self.launch(Role::StopCommand(job), step, &[], false, None, Ends::default()) {
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
        self.look_for_orphans(&[]);
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = Asked::ToEnd;
                let leader = *pid;
                self.signal_tree(job, leader, signal);
                // What is stopped (by a terminal, say) must go on to hear it.
                reap::signal_group(leader, Signal::SIGCONT as i32);
                self.signal_rest(job, None, signal);
            }
            Some(Job::Accepting { asked, .. }) => {
                *asked = Asked::ToEnd;
                for leader in self.jobs.connections(job) {
                    self.signal_tree(job, leader, signal);
                    reap::signal_group(leader, Signal::SIGCONT as i32);
                }
                self.signal_rest(job, None, signal);
                self.end_if_deserted(job);
            }
            Some(Job::Task { cancel, asked, .. }) => {
                *asked = Asked::ToEnd;
                cancel.cancel();
                self.signal_rest(job, None, signal);
            }
            None => {}
        }
    }

    /// Sends a signal to a leader's group, and to what lives below it in a session of its own.
    fn signal_tree(&mut self, job: JobId, leader: u32, signal: i32) {
        let own = procfs::facts(leader).map(|facts| facts.session);
        let outside = self.orphans.foresee(job, leader);
        reap::signal_group(leader, signal);
        for (pid, facts) in outside {
            // A group of its own in the same session is somebody's order of stopping, an inner run's too.
            if Some(facts.session) != own && !self.orphans.is_of_another_run(pid) {
                reap::signal(pid, signal);
                reap::signal(pid, Signal::SIGCONT as i32);
            }
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
        self.look_for_orphans(&[]);
        self.signal_rest(job, None, Signal::SIGKILL as i32);
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = Asked::Killed;
                let leader = *pid;
                self.kill_tree(job, leader);
            }
            Some(Job::Accepting { asked, .. }) => {
                *asked = Asked::Killed;
                self.jobs.connections(job).into_iter().for_each(|leader| self.kill_tree(job, leader));
                self.end_if_deserted(job);
            }
            Some(Job::Task { step, cancel, .. }) => {
                // A thread cannot be killed: it is left to itself, and what it may still say is not heard.
                cancel.cancel();
                let input = Input::Ended { job, step: *step, exit: Exit::Signal(Signal::SIGKILL as i32) };
                self.jobs.remove(job);
                self.inputs.push_back(input);
            }
            None => {}
        }
    }

    /// Kills a leader's group, and what lives below it in others.
    fn kill_tree(&mut self, job: JobId, leader: u32) {
        let outside = self.orphans.foresee(job, leader);
        reap::signal_group(leader, Signal::SIGKILL as i32);
        outside.into_iter().for_each(|(pid, _)| reap::signal(pid, Signal::SIGKILL as i32));
    }

    /// Kills the stop command of a job with its group, if it runs.
    pub(super) fn kill_stop_command(&self, job: JobId) {
        if let Some(pid) = self.jobs.stop_command(job) {
            reap::signal_group(pid, Signal::SIGKILL as i32);
        }
    }
}
