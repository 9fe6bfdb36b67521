//! Starting programs.
//!
//! Never uses `pre_exec`: with it the standard library leaves its vfork-like path for a plain fork,
//! whose cost grows with the memory of this program. A process group of its own keeps the fast path,
//! and so does an absolute program path, which is why PATH is searched before. What wants more to be done
//! before it begins goes through the [`shim`](super::shim).

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::shim::{Control, Preparation, Report, Shim};

/// Where one of a child's descriptors leads.
#[derive(Debug)]
pub enum Channel {
    /// `/dev/null`.
    Null,
    /// A pipe to this program.
    Pipe,
    /// A file.
    File(File),
}

/// What to start.
#[derive(Debug)]
pub struct Spec<'a> {
    /// The program's file.
    pub program: &'a Path,
    /// All words, the program's name first.
    pub argv: &'a [String],
    /// The whole environment.
    pub env: &'a [(OsString, OsString)],
    /// The folder it starts in.
    pub cwd: &'a Path,
    /// Standard input.
    pub stdin: Channel,
    /// Standard output.
    pub stdout: Channel,
    /// Standard error.
    pub stderr: Channel,
    /// A socket that it listens at, as descriptor 3; the preparation says so too.
    pub listener: Option<BorrowedFd<'a>>,
    /// What is done before it begins.
    pub preparation: Preparation,
}

/// A child that runs, the leader of its own process group.
#[derive(Debug)]
pub struct Spawned {
    /// Its number, which is also its group's.
    pub pid: u32,
    /// The reading end of its standard output, non-blocking.
    pub stdout: Option<OwnedFd>,
    /// The reading end of its standard error, non-blocking.
    pub stderr: Option<OwnedFd>,
}

/// Starts a program.
///
/// # Errors
/// The system's error: of the pipes, of the spawn, or of the program's own `exec`.
pub fn spawn(spec: Spec<'_>, shim: &Shim) -> io::Result<Spawned> {
    let (mut command, report) = if spec.preparation.is_empty() {
        let mut command = Command::new(spec.program);
        command.arg0(&spec.argv[0]).args(&spec.argv[1..]).stdin(stdio(spec.stdin));
        (command, None)
    } else {
        let (command, report) = shim.command(spec.program, spec.argv, &readable(spec.stdin)?, spec.listener, spec.preparation)?;
        (command, Some(report))
    };
    command.current_dir(spec.cwd).env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
    command.stdout(stdio(spec.stdout)).stderr(stdio(spec.stderr));
    // The leader of a group cannot make a session; the leader of a session leads a group anyway.
    if spec.preparation.control != Control::Own {
        command.process_group(0);
    }
    let mut child = command.spawn()?;
    drop(command);
    if let Some(Err(error)) = report.map(Report::wait) {
        child.wait()?;
        return Err(error);
    }
    let stdout = child.stdout.take().map(OwnedFd::from);
    let stderr = child.stderr.take().map(OwnedFd::from);
    for end in [&stdout, &stderr].into_iter().flatten() {
        set_nonblocking(end)?;
    }
    Ok(Spawned { pid: child.id(), stdout, stderr })
}

/// Two descriptors that lead into one pipe, and its reading end, non-blocking: for output of both kinds in order.
///
/// # Errors
/// The system's error.
pub fn shared_pipe() -> io::Result<(OwnedFd, Channel, Channel)> {
    let (read, write) = io::pipe()?;
    let read = OwnedFd::from(read);
    set_nonblocking(&read)?;
    let one = File::from(OwnedFd::from(write));
    let other = one.try_clone()?;
    Ok((read, Channel::File(one), Channel::File(other)))
}

/// A file to read from.
fn readable(channel: Channel) -> io::Result<File> {
    match channel {
        Channel::Null => File::open("/dev/null"),
        Channel::File(file) => Ok(file),
        Channel::Pipe => Err(io::Error::new(io::ErrorKind::InvalidInput, "a pipe for standard input has no other end")),
    }
}

fn stdio(channel: Channel) -> Stdio {
    match channel {
        Channel::Null => Stdio::null(),
        Channel::Pipe => Stdio::piped(),
        Channel::File(file) => Stdio::from(file),
    }
}

/// Makes reads return at once. Only ever set on ends that this program alone holds: the flag belongs to all
/// who share a description.
///
/// # Errors
/// The system's error.
pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
