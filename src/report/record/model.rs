//! The report: what a run was, as data.
//!
//! These types are the JSON format and the source of its schema; every other format is made from them. Times are in
//! seconds of the run's own time, from its start, pauses of the whole run left out. Within one version fields are only
//! added. Names are shared, so that 100,000 processes that join each other stay small.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::RunTime;
use crate::notice::OutcomeKind;
use crate::source::model::Condition;

/// The version of the format.
pub const VERSION: u32 = 1;

/// A name of a process, a lock, a semaphore or a queue.
pub type Name = Arc<str>;

/// What a run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub version: u32,
    /// The version of the program that wrote it.
    pub flowrun: String,
    /// The run as a whole.
    pub run: Run,
    /// All processes, in the order of the file.
    pub processes: Vec<Process>,
    /// All locks and semaphores, in the order of the file.
    pub resources: Vec<Resource>,
    /// All queues, in the order of the file.
    pub queues: Vec<Queue>,
    /// What made the run as long as it was, from its start to its end: of what ran and waited, each piece began because
    /// the one before it was over.
    pub critical_path: Vec<Segment>,
    /// What was warned of, the first hundred.
    pub warnings: Vec<Warning>,
    /// How many more warnings there were.
    pub warnings_left_out: u64,
}

/// The run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The workflow's name.
    pub name: String,
    /// What the workflow says about itself.
    pub description: Option<String>,
    /// The run's id, as in `FLOWRUN_RUN_ID`.
    pub id: String,
    /// The workflow's file as it was named; `<stdin>` for standard input.
    pub file: String,
    /// When it started: wall-clock time, UTC, as in RFC 3339.
    pub started: String,
    /// How long it took (seconds), pauses left out.
    pub length: RunTime,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The same in words.
    pub text: String,
    /// The signal that interrupted it.
    pub signal: Option<i32>,
    /// The exit status that follows from this. Trouble with writing output or reports may still make it 3.
    pub status: u8,
    /// The most processes at once; none is unlimited.
    pub jobs: Option<u32>,
    /// When it began to start nothing new, and why.
    pub halted: Option<Halted>,
    /// How many processes ended how.
    pub counts: Counts,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything went well.
    Success,
    /// A process or a queue failed.
    Failed,
    /// A signal ended it.
    Interrupted,
    /// Its own timeout passed.
    TimedOut,
    /// flowrun itself could not go on: what is told of the end of processes is incomplete.
    Lost,
}

/// The moment from which a run started nothing new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Halted {
    /// When.
    pub at: RunTime,
    /// Why, in words.
    pub text: String,
}

/// How many processes ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All.
    pub processes: usize,
    /// Did what they should.
    pub success: usize,
    /// Failed, and were not allowed to.
    pub failed: usize,
    /// Failed, and were allowed to.
    pub allowed: usize,
    /// Were never started, and need not have been.
    pub skipped: usize,
    /// Were cut off, or kept from starting.
    pub cancelled: usize,
    /// Were stopped on purpose.
    pub stopped: usize,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Its full name, as in `build` or `buyer[3]`.
    pub name: Name,
    /// The name in the file, which all instances share.
    pub declared: Name,
    /// What the workflow says about it.
    pub description: Option<String>,
    /// Where its name stands in the workflow's file.
    pub place: Place,
    /// Whether it is a background service.
    pub daemon: bool,
    /// What it waited for before it started, the first thousand.
    pub joins: Vec<Join>,
    /// How many more joins it has.
    pub joins_left_out: usize,
    /// When all its joins held; none when they never did.
    pub joined: Option<RunTime>,
    /// When its first command was started.
    pub started: Option<RunTime>,
    /// When it had its outcome; none only when the run was lost.
    pub ended: Option<RunTime>,
    /// How it ended; none only when the run was lost.
    pub outcome: Option<Outcome>,
    /// The exit code of its last command as Python shows it: -15 when signal 15 ended it; none when none was started.
    pub code: Option<i32>,
    /// How many attempts were begun: retries, restarts and items of queues included.
    pub attempts_begun: u32,
    /// The attempts, in order; of many, the first three and the last seven. The last may be one that was waited for and
    /// never begun: for the time of a retry, or for an item.
    pub attempts: Vec<Attempt>,
}

/// A place in the workflow's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
}

/// One process that another waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Join {
    /// Which is waited for.
    pub process: Name,
    /// Until when.
    pub until: Condition,
    /// When that was so; none when it never was, or was not waited for any longer.
    pub held: Option<RunTime>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The word for it.
    pub kind: OutcomeKind,
    /// Whether it failed and was allowed to.
    pub allowed: bool,
    /// Why; none for `success` and `stopped`.
    pub reason: Option<Reason>,
}

/// Why something ended as it did: the facts that belong to its kind, and a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What it was.
    pub kind: ReasonKind,
    /// The same in words.
    pub text: String,
    /// The exit code, for `exit_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The number of the signal, for `signal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The bound that was passed (seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The other process that it has to do with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Name>,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Failed: its exit code is none of its success codes.
    ExitCode,
    /// Failed: a signal ended it that flowrun did not send.
    Signal,
    /// Failed: it ran too long.
    Timeout,
    /// Failed: it could not be started.
    NotStarted,
    /// Failed: it waited too long for locks or permits.
    AcquireTimeout,
    /// Failed: a lock that runs share could not be had.
    HostLock,
    /// Failed: it was not ready in time.
    NeverReady,
    /// Failed: it ended before it was ready.
    EndedBeforeReady,
    /// Failed: it no longer answered as it should.
    NotLive,
    /// Failed: it said that it was about to end, and did not.
    NeverEnded,
    /// Failed: it fell more often than it may be restarted.
    FellTooOften,
    /// Failed: it wrote what cannot be an item of a queue.
    BadItem,
    /// Failed: items of its queue were set aside.
    ItemsSetAside,
    /// Failed: it waited too long for another process.
    JoinTimeout,
    /// Skipped: its `if` is false.
    Condition,
    /// Skipped: a partner in its pipe was not started.
    Partner,
    /// Skipped: one of its joins could no longer hold.
    Join,
    /// Cancelled: another process failed.
    Failure,
    /// Cancelled: a signal ended the run.
    Interrupt,
    /// Cancelled: the run's own timeout passed.
    RunTimeout,
    /// Cancelled: the work ended before its turn came.
    WorkEnded,
    /// Cancelled: it was asked to stop before it started.
    Requested,
    /// Cancelled: nothing that needs it was left.
    Unused,
}

/// One attempt at a process: the only one of most; another for each retry, restart and item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// When it began to wait for what it needs, or to run.
    pub from: RunTime,
    /// When it ended; none only when the run was lost.
    pub to: Option<RunTime>,
    /// What it waited for, in order.
    pub waits: Vec<Wait>,
    /// Which locks and permits it held, in the order in which it got them.
    pub holds: Vec<Hold>,
    /// The commands and tasks that ran, in order.
    pub steps: Vec<Step>,
    /// When it was ready, where that is more than being started.
    pub ready: Option<RunTime>,
    /// From when on it was asked to end before its time.
    pub stopping: Option<Stopping>,
    /// How it ended; none only when the run was lost.
    pub outcome: Option<AttemptOutcome>,
    /// Why it failed, was cancelled or begun anew.
    pub reason: Option<Reason>,
    /// The last lines of output, without line breaks, if it failed, was restarted or was warned of; at most ten lines
    /// and 4 KiB.
    pub last_lines: Vec<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It did what it should.
    Success,
    /// It did not.
    Failed,
    /// It was cut off by the end of the run, or by a withdrawal of its process.
    Cancelled,
    /// It was stopped on purpose.
    Stopped,
    /// Somebody asked for the process to be begun anew.
    BegunAnew,
}

/// A time in which an attempt waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// For what.
    pub kind: WaitKind,
    /// The step that waited, from 0; none when the whole attempt did.
    pub step: Option<u32>,
    /// The locks and permits that it waited for, for `locks`.
    pub wants: Vec<Share>,
    /// The queue, for `items`.
    pub queue: Option<Name>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
    /// Whether it got what it waited for.
    pub granted: bool,
    /// The process that gave it back last, for `locks` and `slot`, where it was one of this run.
    pub freed_by: Option<Name>,
}

/// What an attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// Locks or permits, and perhaps a job slot too.
    Locks,
    /// A job slot alone.
    Slot,
    /// An item of a queue.
    Items,
    /// The delay before a retry or restart.
    Delay,
}

/// A lock or permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// The name of the lock or semaphore.
    pub resource: Name,
    /// Whether it is a lock that others may hold at the same time.
    pub shared: bool,
    /// How many permits; 1 for locks.
    pub permits: u32,
}

/// A time in which locks or permits were held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// The step that held them, from 0; none when the whole attempt did.
    pub step: Option<u32>,
    /// What was held.
    pub shares: Vec<Share>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
}

/// A command or task that ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which step, from 0.
    pub step: u32,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// The system's number of the process; none for built-in tasks.
    pub pid: Option<u32>,
    /// From when.
    pub from: RunTime,
    /// Until when; none only when the run was lost.
    pub to: Option<RunTime>,
}

/// A time in which a process was asked to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stopping {
    /// From when.
    pub from: RunTime,
    /// Why, in words.
    pub text: String,
    /// When it was killed, if it was.
    pub killed: Option<RunTime>,
}

/// A lock or semaphore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// Its name.
    pub name: Name,
    /// Which of the two.
    pub kind: ResourceKind,
    /// How many permits; 1 for a lock.
    pub permits: u32,
    /// The name under which other runs share it; none for one of this run alone.
    pub host: Option<String>,
    /// How often it was held.
    pub held: u64,
    /// The sum of the times in which somebody waited for it (seconds).
    pub waited: f64,
    /// Who waited for it and held it, in the order in which that began; the first thousand.
    pub uses: Vec<Use>,
    /// How many more there were.
    pub uses_left_out: u64,
}

/// The two kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// Held by one, or by many in shared mode.
    Lock,
    /// Held by as many as there are permits.
    Semaphore,
}

/// One request for a lock or permits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Use {
    /// By which process.
    pub process: Name,
    /// In which attempt.
    pub attempt: u32,
    /// For which step, from 0; none for the whole attempt.
    pub step: Option<u32>,
    /// Whether a script of the process took it, with `flowrun lock`.
    #[serde(default)]
    pub section: bool,
    /// Whether others could hold it at the same time.
    pub shared: bool,
    /// How many permits.
    pub permits: u32,
    /// When it was asked for.
    pub asked: RunTime,
    /// When it was had; none when it never was.
    pub had: Option<RunTime>,
    /// When it was given back or, without having been had, given up; none only when the run was lost.
    pub freed: Option<RunTime>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Queue {
    /// Its name.
    pub name: Name,
    /// The most items that wait in it; none is unbounded.
    pub maxsize: Option<u32>,
    /// Items that it took in all; none when it was never closed.
    pub items: Option<u64>,
    /// Items that the workers of `for_each` have done.
    pub done: u64,
    /// Deliveries to the workers of `for_each` that failed.
    pub failed: u64,
    /// Items that were set aside, the first hundred.
    pub set_aside: Vec<SetAside>,
    /// How many more were set aside.
    pub set_aside_left_out: u64,
    /// When it was closed.
    pub closed: Option<RunTime>,
    /// When it was abandoned because nobody could take from it any more.
    pub abandoned: Option<RunTime>,
    /// How many items were left in it then.
    pub left: u64,
}

/// An item that was delivered as often as may be and never done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// When.
    pub at: RunTime,
    /// The item, shortened; what is not UTF-8 is replaced.
    pub item: String,
    /// How often it was delivered.
    pub deliveries: u32,
}

/// A piece of the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Whose.
    pub process: Name,
    /// In which attempt; 0 before the first.
    pub attempt: u32,
    /// The step, from 0, for `running`.
    pub step: Option<u32>,
    /// What it did.
    pub activity: Activity,
    /// From when.
    pub from: RunTime,
    /// Until when.
    pub to: RunTime,
    /// What its end brought about.
    pub then: Link,
}

/// What a process did in a piece of the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A command or task of it ran.
    Running,
    /// Between what let it start and its start: its `if` was decided, a program was loaded, a partner was waited for.
    Starting,
    /// It waited for locks or permits that nobody in this run held.
    WaitingForLocks,
    /// It waited for a job slot.
    WaitingForSlot,
    /// It waited for an item of a queue.
    WaitingForItems,
    /// It waited for the time of its retry or restart.
    Delay,
    /// It had been asked to end.
    Stopping,
}

/// What the end of a piece of the critical path brought about: why the next piece began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Link {
    /// The end of the run.
    End,
    /// The same process went on.
    Next,
    /// A join of the next process held.
    Join {
        /// The condition.
        until: Condition,
    },
    /// The next process got what this one gave back.
    Locks {
        /// Which locks and permits it waited for.
        wants: Vec<Share>,
    },
    /// The next process got its job slot.
    Slot,
    /// The next process was not needed any more, and was asked to end.
    Stop,
}

/// Something that was warned of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// When.
    pub at: RunTime,
    /// The process that it is about.
    pub process: Option<Name>,
    /// What was the matter.
    pub text: String,
}
