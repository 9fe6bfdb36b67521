//! A command for each connection, as inetd has it.
//!
//! The job is alive as long as the run listens for it, and takes connections as long as it has room; the rest
//! waits in the kernel. Each command is a child of the loop with a group of its own, marked and ended like all
//! others. Its failure is told and is nobody else's. What it leaves running in its group is asked to end with it,
//! anything else lives at most as long as the job.

use nix::sys::signal::Signal;

use super::jobs::{Asked, Connection};
use super::lingering::Over;
use super::listeners::Turn;
use super::runner::Runner;
use super::starting::{PendingStart, TRY_AGAIN};
use crate::base::ids::{JobId, ProcessId};
use crate::base::time::RunTime;
use crate::exec::command::{Ends, Running, StartError, Streams, Tty};
use crate::exec::environment::Own;
use crate::io::listener::Accepted;
use crate::io::machine::reason;
use crate::io::reap;
use crate::notice::Exit;
use crate::plan::{Output, Stdin};

/// Connections that one turn takes of one socket at most.
const PER_TURN: usize = 16;

impl Runner<'_> {
    /// From now on each connection gets a command.
    pub(super) fn start_accepting(&mut self, start: &PendingStart) -> Result<Option<u32>, StartError> {
        self.make_outputs(start.job)?;
        self.listeners.begin(start, &self.setup.poller).map_err(|error| StartError::of("cannot wait for connections", &error))?;
        self.jobs.add_accepting(start.job, start.step);
        Ok(None)
    }

    /// When a connection may be taken; one that waits for room is taken when another has ended.
    pub(super) fn connections_deadline(&self) -> Option<RunTime> {
        self.listeners.pending().filter(|(job, _)| self.jobs.has_room(*job, self.most(job.process))).map(|(_, at)| at).min()
    }

    /// Takes a fair part of the connections that wait.
    pub(super) fn take_connections(&mut self) {
        if self.suspension.holds() {
            return;
        }
        let now = self.setup.clock.now();
        let ready: Vec<JobId> = self.listeners.pending().filter(|(_, at)| *at <= now).map(|(job, _)| job).collect();
        for job in ready {
            for _ in 0..PER_TURN {
                if !self.jobs.has_room(job, self.most(job.process)) || !self.take_connection(job, now + TRY_AGAIN) {
                    break;
                }
            }
        }
    }

    fn most(&self, process: ProcessId) -> u32 {
        self.setup.plan.processes[process].work.listen.as_ref().and_then(|listen| listen.accept).unwrap_or(0)
    }

    /// Takes a connection; false when there is no other to be taken now.
    fn take_connection(&mut self, job: JobId, again: RunTime) -> bool {
        let (accepted, turn) = match self.listeners.take(job.process) {
            Ok(Some(taken)) => taken,
            Ok(None) => return false,
            Err(error) => {
                self.no_room_for_connection(job, None, again, &format!("cannot take a connection: {}", reason(&error)));
                return false;
            }
        };
        match self.serve_connection(job, &accepted, &turn) {
            Ok(running) => {
                let pid = running.pid;
                let pipes = self.watch(job.process, running);
                self.listeners.mark_begun(job.process);
                self.jobs.add_connection(job, pid, Connection { peer: accepted.peer, pipes });
                true
            }
            Err(StartError::NoRoom(why)) => {
                self.no_room_for_connection(job, Some(accepted), again, &why);
                false
            }
            Err(StartError::Failed(why)) => {
                self.warn(job.process, format!("the connection from {} was closed: {why}", accepted.peer));
                true
            }
        }
    }

    fn no_room_for_connection(&mut self, job: JobId, taken: Option<Accepted>, again: RunTime, why: &str) {
        if !std::mem::replace(&mut self.told_no_room, true) {
            self.warn(job.process, format!("{why}; trying again"));
        }
        self.listeners.rest(job.process, taken, again);
    }

    fn serve_connection(&self, job: JobId, accepted: &Accepted, turn: &Turn) -> Result<Running, StartError> {
        let process = &self.setup.plan.processes[job.process];
        let (step, _) = self.known(job, &process.work.steps[0], &Stdin::Null)?;
        let own = Own { process, attempt: job.attempt, permits: &turn.permits, outputs: self.outputs.file(job.process), item: None };
        let mut env = self.setup.environment.of(&step, &own, &self.setup.plan);
        env.push(("FLOWRUN_REMOTE".into(), accepted.peer.clone().into()));
        let streams = Streams {
            stdin: &Stdin::Pipe,
            stdout: &Output::Pipe,
            stderr: &process.work.stderr,
            tty: Tty::Without,
            ends: Ends { input: Some(&accepted.socket), output: Some(&accepted.socket), errors: None },
            first: turn.first,
        };
        self.start_command(&step, &env, streams, None)
    }

    /// The command of a connection has ended.
    pub(super) fn connection_ended(&mut self, job: JobId, pid: u32, exit: &Exit) {
        let Some((connection, asked)) = self.jobs.remove_connection(job, pid) else { return reap::reap(pid) };
        // The rest of its group has been asked already when the job was.
        match asked {
            Asked::No => {
                reap::signal_group(pid, Signal::SIGTERM as i32);
                reap::signal_group(pid, Signal::SIGCONT as i32);
            }
            Asked::ToEnd => {}
            Asked::Killed => reap::signal_group(pid, Signal::SIGKILL as i32),
        }
        reap::reap(pid);
        self.drain(&connection.pipes);
        let codes = &self.setup.plan.processes[job.process].control.success_codes;
        let why = match exit {
            Exit::Code(code) if codes.contains(code) => None,
            // That is how a writer learns that its client is gone.
            Exit::Signal(signal) if *signal == Signal::SIGPIPE as i32 => None,
            Exit::Code(code) => Some(format!("exit code {code}")),
            Exit::Signal(signal) => {
                Some(Signal::try_from(*signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string()))
            }
            Exit::NotStarted(why) => Some(why.clone()),
        };
        if let (Some(why), Asked::No) = (why, asked) {
            self.warn(job.process, format!("the command for the connection from {} failed: {why}", connection.peer));
        }
    }

    /// A job that was asked to end is over when it has no connections any more.
    pub(super) fn end_if_deserted(&mut self, job: JobId) {
        if let Some((step, asked)) = self.jobs.remove_deserted(job) {
            self.kill_stop_command(job);
            // It has no end of its own: only commands that had to be killed make one that is not as asked.
            let exit = if asked == Asked::Killed { Exit::Signal(Signal::SIGKILL as i32) } else { Exit::Code(0) };
            self.settle(None, asked, Over { job, step, exit, pipes: Vec::new() });
        }
    }
}
