//! Starting what the core has decided to start, and waiting when the machine has no room for it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::inbox::{Lines, Message, RunHandle};
use super::jobs::Role;
use super::listeners;
use super::queues::Streams as QueueStreams;
use super::runner::Runner;
use crate::base::ids::{JobId, ProcessId, ResourceId};
use crate::exec::command::{self, Ends, Running, Start, StartError, Streams, Tty};
use crate::exec::environment::Own;
use crate::exec::task;
use crate::io::machine::reason;
use crate::notice::{Exit, Stream};
use crate::plan::{Action, Output, Stdin, Step};
use crate::sched::{Delivery, Input};

/// Starts in one turn at most, so that a thousand of them do not keep signals and output waiting.
const STARTS_PER_TURN: usize = 16;
/// Between two tries to start a process for which there was no room.
pub(super) const TRY_AGAIN: Duration = Duration::from_millis(100);
/// When there has been no room for so long, nothing that would make room may be left but daemons.
const LONGEST_WITHOUT_ROOM: Duration = Duration::from_secs(10);

/// A start that is decided and not performed yet.
pub struct PendingStart {
    pub job: JobId,
    pub step: u32,
    pub permits: Vec<(ResourceId, Vec<u32>)>,
    /// The item that it runs for.
    pub item: Option<Delivery>,
}

impl Runner<'_> {
    pub(super) fn perform_starts(&mut self) {
        if let Some(start) = self.terminals.take_waiting() {
            self.start(start);
        }
        if self.suspension.holds() {
            return;
        }
        for _ in 0..STARTS_PER_TURN {
            if self.no_room.is_some() && self.setup.clock.now() < self.try_again {
                return;
            }
            let Some(start) = self.starts.pop_front() else { return };
            self.start(start);
        }
    }

    pub(super) fn start(&mut self, start: PendingStart) {
        let Some(start) = self.lend_terminal(start) else { return };
        self.queues.set_item(start.job, start.item);
        let plan = Arc::clone(&self.setup.plan);
        let process = &plan.processes[start.job.process];
        let step = &process.work.steps[start.step as usize];
        let prepared = self.watch_conditions(&start).and_then(|()| self.listen(start.job));
        let result = prepared.and_then(|()| match &step.action {
            Action::Task { .. } => self.start_task(&start, step),
            Action::Command { .. } if process.work.accepts() => self.start_accepting(&start),
            Action::Command { .. } => self.start_child(&start, step),
        });
        self.tell_short_secrets();
        let (job, number) = (start.job, start.step);
        if result.is_err() {
            self.terminal_is_free(job);
        }
        match result {
            Ok(pid) => {
                self.no_room = None;
                self.inputs.push_back(Input::Started { job, step: number, pid });
            }
            Err(StartError::NoRoom(why)) if self.may_wait_for_room() => {
                if !std::mem::replace(&mut self.told_no_room, true) {
                    self.warn(job.process, format!("{why}; waiting until a process has ended"));
                }
                let now = self.setup.clock.now();
                self.no_room.get_or_insert(now);
                self.try_again = now + TRY_AGAIN;
                self.starts.push_front(start);
            }
            Err(StartError::NoRoom(why) | StartError::Failed(why)) => {
                self.inputs.push_back(Input::Ended { job, step: number, exit: Exit::NotStarted(why) });
            }
        }
    }

    /// Whether room may still come: something of this run is alive, and it has not been long.
    pub(super) fn may_wait_for_room(&self) -> bool {
        let long = self.no_room.is_some_and(|since| self.setup.clock.now() - since > LONGEST_WITHOUT_ROOM);
        self.jobs.any_alive() && !long
    }

    pub(super) fn start_child(&mut self, start: &PendingStart, step: &Step) -> Result<Option<u32>, StartError> {
        self.make_outputs(start.job)?;
        self.ties.make(start.job.process).map_err(|error| StartError::of("cannot make the pipe between two processes", &error))?;
        let plan = Arc::clone(&self.setup.plan);
        let streams = QueueStreams::make(&plan.processes[start.job.process], &plan)
            .map_err(|error| StartError::of("cannot make the pipe to a queue", &error))?;
        let ends = streams.ends(self.ties.of(start.job.process));
        let last = start.step as usize + 1 == plan.processes[start.job.process].work.steps.len();
        let listener = self.listeners.socket(start.job.process).filter(|_| last);
        let running = self.launch(Role::Step(start.job), step, &start.permits, start.step == 0, listener, ends)?;
        let pid = running.pid;
        self.ties.handed_over(start.job.process);
        self.watch_streams(start.job, streams);
        self.terminal_is_lent(start.job, pid);
        let pipes = self.watch(start.job.process, running);
        self.jobs.add_child(start.job, start.step, pid, pipes);
        Ok(Some(pid))
    }

    pub(super) fn launch(
        &self,
        role: Role,
        step: &Step,
        permits: &[(ResourceId, Vec<u32>)],
        first: bool,
        listener: Option<BorrowedFd<'_>>,
        ends: Ends<'_>,
    ) -> Result<Running, StartError> {
        let job = role.job();
        let process = &self.setup.plan.processes[job.process];
        let work = &process.work;
        let (step, input) = self.known(job, step, &work.stdin)?;
        let (step, input) = (&*step, &*input);
        let outputs = if let Role::Step(_) = role { self.outputs.file(job.process) } else { None };
        let item = self.queues.item(job);
        if let Some(item) = &item {
            item.fits().map_err(StartError::Failed)?;
        }
        let own = Own { process, attempt: job.attempt, permits, outputs, item };
        let mut env = self.setup.environment.of(step, &own, &self.setup.plan);
        self.probes.add_environment(job, &mut env);
        if listener.is_some() {
            listeners::add_environment(&process.declared, &mut env);
        }
        // What asks a process to end has no part in its terminal.
        let (stdin, tty) = match role {
            Role::Step(_) => (input, self.terminals.tty(work)),
            _ if matches!(work.stdin, Stdin::Inherit | Stdin::Pipe | Stdin::Queue(_)) => (&Stdin::Null, Tty::Without),
            Role::StopCommand(_) | Role::Probe(_) | Role::Connection(_) => (input, Tty::Without),
        };
        // Nor is what it says meant for others.
        let shown = |output| match role {
            Role::StopCommand(_) | Role::Probe(_) if matches!(output, &Output::Pipe | &Output::Queue(_)) => &Output::Captured,
            _ => output,
        };
        let streams = Streams { stdin, stdout: shown(&work.stdout), stderr: shown(&work.stderr), tty, ends, first };
        self.start_command(step, &env, streams, listener)
    }

    /// Starts the command of a step whose values are known.
    pub(super) fn start_command(
        &self,
        step: &Step,
        env: &[(OsString, OsString)],
        streams: Streams<'_>,
        listener: Option<BorrowedFd<'_>>,
    ) -> Result<Running, StartError> {
        let Action::Command { argv, direct, .. } = &step.action else {
            return Err(StartError::Failed("a built-in task is no command".to_owned()));
        };
        let (shim, umask) = (&self.setup.shim, step.umask);
        command::start(&Start { argv, direct: direct.as_deref(), cwd: &step.cwd, env, streams, umask, listener, shim })
    }

    /// Watches the outputs of a child.
    pub(super) fn watch(&mut self, process: ProcessId, running: Running) -> Vec<usize> {
        let ends: [(Option<OwnedFd>, Stream); 2] = [(running.stdout, Stream::Stdout), (running.stderr, Stream::Stderr)];
        let mut keys = Vec::with_capacity(2);
        for (end, stream) in ends {
            let Some(end) = end else { continue };
            match self.pipes.add(&self.setup.poller, end, process, stream, running.terminal) {
                Ok(key) => keys.push(key),
                Err(error) => self.warn(process, format!("its output is lost: cannot watch a pipe: {}", reason(&error))),
            }
        }
        keys
    }

    pub(super) fn start_task(&mut self, start: &PendingStart, step: &Step) -> Result<Option<u32>, StartError> {
        let (job, number) = (start.job, start.step);
        let process = &self.setup.plan.processes[job.process];
        let (step, _) = self.known(job, step, &process.work.stdin)?;
        let Action::Task { task, .. } = &step.action else { return Err(StartError::Failed("a command is no built-in task".to_owned())) };
        let task = Arc::clone(task);
        let output: Box<dyn io::Write + Send> = match &process.work.stdout {
            Output::File { path, append } => {
                let file = command::open_file(path, *append || number > 0);
                Box::new(
                    file.map_err(|error| StartError::Failed(format!("cannot write output to {}: {}", path.display(), reason(&error))))?,
                )
            }
            Output::Captured | Output::SameAsStdout | Output::Pipe | Output::Queue(_) => {
                Box::new(Lines::new(self.post.clone(), job.process))
            }
        };
        let post = self.post.clone();
        let run: Arc<RunHandle> = Arc::clone(&self.handle);
        let cancel = task::start(task, step.cwd.clone(), output, run, move |ended| post.send(Message::Ended { job, step: number, ended }))
            .map_err(|error| StartError::NoRoom(format!("cannot start a thread for a built-in task: {}", reason(&error))))?;
        self.jobs.add_task(job, number, cancel);
        Ok(None)
    }

    /// A job whose start was still to be performed: it ends as if the signal had met it right away.
    pub(super) fn withdraw_start(&mut self, job: JobId, signal: Signal) -> bool {
        let waiting = self.terminals.take_waiting();
        let withdrawn = waiting.as_ref().is_some_and(|start| start.job == job);
        self.starts.extend(waiting);
        let Some(place) = self.starts.iter().position(|start| start.job == job) else { return false };
        if let Some(start) = self.starts.remove(place) {
            if withdrawn {
                self.terminal_is_free(job);
            }
            self.inputs.push_back(Input::Ended { job, step: start.step, exit: Exit::Signal(signal as i32) });
        }
        true
    }
}
