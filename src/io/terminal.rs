//! The terminal that this program was called from, lent to one group of processes at a time.
//!
//! Does what a shell does for its jobs: makes a group the foreground, takes the terminal back, and sets
//! its modes as they were. Decides nothing: who gets it and when is said by others. Errors are not told,
//! because a terminal may go away at any time and the run must come to its end without it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, tcgetpgrp, tcsetpgrp};
use rustix::process::{WaitId, WaitIdOptions, waitid};

/// The controlling terminal of this program, where its standard input is that.
#[derive(Debug)]
pub struct Terminal {
    stdin: OwnedFd,
    /// The process group that a shell knows as this program's.
    job: Pid,
    /// The same terminal as standard output, where that is it.
    stdout: Option<OwnedFd>,
    /// The same terminal as standard error, where that is it.
    stderr: Option<OwnedFd>,
    /// The modes before it was lent; none when it is not lent.
    own_modes: Option<Termios>,
    /// The modes that a stopped group has left.
    their_modes: Option<Termios>,
}

impl Terminal {
    /// For the program that a shell knows as the process group `job`.
    ///
    /// None when standard input is no terminal, or one that controls another session.
    pub fn of_this_program(job: Pid) -> Option<Self> {
        // Only for the terminal that controls the caller's session does the system tell the foreground.
        let ours = |fd: io::Result<OwnedFd>| fd.ok().filter(|fd| tcgetpgrp(fd).is_ok());
        Some(Self {
            job,
            stdin: ours(io::stdin().as_fd().try_clone_to_owned())?,
            stdout: ours(io::stdout().as_fd().try_clone_to_owned()),
            stderr: ours(io::stderr().as_fd().try_clone_to_owned()),
            own_modes: None,
            their_modes: None,
        })
    }

    /// Standard output, where that is this terminal.
    pub fn stdout(&self) -> Option<&OwnedFd> {
        self.stdout.as_ref()
    }

    /// Standard error, where that is this terminal.
    pub fn stderr(&self) -> Option<&OwnedFd> {
        self.stderr.as_ref()
    }

    /// Whether this program writes to it, too.
    pub fn is_shared(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Whether this program may lend it: it is the foreground, and not the job of a shell that runs in the background.
    pub fn is_in_foreground(&self) -> bool {
        tcgetpgrp(&self.stdin) == Ok(self.job)
    }

    /// Whether somebody has it.
    pub fn is_lent(&self) -> bool {
        self.own_modes.is_some()
    }

    /// Notes the modes, before a program starts that makes itself the foreground.
    pub fn lend(&mut self) {
        self.own_modes = tcgetattr(&self.stdin).ok();
        self.their_modes = None;
    }

    /// Gives it to a group that is continued after a stop, with the modes that it had then.
    pub fn give(&mut self, group: u32) {
        let theirs = self.their_modes.take();
        self.lend();
        if let Some(modes) = theirs {
            self.set_modes(&modes);
        }
        let _ = set_foreground(&self.stdin, Pid::from_raw(i32::try_from(group).unwrap_or(i32::MAX)));
    }

    /// Makes this program's group the foreground again and sets the modes as they were; nothing when it is not lent.
    pub fn take_back(&mut self) {
        let Some(modes) = self.own_modes.take() else { return };
        let _ = set_foreground(&self.stdin, self.job);
        self.their_modes = tcgetattr(&self.stdin).ok().filter(|theirs| *theirs != modes);
        if self.their_modes.is_some() {
            self.set_modes(&modes);
        }
    }

    fn set_modes(&self, modes: &Termios) {
        // Not TCSAFLUSH: what a person has typed ahead is for the next who reads.
        let _ = without_being_stopped(|| tcsetattr(&self.stdin, SetArg::TCSADRAIN, modes));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Makes a group the foreground of a terminal, also from the background, where the system would stop who asks.
///
/// # Errors
/// The system's error.
pub fn set_foreground(terminal: impl AsFd, group: Pid) -> nix::Result<()> {
    without_being_stopped(|| tcsetpgrp(terminal, group))
}

/// Does what the system would stop this program for, which is never the foreground itself. Threads that are
/// started within keep the permission: the runner's process group is not the one that a shell knows.
pub fn without_being_stopped<T>(act: impl FnOnce() -> T) -> T {
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTTOU);
    // Setting a mask of known signals does not fail.
    let before = stop.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK);
    let done = act();
    let _ = before.map(|before| before.thread_set_mask());
    done
}

/// The signal that has stopped a child, once for each stop.
pub fn stopped(pid: u32) -> Option<i32> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG).ok()??.stopping_signal()
}
