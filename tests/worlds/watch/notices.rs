//! Notices, one after another.

use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::base::time::RunTime;
use flowrun::notice::{Event, HaltReason, Outcome, StopReason};
use flowrun::sched::{Effect, Outbox};
use flowrun::source::model::{Backoff, OnFailure};

use super::joins::Joined;
use super::{Phase, Watch, ensure};

impl Watch {
    pub fn notice(&mut self, event: &Event, out: &Outbox) -> Result<(), String> {
        ensure!(self.whole.over.is_none(), "after the end of the run came {event:?}");
        match event {
            Event::WaitsForItem { .. }
            | Event::GetWaits { .. }
            | Event::GetOver { .. }
            | Event::ItemDone { .. }
            | Event::ItemFailed { .. }
            | Event::ItemSetAside { .. }
            | Event::QueueClosed { .. }
            | Event::QueueAbandoned { .. } => return Err(format!("there are no queues in this world: {event:?}")),
            Event::RunStarted { processes, .. } => ensure!(*processes == self.all.len(), "wrong number of processes"),
            Event::Queued { job, step, wants } => self.queued(*job, *step, wants)?,
            Event::Acquired { job, step, holds } => self.acquired(*job, *step, holds)?,
            Event::Withdrawn { job, step, wanted } => self.withdrawn(*job, *step, wanted)?,
            Event::Released { job, step, freed } => self.released(*job, *step, freed)?,
            Event::SectionQueued { section, wants, .. } => self.section_queued(*section, wants)?,
            Event::SectionAcquired { section, holds, .. } => self.section_acquired(*section, holds)?,
            Event::SectionWithdrawn { section, wanted, .. } => self.section_withdrawn(*section, wanted)?,
            Event::SectionReleased { section, freed, .. } => self.section_released(*section, freed)?,
            Event::Started { job, step, .. } => {
                ensure!(self.told_started.take() == Some(*job), "{job:?} step {step} is said to have started");
            }
            Event::Stopping { job, reason, grace } => self.stopping(*job, reason, *grace, out)?,
            Event::Killing { job, .. } => self.killing(*job, out)?,
            Event::Retrying { job, failure, attempts, delay } => {
                self.retrying(*job, *attempts, *delay)?;
                self.failed_rightly(job.process, failure)?;
                self.all[job.process].last_failure = Some(failure.clone());
                self.next_attempt_at(job.process, self.now + *delay);
            }
            Event::Ended { process, outcome, exit, attempts, started } => {
                let one = &self.all[*process];
                ensure!(one.outcome.is_none(), "{process:?} ended twice");
                ensure!(one.program.is_none(), "{process:?} ended while it runs");
                ensure!(one.waiting.is_none(), "{process:?} ended while it waits");
                ensure!(one.held.is_empty(), "{process:?} ended with {:?}", one.held);
                ensure!(*exit == one.last_exit, "{process:?} ended with {exit:?}, not {:?}", one.last_exit);
                ensure!(*attempts == one.attempt, "{process:?} had {} attempts, not {attempts}", one.attempt);
                ensure!(*started == one.started_at, "{process:?} was started at {:?}, not {started:?}", one.started_at);
                self.ended_rightly(*process, outcome)?;
                self.end(*process, outcome.clone());
            }
            Event::Ready { job } => self.said_ready(*job)?,
            Event::ProbeFailed { job, live, failures, why } => self.said_probe_failed(*job, *live, *failures, why)?,
            Event::Restarting { job, failure, restarts, max, delay } => {
                self.restarting(*job, failure.as_ref(), *restarts, *max, *delay)?;
            }
            Event::BeginningAnew { job } => {
                self.between_attempts(*job)?;
                let by = self.all[job.process].last.as_ref().and_then(|last| last.asked.as_ref());
                ensure!(by == Some(&StopReason::Restart), "{job:?} begins anew after {by:?}");
                ensure!(!self.all[job.process].stop_requested, "{job:?} begins anew though it was asked to stop");
                if let Some(why) = self.must_not_follow(job.process) {
                    return Err(format!("{job:?} begins anew, but {why}"));
                }
                self.all[job.process].uncounted += 1;
                self.all[job.process].last_failure = None;
                self.next_attempt_at(job.process, self.now);
            }
            Event::Suspended => self.suspended = true,
            Event::Resumed => self.suspended = false,
            Event::Halted { reason } => self.halted(reason)?,
            Event::KillingAll { overdue } => {
                let over = !self.suspended && self.whole.budget.is_some_and(|since| since + self.settings.stop_timeout <= self.now);
                ensure!(if *overdue { over } else { self.whole.interrupts > 1 && self.interrupted }, "everything is killed without reason");
                self.whole.killing.get_or_insert(self.whole.step);
                self.whole.killed_all = true;
            }
            Event::WaitingFor { processes, .. } => {
                ensure!(!processes.is_empty() && processes.is_sorted(), "it is not said well what is waited for: {processes:?}");
            }
            Event::Warning { process, .. } => {
                let daemon = process.is_some_and(|id| self.plan.processes[id].control.daemon);
                ensure!(daemon, "a warning about {process:?}");
            }
            Event::RunEnded { summary } => self.whole.over = Some(summary.clone()),
            Event::Output { .. } | Event::SaidStatus { .. } | Event::StatusAsked | Event::HeldElsewhere { .. } | Event::Left { .. } => {
                return Err(format!("the core tells {event:?}"));
            }
        }
        Ok(())
    }

    fn end(&mut self, id: ProcessId, outcome: Outcome) {
        if outcome.fails_run() {
            self.whole.failed += 1;
            if self.plan.on_failure == OnFailure::Kill {
                self.whole.killing.get_or_insert(self.whole.step);
                self.whole.budget.get_or_insert(self.now);
            }
        }
        // What ended well has left what it was ready with.
        if self.plan.processes[id].control.daemon && (outcome != Outcome::Success || self.all[id].health.leaving) {
            self.lose(id);
        }
        let one = &mut self.all[id];
        one.outcome = Some((self.now, outcome));
        one.retry_at = None;
    }

    /// Takes note of an attempt; a new one must be allowed.
    pub fn attempt(&mut self, job: JobId, told: bool) -> Result<(), String> {
        let id = job.process;
        let one = &self.all[id];
        ensure!(one.outcome.is_none(), "{job:?} goes on after its end");
        ensure!(one.program.is_none(), "{job:?} goes on while a step runs");
        if one.attempt == job.attempt {
            return Ok(());
        }
        let control = &self.plan.processes[id].control;
        ensure!(one.attempt + 1 == job.attempt, "{job:?} follows attempt {}", one.attempt);
        ensure!(one.held.is_empty() && one.waiting.is_none(), "{job:?} begins with {one:?}");
        ensure!(!control.disabled, "{job:?} begins though its `if` is false");
        ensure!(control.daemon || job.attempt <= control.retries.count + 1 + one.uncounted, "{job:?} is one attempt too many");
        if let Some(why) = self.may_not_begin(id, told) {
            return Err(format!("{job:?} begins, but {why}"));
        }
        if job.attempt == 1 {
            for partner in self.needs.partners[id].clone() {
                let joined = self.joined(partner);
                ensure!(matches!(joined, Joined::Hold | Joined::Either), "{job:?} begins though the joins of {partner:?} are {joined:?}");
                let said = self.all[partner].agreed || self.answer == Some((partner, Ok(true)));
                ensure!(!self.plan.processes[partner].control.decided_late || said, "{job:?} begins though no `if` of {partner:?} says so");
            }
        } else {
            ensure!(one.retry_at.is_some_and(|at| at <= self.now), "{job:?} begins before its time, {:?}", one.retry_at);
            ensure!(!one.stop_requested, "{job:?} begins though it was asked to stop");
        }
        let one = &mut self.all[id];
        one.attempt = job.attempt;
        one.restart_requested = false;
        one.was_blocked = false;
        one.retry_at = None;
        one.last = None;
        one.ran = Duration::ZERO;
        one.outer_permits = None;
        Ok(())
    }

    fn stopping(&mut self, job: JobId, reason: &StopReason, grace: Duration, out: &Outbox) -> Result<(), String> {
        self.started_in_this_step(job, out)?;
        let id = job.process;
        let control = &self.plan.processes[id].control;
        ensure!(grace == control.grace, "{job:?} has another grace");
        let one = &self.all[id];
        let Some(program) = one.program.as_ref().filter(|program| program.phase == Phase::Running) else {
            return Err(format!("{job:?} is asked to end though it does not run"));
        };
        let ran = one.ran + (self.now - program.since);
        let by_clock = matches!(reason, StopReason::Timeout | StopReason::NotReady | StopReason::NeverEnded);
        ensure!(!(by_clock && self.suspended), "the time of {job:?} is over while it stands still");
        match reason {
            StopReason::BadItem => return Err(format!("{job:?} wrote no item")),
            StopReason::NotReady => {
                let overdue = one.health.due.is_some_and(|due| due <= self.now);
                ensure!(overdue && !one.health.was_ready, "{job:?} is stopped before it had to be ready");
            }
            StopReason::NeverEnded => {
                let overdue = one.health.gone_by.is_some_and(|moment| moment <= self.now);
                ensure!(overdue && control.daemon, "{job:?} is stopped though it may still be about to end");
            }
            StopReason::NotLive => {
                let lost = control.live.is_some_and(|live| one.health.failures >= live.failures);
                ensure!(lost && one.health.was_ready, "{job:?} is stopped though it answers");
            }
            StopReason::Unused => ensure!(self.is_unused(id), "{job:?} is stopped though it is used"),
            StopReason::Timeout => {
                let attempt = control.timeout.is_some_and(|bound| ran >= bound);
                let step = control.steps[program.step as usize].timeout.is_some_and(|bound| self.now - program.since >= bound);
                ensure!(attempt || step, "{job:?} is stopped before its time");
            }
            StopReason::Requested => ensure!(one.stop_requested, "nobody asked {job:?} to stop"),
            StopReason::Restart => {
                ensure!(one.restart_requested, "nobody asked for {job:?} to be begun anew");
                ensure!(self.must_not_follow(id).is_none(), "{job:?} is stopped to be begun anew, which may not be");
            }
            StopReason::WorkEnded => {
                ensure!(control.daemon, "{job:?} is no daemon");
                self.not_needed_any_more(id)?;
                // An alarm may ring later in the same step: the time for stopping runs all the same.
                self.whole.budget.get_or_insert(self.now);
            }
            StopReason::RunStopped => {
                let ordered = self.whole.stopped.is_some() && !control.daemon && !self.needs.cleanup[id];
                ensure!(ordered || self.whole.killing.is_some(), "{job:?} is stopped without reason");
            }
        }
        if let Some(program) = &mut self.all[id].program {
            program.asked = Some((self.now, reason.clone()));
            program.phase = Phase::Asked;
        }
        if self.plan.processes[id].control.daemon {
            self.lose(id);
        }
        Ok(())
    }

    /// The order of ending: finite processes, cleanups, then daemons after those that need them.
    pub fn not_needed_any_more(&self, id: ProcessId) -> Result<(), String> {
        ensure!(self.may_end(), "{id:?} is stopped, but nothing ended the run");
        for (other, one) in self.all.entries() {
            if one.outcome.is_some() {
                continue;
            }
            if self.plan.processes[other].control.daemon {
                ensure!(one.attempt == 0 || !self.needs.needs(other, id), "{id:?} is stopped though {other:?} needs it");
            } else {
                ensure!(self.needs.alarm[other] && one.attempt == 0, "{id:?} is stopped though {other:?} has not ended");
            }
        }
        Ok(())
    }

    fn killing(&mut self, job: JobId, out: &Outbox) -> Result<(), String> {
        self.started_in_this_step(job, out)?;
        let now = self.now;
        let grace = self.plan.processes[job.process].control.grace;
        let all = self.whole.killed_all;
        let one = &mut self.all[job.process];
        let Some(program) = one.program.as_mut().filter(|program| program.phase < Phase::Killed) else {
            return Err(format!("{job:?} is killed though it does not run"));
        };
        let over = program.asked.as_ref().is_some_and(|(since, _)| *since + grace <= now);
        ensure!(over && !self.suspended || all, "{job:?} is killed before its grace is over");
        program.asked.get_or_insert((now, StopReason::RunStopped));
        program.phase = Phase::Killed;
        if self.plan.processes[job.process].control.daemon {
            self.lose(job.process);
        }
        Ok(())
    }

    /// A step may be started and asked to end in one go: notices and effects are two lists.
    fn started_in_this_step(&mut self, job: JobId, out: &Outbox) -> Result<(), String> {
        let one = &self.all[job.process];
        if one.program.is_some() {
            return Ok(());
        }
        let start = out.effects.iter().find(|effect| matches!(effect, Effect::Start { job: other, .. } if *other == job));
        self.looking_back = true;
        let rightly = start.map_or(Ok(()), |start| self.effect(start));
        self.looking_back = false;
        rightly
    }

    fn retrying(&mut self, job: JobId, attempts: u32, delay: Duration) -> Result<(), String> {
        let id = job.process;
        let retries = self.plan.processes[id].control.retries;
        self.between_attempts(job)?;
        ensure!(!self.plan.processes[id].control.daemon, "{job:?} is a daemon");
        let uncounted = self.all[id].uncounted;
        let attempt = job.attempt - uncounted;
        ensure!(attempt <= retries.count && attempts == retries.count + 1 + uncounted, "{job:?} is tried too often");
        let factor = match retries.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => attempt,
            Backoff::Exponential => 1 << (attempt - 1),
        };
        let full = (retries.delay * factor).min(retries.max_delay.unwrap_or(Duration::MAX));
        let least = if retries.jitter { full / 2 } else { full };
        let close = Duration::from_nanos(100);
        ensure!(delay + close >= least && delay <= full + close, "{job:?} is tried again after {delay:?}, not {least:?} to {full:?}");
        if let Some(why) = self.may_not_begin(id, true) {
            return Err(format!("{job:?} is to be tried again, but {why}"));
        }
        Ok(())
    }

    /// An attempt is over: nothing of it is left.
    pub fn between_attempts(&self, job: JobId) -> Result<(), String> {
        let one = &self.all[job.process];
        ensure!(one.attempt == job.attempt && one.program.is_none() && one.waiting.is_none(), "{job:?} is tried again too early");
        ensure!(one.held.is_empty(), "{job:?} holds {:?} between two attempts", one.held);
        Ok(())
    }

    /// The next attempt begins then; what was known of how the last one did is of no meaning any more.
    pub fn next_attempt_at(&mut self, id: ProcessId, at: RunTime) {
        self.lose(id);
        let job = JobId { process: id, attempt: self.all[id].attempt };
        let one = &mut self.all[id];
        one.retry_at = Some(at);
        if std::mem::take(&mut one.health).probe.is_some() {
            self.over.insert(job);
        }
    }

    fn halted(&mut self, reason: &HaltReason) -> Result<(), String> {
        match reason {
            HaltReason::Failure { process } => {
                let outcome = &self.all[*process].outcome;
                let failed = outcome.as_ref().is_some_and(|(_, outcome)| outcome.fails_run());
                let policy = self.plan.on_failure != OnFailure::Continue || !self.needs.has_work;
                ensure!(failed && policy, "the run is halted for {process:?}");
            }
            HaltReason::Interrupt { signal } => {
                ensure!(self.interrupted && self.whole.first_signal == Some(*signal), "the run is halted without a signal");
            }
            HaltReason::Timeout => {
                ensure!(self.plan.timeout.is_some_and(|bound| bound <= self.now.0), "the run is halted before its time");
                self.whole.timed_out = true;
            }
        }
        if !matches!(reason, HaltReason::Failure { .. }) {
            self.whole.stopped.get_or_insert(self.whole.step);
            self.whole.budget.get_or_insert(self.now);
        }
        self.whole.halted.get_or_insert(self.whole.step);
        Ok(())
    }
}
