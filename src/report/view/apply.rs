//! What a notice changes in what is known of the run.

use std::collections::BTreeSet;

use super::{End, RunView, State};
use crate::base::ids::{JobId, ProcessId, Section};
use crate::base::time::RunTime;
use crate::notice::{CancelReason, Event, Exit, Failure, Notice, Outcome, Share};
use crate::report::state::{Record, Remarks};
use crate::report::waiters::Part;
use crate::report::words;

/// How many of the slowest processes and of the warnings are remembered.
const SLOWEST: usize = 3;
const WARNINGS: usize = 10;

impl RunView {
    /// Takes in what happened.
    pub fn apply(&mut self, notice: &Notice) {
        self.latest = notice.at;
        match &notice.event {
            Event::RunStarted { .. } => self.began = notice.at,
            Event::Queued { job, step, wants } => self.queue(*job, *step, wants),
            Event::Acquired { job, step, holds } => self.acquire(*job, *step, holds),
            Event::HeldElsewhere { job, resource, holders, .. } => {
                self.remarks(job.process).elsewhere = Some((*resource, holders.clone()));
            }
            Event::Withdrawn { job, step, wanted: freed } | Event::Released { job, step, freed } => self.release(*job, *step, freed),
            Event::SectionQueued { process, section, wants } => {
                self.sections.enter(*process, *section, wants, self.waiters.enter(wants));
            }
            Event::SectionAcquired { process, section, holds } => {
                self.section_waits_no_more(*process, *section);
                self.waiters.hold((*process, Part::Section(*section)), holds);
            }
            Event::SectionWithdrawn { process, section, .. } => self.section_waits_no_more(*process, *section),
            Event::SectionReleased { process, section, freed } => self.waiters.release((*process, Part::Section(*section)), freed),
            Event::Started { job, step, pid } => self.start(*job, *step, *pid, notice.at),
            Event::Ready { job } => self.become_ready(*job),
            Event::ProbeFailed { job, why, .. } => self.remarks(job.process).probe = Some(why.clone()),
            Event::SaidStatus { process, text } => self.remarks(*process).said = Some(text.clone()).filter(|text| !text.is_empty()),
            Event::Stopping { job, reason, grace } => {
                let state = State::Stopping { since: notice.at, grace: *grace, reason: reason.clone(), killed: false };
                self.change(job.process, state);
            }
            Event::Killing { job, .. } => {
                if let State::Stopping { killed, .. } = &mut self.records[job.process].state {
                    *killed = true;
                }
            }
            Event::Retrying { job, attempts, delay, .. } => {
                let state = State::Retrying { until: notice.at + *delay, attempt: job.attempt + 1, attempts: *attempts };
                self.change(job.process, state);
            }
            Event::Restarting { job, restarts, max, delay, .. } => {
                let state = State::Restarting { until: notice.at + *delay, restart: *restarts, max: *max };
                self.change(job.process, state);
            }
            Event::ItemFailed { job, deliveries, max, .. } => {
                let record = &mut self.records[job.process];
                if deliveries >= max && record.of_item.is_none() {
                    record.of_item.clone_from(&record.tail);
                }
            }
            Event::WaitsForItem { job, queue } => self.change(job.process, State::Idle { queue: *queue }),
            Event::GetWaits { job, get, queue } => self.gets.enter(job.process, *get, *queue),
            Event::GetOver { job, get, .. } => self.gets.leave(job.process, *get),
            Event::ItemSetAside { queue, item, deliveries } => self.warn(None, words::set_aside(&self.plan, *queue, item, *deliveries)),
            Event::QueueAbandoned { queue, left } => self.warn(None, words::abandoned(&self.plan, *queue, *left)),
            Event::Ended { process, outcome, exit, attempts, started } => {
                let end = End { process: *process, outcome: outcome.clone(), exit: exit.clone(), attempts: *attempts, took: None };
                self.end(end, *started, notice.at);
            }
            Event::Output { process, lines, .. } => {
                let record = &mut self.records[*process];
                if !matches!(record.state, State::Ended(_)) {
                    record.tail.get_or_insert_default().push(lines);
                }
            }
            Event::Halted { reason } => self.halted = Some(reason.clone()),
            Event::Warning { process, message } => self.warn(*process, message.clone()),
            Event::Left { job, processes, kept: false } => self.warn(Some(job.process), words::left(processes, false)),
            Event::RunEnded { summary } => self.summary = Some(summary.clone()),
            Event::Suspended => self.suspended = true,
            Event::Resumed => self.suspended = false,
            Event::BeginningAnew { .. }
            | Event::ItemDone { .. }
            | Event::QueueClosed { .. }
            | Event::StatusAsked
            | Event::WaitingFor { .. }
            | Event::KillingAll { .. }
            | Event::Left { kept: true, .. } => {}
        }
    }

    fn warn(&mut self, process: Option<ProcessId>, message: String) {
        self.warned += 1;
        if self.warnings.len() < WARNINGS {
            self.warnings.push((process, message));
        }
    }

    fn renew(&mut self, job: JobId) -> &mut Record {
        let record = &mut self.records[job.process];
        if record.attempt != job.attempt {
            (record.attempt, record.begun, record.tail, record.remarks) = (job.attempt, None, None, None);
        }
        record
    }

    fn queue(&mut self, job: JobId, step: Option<u32>, wants: &[Share]) {
        self.renew(job);
        let ticket = Some(self.waiters.enter(wants));
        self.change(job.process, State::Queued { step, wants: wants.to_vec(), ticket });
    }

    fn acquire(&mut self, job: JobId, step: Option<u32>, holds: &[Share]) {
        self.leave_queue(job.process);
        self.waiters.hold((job.process, step.into()), holds);
    }

    fn release(&mut self, job: JobId, step: Option<u32>, freed: &[Share]) {
        if matches!(self.state(job.process), State::Queued { step: waiting, ticket: Some(_), .. } if *waiting == step) {
            self.leave_queue(job.process);
        } else {
            self.waiters.release((job.process, step.into()), freed);
        }
    }

    fn section_waits_no_more(&mut self, process: ProcessId, section: Section) {
        if let Some((wanted, ticket)) = self.sections.leave(process, section) {
            self.waiters.leave(ticket, &wanted);
        }
    }

    fn start(&mut self, job: JobId, step: u32, pid: Option<u32>, at: RunTime) {
        let record = self.renew(job);
        record.begun.get_or_insert(at);
        record.pid = pid;
        self.change(job.process, State::Running { step, ready: false });
    }

    fn become_ready(&mut self, job: JobId) {
        if let Some(remarks) = &mut self.records[job.process].remarks {
            remarks.probe = None;
        }
        if let State::Running { step, .. } = *self.state(job.process) {
            self.change(job.process, State::Running { step, ready: true });
        }
    }

    fn remarks(&mut self, process: ProcessId) -> &mut Remarks {
        self.records[process].remarks.get_or_insert_default()
    }

    fn end(&mut self, mut end: End, started: Option<RunTime>, at: RunTime) {
        let process = end.process;
        let of_item = self.records[process].of_item.take();
        let failed_for_items = matches!(end.outcome, Outcome::Failed { failure: Failure::ItemsSetAside(_), .. });
        // What a worker did last is of no account: it fails for an item that it had before.
        let since = if failed_for_items { started } else { self.records[process].begun };
        let between = matches!(self.state(process), State::Retrying { .. } | State::Restarting { .. } | State::Idle { .. });
        let was_cut_off = matches!(end.outcome, Outcome::Cancelled(_));
        // What was cancelled between two attempts, or two items, did not run.
        end.took = since.filter(|_| !(between && was_cut_off)).map(|since| at.since(since));
        if failed_for_items && of_item.is_some() {
            self.records[process].tail = of_item;
        }
        if let Some(started) = started {
            self.records[process].begun = Some(started);
        }
        self.counts.add(&end.outcome);
        // How long a daemon served says nothing, unless it failed.
        let counts = !self.plan.processes[process].control.daemon || matches!(end.outcome, Outcome::Failed { .. });
        if let Some(started) = started.filter(|_| counts) {
            self.slowest.push((at.since(started), process));
            self.slowest.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
            self.slowest.truncate(SLOWEST);
        }
        self.change(process, State::Ended(end.outcome.kind()));
        self.records[process].code = end.exit.as_ref().and_then(Exit::returncode);
        let told = matches!(end.outcome, Outcome::Failed { .. } | Outcome::Cancelled(CancelReason::RunTimeout));
        self.records[process].remarks = None;
        let tail = &mut self.records[process].tail;
        tail.take_if(|_| !told);
        if let Some(tail) = tail {
            tail.close();
        }
        if !matches!(end.outcome, Outcome::Success | Outcome::Stopped) {
            self.troubles.push(end);
        }
    }

    fn leave_queue(&mut self, process: ProcessId) {
        if let Some(remarks) = &mut self.records[process].remarks {
            remarks.elsewhere = None;
        }
        if let State::Queued { wants, ticket, .. } = &mut self.records[process].state
            && let Some(ticket) = ticket.take()
        {
            self.waiters.leave(ticket, wants);
        }
    }

    /// The one place where a process changes its state.
    fn change(&mut self, process: ProcessId, state: State) {
        self.leave_queue(process);
        let (live, queued) = match &state {
            State::Waiting | State::Ended(_) => (false, false),
            State::Queued { .. } if self.records[process].begun.is_none() => (false, true),
            State::Queued { .. }
            | State::Running { .. }
            | State::Stopping { .. }
            | State::Retrying { .. }
            | State::Restarting { .. }
            | State::Idle { .. } => (true, false),
        };
        set(&mut self.live, process, live);
        set(&mut self.queued, process, queued);
        self.records[process].state = state;
        self.records[process].since = self.latest;
    }
}

fn set(among: &mut BTreeSet<ProcessId>, process: ProcessId, member: bool) {
    if member {
        among.insert(process);
    } else {
        among.remove(&process);
    }
}
