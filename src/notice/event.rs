//! The kinds of notices: one list, so that whoever reads notices finds here all that can be told.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{Exit, Failure, HaltReason, HostHolder, Outcome, RunSummary, Share, StopReason, Stream};
use crate::base::ids::{JobId, ProcessId, QueueId, ResourceId, Section, TakerId};
use crate::base::time::RunTime;

/// The kinds of notices.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The workflow's name.
        name: String,
        /// How many processes it has.
        processes: usize,
    },
    /// All joins of a process hold but it has to wait for locks, permits or a job slot.
    Queued {
        /// Which attempt of which process.
        job: JobId,
        /// The step that waits; none when the whole process does.
        step: Option<u32>,
        /// What it asks for; empty when only a job slot is missing.
        wants: Vec<Share>,
    },
    /// A request for locks and permits was granted.
    Acquired {
        /// Which attempt.
        job: JobId,
        /// The step that holds them; none when the whole process does.
        step: Option<u32>,
        /// What it holds.
        holds: Vec<Share>,
    },
    /// A request was given up before it was granted.
    Withdrawn {
        /// Which attempt.
        job: JobId,
        /// The step that waited; none when the whole process did.
        step: Option<u32>,
        /// What it asked for.
        wanted: Vec<Share>,
    },
    /// A process waits for what others on this machine hold. Told when that, or who holds it, changes.
    HeldElsewhere {
        /// Which attempt waits.
        job: JobId,
        /// For which lock or semaphore.
        resource: ResourceId,
        /// Who holds it.
        holders: Vec<HostHolder>,
        /// Whether it was told before that it waits for this.
        again: bool,
    },
    /// Locks and permits were given back.
    Released {
        /// Which attempt.
        job: JobId,
        /// The step that held them.
        step: Option<u32>,
        /// What is free again.
        freed: Vec<Share>,
    },
    /// A section of a process has to wait for locks and permits.
    SectionQueued {
        /// Whose.
        process: ProcessId,
        /// Which.
        section: Section,
        /// What it asks for.
        wants: Vec<Share>,
    },
    /// A section of a process has begun: what it asked for was granted.
    SectionAcquired {
        /// Whose.
        process: ProcessId,
        /// Which.
        section: Section,
        /// What it holds.
        holds: Vec<Share>,
    },
    /// A section that had to wait was given up, or refused, before it was granted.
    SectionWithdrawn {
        /// Whose.
        process: ProcessId,
        /// Which.
        section: Section,
        /// What it asked for.
        wanted: Vec<Share>,
    },
    /// A section of a process is over.
    SectionReleased {
        /// Whose.
        process: ProcessId,
        /// Which.
        section: Section,
        /// What is free again.
        freed: Vec<Share>,
    },
    /// A command or task has been started.
    Started {
        /// Which attempt.
        job: JobId,
        /// Which step, from 0.
        step: u32,
        /// The system's number of the process; none for built-in tasks.
        pid: Option<u32>,
    },
    /// A process is ready: its condition holds, or it is a daemon without one and its last step was started.
    /// Told once for each attempt. Of a finite process without a condition, `Started` says it all.
    Ready {
        /// Which attempt.
        job: JobId,
    },
    /// A probe found that a process is not ready yet or no longer answers. Told when the reason changes,
    /// and for each liveness probe.
    ProbeFailed {
        /// Which attempt.
        job: JobId,
        /// Whether it was ready before.
        live: bool,
        /// How many in a row.
        failures: u32,
        /// Why, in a few words.
        why: String,
    },
    /// What a process says of itself (`STATUS=` of sd_notify).
    SaidStatus {
        /// Which.
        process: ProcessId,
        /// Its words.
        text: String,
    },
    /// A daemon has ended and is started again.
    Restarting {
        /// The attempt that ended.
        job: JobId,
        /// How it ended; none when it did so with a success code.
        failure: Option<Failure>,
        /// How often it was restarted within its window, this time included.
        restarts: u32,
        /// How often it may be.
        max: u32,
        /// Time until it is started again (seconds).
        #[serde(serialize_with = "seconds")]
        delay: Duration,
    },
    /// A process was stopped because somebody asked for it to be begun anew: another attempt follows at once.
    BeginningAnew {
        /// The attempt that was stopped.
        job: JobId,
    },
    /// A process is asked to end.
    Stopping {
        /// Which attempt.
        job: JobId,
        /// Why.
        reason: StopReason,
        /// After this it is killed (seconds).
        #[serde(serialize_with = "seconds")]
        grace: Duration,
    },
    /// A process is killed with its group.
    Killing {
        /// Which attempt.
        job: JobId,
        /// Whether it was asked to end and has had its time for that.
        grace_over: bool,
    },
    /// An attempt failed and another follows.
    Retrying {
        /// The attempt that failed.
        job: JobId,
        /// Why.
        failure: Failure,
        /// How many attempts there may be.
        attempts: u32,
        /// Time until the next attempt asks for its locks (seconds).
        #[serde(serialize_with = "seconds")]
        delay: Duration,
    },
    /// A process that runs for each item of a queue waits for its first, or for another.
    WaitsForItem {
        /// Which attempt will be the next, or its first.
        job: JobId,
        /// The queue.
        queue: QueueId,
    },
    /// A process that asks for items while it runs (`flowrun queue get`) has to wait for one.
    GetWaits {
        /// Which attempt.
        job: JobId,
        /// Which of its requests.
        get: TakerId,
        /// The queue.
        queue: QueueId,
    },
    /// A process waits no longer for an item that it asked for.
    GetOver {
        /// Which attempt.
        job: JobId,
        /// Which of its requests.
        get: TakerId,
        /// The queue.
        queue: QueueId,
        /// Whether it got one.
        granted: bool,
    },
    /// A process has done what an item of a queue wanted.
    ItemDone {
        /// The attempt.
        job: JobId,
        /// The queue.
        queue: QueueId,
    },
    /// An attempt for an item of a queue failed; unless it is set aside, the item is delivered again.
    ItemFailed {
        /// The attempt that failed.
        job: JobId,
        /// The queue.
        queue: QueueId,
        /// Why.
        failure: Failure,
        /// How often the item was delivered.
        deliveries: u32,
        /// How often it may be.
        max: u32,
    },
    /// An item was delivered as often as may be, and never done: it is set aside, and the run fails.
    ItemSetAside {
        /// The queue.
        queue: QueueId,
        /// The item, shortened.
        #[serde(serialize_with = "lossy")]
        item: Vec<u8>,
        /// How often it was delivered.
        deliveries: u32,
    },
    /// A queue takes nothing any more: all its producers have ended, or somebody has closed it.
    QueueClosed {
        /// Which.
        queue: QueueId,
        /// How many items it has taken in all.
        items: u64,
    },
    /// Items are left in a queue, or came after, that can have no consumer any more: the run fails.
    QueueAbandoned {
        /// Which.
        queue: QueueId,
        /// How many items are left in it.
        left: u64,
    },
    /// A process has its outcome. Told exactly once for each process.
    Ended {
        /// Which.
        process: ProcessId,
        /// How.
        outcome: Outcome,
        /// How its last command ended, if one was started.
        exit: Option<Exit>,
        /// How many attempts were begun.
        attempts: u32,
        /// When its first command was started.
        started: Option<RunTime>,
    },
    /// Bytes that a process wrote: whole lines, each with its line break.
    Output {
        /// Which process.
        process: ProcessId,
        /// Where it wrote them.
        stream: Stream,
        /// The lines, as they were written, UTF-8 or not.
        #[serde(serialize_with = "lossy")]
        lines: Vec<u8>,
    },
    /// The run starts no more regular work.
    Halted {
        /// Why.
        reason: HaltReason,
    },
    /// The run is ending and waits for these to end.
    WaitingFor {
        /// Which processes still run.
        processes: Vec<ProcessId>,
        /// Then everything is killed (seconds); none when there is no bound.
        #[serde(serialize_with = "maybe_seconds")]
        at_most: Option<Duration>,
    },
    /// Everything is killed: a second signal came or the time for stopping is over.
    KillingAll {
        /// Whether the time for stopping is over.
        overdue: bool,
    },
    /// The run is suspended: what runs was stopped by the system, the run's time stands still.
    Suspended,
    /// The run goes on.
    Resumed,
    /// Somebody asks how things stand.
    StatusAsked,
    /// Something that a process started lives on after its end.
    Left {
        /// Which attempt.
        job: JobId,
        /// What lives, by number and command.
        processes: Vec<(u32, String)>,
        /// Whether it may do so until the end of the run; else it is being stopped.
        kept: bool,
    },
    /// Trouble that fails nothing by itself.
    Warning {
        /// The process it is about.
        process: Option<ProcessId>,
        /// What is the matter.
        message: String,
    },
    /// Every process has its outcome; nothing follows.
    RunEnded {
        /// The sum of it.
        summary: RunSummary,
    },
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => seconds(duration, serializer),
        None => serializer.serialize_none(),
    }
}

fn lossy<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}
