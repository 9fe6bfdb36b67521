//! The words between the core and the runner.

use std::time::Duration;

use super::refused::Refused;
use crate::base::ids::{HostAsk, ItemId, JobId, OfferId, ProcessId, QueueId, ResourceId, Section, TakerId};
use crate::base::time::RunTime;
use crate::notice::{Event, Exit, Notice, Share};

/// News for the core.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The run begins. Comes first and once.
    Begin,
    /// A step was started.
    Started {
        /// Which attempt.
        job: JobId,
        /// Which step.
        step: u32,
        /// The system's number; none for built-in tasks.
        pid: Option<u32>,
    },
    /// A step has ended, or could not be started.
    Ended {
        /// Which attempt.
        job: JobId,
        /// Which step.
        step: u32,
        /// How.
        exit: Exit,
    },
    /// The stop command of a process has ended.
    StopCommandEnded {
        /// Of which attempt.
        job: JobId,
    },
    /// A probe was answered, or what a process waits for to be ready was seen to happen.
    Probed {
        /// Of which attempt.
        job: JobId,
        /// Which probe: the number that [`Effect::Probe`] gave. None for what was seen to happen without
        /// having been asked for; only readiness can be.
        probe: Option<u32>,
        /// Whether the condition holds; if not, why, in a few words.
        result: Result<(), String>,
    },
    /// Whether the `if` of a process holds; an error is why it cannot be told, and a failure of the process.
    Decided {
        /// Which.
        process: ProcessId,
        /// The answer.
        holds: Result<bool, String>,
    },
    /// A process says that it is about to end (`STOPPING=1` of sd_notify).
    SaysStopping {
        /// Which attempt.
        job: JobId,
    },
    /// All that [`Effect::AskHost`] asked for is held.
    HostGranted {
        /// Which asking.
        ask: HostAsk,
        /// The numbers of the permits, by semaphore.
        permits: Vec<(ResourceId, Vec<u32>)>,
    },
    /// What [`Effect::AskHost`] asked for can not be had, however long one waits; nothing of it is held.
    HostFailed {
        /// Which asking.
        ask: HostAsk,
        /// Why, in a few words.
        why: String,
    },
    /// Somebody has items for a queue. Answered by `Accept`, perhaps in parts, or by `RefuseOffer`.
    Offered {
        /// Which offering, never used before.
        offer: OfferId,
        /// For which queue.
        queue: QueueId,
        /// How many, at least 1.
        count: u32,
        /// The process that is held back until they are taken; none for who belongs to none.
        by: Option<ProcessId>,
    },
    /// What is left of an offering is not offered any more.
    OfferOver {
        /// Which.
        offer: OfferId,
    },
    /// Somebody wants items of a queue. What the same taker was handed before, and did not keep for a process, is
    /// done. Answered by `Hand` or `EndOfQueue`.
    Wanted {
        /// Who: the number of a taker, never used for another queue.
        taker: TakerId,
        /// Of which queue.
        queue: QueueId,
        /// The most at once, at least 1.
        most: u32,
        /// The attempt that has an item in work until it says that it is done; without, it is done when handed over.
        keeper: Option<JobId>,
    },
    /// A taker takes no more; one that belongs to a process says so before that process has `Ended`. What it was handed is done, but for what was never handed on.
    TakerOver {
        /// Who.
        taker: TakerId,
        /// What was not handed on: it goes back to the head of the queue, as if it had never been delivered.
        back: Vec<ItemId>,
    },
    /// An attempt says that an item which it has in work is done.
    ItemDone {
        /// Who.
        job: JobId,
        /// Of which queue.
        queue: QueueId,
        /// Which; without, the one it has had for the longest.
        item: Option<ItemId>,
    },
    /// Somebody closes a queue: it takes nothing more.
    CloseQueue {
        /// Which.
        queue: QueueId,
    },
    /// What a process wrote cannot be an item.
    BadItem {
        /// Which attempt.
        job: JobId,
        /// Why, in a few words.
        why: String,
    },
    /// A client inside of a process asks for locks and permits. Answered by `SectionGranted` or `SectionRefused`, unless
    /// `SectionOver` comes before.
    SectionAsked(SectionAsk),
    /// A client gives back what its section holds, has given it up, or is gone.
    SectionOver {
        /// Which.
        section: Section,
    },
    /// Somebody asks for the whole run to be suspended, as with Ctrl-Z.
    Suspend,
    /// The run goes on. No time has passed since `Suspend`: the run's own clock stood still.
    Resume,
    /// Somebody asks for a process to be stopped.
    StopProcess {
        /// Which.
        process: ProcessId,
    },
    /// Somebody asks for a process that runs to be stopped and begun anew.
    RestartProcess {
        /// Which.
        process: ProcessId,
    },
    /// A signal asks flowrun to end: the first for an orderly end, unless it means at once, the second for an immediate one.
    Interrupt {
        /// Its number.
        signal: i32,
        /// Whether it means at once.
        at_once: bool,
    },
    /// The moment that [`Scheduler::deadline`](super::Scheduler::deadline) named has come.
    Tick,
}

/// A critical section that a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct SectionAsk {
    /// Which: a number of its own.
    pub section: Section,
    /// The process that the client belongs to.
    pub process: ProcessId,
    /// The sections that the client runs in.
    pub within: Vec<Section>,
    /// What it asks for: never empty, nothing twice, nothing that other runs share, no more than there is.
    pub shares: Vec<Share>,
    /// The longest wait; none is unbounded, zero does not wait at all.
    pub patience: Option<Duration>,
}

/// What the runner is asked to do. Nothing may be refused; trouble comes back as an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a step. Answered by `Started` and later `Ended`, or by `Ended` alone.
    Start {
        /// Which attempt.
        job: JobId,
        /// Which step.
        step: u32,
        /// Numbers of the permits it holds, by semaphore.
        permits: Vec<(ResourceId, Vec<u32>)>,
        /// The item that it runs for (`for_each`).
        item: Option<Delivery>,
    },
    /// Items that were offered are in their queue: the next ones of the offering.
    Accept {
        /// Which offering.
        offer: OfferId,
        /// The queue.
        queue: QueueId,
        /// The number of the first; the others follow it.
        first: ItemId,
        /// How many.
        count: u32,
    },
    /// What is left of an offering is not taken.
    RefuseOffer {
        /// Which.
        offer: OfferId,
        /// Whether people are told of it as of an abandoned queue.
        abandoned: bool,
    },
    /// Items for somebody who wants them.
    Hand {
        /// Who.
        taker: TakerId,
        /// The items; never empty.
        items: Vec<Delivery>,
    },
    /// The queue has no item for this taker, and never will.
    EndOfQueue {
        /// Who.
        taker: TakerId,
    },
    /// The queue takes nothing any more: what its producers have written and write is offered once more, so that
    /// nothing is lost in silence, and is refused; then they meet a closed pipe.
    CutProducers {
        /// The queue.
        queue: QueueId,
    },
    /// An item will not be delivered again.
    Forget {
        /// The queue.
        queue: QueueId,
        /// The item.
        item: ItemId,
        /// How often it was delivered, if it was given up: it is set aside, and people are to be told.
        set_aside: Option<u32>,
    },
    /// All joins of a process hold: ask its `if`, which reads what others have written. Answered by `Decided`.
    Decide {
        /// Which.
        process: ProcessId,
    },
    /// Ask whether the condition holds. Answered by `Probed` with the same number.
    Probe {
        /// Of which attempt.
        job: JobId,
        /// Numbered from 0 in each attempt.
        probe: u32,
        /// Whether it asks for liveness, not readiness.
        live: bool,
    },
    /// Give up the probe that is under way, or held back; what it may still say is not heard.
    EndProbe {
        /// Of which attempt.
        job: JobId,
    },
    /// Take these locks and permits, which other runs share, one after another in this order, waiting for each as
    /// long as need be. Answered by `HostGranted` or `HostFailed`, unless `ReleaseHost` comes before.
    AskHost {
        /// For which attempt.
        job: JobId,
        /// The number of this asking.
        ask: HostAsk,
        /// What; never empty.
        wants: Vec<Share>,
    },
    /// Give back all that this asking has brought, and wait for the rest no longer.
    ReleaseHost {
        /// Which asking.
        ask: HostAsk,
    },
    /// Tell the client that its section has begun. It lasts until `SectionOver`.
    SectionGranted {
        /// Which.
        section: Section,
        /// The numbers of the permits, by semaphore.
        permits: Vec<(ResourceId, Vec<u32>)>,
    },
    /// Tell the client that its section was refused; nothing more is heard of it.
    SectionRefused {
        /// Which.
        section: Section,
        /// Why.
        why: Refused,
    },
    /// Suspend everything that runs and let the run's clock stand still. Until `Resume`, starts, probes and locks of
    /// the host are held back; all other effects are performed as always.
    Suspend,
    /// Let everything that was suspended go on.
    Resume,
    /// Run the stop command. Answered by `StopCommandEnded`.
    RunStopCommand {
        /// Of which attempt.
        job: JobId,
    },
    /// Send the process's stop signal to its group, or cancel its task.
    Terminate {
        /// Which attempt.
        job: JobId,
    },
    /// Kill the process's group, and its stop command.
    Kill {
        /// Which attempt.
        job: JobId,
    },
}

/// An item on its way to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Of which queue.
    pub queue: QueueId,
    /// Which.
    pub item: ItemId,
    /// The how manieth delivery of this item it is, from 1.
    pub delivery: u32,
}

/// What a step puts out, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    /// For the runner.
    pub effects: Vec<Effect>,
    /// For people and machines.
    pub notices: Vec<Notice>,
}

impl Outbox {
    pub(super) fn tell(&mut self, at: RunTime, event: Event) {
        self.notices.push(Notice { at, event });
    }
}

/// What a run is given beside its plan.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bounds all stopping and cleaning up.
    pub stop_timeout: Duration,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for Settings {
    /// Thirty seconds; seed 0.
    fn default() -> Self {
        Self { stop_timeout: Duration::from_secs(30), seed: 0 }
    }
}
