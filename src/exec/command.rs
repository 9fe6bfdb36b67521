//! Commands as children of this process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

pub use super::streams::{Ends, Streams, Tty, open_file};
use crate::io::child::{self, Spec};
use crate::io::machine::reason;
use crate::io::program;
use crate::io::shim::{Preparation, Shim};

/// A child and the reading ends of its outputs.
#[derive(Debug)]
pub struct Running {
    /// The child and its group.
    pub pid: u32,
    /// Its standard output, and its standard error where that goes the same way.
    pub stdout: Option<OwnedFd>,
    /// Its standard error.
    pub stderr: Option<OwnedFd>,
    /// Its standard output is read from a pseudo-terminal.
    pub terminal: bool,
}

/// Why a command was not started.
#[derive(Debug)]
pub enum StartError {
    /// The machine has no room for it now: too many processes or descriptors.
    NoRoom(String),
    /// It cannot be started.
    Failed(String),
}

impl StartError {
    /// By what the system says of something that could not be done.
    pub fn of(doing: &str, error: &io::Error) -> Self {
        use nix::errno::Errno;
        let errno = error.raw_os_error().map(Errno::from_raw);
        let why = match errno {
            Some(Errno::EMFILE) => "the system allows no more open files (`ulimit -n` shows how many)".to_owned(),
            _ => reason(error),
        };
        match errno {
            Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS) => Self::NoRoom(format!("{doing}: {why}")),
            _ => Self::Failed(format!("{doing}: {why}")),
        }
    }
}

/// What is started.
#[derive(Debug)]
pub struct Start<'a> {
    /// The command with its shell.
    pub argv: &'a [String],
    /// The same without the shell, if that does.
    pub direct: Option<&'a [String]>,
    /// The folder.
    pub cwd: &'a Path,
    /// The whole environment.
    pub env: &'a [(OsString, OsString)],
    /// Standard input and outputs.
    pub streams: Streams<'a>,
    /// The permissions that its new files do not get.
    pub umask: Option<u32>,
    /// The socket that it listens at; its environment tells it so.
    pub listener: Option<BorrowedFd<'a>>,
    /// Prepares what cannot be prepared from here.
    pub shim: &'a Shim,
}

/// Starts a command.
///
/// # Errors
/// A sentence about what was being done, to which path.
pub fn start(start: &Start<'_>) -> Result<Running, StartError> {
    let path = start.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    if let Some(direct) = start.direct
        && let Some(program) = program::find(&direct[0], path, start.cwd)
    {
        match launch(start, &program, direct) {
            // A script without `#!`, or with one that leads nowhere: what a shell makes of it is the outcome.
            Err(Trouble::Spawn(error)) if start.cwd.is_dir() && is_of_the_program(&error) => {}
            other => return other.map_err(|trouble| explain(trouble, direct, start.cwd)),
        }
    }
    let Some(program) = program::find(&start.argv[0], path, start.cwd) else {
        return Err(StartError::Failed(not_found(&start.argv[0], start.cwd, path)));
    };
    launch(start, &program, start.argv).map_err(|trouble| explain(trouble, start.argv, start.cwd))
}

/// Whether a program's file cannot be executed as it is.
fn is_of_the_program(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::ENOEXEC | Errno::ENOENT | Errno::EACCES))
}

/// What went wrong on the way to a running child.
pub(super) enum Trouble {
    Spawn(io::Error),
    Open {
        what: String,
        error: io::Error,
    },
    /// The system has no more of them.
    NoPty,
}

fn launch(start: &Start<'_>, program: &Path, argv: &[String]) -> Result<Running, Trouble> {
    let open = start.streams.open()?;
    let listener = start.listener;
    let preparation = Preparation { umask: start.umask, control: start.streams.tty.control(), listens: listener.is_some() };
    let (env, cwd) = (start.env, start.cwd);
    let spec = Spec { program, argv, env, cwd, stdin: open.stdin, stdout: open.stdout, stderr: open.stderr, listener, preparation };
    let spawned = child::spawn(spec, start.shim).map_err(Trouble::Spawn)?;
    let terminal = matches!(start.streams.tty, Tty::Own(_));
    Ok(Running { pid: spawned.pid, stdout: spawned.stdout.or(open.reading), stderr: spawned.stderr, terminal })
}

fn explain(trouble: Trouble, argv: &[String], cwd: &Path) -> StartError {
    use nix::errno::Errno;
    let (what, error) = match trouble {
        Trouble::NoPty => {
            return StartError::NoRoom("cannot open a pseudo-terminal: all that this system allows are in use".to_owned());
        }
        Trouble::Open { what, error } => (what, error),
        Trouble::Spawn(error) => (format!("cannot start `{}`", argv[0]), error),
    };
    let errno = error.raw_os_error().map(Errno::from_raw);
    match errno {
        Some(Errno::EAGAIN) => StartError::NoRoom(format!("{what}: the system allows no more processes (`ulimit -u` shows how many)")),
        Some(Errno::ENOENT) if what.starts_with("cannot write") => StartError::Failed(format!("{what}: its folder does not exist")),
        Some(Errno::E2BIG) => StartError::Failed(format!("{what}: its arguments and environment are too long for this system")),
        Some(Errno::ENOENT | Errno::ENOTDIR) if !cwd.is_dir() => {
            StartError::Failed(format!("{what}: its folder {} does not exist", cwd.display()))
        }
        _ => StartError::of(&what, &error),
    }
}

fn not_found(name: &str, cwd: &Path, path: Option<&OsStr>) -> String {
    if !cwd.is_dir() {
        return format!("its folder {} does not exist", cwd.display());
    }
    if name.contains('/') {
        let file = cwd.join(name);
        let problem = if file.is_dir() {
            "is a folder"
        } else if file.exists() {
            "may not be executed; `chmod +x` makes it a program"
        } else {
            "does not exist"
        };
        return format!("{} {problem}", file.display());
    }
    match path {
        Some(_) => format!("there is no program `{name}` in PATH"),
        None => format!("there is no program `{name}` in /bin or /usr/bin; PATH is not set"),
    }
}
