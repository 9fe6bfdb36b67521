//! The last step before the system: bytes into standard output and standard error.
//!
//! A closed output is no error: what would go there is dropped from then on and the run goes on. Any
//! other error (a full disk) is remembered, once, for the end. Writes go around the standard library's
//! line buffer and its lock, so that a thread that is stuck in a write stops nobody from ending.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::notice::Stream;

/// Takes batches of lines and puts them where they belong.
pub trait Drain: Send {
    /// Writes all parts in order.
    fn drain(&mut self, parts: &[(Stream, &[u8])]);
    /// How writing went so far.
    fn finished(&self) -> Finished {
        Finished::default()
    }
    /// Remembers trouble unless there was some before.
    fn trouble(&mut self, _message: String) {}
}

/// How the writing ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Standard output was closed by its reader, and what followed was dropped.
    pub stdout_closed: bool,
    /// The first error that was not that.
    pub error: Option<String>,
}

/// The two outputs of this program, or two others in tests.
pub struct Sinks<O, E> {
    stdout: Option<O>,
    stderr: Option<E>,
    finished: Finished,
}

impl Sinks<Wire, Wire> {
    /// The program's own.
    ///
    /// # Errors
    /// When their descriptors can not be duplicated.
    pub fn system() -> io::Result<Self> {
        let (stdout, stderr) = (io::stdout().as_fd().try_clone_to_owned()?, io::stderr().as_fd().try_clone_to_owned()?);
        Ok(Self::new(Wire::new(stdout.into()), Wire::new(stderr.into())))
    }
}

impl<O: Write, E: Write> Sinks<O, E> {
    /// Writes into these.
    pub fn new(stdout: O, stderr: E) -> Self {
        Self { stdout: Some(stdout), stderr: Some(stderr), finished: Finished::default() }
    }
}

impl<O: Write + Send, E: Write + Send> Drain for Sinks<O, E> {
    fn drain(&mut self, parts: &[(Stream, &[u8])]) {
        for (stream, bytes) in parts {
            match stream {
                Stream::Stdout => {
                    let error = put(&mut self.stdout, bytes);
                    self.finished.stdout_closed |= error.as_ref().is_some_and(is_closed);
                    self.remember("standard output", error);
                }
                Stream::Stderr => {
                    let error = put(&mut self.stderr, bytes);
                    self.remember("standard error", error);
                }
            }
        }
    }
    fn finished(&self) -> Finished {
        self.finished.clone()
    }
    fn trouble(&mut self, message: String) {
        self.finished.error.get_or_insert(message);
    }
}

impl<O, E> Sinks<O, E> {
    fn remember(&mut self, name: &str, error: Option<io::Error>) {
        if let Some(error) = error.filter(|error| !is_closed(error)) {
            self.finished.error.get_or_insert_with(|| format!("cannot write to {name}: {error}"));
        }
    }
}

/// A pipe without a reader.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Writes all of it; after an error nothing is written any more.
fn put(sink: &mut Option<impl Write>, bytes: &[u8]) -> Option<io::Error> {
    let open = sink.as_mut()?;
    let error = open.write_all(bytes).and_then(|()| open.flush()).err()?;
    *sink = None;
    Some(error)
}

/// A descriptor that is written to without a buffer, patiently when others made it non-blocking.
pub struct Wire {
    file: File,
    terminal: bool,
}

impl Wire {
    fn new(file: File) -> Self {
        Self { terminal: file.is_terminal(), file }
    }
    /// A terminal that has gone away is a closed output; on a disk the same error is a real one.
    fn explain(&self, error: io::Error) -> io::Error {
        let gone = self.terminal && error.raw_os_error() == Some(Errno::EIO as i32);
        if gone { ErrorKind::BrokenPipe.into() } else { error }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => wait_writable(self.file.as_fd())?,
                done => return done.map_err(|error| self.explain(error)),
            }
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wait_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a number of bytes, then fails.
    struct Narrow(usize, ErrorKind);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const PARTS: [(Stream, &[u8]); 3] = [(Stream::Stdout, b"one\n"), (Stream::Stderr, b"two\n"), (Stream::Stdout, b"three\n")];

    #[test]
    fn a_closed_output_is_dropped_and_the_other_goes_on() {
        let mut stderr = Vec::new();
        let mut sinks = Sinks::new(Narrow(2, ErrorKind::BrokenPipe), &mut stderr);
        sinks.drain(&PARTS);
        sinks.drain(&PARTS);
        assert_eq!(sinks.finished(), Finished { stdout_closed: true, error: None });
        assert_eq!(stderr, b"two\ntwo\n");
    }

    #[test]
    fn a_full_disk_is_remembered() {
        let mut sinks = Sinks::new(Narrow(6, ErrorKind::StorageFull), Vec::new());
        sinks.drain(&PARTS);
        sinks.drain(&PARTS);
        let finished = sinks.finished();
        assert!(!finished.stdout_closed);
        assert_eq!(finished.error.as_deref(), Some("cannot write to standard output: no storage space"));
    }
}
