//! What an executor sees of a process: what is run, with which surroundings and streams.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::address::Address;
use crate::base::ids::QueueId;
use crate::base::span::Span;
use crate::plan::late::{Late, LateCondition};
use crate::plan::probe::Probe;
use crate::task::Task;

/// What an executor sees of a process.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// What is done, one after another.
    pub steps: Vec<Step>,
    /// Its `if`, where that reads outputs.
    pub condition: Option<LateCondition>,
    /// Number among replicas or workers.
    pub index: Option<u32>,
    /// Standard input of every step.
    pub stdin: Stdin,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// Both outputs are a pseudo-terminal, read as standard output.
    pub tty: bool,
    /// The signal that asks it to end.
    pub stop_signal: i32,
    /// The command that is run before it.
    pub stop_command: Option<Step>,
    /// When it counts as ready.
    pub ready: Option<Probe>,
    /// What `ready` waits for, in words for people: without secrets, but as it was written in all else.
    pub awaited: Option<String>,
    /// What is asked again and again once it is ready.
    pub live: Option<Probe>,
    /// What it leaves running lives on until the end of the run.
    pub keep_leftovers: bool,
    /// Where flowrun listens for it.
    pub listen: Option<Listen>,
}

/// Where flowrun listens for a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address.
    pub address: Address,
    /// The command is started once for every connection, at most so often at once; none hands the socket over.
    pub accept: Option<u32>,
    /// Where it stands in the file.
    pub place: Span,
}

impl Work {
    /// Whether each connection has a command of its own.
    pub fn accepts(&self) -> bool {
        self.listen.as_ref().is_some_and(|listen| listen.accept.is_some())
    }
}

/// One step, ready to be run.
#[derive(Clone, Debug)]
pub struct Step {
    /// For people, if it has one.
    pub name: Option<String>,
    /// Where the program stands in the file; meaningless for a task.
    pub place: Span,
    /// What it does.
    pub action: Action,
    /// Its folder, absolute.
    pub cwd: PathBuf,
    /// What differs from the host's environment: a value, or none to unset. Shared by steps alike.
    pub env: Arc<BTreeMap<String, Option<String>>>,
    /// The names of variables whose values must not be shown.
    pub secrets: Arc<[String]>,
    /// The permissions that new files do not get, 0 to 0o777; none is flowrun's own. Meaningless for a task.
    pub umask: Option<u32>,
    /// Values that are known only when it starts; until then their source text stands for them.
    pub late: Option<Arc<Late>>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Runs a program.
    Command {
        /// The program and its arguments, the shell's own words included; never empty.
        argv: Vec<String>,
        /// The same without the shell, for a text that a shell would only split at blanks.
        direct: Option<Vec<String>>,
        /// What the file says, for people.
        text: String,
    },
    /// Runs a built-in task.
    Task {
        /// Its name.
        name: &'static str,
        /// The task with its arguments.
        task: Arc<dyn Task>,
    },
}

/// Where standard input comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// Nowhere.
    #[default]
    Null,
    /// This text.
    Text(String),
    /// This file, absolute.
    File(PathBuf),
    /// What another process writes; which is in its [`Control`].
    Pipe,
    /// The items of a queue, one a line.
    Queue(QueueId),
    /// flowrun's own; who has it holds the lock [`TERMINAL`].
    Inherit,
}

/// The lock that everybody holds who has flowrun's own standard input.
pub const TERMINAL: &str = "terminal";

/// Where an output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Captured and shown.
    #[default]
    Captured,
    /// Into a file, absolute.
    File {
        /// Which.
        path: PathBuf,
        /// Keeps what is there.
        append: bool,
    },
    /// Into the standard input of another process.
    Pipe,
    /// Into a queue, each line an item.
    Queue(QueueId),
    /// Standard error only: the same as standard output.
    SameAsStdout,
}
