//! How a process goes on: its attempts begin, wait, run and end, and others learn what they wait for.

use std::time::Duration;

use super::{Recorder, lines};
use crate::base::ids::{JobId, ProcessId, QueueId};
use crate::base::time::RunTime;
use crate::notice::{self, CancelReason, Failure, OutcomeKind, SkipReason};
use crate::report::RunView;
use crate::report::record::inner_waits::Asker;
use crate::report::record::joins;
use crate::report::record::model::{Attempt, AttemptOutcome, Name, Share, Step, Wait, WaitKind};
use crate::report::record::reasons::Words;

impl Recorder {
    /// The attempt of a job, which begins now unless it has begun; with the first, the process has left its joins.
    pub(super) fn attempt(&mut self, job: JobId, at: RunTime) -> &mut Attempt {
        if self.records[job.process].attempts.is_empty() {
            self.settle(job.process, Some(at));
        }
        self.records[job.process].attempts.of(job.attempt, at)
    }

    pub(super) fn settle(&mut self, process: ProcessId, now: Option<RunTime>) {
        let joins = &self.plan.processes[process].control.joins;
        self.records[process].joins = Some(joins::settle(joins, &self.names, &self.milestones, self.began, now));
    }

    pub(super) fn shares(&self, shares: &[notice::Share]) -> Vec<Share> {
        let one = |share: &notice::Share| Share {
            resource: self.uses.name(share.resource).clone(),
            shared: share.shared,
            permits: share.permits,
        };
        shares.iter().map(one).collect()
    }

    pub(super) fn start(&mut self, job: JobId, step: u32, pid: Option<u32>, at: RunTime) {
        let slot = self.slot.clone();
        let own = self.names[job.process].clone();
        let name = self.plan.processes[job.process].work.steps.get(step as usize).and_then(|step| step.name.as_deref().map(Name::from));
        let attempt = self.attempt(job, at);
        let waited_for_slot = attempt.waits.last().is_some_and(|wait| wait.kind == WaitKind::Slot);
        // The slot was had when the other gave it back; what follows is the start itself.
        let freed =
            slot.filter(|(name, when)| *name != own && waited_for_slot && attempt.waits.last().is_some_and(|wait| wait.from <= *when));
        let until = freed.as_ref().map_or(at, |(_, when)| *when);
        if let (Some(wait), Some((name, _))) = (attempt.end_wait(until, true), freed) {
            wait.freed_by = Some(name);
        }
        attempt.start(Step { step, name, pid, from: at, to: None });
        self.records[job.process].started.get_or_insert(at);
        self.milestones[job.process].started.get_or_insert(at);
        let control = &self.plan.processes[job.process].control;
        if control.ready.is_none() && !control.daemon && step as usize + 1 == control.steps.len() {
            self.milestones[job.process].ready.get_or_insert(at);
        }
    }

    /// What waits for items has been started in the eyes of others.
    pub(super) fn wait_for_item(&mut self, job: JobId, queue: QueueId, at: RunTime) {
        let name = self.queues.name(queue);
        self.attempt(job, at).wait(WaitKind::Items, None, Vec::new(), at).queue = Some(name);
        self.milestones[job.process].started.get_or_insert(at);
    }

    pub(super) fn begin_inner_wait(&mut self, process: ProcessId, asker: Asker, wait: Wait) {
        let step = self.records[process].attempts.open().and_then(|attempt| Some(attempt.steps.last()?.step));
        self.inner_waits.begin(process, asker, Wait { step, ..wait });
    }

    pub(super) fn end_inner_wait(&mut self, process: ProcessId, asker: Asker, granted: bool, freed_by: Option<Name>, at: RunTime) {
        let wait = self.inner_waits.end(process, asker, granted, freed_by, at);
        if let (Some(wait), Some(attempt)) = (wait, self.records[process].attempts.open()) {
            attempt.waited_inside(wait);
        }
    }

    /// Nothing of an attempt waits when it is over.
    fn end_inner_waits(&mut self, process: ProcessId, at: RunTime) {
        let waits = self.inner_waits.end_all(process, at);
        if let Some(attempt) = self.records[process].attempts.open() {
            waits.into_iter().for_each(|wait| attempt.waited_inside(wait));
        }
    }

    pub(super) fn leave_slot(&mut self, process: ProcessId, at: RunTime) {
        if self.plan.jobs.is_some() && !self.plan.processes[process].control.daemon {
            self.slot = Some((self.names[process].clone(), at));
        }
    }

    pub(super) fn end_attempt(&mut self, job: JobId, outcome: AttemptOutcome, at: RunTime) {
        self.leave_slot(job.process, at);
        self.end_inner_waits(job.process, at);
        self.attempt(job, at).end(outcome, None, at);
    }

    pub(super) fn over(&mut self, job: JobId, outcome: AttemptOutcome, view: &RunView, at: RunTime) {
        self.end_attempt(job, outcome, at);
        self.attempt(job, at).last_lines = lines(view, job.process);
    }

    pub(super) fn fail(&mut self, job: JobId, failure: &Failure, view: &RunView, at: RunTime) {
        let reason = Words { plan: &self.plan, names: &self.names }.failure(job.process, failure);
        self.over(job, AttemptOutcome::Failed, view, at);
        self.attempt(job, at).reason = Some(reason);
    }

    pub(super) fn delay(&mut self, job: JobId, delay: Duration, at: RunTime) {
        if !delay.is_zero() {
            let next = JobId { attempt: job.attempt.saturating_add(1), ..job };
            self.attempt(next, at).wait(WaitKind::Delay, None, Vec::new(), at);
        }
    }

    pub(super) fn end(&mut self, process: ProcessId, outcome: &notice::Outcome, view: &RunView, at: RunTime) {
        let told = Words { plan: &self.plan, names: &self.names }.outcome(process, outcome);
        if self.records[process].joins.is_none() {
            let began = matches!(outcome, notice::Outcome::Skipped(SkipReason::Condition) | notice::Outcome::Success);
            self.settle(process, began.then_some(at));
        }
        let cut_off = matches!(outcome, notice::Outcome::Cancelled(CancelReason::RunTimeout));
        let failed = told.kind == OutcomeKind::Failed;
        self.end_inner_waits(process, at);
        if let Some(attempt) = self.records[process].attempts.open() {
            let kind = match told.kind {
                OutcomeKind::Success => AttemptOutcome::Success,
                OutcomeKind::Failed => AttemptOutcome::Failed,
                OutcomeKind::Stopped => AttemptOutcome::Stopped,
                OutcomeKind::Skipped | OutcomeKind::Cancelled => AttemptOutcome::Cancelled,
            };
            attempt.end(kind, told.reason.clone(), at);
            if failed || cut_off {
                attempt.last_lines = lines(view, process);
            }
            self.leave_slot(process, at);
        }
        self.milestones[process].ended = Some((at, outcome.clone()));
        self.records[process].ended = Some((at, told));
    }
}
