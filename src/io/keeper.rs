//! The keeper: a tiny process above the one that runs the workflow, so that nothing outlives either.
//!
//! The process that was called stays as the keeper; a fork of it, the runner, goes on with everything. Both
//! adopt orphans. The runner has a process group of its own, so that a signal to the whole group that a shell
//! knows, SIGKILL too, leaves one of the two to clean up. The keeper alone hears the signals of the outside and
//! hands them down a socket. When the runner ends, in whatever way, the keeper
//! ends all that is left and exits as the runner did; when the keeper dies, the runner sees the socket's end
//! (and is woken, should it be stopped) and ends everything itself. Only both killed in one instant leak.
//!
//! Costs one fork, once, before any thread exists; children go on to be started in the fast way. Decides
//! nothing about the run, and knows neither plan nor processes.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction};
use nix::unistd::{ForkResult, Pid as Number, fork, getpgrp, setpgid};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::cgroup::Cgroup;
use super::reap::{self, Ended};
use super::signals::{self, GOING_ON, Heard, NOT_STOPPED, STOPPED, STOPPING, Signals, drain, pipe};
use super::terminal::Terminal;
use super::{procfs, sweep};

/// A run that has lasted so long gets a cgroup, if there may be one.
const CGROUP_AFTER: Duration = Duration::from_millis(100);

/// The exit status when nobody can say how the runner ended.
const UNKNOWN_END: i32 = 3;

/// The calling process, where a number is asked for.
const THIS: Number = Number::from_raw(0);

/// What the calling process has become.
#[derive(Debug)]
pub enum Side {
    /// The runner, which hears of signals through this.
    Runner(Signals),
    /// The keeper, after the runner's end.
    Keeper(Kept),
}

/// How a run ended, as its keeper saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How the runner ended.
    pub ended: Ended,
    /// How many processes could not be ended.
    pub left: usize,
}

/// Divides this process: returns in the runner at once, in the keeper when all is over. To be called by
/// the only thread.
///
/// # Errors
/// The system's error; then there is one process still.
pub fn divide() -> io::Result<Side> {
    let spared = procfs::children(std::process::id()).unwrap_or_default().into_iter().collect();
    let (above, below) = UnixStream::pair()?;
    // What comes meanwhile waits until either side can hear it.
    let mut wanted = SigSet::from_iter(signals::wishes());
    wanted.add(Signal::SIGCHLD);
    let before = wanted.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    match split() {
        Ok(ForkResult::Child) => {
            drop(above);
            // Nothing is lost when the system refuses: it has no reason to.
            let _ = setpgid(THIS, THIS);
            become_runner()?;
            wait_for_keeper(&below);
            Ok(Side::Runner(Signals::kept(below)?))
        }
        Ok(ForkResult::Parent { child }) => {
            drop(below);
            let runner = child.as_raw().unsigned_abs();
            match Keeper::new(runner, above, spared) {
                Ok(keeper) => Ok(Side::Keeper(keeper.keep().unwrap_or_else(|_| give_up(runner)))),
                Err(error) => {
                    // It has not begun, and ends.
                    end_of(runner, WaitIdOptions::EXITED);
                    Err(error)
                }
            }
        }
        Err(error) => {
            before.thread_set_mask()?;
            Err(error.into())
        }
    }
}

/// To be called by the only thread.
#[allow(unsafe_code, reason = "the one fork")]
pub(super) fn split() -> nix::Result<ForkResult> {
    // SAFETY: the caller is the only thread, so that the child finds no lock held by a thread it has not.
    unsafe { fork() }
}

#[cfg(target_os = "linux")]
fn become_runner() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)?;
    // A stopped runner must wake to see that its keeper is dead.
    Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGCONT)?)
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn become_runner() -> io::Result<()> {
    Ok(())
}

/// Nothing is started before somebody watches over it. A keeper that cannot is the one to say why.
fn wait_for_keeper(mut keeper: &UnixStream) {
    if keeper.read_exact(&mut [0]).is_err() {
        std::process::exit(UNKNOWN_END);
    }
}

/// The keeper cannot keep: the runner sees the end of the socket and ends everything.
fn give_up(runner: u32) -> Kept {
    Kept { ended: end_of(runner, WaitIdOptions::EXITED).unwrap_or(Ended::Code(UNKNOWN_END)), left: 0 }
}

struct Keeper {
    runner: u32,
    socket: UnixStream,
    /// Children that this process had before: `exec flowrun` in a script hands them over.
    spared: HashSet<u32>,
    signals: Signals,
    go_on: UnixStream,
    /// As it was, to be set back when the runner can not do it any more.
    terminal: Option<Terminal>,
    cgroup: Option<Cgroup>,
    /// Whether the runner has said that it stops itself.
    stopping: bool,
}

impl Keeper {
    fn new(runner: u32, socket: UnixStream, spared: HashSet<u32>) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        nix::sys::prctl::set_child_subreaper(true)?;
        socket.set_nonblocking(true)?;
        let go_on = pipe(Signal::SIGCONT)?;
        let signals = Signals::install()?;
        let mut terminal = Terminal::of_this_program(getpgrp());
        terminal.iter_mut().for_each(Terminal::lend);
        (&socket).write_all(&[STOPPED])?;
        Ok(Self { runner, socket, spared, signals, go_on, terminal, cgroup: None, stopping: false })
    }

    /// Until the runner has ended and nothing of it is left.
    fn keep(mut self) -> io::Result<Kept> {
        let mut cgroup_at = Some(Instant::now() + CGROUP_AFTER);
        // It may have ended before anybody listened.
        let mut child = true;
        let ended = loop {
            // What the runner said before it stopped is heard before the stop is looked at.
            self.hear_runner();
            if child && let Some(ended) = self.look_at_runner() {
                break ended;
            }
            self.wait(cgroup_at)?;
            if cgroup_at.is_some_and(|moment| moment <= Instant::now()) {
                cgroup_at = None;
                self.cgroup = Cgroup::create();
                self.cgroup.iter().for_each(|cgroup| cgroup.take(self.runner));
            }
            let bytes = self.signals.take_bytes();
            // A full socket loses wishes that the runner has heard often enough.
            let _ = self.socket.write(&bytes);
            if bytes.iter().any(|byte| signals::asks_to_end(*byte)) {
                // Whoever has stopped it: it must hear this.
                self.continue_runner();
            }
            if !heard_nothing(&self.go_on) {
                self.continue_runner();
            }
            child = self.signals.take_child();
        };
        self.cgroup.iter().for_each(Cgroup::kill);
        let left = sweep::sweep(&self.spared);
        self.settle_terminal(ended);
        self.cgroup.iter().for_each(Cgroup::remove);
        Ok(Kept { ended, left })
    }

    /// A runner that was killed may have left the terminal to a process that is dead now, in whatever modes.
    fn settle_terminal(&mut self, ended: Ended) {
        let Some(mut terminal) = self.terminal.take() else { return };
        if matches!(ended, Ended::Signal(_)) && terminal.is_orphaned() {
            terminal.take_back();
        } else {
            terminal.leave();
        }
    }

    fn wait(&self, until: Option<Instant>) -> io::Result<()> {
        let mut sources: Vec<PollFd<'_>> = Vec::new();
        // SIGCHLD tells of the runner's end, so a socket that is closed first says nothing of it.
        for fd in self.signals.sources().into_iter().chain([self.go_on.as_fd()]) {
            sources.push(PollFd::new(fd, PollFlags::POLLIN));
        }
        let left = until.map(|moment| moment.saturating_duration_since(Instant::now()).as_millis() + 1);
        let timeout = left.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
        match poll(&mut sources, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn hear_runner(&mut self) {
        let (Heard::Bytes(bytes) | Heard::Closed(bytes)) = drain(&self.socket);
        for byte in bytes {
            match byte {
                STOPPING => self.stopping = true,
                GOING_ON => self.stopping = false,
                _ => {}
            }
        }
    }

    /// The runner's end, if it has ended. If it has stopped as it said, this process stops too.
    fn look_at_runner(&mut self) -> Option<Ended> {
        let ended = end_of(self.runner, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        if ended.is_none() {
            reap_others(self.runner);
            if self.stopping && has_stopped(self.runner) {
                self.stopping = false;
                stop_like_the_default();
                // Who was stopped was continued by somebody.
                let stopped = if heard_nothing(&self.go_on) { NOT_STOPPED } else { STOPPED };
                let _ = self.socket.write(&[stopped]);
                self.continue_runner();
            }
        }
        ended
    }

    fn continue_runner(&self) {
        reap::signal(self.runner, Signal::SIGCONT as i32);
    }
}

fn heard_nothing(stream: &UnixStream) -> bool {
    matches!(drain(stream), Heard::Bytes(bytes) if bytes.is_empty())
}

fn end_of(pid: u32, options: WaitIdOptions) -> Option<Ended> {
    loop {
        match waitid(WaitId::Pid(raw(pid)?), options) {
            Err(rustix::io::Errno::INTR) => {}
            // Whoever called this program had it told that its children's ends do not matter.
            Err(rustix::io::Errno::CHILD) => return Some(Ended::Code(UNKNOWN_END)),
            Err(_) | Ok(None) => return None,
            Ok(Some(status)) => {
                let by_signal = || Some(Ended::Signal(status.terminating_signal()?));
                return status.exit_status().map(Ended::Code).or_else(by_signal);
            }
        }
    }
}

fn has_stopped(pid: u32) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    raw(pid).is_some_and(|pid| matches!(waitid(WaitId::Pid(pid), options), Ok(Some(status)) if status.stopped()))
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Takes away the dead among children that are not the runner: adopted, or of before.
fn reap_others(runner: u32) {
    for child in procfs::children(std::process::id()).unwrap_or_default() {
        if child != runner {
            reap::reap(child);
        }
    }
}

/// Stops this process as if Ctrl-Z had met a program without a handler, so that its shell says so; returns
/// when it goes on. Where no shell watches, the system does not stop it.
#[allow(unsafe_code, reason = "the default action must be set and taken back")]
fn stop_like_the_default() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of this program.
    let Ok(before) = (unsafe { sigaction(Signal::SIGTSTP, &default) }) else { return };
    // The whole job: a Ctrl-Z that met only the process that has the terminal must stop `flowrun … | cat` too.
    let _ = kill(THIS, Signal::SIGTSTP);
    // SAFETY: the action that was there before, whose handler stays valid for the whole program.
    let _ = unsafe { sigaction(Signal::SIGTSTP, &before) };
}
