//! Where the three standard streams of a command lead.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;

use super::command::Trouble;
use crate::io::child::{self, Channel};
use crate::io::files;
use crate::io::pty::{self, Size};
use crate::io::shim::Control;
use crate::io::terminal::Terminal;
use crate::plan::{Output, Stdin};

/// The streams of a command as the plan says.
#[derive(Debug)]
pub struct Streams<'a> {
    /// Standard input.
    pub stdin: &'a Stdin,
    /// Standard output.
    pub stdout: &'a Output,
    /// Standard error.
    pub stderr: &'a Output,
    /// How it stands to terminals.
    pub tty: Tty<'a>,
    /// The pipes that they are, where they come from another process or a queue, or go there.
    pub ends: Ends<'a>,
    /// Whether files of outputs are emptied: in the first step of an attempt.
    pub first: bool,
}

/// A child's ends of pipes that somebody else has made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends<'a> {
    /// For standard input.
    pub input: Option<&'a OwnedFd>,
    /// For standard output.
    pub output: Option<&'a OwnedFd>,
    /// For standard error.
    pub errors: Option<&'a OwnedFd>,
}

/// How a command stands to terminals.
#[derive(Clone, Copy, Debug)]
pub enum Tty<'a> {
    /// It has none.
    Without,
    /// Both outputs are a pseudo-terminal of its own, of this size.
    Own(Size),
    /// flowrun's own is its standard input, and takes those outputs that flowrun would show there. While it
    /// is lent the command is its foreground.
    OfFlowrun(&'a Terminal),
}

impl Tty<'_> {
    /// What has to be done for it before the command begins.
    pub fn control(self) -> Control {
        match self {
            Self::Own(_) => Control::Own,
            Self::OfFlowrun(terminal) if terminal.is_lent() => Control::Foreground,
            Self::Without | Self::OfFlowrun(_) => Control::Keep,
        }
    }
}

/// Opened streams.
pub(super) struct Open {
    pub stdin: Channel,
    pub stdout: Channel,
    pub stderr: Channel,
    /// Where what is written to the outputs is read, when they have no pipes of their own.
    pub reading: Option<OwnedFd>,
}

impl Streams<'_> {
    pub(super) fn open(&self) -> Result<Open, Trouble> {
        let stdin = self.open_stdin()?;
        if let Tty::Own(size) = self.tty {
            return open_terminal(stdin, size);
        }
        let stdout = self.open_output(self.stdout, self.ends.output, Terminal::stdout)?;
        let (reading, stdout, stderr) = match self.stderr {
            Output::SameAsStdout => match stdout {
                Channel::Pipe => {
                    let (read, one, other) = child::shared_pipe().map_err(Trouble::Spawn)?;
                    (Some(read), one, other)
                }
                Channel::File(file) => {
                    let other = file.try_clone().map_err(Trouble::Spawn)?;
                    (None, Channel::File(file), Channel::File(other))
                }
                Channel::Null => (None, Channel::Null, Channel::Null),
            },
            other => (None, stdout, self.open_output(other, self.ends.errors, Terminal::stderr)?),
        };
        Ok(Open { stdin, stdout, stderr, reading })
    }

    fn open_stdin(&self) -> Result<Channel, Trouble> {
        match self.stdin {
            Stdin::Null => Ok(Channel::Null),
            Stdin::Pipe | Stdin::Queue(_) => end_of(self.ends.input),
            Stdin::Inherit => io::stdin().as_fd().try_clone_to_owned().map(|fd| Channel::File(File::from(fd))).map_err(Trouble::Spawn),
            Stdin::File(path) => files::open(path, OpenOptions::new().read(true))
                .map(Channel::File)
                .map_err(|error| Trouble::Open { what: format!("cannot read standard input from {}", path.display()), error }),
            // An unnamed file instead of a pipe: no thread has to feed it, however long the text.
            Stdin::Text(text) => unnamed_file(text)
                .map(Channel::File)
                .map_err(|error| Trouble::Open { what: "cannot keep the text for standard input in a temporary file".to_owned(), error }),
        }
    }

    /// Opens one output; `end` is its pipe, if it has one, `shown` where flowrun would show it, if that is the terminal.
    fn open_output(
        &self,
        output: &Output,
        end: Option<&OwnedFd>,
        shown: impl Fn(&Terminal) -> Option<&OwnedFd>,
    ) -> Result<Channel, Trouble> {
        match (output, self.tty) {
            (Output::Captured | Output::SameAsStdout, Tty::OfFlowrun(terminal)) => shown(terminal).map_or(Ok(Channel::Pipe), |fd| {
                let copy = fd.try_clone().map_err(Trouble::Spawn)?;
                Ok(Channel::File(File::from(copy)))
            }),
            (Output::Captured | Output::SameAsStdout, _) => Ok(Channel::Pipe),
            (Output::Pipe | Output::Queue(_), _) => end_of(end),
            (Output::File { path, append }, _) => open_file(path, *append || !self.first)
                .map(Channel::File)
                .map_err(|error| Trouble::Open { what: format!("cannot write output to {}", path.display()), error }),
        }
    }
}

/// A terminal of its own for both outputs.
fn open_terminal(stdin: Channel, size: Size) -> Result<Open, Trouble> {
    let pty = pty::open(size).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOSPC) => Trouble::NoPty,
        _ => Trouble::Open { what: "cannot open a pseudo-terminal".to_owned(), error },
    })?;
    child::set_nonblocking(&pty.master).map_err(Trouble::Spawn)?;
    let other = pty.slave.try_clone().map_err(Trouble::Spawn)?;
    Ok(Open { stdin, stdout: Channel::File(pty.slave), stderr: Channel::File(other), reading: Some(pty.master) })
}

/// The end of a pipe as a stream; without one there is nobody at the other end.
fn end_of(pipe: Option<&OwnedFd>) -> Result<Channel, Trouble> {
    let Some(end) = pipe else { return Ok(Channel::Null) };
    end.try_clone().map(|end| Channel::File(File::from(end))).map_err(Trouble::Spawn)
}

fn unnamed_file(text: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Opens the file of an output.
///
/// # Errors
/// The system's error, or that it is a FIFO.
pub fn open_file(path: &Path, append: bool) -> io::Result<File> {
    // Writing at the end in any case: processes that share a file do not write over each other.
    let file = files::open(path, OpenOptions::new().create(true).append(true))?;
    if !append && file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}
