//! Commands as children of this process.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::io::child::{self, Channel, Spec};
use crate::io::files;
use crate::io::machine::reason;
use crate::io::program;
use crate::plan::{Output, Stdin, Work};

/// A child and the reading ends of its outputs.
#[derive(Debug)]
pub struct Running {
    /// The child and its group.
    pub pid: u32,
    /// Its standard output, and its standard error where that goes the same way.
    pub stdout: Option<OwnedFd>,
    /// Its standard error.
    pub stderr: Option<OwnedFd>,
}

/// Why a command was not started.
#[derive(Debug)]
pub enum StartError {
    /// The machine has no room for it now: too many processes or descriptors.
    NoRoom(String),
    /// It cannot be started.
    Failed(String),
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
    pub work: &'a Work,
    /// Whether files of outputs are emptied: in the first step of an attempt.
    pub first: bool,
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

enum Trouble {
    Spawn(io::Error),
    Open { what: String, error: io::Error },
}

fn launch(start: &Start<'_>, program: &Path, argv: &[String]) -> Result<Running, Trouble> {
    let stdin = open_stdin(&start.work.stdin)?;
    let stdout = open_output(&start.work.stdout, start.first)?;
    let (own_pipe, stdout, stderr) = match &start.work.stderr {
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
        other => (None, stdout, open_output(other, start.first)?),
    };
    let spec = Spec { program, argv, env: start.env, cwd: start.cwd, stdin, stdout, stderr };
    let spawned = child::spawn(spec).map_err(Trouble::Spawn)?;
    Ok(Running { pid: spawned.pid, stdout: spawned.stdout.or(own_pipe), stderr: spawned.stderr })
}

fn open_stdin(stdin: &Stdin) -> Result<Channel, Trouble> {
    match stdin {
        Stdin::Null => Ok(Channel::Null),
        Stdin::File(path) => files::open(path, OpenOptions::new().read(true))
            .map(Channel::File)
            .map_err(|error| Trouble::Open { what: format!("cannot read standard input from {}", path.display()), error }),
        // An unnamed file instead of a pipe: no thread has to feed it, however long the text.
        Stdin::Text(text) => unnamed_file(text)
            .map(Channel::File)
            .map_err(|error| Trouble::Open { what: "cannot keep the text for standard input in a temporary file".to_owned(), error }),
    }
}

fn unnamed_file(text: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

fn open_output(output: &Output, first: bool) -> Result<Channel, Trouble> {
    match output {
        Output::Captured | Output::SameAsStdout => Ok(Channel::Pipe),
        Output::File { path, append } => open_file(path, *append || !first)
            .map(Channel::File)
            .map_err(|error| Trouble::Open { what: format!("cannot write output to {}", path.display()), error }),
    }
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

fn explain(trouble: Trouble, argv: &[String], cwd: &Path) -> StartError {
    use nix::errno::Errno;
    let (what, error) = match trouble {
        Trouble::Open { what, error } => (what, error),
        Trouble::Spawn(error) => (format!("cannot start `{}`", argv[0]), error),
    };
    let errno = error.raw_os_error().map(Errno::from_raw);
    let why = match errno {
        Some(Errno::ENOENT) if what.starts_with("cannot write") => "its folder does not exist".to_owned(),
        Some(Errno::EAGAIN) => "the system allows no more processes (`ulimit -u` shows how many)".to_owned(),
        Some(Errno::EMFILE) => "the system allows no more open files (`ulimit -n` shows how many)".to_owned(),
        _ => reason(&error),
    };
    match errno {
        Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => StartError::NoRoom(format!("{what}: {why}")),
        Some(Errno::E2BIG) => StartError::Failed(format!("{what}: its arguments and environment are too long for this system")),
        Some(Errno::ENOENT | Errno::ENOTDIR) if !cwd.is_dir() => {
            StartError::Failed(format!("{what}: its folder {} does not exist", cwd.display()))
        }
        _ => StartError::Failed(format!("{what}: {why}")),
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
