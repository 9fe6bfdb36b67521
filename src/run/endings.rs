//! What threads post and children leave behind: output and ends become news for the core.

use std::io;
use std::sync::Arc;

use nix::sys::signal::Signal;

use super::inbox::Message;
use super::jobs::{Asked, Job, Role};
use super::lingering::Over;
use super::runner::Runner;
use crate::base::ids::{JobId, ProcessId};
use crate::base::time::RunTime;
use crate::exec::command;
use crate::io::machine::reason;
use crate::io::reap;
use crate::notice::{Event, Exit, Stream};
use crate::plan::Output;
use crate::sched::Input;

impl Runner<'_> {
    pub(super) fn receive(&mut self, message: Message) {
        match message {
            Message::Output { process, lines } => {
                self.hear(process, Stream::Stdout, &lines, true);
                self.tell_now(Event::Output { process, stream: Stream::Stdout, lines });
            }
            Message::Probed { job, probe, result } => self.probe_answered(job, probe, result),
            Message::Stop { name } => {
                let plan = Arc::clone(&self.setup.plan);
                self.inputs.extend(plan.named(&name).map(|process| Input::StopProcess { process }));
            }
            Message::Ended { job, step, ended: (code, message) } => {
                // One that was given up already has been answered for.
                let Some(Job::Task { asked, .. }) = self.jobs.remove(job) else { return };
                self.end_of_conditions(job);
                if let Some(message) = message {
                    self.say_of_task(job.process, &format!("{}\n", message.trim_end()));
                }
                // Earlier steps may have left something.
                self.settle(None, asked, Over { job, step, exit: Exit::Code(code), pipes: Vec::new() });
            }
        }
    }

    /// What a task has to say of its failure is its standard error.
    pub(super) fn say_of_task(&mut self, process: ProcessId, text: &str) {
        let work = &self.setup.plan.processes[process].work;
        let (sink, stream) = match &work.stderr {
            Output::SameAsStdout => (&work.stdout, Stream::Stdout),
            own => (own, Stream::Stderr),
        };
        if let Output::File { path, .. } = sink {
            let written = command::open_file(path, true).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
            let Err(error) = written else { return };
            self.warn(process, format!("cannot write its standard error to {}: {}", path.display(), reason(&error)));
        }
        self.tell_now(Event::Output { process, stream, lines: text.as_bytes().to_vec() });
    }

    /// Takes all exits that there are. What they left is looked for once, when all are taken.
    pub(super) fn take_exits(&mut self) {
        let mut ended = Vec::new();
        let mut steps = Vec::new();
        let mut connections = Vec::new();
        while let Some((pid, end)) = reap::next_zombie(self.jobs.pids()) {
            self.try_again = RunTime::ZERO;
            let exit = match end {
                reap::Ended::Code(code) => Exit::Code(code),
                reap::Ended::Signal(signal) => Exit::Signal(signal),
            };
            match self.jobs.take_role(pid) {
                Some(Role::Step(job)) => {
                    self.leader_ended(job, pid);
                    ended.push((pid, job));
                    steps.push((pid, job, exit));
                }
                Some(Role::StopCommand(job)) => {
                    self.stop_command_ended(job, pid, &exit);
                    ended.push((pid, job));
                }
                Some(Role::Connection(job)) => {
                    self.connection_ended(job, pid, &exit);
                    ended.push((pid, job));
                    connections.push(job);
                }
                Some(Role::Probe(job)) => self.probe_command_ended(job, pid, end),
                None => self.orphan_ended(pid),
            }
        }
        if ended.is_empty() {
            return;
        }
        self.look_for_orphans(&ended);
        for (pid, job, exit) in steps {
            self.child_ended(job, pid, exit);
        }
        connections.into_iter().for_each(|job| self.end_if_deserted(job));
    }

    /// Takes a leader away; one that was killed takes its group along while it still guards the number.
    fn leader_ended(&mut self, job: JobId, pid: u32) {
        if matches!(self.jobs.get_mut(job), Some(Job::Child { asked: Asked::Killed, .. })) {
            reap::signal_group(pid, Signal::SIGKILL as i32);
        }
        reap::reap(pid);
    }

    pub(super) fn stop_command_ended(&mut self, job: JobId, pid: u32, exit: &Exit) {
        // What it left running is nobody's any more.
        reap::signal_group(pid, Signal::SIGKILL as i32);
        reap::reap(pid);
        let pipes = self.jobs.remove_stop_command(job);
        self.drain(&pipes);
        if let Some(code) = exit.returncode().filter(|code| *code != 0) {
            self.warn(job.process, format!("its stop command failed: exit code {code}"));
        }
        self.inputs.push_back(Input::StopCommandEnded { job });
    }

    pub(super) fn child_ended(&mut self, job: JobId, pid: u32, exit: Exit) {
        let Some(Job::Child { step, pipes, asked, .. }) = self.jobs.remove(job) else { return };
        self.kill_stop_command(job);
        // Its command, if there is one, is nothing that the process has left running.
        self.end_probe(job);
        self.terminal_child_ended(job, asked, &exit);
        self.settle(Some(pid), asked, Over { job, step, exit, pipes });
    }

    /// A step is over in all its parts.
    pub(super) fn is_over(&mut self, over: Over) {
        if let Some(over) = self.keep_over(over) {
            self.step_over(over);
        }
    }

    /// Reads the last of what a step wrote, and tells its end.
    pub(super) fn step_over(&mut self, over: Over) {
        self.drain(&over.pipes);
        self.end_of_conditions(over.job);
        self.inputs.push_back(Input::Ended { job: over.job, step: over.step, exit: over.exit });
    }

    /// Reads what an ended process left in its pipes, also when nobody can take it now: it is not much, and
    /// it belongs before the news of the end.
    pub(super) fn drain(&mut self, pipes: &[usize]) {
        for key in pipes {
            self.pipes.drain(*key, &self.setup.poller, &mut self.said);
        }
        self.tell_said();
    }
}
