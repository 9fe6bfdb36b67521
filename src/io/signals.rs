//! Wishes that come as signals, from one of two sources: own handlers, or the keeper above.
//!
//! Handlers do nothing but write a byte, so that everything else happens in the loop. Below a keeper they do
//! nothing at all, and the keeper's socket brings the bytes. No signal is ever set to be ignored and no mask
//! is left changed: children would inherit both.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::{SigSet, Signal, raise};
use nix::unistd::{Pid, getpgid, getpgrp, getppid};

use super::procfs;

/// The signals that ask this program to end, in the order in which those that come together count.
const ENDING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
/// Asks for a pause: Ctrl-Z.
const SUSPEND: Signal = Signal::SIGTSTP;
/// Ask how things stand.
#[cfg(target_os = "linux")]
const STATUS: [Signal; 1] = [Signal::SIGUSR1];
/// Ask how things stand: Ctrl-T sends the second.
#[cfg(not(target_os = "linux"))]
const STATUS: [Signal; 2] = [Signal::SIGUSR1, Signal::SIGINFO];

/// Tells that flowrun's terminal has another size.
const RESIZED: Signal = Signal::SIGWINCH;

/// Said to the keeper: this process stops itself now.
pub(super) const STOPPING: u8 = b'S';
/// Said to the keeper: it goes on.
pub(super) const GOING_ON: u8 = b'C';
/// Said by the keeper, before it continues this process: it was stopped too.
pub(super) const STOPPED: u8 = b'P';
/// Said by the keeper: the system has not stopped it, because no shell watches.
pub(super) const NOT_STOPPED: u8 = b'N';

/// Whether a byte that was handed on asks for an end.
pub(super) fn asks_to_end(byte: u8) -> bool {
    ENDING.iter().any(|signal| *signal as u8 == byte)
}

/// All signals that are wishes or news from outside, and that were not ignored when the program began, as after `nohup`.
pub(super) fn wishes() -> Vec<Signal> {
    let ignored = procfs::ignored_signals();
    let all = ENDING.into_iter().chain([SUSPEND, RESIZED]).chain(STATUS);
    all.filter(|signal| ignored >> (*signal as u64 - 1) & 1 == 0).collect()
}

/// Ends this program as if it had never heard of signals.
pub fn die_of(signal: i32) -> ! {
    // Returns only where there is no such default; then the status tells it.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    std::process::exit(128 + signal)
}

/// Receives wishes from when it is made to the end of the program.
#[derive(Debug)]
pub struct Signals {
    source: Source,
    child: UnixStream,
    heard: RefCell<Vec<u8>>,
    suspend: Cell<bool>,
    status: Cell<bool>,
    resized: Cell<bool>,
    lost: Cell<bool>,
    /// Whether the keeper was not stopped with this process.
    refused: Cell<bool>,
}

#[derive(Debug)]
enum Source {
    Handlers(Vec<(Signal, UnixStream)>),
    /// The process group is the keeper's: the job that a shell knows.
    Keeper(UnixStream, Pid),
}

impl Signals {
    /// Installs handlers. A signal that was ignored when the program started stays ignored.
    ///
    /// # Errors
    /// The system's error.
    pub fn install() -> io::Result<Self> {
        let pipes = wishes().into_iter().map(|signal| Ok((signal, pipe(signal)?))).collect::<io::Result<_>>()?;
        Self::new(Source::Handlers(pipes))
    }

    /// Listens to the keeper alone.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn kept(keeper: UnixStream) -> io::Result<Self> {
        keeper.set_nonblocking(true)?;
        for signal in wishes() {
            // A flag that nobody reads: caught, so that it does nothing here, and as usual again in children.
            signal_hook::flag::register(signal as i32, Arc::new(AtomicBool::new(false)))?;
        }
        let job = getpgid(Some(getppid()))?;
        Self::new(Source::Keeper(keeper, job))
    }

    fn new(source: Source) -> io::Result<Self> {
        let child = pipe(Signal::SIGCHLD)?;
        // A mask that was inherited would keep the news away; children get the mask that is set here.
        let mut wanted = SigSet::from_iter(wishes());
        wanted.add(Signal::SIGCHLD);
        wanted.thread_unblock()?;
        let no = || Cell::new(false);
        Ok(Self { source, child, heard: RefCell::default(), suspend: no(), status: no(), resized: no(), lost: no(), refused: no() })
    }

    /// Descriptors that become readable when something has come.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.sources().iter().map(AsRawFd::as_raw_fd).collect()
    }

    pub(super) fn sources(&self) -> Vec<BorrowedFd<'_>> {
        let mut all = match &self.source {
            Source::Handlers(pipes) => pipes.iter().map(|(_, stream)| stream.as_fd()).collect(),
            Source::Keeper(stream, _) => vec![stream.as_fd()],
        };
        all.push(self.child.as_fd());
        all
    }

    /// Hears what has come, and gives the ending signals since the last call: one for each time. The others look
    /// only at what was heard here: one that came between two of them would wake nobody any more.
    pub fn take_ending(&self) -> Vec<i32> {
        self.listen();
        self.heard.take().into_iter().map(i32::from).collect()
    }

    /// Whether a pause was asked for since the last call.
    pub fn take_suspend(&self) -> bool {
        self.suspend.take()
    }

    /// Whether somebody has asked since the last call how things stand.
    pub fn take_status(&self) -> bool {
        self.status.take()
    }

    /// Whether flowrun's terminal may have another size since the last call.
    pub fn take_resized(&self) -> bool {
        self.resized.take()
    }

    /// The process group that a shell knows as flowrun's.
    pub fn job(&self) -> Pid {
        match &self.source {
            Source::Handlers(_) => getpgrp(),
            Source::Keeper(_, job) => *job,
        }
    }

    /// Whether a child may have ended since the last call.
    pub fn take_child(&self) -> bool {
        !matches!(drain(&self.child), Heard::Bytes(bytes) if bytes.is_empty())
    }

    /// Whether a keeper is above: then this process adopts orphans, and has no children but its own.
    pub fn is_kept(&self) -> bool {
        matches!(self.source, Source::Keeper(..))
    }

    /// Whether there was a keeper and it is dead: nobody would clean up after this process any more.
    pub fn keeper_lost(&self) -> bool {
        self.lost.get()
    }

    /// Stops this process, and the keeper above it as a shell expects of a pause; returns when it goes on.
    ///
    /// In a process group that no shell watches, where the system lets nobody pause by Ctrl-Z, it returns at once,
    /// and false.
    ///
    /// # Errors
    /// The system's error; nothing is stopped then.
    pub fn suspend_self(&self) -> io::Result<bool> {
        if let Source::Keeper(stream, _) = &self.source {
            let mut stream: &UnixStream = stream;
            self.refused.set(false);
            stream.write_all(&[STOPPING])?;
            // The keeper stops after this process, and continues it when it goes on itself: at once, maybe.
            raise(Signal::SIGSTOP)?;
            // Fails only when the keeper is dead, which `keeper_lost` tells.
            let _ = stream.write_all(&[GOING_ON]);
            self.listen();
            return Ok(!self.refused.get());
        }
        raise(Signal::SIGSTOP)?;
        Ok(true)
    }

    /// Sorts what has come.
    fn listen(&self) {
        let bytes = match &self.source {
            Source::Handlers(pipes) => {
                let of = |(signal, stream): &(Signal, UnixStream)| match drain(stream) {
                    Heard::Bytes(bytes) | Heard::Closed(bytes) => vec![*signal as u8; bytes.len()],
                };
                pipes.iter().flat_map(of).collect()
            }
            Source::Keeper(..) if self.lost.get() => return,
            Source::Keeper(stream, _) => match drain(stream) {
                Heard::Bytes(bytes) => bytes,
                Heard::Closed(bytes) => {
                    self.lost.set(true);
                    bytes
                }
            },
        };
        for byte in bytes {
            let is = |signal: &Signal| *signal as u8 == byte;
            if ENDING.iter().any(is) {
                self.heard.borrow_mut().push(byte);
            } else if is(&SUSPEND) {
                self.suspend.set(true);
            } else if STATUS.iter().any(is) {
                self.status.set(true);
            } else if is(&RESIZED) {
                self.resized.set(true);
            } else if byte == NOT_STOPPED {
                self.refused.set(true);
            }
        }
    }

    /// All wishes that have come, as bytes to hand on.
    pub(super) fn take_bytes(&self) -> Vec<u8> {
        self.listen();
        let mut bytes = self.heard.take();
        bytes.extend(self.suspend.take().then_some(SUSPEND as u8));
        bytes.extend(self.status.take().then_some(STATUS[0] as u8));
        bytes.extend(self.resized.take().then_some(RESIZED as u8));
        bytes
    }
}

/// A descriptor that can be read whenever a signal has come.
pub(super) fn pipe(signal: Signal) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    write.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal as i32, write)?;
    Ok(read)
}

/// What a stream had to say; the second when its other end is closed.
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Closed(Vec<u8>),
}

pub(super) fn drain(mut stream: &UnixStream) -> Heard {
    let mut bytes = Vec::new();
    let mut piece = [0; 64];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Heard::Closed(bytes),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Bytes(bytes),
            Err(_) => return Heard::Closed(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    #[test]
    fn a_wish_that_comes_between_two_looks_still_wakes_who_waits() {
        let signals = Signals::install().expect("handlers");
        assert_eq!(signals.take_ending(), [0; 0]);
        raise(Signal::SIGTERM).expect("it can be raised");
        assert!(!signals.take_suspend() && !signals.take_status() && !signals.take_resized() && !signals.keeper_lost());
        let mut sources: Vec<PollFd<'_>> = signals.sources().into_iter().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        assert_eq!(poll(&mut sources, PollTimeout::ZERO), Ok(1));
        drop(sources);
        assert_eq!(signals.take_ending(), [Signal::SIGTERM as i32]);
    }
}
