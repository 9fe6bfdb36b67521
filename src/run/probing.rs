//! Asking the conditions of processes, and bringing the answers.
//!
//! What can block is asked on a thread of its own; a command is a child of the loop like any other, whose
//! output goes into an unnamed place and is shown by its last line only. A probe that is given up is not
//! heard any more: its child is killed with its group, its thread ends by itself at its timeout.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::NamedTempFile;

use super::inbox::Message;
use super::probes::{Seen, UnderWay};
use super::runner::Runner;
use super::starting::PendingStart;
use crate::base::ids::{JobId, ProcessId};
use crate::exec::command::{Ends, StartError, Streams, Tty};
use crate::exec::environment::Own;
use crate::io::machine::reason;
use crate::io::reap;
use crate::notice::{Event, Stream};
use crate::plan::{Output, Probe, Stdin, Step, Work};
use crate::ready;
use crate::sched::Input;

/// Stack of a probe's thread: TLS needs more than a task.
const STACK_BYTES: usize = 1024 * 1024;
/// What is read at most of what a probe's command said.
const LAST_OUTPUT: u64 = 4096;

impl Runner<'_> {
    /// A step is about to start: its conditions are watched from its first moment on.
    pub(super) fn watch_conditions(&mut self, start: &PendingStart) -> Result<(), StartError> {
        let id = start.job.process;
        let process = &self.setup.plan.processes[id];
        self.probes
            .begin(start.job, process, &start.permits, &self.setup.poller)
            .map_err(|error| StartError::of("cannot make the socket for its messages (`notify`)", &error))?;
        self.pipes.listen(id, self.probes.listens(id));
        Ok(())
    }

    pub(super) fn probe(&mut self, job: JobId, probe: u32, live: bool) {
        self.end_probe(job);
        let process = &self.setup.plan.processes[job.process];
        let work = Arc::clone(&process.work);
        let timeout = if live {
            process.control.live.map(|live| live.rhythm.timeout)
        } else {
            process.control.ready.map(|ready| ready.rhythm.timeout)
        };
        let answer = match if live { &work.live } else { &work.ready } {
            None => Some(Ok(())),
            Some(Probe::Log(_)) => Some(self.alive_since(job, "no line matched since the last look")),
            Some(Probe::Notify) => Some(self.alive_since(job, "no WATCHDOG=1 since the last look")),
            Some(Probe::Exec(step)) => {
                let asked = self.probe_by_command(job, probe, step);
                self.not_asked(job, asked)
            }
            Some(_) => {
                let asked = self.probe_by_thread(job, probe, &work, live, timeout.unwrap_or_default());
                self.not_asked(job, asked)
            }
        };
        if let Some(result) = answer {
            self.inputs.push_back(Input::Probed { job, probe: Some(probe), result });
        }
    }

    /// The answer for a probe that could not be made. It is told at once: it says nothing of the process, and
    /// may go on until the time for becoming ready is over.
    fn not_asked(&mut self, job: JobId, asked: Result<(), String>) -> Option<Result<(), String>> {
        let why = asked.err()?;
        if self.probes.in_vain(job.process) {
            self.warn(job.process, format!("cannot ask whether it serves: {why}"));
        }
        Some(Err(why))
    }

    fn alive_since(&mut self, job: JobId, why: &str) -> Result<(), String> {
        if self.probes.take_alive(job) { Ok(()) } else { Err(why.to_owned()) }
    }

    fn probe_by_thread(&mut self, job: JobId, probe: u32, work: &Arc<Work>, live: bool, timeout: Duration) -> Result<(), String> {
        if !self.probes.set_under_way(job, UnderWay { probe, child: None }) {
            return Ok(());
        }
        let (work, post) = (Arc::clone(work), self.post.clone());
        let ask = move || {
            let condition = if live { &work.live } else { &work.ready };
            let result = condition.as_ref().map_or(Ok(()), |condition| ready::check(condition, timeout));
            post.send(Message::Probed { job, probe, result });
        };
        let started = thread::Builder::new().name("probe".to_owned()).stack_size(STACK_BYTES).spawn(ask);
        started.map(drop).map_err(|error| format!("cannot start a thread for the probe: {}", reason(&error)))
    }

    fn probe_by_command(&mut self, job: JobId, probe: u32, step: &Step) -> Result<(), String> {
        let known = self.known(job, step, &Stdin::Null).map_err(|(StartError::NoRoom(why) | StartError::Failed(why))| why)?;
        let step = &*known.0;
        let plan = Arc::clone(&self.setup.plan);
        let folder = std::env::temp_dir();
        let output = NamedTempFile::with_prefix_in("flowrun-probe-", &folder)
            .map_err(|error| format!("cannot keep the output of the probe in {} (see TMPDIR): {}", folder.display(), reason(&error)))?;
        let stdout = Output::File { path: output.path().to_owned(), append: true };
        let streams = Streams {
            stdin: &Stdin::Null,
            stdout: &stdout,
            stderr: &Output::SameAsStdout,
            tty: Tty::Without,
            ends: Ends::default(),
            first: false,
        };
        let permits = self.probes.permits(job);
        let own = Own { process: &plan.processes[job.process], attempt: job.attempt, permits, outputs: None, item: self.queues.item(job) };
        let env = self.setup.environment.of(step, &own, &plan);
        let running = self.start_command(step, &env, streams, None).map_err(|(StartError::NoRoom(why) | StartError::Failed(why))| why)?;
        // Without a name from now on: nothing is left of it, whoever is killed.
        let output = output.into_file();
        self.jobs.add_probe(job, running.pid);
        if !self.probes.set_under_way(job, UnderWay { probe, child: Some((running.pid, output)) }) {
            reap::signal_group(running.pid, Signal::SIGKILL as i32);
        }
        Ok(())
    }

    pub(super) fn end_probe(&mut self, job: JobId) {
        if let Some(UnderWay { child: Some((pid, _)), .. }) = self.probes.take_under_way(job) {
            reap::signal_group(pid, Signal::SIGKILL as i32);
        }
    }

    /// A thread has an answer.
    pub(super) fn probe_answered(&mut self, job: JobId, probe: u32, result: Result<(), String>) {
        if self.probes.take_under_way_if(job, |under_way| under_way.probe == probe).is_some() {
            self.inputs.push_back(Input::Probed { job, probe: Some(probe), result });
        }
    }

    /// A probe's command has ended; what it left running goes with it.
    pub(super) fn probe_command_ended(&mut self, job: JobId, pid: u32, ended: reap::Ended) {
        reap::signal_group(pid, Signal::SIGKILL as i32);
        reap::reap(pid);
        let is_it = |under_way: &UnderWay| under_way.child.as_ref().is_some_and(|(child, _)| *child == pid);
        if let Some(UnderWay { probe, child: Some((_, output)) }) = self.probes.take_under_way_if(job, is_it) {
            let result = ready::exec::verdict(ended, &last_output(output));
            self.inputs.push_back(Input::Probed { job, probe: Some(probe), result });
        }
    }

    /// Output that was just told: lines may be looked for in it.
    pub(super) fn hear(&mut self, process: ProcessId, stream: Stream, piece: &[u8], all: bool) {
        let seen = self.probes.hear(process, stream, piece, all);
        if seen.is_some() {
            self.pipes.listen(process, self.probes.listens(process));
        }
        self.take_seen(seen);
    }

    /// Takes the messages that have come.
    pub(super) fn hear_messages(&mut self) {
        let seen = self.probes.receive();
        self.take_seen(seen);
    }

    /// A step of a job is over: what it said before counts before, and nobody is asked any more.
    pub(super) fn end_of_conditions(&mut self, job: JobId) {
        self.end_probe(job);
        let seen = self.probes.receive_of(job.process);
        self.take_seen(seen);
    }

    fn take_seen(&mut self, seen: impl IntoIterator<Item = Seen>) {
        for seen in seen {
            match seen {
                Seen::Ready(job) => self.inputs.push_back(Input::Probed { job, probe: None, result: Ok(()) }),
                Seen::Stopping(job) => self.inputs.push_back(Input::SaysStopping { job }),
                Seen::Status(process, text) => self.tell_now(Event::SaidStatus { process, text }),
            }
        }
    }
}

/// The end of what a command said; what cannot be read is as good as nothing.
fn last_output(mut file: File) -> Vec<u8> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut last = Vec::new();
    if file.seek(SeekFrom::Start(length.saturating_sub(LAST_OUTPUT))).is_ok() {
        let _ = file.take(LAST_OUTPUT).read_to_end(&mut last);
    }
    last
}
