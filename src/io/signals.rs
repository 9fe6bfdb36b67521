//! Signals as bytes in pipes: handlers that do nothing but write, so that everything else happens in the
//! loop. Signal masks stay untouched, because children would inherit them.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};

/// The signals that ask this program to end.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Receives signals from when it is made to the end of the program.
#[derive(Debug)]
pub struct Signals {
    ending: Vec<(i32, UnixStream)>,
    child: UnixStream,
}

impl Signals {
    /// Installs the handlers. A signal that was ignored when the program started stays ignored, as after `nohup`.
    ///
    /// # Errors
    /// The system's error.
    pub fn install() -> io::Result<Self> {
        // A mask that was inherited would keep the news away; children get the mask that is set here.
        let mut wanted = SigSet::empty();
        ENDING.iter().chain(&[Signal::SIGCHLD]).for_each(|signal| wanted.add(*signal));
        wanted.thread_unblock()?;
        let ignored = ignored_signals();
        let mut ending = Vec::new();
        for signal in ENDING {
            if ignored >> (signal as u64 - 1) & 1 == 0 {
                ending.push((signal as i32, pipe(signal)?));
            }
        }
        Ok(Self { ending, child: pipe(Signal::SIGCHLD)? })
    }

    /// Descriptors that become readable when a signal has come.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.ending.iter().map(|(_, stream)| stream.as_raw_fd()).chain([self.child.as_raw_fd()]).collect()
    }

    /// Ending signals that have come since the last call: one for each time.
    pub fn take_ending(&self) -> Vec<i32> {
        self.ending.iter().flat_map(|(signal, stream)| std::iter::repeat_n(*signal, drain(stream))).collect()
    }

    /// Whether a child may have ended since the last call.
    pub fn take_child(&self) -> bool {
        drain(&self.child) > 0
    }
}

fn pipe(signal: Signal) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    write.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal as i32, write)?;
    Ok(read)
}

fn drain(mut stream: &UnixStream) -> usize {
    let mut bytes = [0; 64];
    let mut total = 0;
    while let Ok(count) = stream.read(&mut bytes) {
        if count == 0 {
            break;
        }
        total += count;
    }
    total
}

/// The mask of ignored signals; 0 where the system does not tell.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
