//! What the language promises of queues, computed anew from what goes in and comes out: nothing here asks the core
//! how it stands.
//!
//! Notices and effects of a step are two lists, so their order is lost: first all notices are taken note of, then
//! all effects, and what has happened to the items is held together at the end of the step.

mod closing;
mod effects;
mod items;
mod notices;
mod offers;
mod shares;
mod takers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowrun::base::ids::{DenseMap, ItemId, JobId, OfferId, ProcessId, QueueId, TakerId};
use flowrun::base::time::RunTime;
use flowrun::notice::{Exit, Outcome, RunSummary};
use flowrun::plan::Plan;
use flowrun::sched::{Effect, Input, Outbox};

use crate::shared::Met;
pub(crate) use crate::shared::ensure;
use items::{Holder, Items};
use offers::Offer;
use shares::Shares;
use takers::Taker;

/// What is known of a process.
#[derive(Clone, Debug, Default)]
struct One {
    attempt: u32,
    /// Whether that attempt is under way.
    active: bool,
    /// The step that runs.
    program: Option<u32>,
    /// Whether a step was started in this attempt.
    started: bool,
    asked: bool,
    /// The item that the attempt of a worker is for, as far as is known.
    item: Option<ItemId>,
    /// The item that a worker keeps when it is begun anew.
    kept: Option<ItemId>,
    /// Since when a worker waits for an item: the number of a moment.
    waits: Option<u64>,
    /// How many items were set aside at its hands.
    aside: u32,
    /// Waits for locks, or for a job slot alone.
    queued: Option<bool>,
    outcome: Option<Outcome>,
    /// The step in which it was told.
    ended: Option<u64>,
}

/// What is known of a queue beside its items.
#[derive(Clone, Debug, Default)]
struct Line {
    items: Items,
    closed: bool,
    /// Whether all consumers ended before it was drained, and whether anything was lost by that.
    deserted: bool,
    abandoned: bool,
    /// Items set aside whose last holder was no worker.
    aside: u32,
    /// The same, of workers.
    aside_of_workers: Vec<ProcessId>,
}

/// What this step did.
#[derive(Clone, Debug, Default)]
struct Step {
    /// Groups that may have lent their slot, before the step.
    lent: BTreeSet<ProcessId>,
    /// Queues that something was offered to or taken by in this step.
    moved: BTreeSet<QueueId>,
    /// Groups of which something ran, before the step.
    running: BTreeSet<ProcessId>,
    /// Those that a step was started of.
    started: Vec<ProcessId>,
    close: Option<QueueId>,
    /// Workers that began an attempt.
    begun: Vec<ProcessId>,
    /// Numbers of the moments since which those waited who were served.
    served: BTreeMap<QueueId, u64>,
    /// What the end of an attempt must bring about: an item that is done or set aside.
    forget: BTreeMap<(QueueId, ItemId), Option<u32>>,
    /// Items whose worker was cut off.
    cut_off: BTreeMap<(QueueId, ItemId), ProcessId>,
    /// Workers whose attempt has ended by itself: whether it did what it should.
    owed: BTreeMap<ProcessId, bool>,
    /// Workers that are a success.
    succeeded: Vec<ProcessId>,
    /// How many items were on offer to queues that refuse them.
    missed: BTreeMap<QueueId, u64>,
    /// Offers that must be refused.
    refuse: BTreeMap<OfferId, QueueId>,
    /// Queues that were told to be closed or abandoned.
    closed: Vec<QueueId>,
    abandoned: Vec<(QueueId, u64)>,
    /// How many items they were told to have taken.
    counts: Vec<(QueueId, u64)>,
}

/// Watches a run.
pub struct Model {
    plan: Arc<Plan>,
    shares: Shares,
    all: DenseMap<ProcessId, One>,
    lines: DenseMap<QueueId, Line>,
    offers: BTreeMap<OfferId, Offer>,
    takers: BTreeMap<TakerId, Taker>,
    /// Takers of attempts that were told to wait.
    told_waits: BTreeMap<TakerId, (JobId, QueueId)>,
    /// The moments when items were handed to those who keep them.
    kept: BTreeMap<(QueueId, ItemId), u64>,
    /// Counts moments, so that who came first is known.
    moment: u64,
    this: Step,
    number: u64,
    /// The step in which the run was told to be halted, and whether all of it is being stopped.
    halted: Option<u64>,
    stopped: bool,
    killing: bool,
    /// The step in which the first daemon was stopped because the work had ended.
    closing: Option<u64>,
    over: Option<RunSummary>,
    now: RunTime,
    pub met: Met,
}

impl Model {
    pub fn new(plan: Arc<Plan>) -> Self {
        let mut met = Met::new();
        if plan.jobs == Some(1) {
            met.insert("run of one slot", 1);
        }
        Self {
            shares: Shares::of(&plan),
            all: plan.processes.ids().map(|_| One::default()).collect(),
            lines: plan.queues.ids().map(|_| Line::default()).collect(),
            offers: BTreeMap::new(),
            takers: BTreeMap::new(),
            told_waits: BTreeMap::new(),
            kept: BTreeMap::new(),
            moment: 0,
            this: Step::default(),
            number: 0,
            halted: None,
            stopped: false,
            killing: false,
            closing: None,
            over: None,
            now: RunTime::ZERO,
            met,
            plan,
        }
    }

    fn meet(&mut self, thing: &'static str) {
        *self.met.entry(thing).or_default() += 1;
    }

    fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// Takes note of an input before the core sees it.
    pub fn before(&mut self, now: RunTime, input: &Input) {
        self.now = now;
        self.number += 1;
        self.this = Step { lent: self.lent(), running: self.running(), ..Step::default() };
        self.lines.iter_mut().for_each(|line| line.items.new_step());
        match input {
            Input::Ended { job, step, exit } => {
                let one = &mut self.all[job.process];
                if one.attempt == job.attempt && one.program == Some(*step) {
                    one.program = None;
                    let last = *step as usize + 1 == self.plan.processes[job.process].control.steps.len();
                    let well = *exit == Exit::Code(0);
                    let worker = self.plan.processes[job.process].control.for_each.is_some();
                    if worker && !one.asked && (last || !well) {
                        self.this.owed.insert(job.process, well);
                    }
                }
            }
            Input::Offered { offer, queue, count, .. } => self.offered(*offer, *queue, *count),
            Input::OfferOver { offer } => self.offer_over(*offer),
            Input::Wanted { taker, queue, most, keeper } => self.wanted(*taker, *queue, *most, *keeper),
            Input::TakerOver { taker, back } => self.taker_over(*taker, back),
            Input::ItemDone { job, queue, item } => self.said_done(*job, *queue, *item),
            Input::CloseQueue { queue } => {
                let line = &self.lines[*queue];
                if !line.closed && !line.abandoned {
                    self.this.close = Some(*queue);
                    self.refuse_all(*queue);
                }
            }
            Input::Interrupt { at_once, .. } => {
                self.killing |= self.stopped || *at_once;
                self.stopped = true;
            }
            Input::BadItem { job, .. } => {
                if self.all[job.process].program.is_some() && self.all[job.process].attempt == job.attempt {
                    self.meet("cut off what cannot be an item");
                }
            }
            Input::Begin
            | Input::Started { .. }
            | Input::StopCommandEnded { .. }
            | Input::Probed { .. }
            | Input::Decided { .. }
            | Input::SaysStopping { .. }
            | Input::HostGranted { .. }
            | Input::HostFailed { .. }
            | Input::SectionAsked(_)
            | Input::SectionOver { .. }
            | Input::Suspend
            | Input::Resume
            | Input::StopProcess { .. }
            | Input::RestartProcess { .. }
            | Input::Tick => {}
        }
    }

    /// Holds everything that came out against the rules.
    pub fn after(&mut self, out: &Outbox) -> Result<(), String> {
        for notice in &out.notices {
            self.notice(&notice.event)?;
        }
        // Which item was set aside may show only here, and others are handed over in the same step.
        let set_aside = |effect: &&Effect| matches!(effect, Effect::Forget { set_aside: Some(_), .. });
        for effect in out.effects.iter().filter(set_aside).chain(out.effects.iter().filter(|effect| !set_aside(effect))) {
            self.effect(effect)?;
        }
        self.workers_have_begun()?;
        for queue in self.plan.queues.ids() {
            self.items_are_in_order(queue)?;
        }
        ensure!(self.this.forget.is_empty(), "what is done or given up is not forgotten: {:?}", self.this.forget);
        for queue in self.plan.queues.ids() {
            self.deserted(queue)?;
        }
        ensure!(self.this.refuse.is_empty(), "offers are not refused: {:?}", self.this.refuse);
        ensure!(self.this.owed.is_empty(), "what became of the items of {:?} is not told", self.this.owed);
        if self.over.is_none() {
            self.shares_are_kept()?;
        }
        for queue in self.plan.queues.ids() {
            self.nobody_waits_in_vain(queue)?;
            self.closed_in_time(queue)?;
        }
        self.waits_are_told()?;
        Ok(())
    }

    /// Holds the end of the run against the rules.
    pub fn finished(&self, summary: Option<&RunSummary>, anything_runs: bool) -> Result<(), String> {
        ensure!(!anything_runs, "the run is over but something runs");
        let Some(summary) = summary else { return Err("there is no summary".to_owned()) };
        ensure!(Some(summary) == self.over.as_ref(), "the summary is not the one that was told");
        ensure!(summary.unaccounted == 0, "processes are not accounted for");
        let failed = self.all.iter().filter(|one| one.outcome.as_ref().is_some_and(Outcome::fails_run)).count();
        ensure!(summary.failed == failed, "the summary says that {} failed, not {failed}", summary.failed);
        // Of a worker that may fail, the queue may be to blame instead.
        let blamed =
            |id: &ProcessId| self.all[*id].blamed() == Some(self.all[*id].aside) && !self.plan.processes[*id].control.allow_failure;
        let bad = |line: &Line| line.abandoned || line.aside > 0;
        let least = self.lines.iter().filter(|line| bad(line)).count();
        let most = self.lines.iter().filter(|line| bad(line) || !line.aside_of_workers.iter().all(blamed)).count();
        ensure!((least..=most).contains(&summary.queues), "the summary says that {} queues failed, not {least} to {most}", summary.queues);
        for (queue, line) in self.lines.entries() {
            let settled = line.items.waiting() == 0 && line.closed || line.deserted;
            ensure!(settled, "{queue:?} is neither drained nor abandoned at the end: {:?}", line.items);
            // What people outside were handed is theirs.
            let kept = line.items.held(|holder| matches!(holder, Holder::Job(..)));
            ensure!(kept.is_empty(), "at the end items of {queue:?} are in work: {kept:?}");
        }
        Ok(())
    }

    /// Who waits, in a few words.
    pub fn waiting(&self) -> String {
        let processes: Vec<String> =
            self.all.entries().filter(|(_, one)| one.outcome.is_none()).map(|(id, one)| format!("\n  {id:?} {one:?}")).collect();
        let lines: Vec<String> = self.lines.entries().map(|(id, line)| format!("\n  {id:?} {line:?}")).collect();
        format!("{}{}\n  {:?}\n  {:?}", processes.concat(), lines.concat(), self.offers, self.takers)
    }
}
