//! Calling the shim, and learning whether the program has begun.

use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::{MARK, Preparation, Stage};

/// This program's own file, to be called again.
///
/// It is held open, and called through its descriptor where the system has `/proc`: what replaces the
/// file during a run (an upgrade) is then never called. Elsewhere it is called by its path.
#[derive(Debug)]
pub struct Shim {
    /// None when the system does not tell where it is.
    path: Option<PathBuf>,
    /// Keeps the descriptor that `path` names.
    _file: Option<File>,
}

impl Shim {
    /// The program that runs now, whose `main` must begin with [`super::serve`].
    pub fn open() -> Self {
        match File::open("/proc/self/exe") {
            Ok(file) => Self { path: Some(PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))), _file: Some(file) },
            Err(_) => Self { path: std::env::current_exe().ok(), _file: None },
        }
    }

    /// The command that becomes `program` with these words; its standard input is set and is not to be changed. With a
    /// `listener` the preparation says that it listens.
    ///
    /// # Errors
    /// The system's error: of the socket; or that the system does not tell which program this is.
    pub fn command(
        &self,
        program: &Path,
        argv: &[String],
        stdin: &File,
        listener: Option<BorrowedFd<'_>>,
        preparation: Preparation,
    ) -> io::Result<(Command, Report)> {
        let unknown =
            || io::Error::other("the system does not tell where flowrun's own program is, which has to prepare it; is /proc mounted?");
        let path = self.path.as_ref().ok_or_else(unknown)?;
        let (ours, theirs) = UnixStream::pair()?;
        let descriptors: Vec<BorrowedFd<'_>> = std::iter::once(stdin.as_fd()).chain(listener).collect();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        // The socket keeps them until the shim asks, so nobody waits here. Descriptors need a byte to go with.
        sendmsg(&ours, &[IoSlice::new(b".")], &mut control, SendFlags::empty())?;
        let mut command = Command::new(path);
        command.arg0(MARK).arg(preparation.to_word()).arg(program).args(argv);
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        Ok((command, Report(ours)))
    }
}

/// Where a shim tells what went wrong.
#[derive(Debug)]
pub struct Report(UnixStream);

impl Report {
    /// Waits until the program has begun. The command must be gone by now, since it holds the other end.
    ///
    /// # Errors
    /// The error of the exec as the system gave it, or a sentence about what came before.
    pub fn wait(mut self) -> io::Result<()> {
        let mut told = Vec::new();
        self.0.read_to_end(&mut told)?;
        let [stage, errno @ ..] = told.as_slice() else { return Ok(()) };
        let errno = errno.try_into().map_or(0, i32::from_ne_bytes);
        let error = io::Error::from_raw_os_error(errno);
        match Stage::of_number(*stage) {
            Some(Stage::Exec) | None => Err(error),
            Some(stage) => Err(io::Error::other(format!("{}: {error}", stage.words()))),
        }
    }
}
