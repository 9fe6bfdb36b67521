//! The plan: everything that a run needs, resolved, with dense ids, never changed again.
//!
//! A process has two halves: [`Control`] is all that the scheduler sees, [`Work`] all that an executor
//! sees. Simulated worlds make the first without the second.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::late::{Late, LateCondition};
use super::probe::Probe;
use crate::base::address::Address;
use crate::base::ids::{DenseMap, ProcessId, QueueId, ResourceId};
use crate::base::span::Span;
use crate::notice::Share;
use crate::source::model::{Backoff, Condition, OnFailure, OnTimeout, RestartPolicy};
use crate::task::Task;

/// A workflow with all its meaning.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// All instances, in file order.
    pub processes: DenseMap<ProcessId, Process>,
    /// Locks and semaphores, in file order.
    pub resources: DenseMap<ResourceId, Resource>,
    /// Queues, in file order.
    pub queues: DenseMap<QueueId, Queue>,
    /// The most finite processes that run at once; none is unlimited.
    pub jobs: Option<u32>,
    /// The run is stopped after this.
    pub timeout: Option<Duration>,
    /// What a failure does to the rest.
    pub on_failure: OnFailure,
}

impl Plan {
    /// All processes that a name stands for: a declared name means all its instances.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ProcessId> + 'a {
        self.processes.entries().filter(move |(_, process)| process.name == name || process.declared == name).map(|(id, _)| id)
    }
}

/// A lock or a semaphore.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Lock, or semaphore with its number of permits.
    pub kind: ResourceKind,
    /// The name under which other runs of the same user share it; none for one of this run alone.
    pub host: Option<String>,
    /// Where it is declared.
    pub place: Span,
}

/// The two kinds of [`Resource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// Held by one, or by many in shared mode.
    Lock,
    /// Held by as many as there are permits.
    Semaphore {
        /// At least 1.
        permits: u32,
    },
}

impl ResourceKind {
    /// The word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Semaphore { .. } => "semaphore",
        }
    }
}

/// A queue between processes.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The most items that wait in it, at least 1; none is unbounded.
    pub maxsize: Option<u32>,
    /// How often an item is delivered before it is set aside, at least 1.
    pub max_deliveries: u32,
    /// Who puts into it, in the order of their ids: it closes when all of them have ended.
    pub producers: Vec<ProcessId>,
    /// Who may take from it, in the order of their ids: it is abandoned when all of them have ended. Where no
    /// process says that it takes from it, all that run a command and do not put into it.
    pub consumers: Vec<ProcessId>,
    /// Whether processes say that they take from it.
    pub declared: bool,
    /// Producers that are fed by it, directly or through other queues: they hold it open only as long as something
    /// is queued or in work.
    pub fed: Vec<ProcessId>,
    /// The queues that feed each other in a ring with this one, itself among them; empty when nobody feeds it with
    /// what he takes from it.
    pub ring: Vec<QueueId>,
    /// Where it is declared.
    pub place: Span,
}

/// One instance of a process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its full name: `build`, `buyer[3]` or `test[a,3.11]`.
    pub name: String,
    /// The name in the file, which all instances share.
    pub declared: String,
    /// For people.
    pub description: Option<String>,
    /// Where its name stands in the file.
    pub place: Span,
    /// What the scheduler needs to know.
    pub control: Control,
    /// What an executor needs to know.
    pub work: Arc<Work>,
}

/// What the scheduler sees of a process.
#[derive(Clone, Debug)]
pub struct Control {
    /// A background service.
    pub daemon: bool,
    /// Its `if` is false.
    pub disabled: bool,
    /// Its `if` reads outputs: it is asked for when the joins hold.
    pub decided_late: bool,
    /// It reads what this process writes, through a pipe: both start together.
    pub pipe_from: Option<ProcessId>,
    /// The queue for each of whose items it runs once, one after another; each worker is a process of its own.
    pub for_each: Option<QueueId>,
    /// What must have happened before it starts.
    pub joins: Vec<Join>,
    /// Held during each attempt.
    pub request: Vec<Share>,
    /// One entry for each step; a process with a plain command has one.
    pub steps: Vec<StepControl>,
    /// The longest wait for locks and permits.
    pub acquire_timeout: Option<Duration>,
    /// The longest attempt, waiting for locks not counted.
    pub timeout: Option<Duration>,
    /// Attempts after a failed one.
    pub retries: Retries,
    /// Whether a command runs before the stop signal.
    pub stop_command: bool,
    /// Between the first asking and the killing.
    pub grace: Duration,
    /// Exit codes that mean success.
    pub success_codes: Vec<i32>,
    /// A failure does not fail the run.
    pub allow_failure: bool,
    /// When it counts as ready; without it, when its last step was started.
    pub ready: Option<Readiness>,
    /// What is asked again and again once it is ready.
    pub live: Option<Liveness>,
    /// Daemons: whether one that ended is started again.
    pub restart: Restart,
    /// Daemons: stopped as soon as all that join it have ended.
    pub stop_unused: bool,
    /// Daemons: wanted for its own sake, so that the run lasts as long as it does, or until it is interrupted.
    pub wanted: bool,
}

impl Default for Control {
    /// One step, no joins, no locks, ten seconds of grace, success is 0.
    fn default() -> Self {
        Self {
            daemon: false,
            disabled: false,
            decided_late: false,
            pipe_from: None,
            for_each: None,
            joins: Vec::new(),
            request: Vec::new(),
            steps: vec![StepControl::default()],
            acquire_timeout: None,
            timeout: None,
            retries: Retries::default(),
            stop_command: false,
            grace: DEFAULT_GRACE,
            success_codes: vec![0],
            allow_failure: false,
            ready: None,
            live: None,
            restart: Restart::default(),
            stop_unused: false,
            wanted: false,
        }
    }
}

/// Between the stop signal and the killing, unless a process says otherwise.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// What the scheduler sees of a step.
#[derive(Clone, Debug, Default)]
pub struct StepControl {
    /// Held during the step, beside what the process holds.
    pub request: Vec<Share>,
    /// The longest run of this step.
    pub timeout: Option<Duration>,
    /// It does nothing but wait, and takes no job slot.
    pub only_waits: bool,
}

/// When probes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Between the start of the last step and the first probe.
    pub initial_delay: Duration,
    /// Between the first answer and the second probe; doubled after each further answer.
    pub first_interval: Duration,
    /// It grows no further.
    pub interval: Duration,
    /// The longest wait for one answer.
    pub timeout: Duration,
}

/// What the scheduler sees of a readiness condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it has to be asked for; otherwise it is seen to happen.
    pub polled: bool,
    /// When it is asked for.
    pub rhythm: Rhythm,
    /// The longest time from the start of the last step until it holds.
    pub within: Duration,
}

/// What the scheduler sees of a liveness condition; it is always asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// When it is asked for; the initial delay counts from when it was ready.
    pub rhythm: Rhythm,
    /// So many failed probes in a row are a failure of the process; at least 1.
    pub failures: u32,
}

/// Whether and how a daemon that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// After which ends.
    pub policy: RestartPolicy,
    /// The most restarts within the window.
    pub max: u32,
    /// The window.
    pub within: Duration,
    /// Before the first restart in a window.
    pub delay: Duration,
    /// How the delay grows with each further restart in the window.
    pub backoff: Backoff,
    /// It grows no further.
    pub max_delay: Option<Duration>,
}

impl Default for Restart {
    /// Never; else at most five times in a minute, after one second, doubled each time.
    fn default() -> Self {
        Self {
            policy: RestartPolicy::No,
            max: 5,
            within: Duration::from_secs(60),
            delay: Duration::from_secs(1),
            backoff: Backoff::Exponential,
            max_delay: None,
        }
    }
}

/// One process that is waited for.
#[derive(Clone, Debug)]
pub struct Join {
    /// Which.
    pub process: ProcessId,
    /// Until when.
    pub until: Condition,
    /// How long at most, counted from when the joins without a bound hold.
    pub timeout: Option<Duration>,
    /// What happens then.
    pub on_timeout: OnTimeout,
    /// Where it stands in the file.
    pub place: Span,
}

/// Attempts after a failed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// How many.
    pub count: u32,
    /// Before the second attempt.
    pub delay: Duration,
    /// How the delay grows.
    pub backoff: Backoff,
    /// It grows no further.
    pub max_delay: Option<Duration>,
    /// It is shortened by a random part.
    pub jitter: bool,
}

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
