//! The scheduler's data, its one entrance and the one way from a state to another.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::groups::Groups;
use super::levels::{self, Levels};
use super::locks::LockTable;
use super::protocol::{Input, Outbox, Settings};
use super::queues::QueueTable;
use super::sections::Sections;
use super::slots::{self, SlotKey};
use super::state::{Process, Settled, State};
use super::timers::{Timer, Timers};
use crate::base::ids::{DenseMap, JobId, ProcessId};
use crate::base::time::RunTime;
use crate::notice::{CancelReason, Event, RunSummary};
use crate::plan::{self, Plan};
use crate::source::model::Condition;

/// The state of a run.
pub struct Scheduler {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: Settings,
    pub(super) processes: DenseMap<ProcessId, Process>,
    /// Who joins a process, and by which of its joins.
    pub(super) joiners: DenseMap<ProcessId, Vec<(ProcessId, u32)>>,
    pub(super) groups: Groups,
    pub(super) locks: LockTable,
    /// Those that hold locks or permits themselves.
    pub(super) holding: BTreeSet<ProcessId>,
    pub(super) slot_keys: DenseMap<ProcessId, SlotKey>,
    pub(super) queues: QueueTable,
    pub(super) sections: Sections,
    pub(super) timers: Timers,
    /// What happened to processes and is still to be told to their joiners: a queue, so that a long chain
    /// of skips is no deep recursion.
    pub(super) news: VecDeque<News>,
    /// Finite processes without an outcome that hold the run open.
    pub(super) open: usize,
    /// Those among them that are no cleanups.
    pub(super) open_regular: usize,
    pub(super) alive: usize,
    pub(super) cleanup: DenseMap<ProcessId, bool>,
    pub(super) alarm: DenseMap<ProcessId, bool>,
    /// Daemons without an outcome that are wanted for their own sake.
    pub(super) wanted: usize,
    /// Whether there is any finite process besides alarms.
    pub(super) has_work: bool,
    pub(super) daemon_levels: Levels,
    /// Why nothing regular is started any more.
    pub(super) halted: Option<CancelReason>,
    /// Whether daemons are being stopped because the work has ended.
    pub(super) closing: bool,
    /// Whether everything that runs is stopped by the system and the run's time stands still.
    pub(super) suspended: bool,
    /// Whether even cleanups are not started any more.
    pub(super) killing: bool,
    pub(super) budget_runs: bool,
    pub(super) summary: RunSummary,
    /// How many ends were told: counted apart from `alive`, so that each checks the other.
    pub(super) ends_told: usize,
    pub(super) finished: bool,
    pub(super) now: RunTime,
}

/// Something that joins may wait for.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// A process was started for the first time.
    Started(ProcessId),
    /// Whether a process is ready, or can be, has changed.
    Readiness(ProcessId),
    /// A process has its outcome.
    Ended(ProcessId),
    /// The last user of a daemon has ended.
    Unused(ProcessId),
}

impl Scheduler {
    /// A run that has not begun.
    pub fn new(plan: Arc<Plan>, settings: Settings) -> Self {
        let mut joiners: DenseMap<ProcessId, Vec<(ProcessId, u32)>> = plan.processes.ids().map(|_| Vec::new()).collect();
        let mut processes = DenseMap::default();
        for (id, process) in plan.processes.entries() {
            let joins = &process.control.joins;
            for (number, join) in (0..).zip(joins) {
                joiners[join.process].push((id, number));
            }
            let count = |joins: usize| u32::try_from(joins).unwrap_or(u32::MAX);
            let unbounded = joins.iter().filter(|join| join.timeout.is_none()).count();
            let changes = |join: &plan::Join| join.timeout.is_some() || join.until == Condition::Ready;
            let settled = if joins.iter().any(changes) { vec![Settled::No; joins.len()] } else { Vec::new() };
            processes.push(Process::new(count(joins.len()), count(unbounded), settled));
        }
        let groups = Groups::new(&plan);
        let alarm = levels::alarms(&plan, &groups);
        let mut cleanup: DenseMap<ProcessId, bool> = plan.processes.iter().map(plan::is_cleanup).collect();
        groups.spread(&mut cleanup);
        let finite = |id: &ProcessId| !plan.processes[*id].control.daemon;
        let open = plan.processes.ids().filter(|id| finite(id) && !alarm[*id]).count();
        let open_regular = plan.processes.ids().filter(|id| finite(id) && !alarm[*id] && !cleanup[*id]).count();
        let mut scheduler = Self {
            settings,
            processes,
            joiners,
            locks: LockTable::new(&plan.resources, plan.jobs),
            holding: BTreeSet::new(),
            slot_keys: slots::keys(&plan),
            queues: QueueTable::new(&plan),
            sections: Sections::default(),
            timers: Timers::default(),
            news: VecDeque::new(),
            open,
            open_regular,
            alive: plan.processes.len(),
            cleanup,
            alarm,
            wanted: plan.processes.iter().filter(|process| process.control.wanted).count(),
            has_work: open > 0,
            daemon_levels: Levels::new(&plan, &groups),
            groups,
            halted: None,
            closing: false,
            suspended: false,
            killing: false,
            budget_runs: false,
            summary: RunSummary::default(),
            ends_told: 0,
            finished: false,
            now: RunTime::ZERO,
            plan,
        };
        scheduler.count_users();
        scheduler
    }

    /// Takes one input at a moment not before the last one. After the end nothing changes any more.
    pub fn step(&mut self, now: RunTime, input: Input, out: &mut Outbox) {
        if self.finished {
            return;
        }
        self.now = now;
        match input {
            Input::Begin => self.begin(out),
            Input::Started { job, step, pid } => self.started(job, step, pid, out),
            Input::Ended { job, step, exit } => self.step_ended(job, step, exit, out),
            Input::StopCommandEnded { job } => self.stop_command_ended(job, out),
            Input::StopProcess { process } => self.stop_requested(process, out),
            Input::RestartProcess { process } => self.restart_requested(process, out),
            Input::Probed { job, probe, result } => self.probed(job, probe, result, out),
            Input::Decided { process, holds } => self.decided(process, holds, out),
            Input::SaysStopping { job } => self.says_stopping(job, out),
            Input::HostGranted { ask, permits } => self.host_granted(ask, permits, out),
            Input::HostFailed { ask, why } => self.host_failed(ask, why, out),
            Input::Offered { offer, queue, count, by } => self.queues.offer(offer, queue, count, by),
            Input::OfferOver { offer } => self.queues.end_offer(offer),
            Input::Wanted { taker, queue, most, keeper } => self.wanted(taker, queue, most, keeper, out),
            Input::TakerOver { taker, back } => self.queues.end_taker(taker, &back),
            Input::ItemDone { job, queue, item } => self.queues.done_by(job, queue, item),
            Input::CloseQueue { queue } => self.queues.close(queue),
            Input::BadItem { job, why } => self.bad_item(job, why, out),
            Input::SectionAsked(ask) => self.section_asked(ask, out),
            Input::SectionOver { section } => self.section_over(section, out),
            Input::Suspend => self.suspend(out),
            Input::Resume => self.resume(out),
            Input::Interrupt { signal, at_once } => {
                // What is to end must hear it.
                self.resume(out);
                self.interrupt(signal, at_once, out);
            }
            Input::Tick => {}
        }
        // What has happened counts before what times out: a lock that was freed, an end that was waited for.
        self.settle(out);
        while !self.finished
            && !self.suspended
            && let Some(timer) = self.timers.pop_due(now)
        {
            self.expired(timer, out);
            self.settle(out);
        }
    }

    /// When the next `Tick` is due; never while the run is suspended.
    pub fn deadline(&self) -> Option<RunTime> {
        self.timers.next().filter(|_| !self.suspended)
    }

    /// How the run ended, once every process has its outcome.
    pub fn summary(&self) -> Option<&RunSummary> {
        self.finished.then_some(&self.summary)
    }

    fn begin(&mut self, out: &mut Outbox) {
        out.tell(self.now, Event::RunStarted { name: self.plan.name.clone(), processes: self.plan.processes.len() });
        if let Some(timeout) = self.plan.timeout {
            self.timers.set(Timer::Run, self.now + timeout);
        }
        for id in self.plan.processes.ids() {
            if self.plan.processes[id].control.disabled {
                self.end(id, crate::notice::Outcome::Skipped(crate::notice::SkipReason::Condition), out);
            }
        }
        self.queues.begin();
        for id in self.plan.processes.ids() {
            if self.processes[id].state == State::Waiting {
                self.begin_waiting(id, out);
            }
        }
    }

    fn expired(&mut self, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::Run => self.run_timed_out(out),
            Timer::StopBudget => self.kill_all(true, out),
            Timer::Join(id, number) => self.join_timed_out(id, number, out),
            Timer::Acquire(id) => self.acquire_timed_out(id, out),
            Timer::Section(section) => self.section_timed_out(section, out),
            Timer::Attempt(id) => {
                let bound = self.plan.processes[id].control.timeout;
                self.bound_broken(id, bound, out);
            }
            Timer::Step(id) => {
                let bound = match self.processes[id].state {
                    State::Running { step } => self.plan.processes[id].control.steps[step as usize].timeout,
                    _ => None,
                };
                self.bound_broken(id, bound, out);
            }
            Timer::Ready(id) => self.not_ready_in_time(id, out),
            Timer::Leaving(id) => self.never_ended(id, out),
            Timer::Probe(id) => self.probe_moment(id, out),
            Timer::Retry(id) => self.begin_attempt(id, out),
            Timer::Grace(id) => self.kill(id, true, out),
        }
    }

    /// Serves grants, carries news to joiners and moves the end of the run on, until nothing changes.
    fn settle(&mut self, out: &mut Outbox) {
        loop {
            if let Some(ask) = self.locks.take_ask() {
                self.ask_host(ask, out);
            } else if let Some(grant) = self.locks.take_grant() {
                self.granted(grant, out);
            } else if let Some(turn) = self.queues.take_turn() {
                self.take_queue_turn(turn, out);
            } else if let Some(news) = self.news.pop_front() {
                self.carry(news, out);
            } else if !self.break_ring(out) && !self.close(out) {
                break;
            }
        }
        if self.alive == 0 && !self.finished {
            self.finished = true;
            self.queues.finish();
            while let Some(turn) = self.queues.take_turn() {
                self.take_queue_turn(turn, out);
            }
            self.end_sections(out);
            let without = self.processes.iter().filter(|process| process.outcome.is_none()).count();
            self.summary.queues = self.queues.failed();
            self.summary.unaccounted = without.max(self.processes.len().abs_diff(self.ends_told));
            out.tell(self.now, Event::RunEnded { summary: self.summary.clone() });
        }
    }

    /// The one way from a state to another: keeps the counts of what holds the run open, and sees to it that
    /// joiners learn of readiness that came or went with it.
    pub(super) fn enter(&mut self, id: ProcessId, state: State) {
        let (before, readiness) = (self.holds_open(id), self.readiness(id));
        self.processes[id].state = state;
        let after = self.holds_open(id);
        // Of an end all joiners hear anyway.
        if state != State::Ended && self.readiness(id) != readiness {
            self.reconsider_readiness(id);
        }
        let regular = !self.cleanup[id];
        match (before, after) {
            (true, false) => {
                self.open -= 1;
                self.open_regular -= usize::from(regular);
            }
            (false, true) => {
                self.open += 1;
                self.open_regular += usize::from(regular);
            }
            (true, true) | (false, false) => {}
        }
        if state == State::Ended {
            self.alive -= 1;
            if self.plan.processes[id].control.daemon {
                self.daemon_levels.ended(id);
                self.wanted -= usize::from(self.plan.processes[id].control.wanted);
            }
        }
    }

    fn holds_open(&self, id: ProcessId) -> bool {
        let state = self.processes[id].state;
        !self.plan.processes[id].control.daemon && state != State::Ended && !(state == State::Waiting && self.alarm[id])
    }

    pub(super) fn job(&self, id: ProcessId) -> JobId {
        JobId { process: id, attempt: self.processes[id].attempt }
    }
}
