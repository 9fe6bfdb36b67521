//! Notices, one after another.

use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::notice::{Event, HaltReason, Outcome, Share, StopReason};
use flowrun::plan::ResourceKind;
use flowrun::sched::{Effect, Outbox};
use flowrun::source::model::{Backoff, OnFailure};

use super::joins::Joined;
use super::{Phase, Wait, Watch, ensure};

impl Watch {
    pub fn notice(&mut self, event: &Event, out: &Outbox) -> Result<(), String> {
        ensure!(self.whole.over.is_none(), "after the end of the run came {event:?}");
        match event {
            Event::RunStarted { processes, .. } => ensure!(*processes == self.all.len(), "wrong number of processes"),
            Event::Queued { job, step, wants } => self.queued(*job, *step, wants)?,
            Event::Acquired { job, step, holds } => self.acquired(*job, *step, holds)?,
            Event::Withdrawn { job, step, wanted } => self.withdrawn(*job, *step, wanted)?,
            Event::Released { job, step, freed } => self.released(*job, *step, freed)?,
            Event::Started { job, step, .. } => {
                ensure!(self.told_started.take() == Some(*job), "{job:?} step {step} is said to have started");
            }
            Event::Stopping { job, reason, grace } => self.stopping(*job, reason, *grace, out)?,
            Event::Killing { job, .. } => self.killing(*job, out)?,
            Event::Retrying { job, failure, attempts, delay } => {
                self.retrying(*job, *attempts, *delay)?;
                self.failed_rightly(job.process, failure)?;
                self.all[job.process].last_failure = Some(failure.clone());
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
            Event::Halted { reason } => self.halted(reason)?,
            Event::KillingAll { overdue } => {
                let over = self.whole.budget.is_some_and(|since| since + self.settings.stop_timeout <= self.now);
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
            Event::Output { .. } | Event::Left { .. } => return Err("the core has no processes of its own".to_owned()),
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
        ensure!(job.attempt <= control.retries.count + 1, "{job:?} is one attempt too many");
        if let Some(why) = self.may_not_begin(id, told) {
            return Err(format!("{job:?} begins, but {why}"));
        }
        if job.attempt == 1 {
            let joined = self.joined(id);
            ensure!(matches!(joined, Joined::Hold | Joined::Either), "{job:?} begins though its joins are {joined:?}");
        } else {
            ensure!(one.retry_at.is_some_and(|at| at <= self.now), "{job:?} begins before its time, {:?}", one.retry_at);
            ensure!(!one.stop_requested, "{job:?} begins though it was asked to stop");
        }
        let one = &mut self.all[id];
        one.attempt = job.attempt;
        one.retry_at = None;
        one.last = None;
        one.ran = Duration::ZERO;
        one.outer_permits = None;
        Ok(())
    }

    fn queued(&mut self, job: JobId, step: Option<u32>, wants: &[Share]) -> Result<(), String> {
        self.attempt(job, true)?;
        ensure!(wants == self.request(job.process, step)?, "{job:?} asks for {wants:?}");
        self.whole.orders += 1;
        let wait = Wait { step, wants: wants.to_vec(), order: self.whole.orders, since: self.now, lacked_only_slot: false };
        let one = &mut self.all[job.process];
        ensure!(one.waiting.is_none(), "{job:?} waits twice");
        one.waiting = Some(wait);
        Ok(())
    }

    fn acquired(&mut self, job: JobId, step: Option<u32>, holds: &[Share]) -> Result<(), String> {
        let waited = self.all[job.process].waiting.take();
        let order = match waited {
            Some(wait) => {
                ensure!(wait.step == step && self.all[job.process].attempt == job.attempt, "{job:?} acquires what another waits for");
                wait.order
            }
            None => {
                self.attempt(job, true)?;
                u64::MAX
            }
        };
        ensure!(holds == self.request(job.process, step)?, "{job:?} acquires {holds:?}");
        ensure!(!holds.is_empty(), "{job:?} acquires nothing");
        for (other, one) in self.all.entries() {
            let Some(wait) = &one.waiting else { continue };
            let share = wait.wants.iter().any(|wanted| holds.iter().any(|held| held.resource == wanted.resource));
            ensure!(wait.order > order || !share, "{job:?} overtakes {other:?}");
        }
        for share in holds {
            ensure!(self.has_room(share), "{job:?} acquires {share:?}, which has no room");
        }
        self.all[job.process].held.push((step, holds.to_vec()));
        Ok(())
    }

    /// Whether a share fits beside all that is held.
    pub fn has_room(&self, wanted: &Share) -> bool {
        let held = self.all.iter().flat_map(|one| &one.held).flat_map(|(_, shares)| shares);
        let mut held = held.filter(|share| share.resource == wanted.resource);
        match self.plan.resources[wanted.resource].kind {
            ResourceKind::Lock => held.all(|share| share.shared && wanted.shared),
            ResourceKind::Semaphore { permits } => held.map(|share| share.permits).sum::<u32>() + wanted.permits <= permits,
        }
    }

    fn withdrawn(&mut self, job: JobId, step: Option<u32>, wanted: &[Share]) -> Result<(), String> {
        let lacked_only_slot = self.is_its_turn(job.process);
        let one = &mut self.all[job.process];
        ensure!(one.attempt == job.attempt, "{job:?} withdraws in attempt {}", one.attempt);
        let wait = one.waiting.take_if(|wait| wait.step == step && wait.wants == wanted);
        let Some(wait) = wait else { return Err(format!("{job:?} withdraws {wanted:?} without waiting for it")) };
        one.withdrawn = Some(Wait { lacked_only_slot, ..wait });
        Ok(())
    }

    fn released(&mut self, job: JobId, step: Option<u32>, freed: &[Share]) -> Result<(), String> {
        let one = &mut self.all[job.process];
        ensure!(one.attempt == job.attempt, "{job:?} releases in attempt {}", one.attempt);
        ensure!(one.program.is_none(), "{job:?} releases while it runs");
        let place = one.held.iter().position(|(held_step, shares)| *held_step == step && shares == freed);
        let Some(place) = place else { return Err(format!("{job:?} releases {freed:?} without having it")) };
        one.held.remove(place);
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
        match reason {
            StopReason::Timeout => {
                let attempt = control.timeout.is_some_and(|bound| ran >= bound);
                let step = control.steps[program.step as usize].timeout.is_some_and(|bound| self.now - program.since >= bound);
                ensure!(attempt || step, "{job:?} is stopped before its time");
            }
            StopReason::Requested => ensure!(one.stop_requested, "nobody asked {job:?} to stop"),
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
        Ok(())
    }

    /// The order of ending: finite processes, cleanups, then daemons after those that need them.
    pub fn not_needed_any_more(&self, id: ProcessId) -> Result<(), String> {
        ensure!(self.needs.has_work || self.whole.halted.is_some(), "{id:?} is stopped, but nothing ended the run");
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
        ensure!(over || all, "{job:?} is killed before its grace is over");
        program.asked.get_or_insert((now, StopReason::RunStopped));
        program.phase = Phase::Killed;
        Ok(())
    }

    /// A step may be started and asked to end in one go: notices and effects are two lists.
    fn started_in_this_step(&mut self, job: JobId, out: &Outbox) -> Result<(), String> {
        let one = &self.all[job.process];
        if one.program.is_some() {
            return Ok(());
        }
        let start = out.effects.iter().find(|effect| matches!(effect, Effect::Start { job: other, .. } if *other == job));
        start.map_or(Ok(()), |start| self.effect(start))
    }

    fn retrying(&mut self, job: JobId, attempts: u32, delay: Duration) -> Result<(), String> {
        let id = job.process;
        let retries = self.plan.processes[id].control.retries;
        let one = &self.all[id];
        ensure!(one.attempt == job.attempt && one.program.is_none() && one.waiting.is_none(), "{job:?} is tried again too early");
        ensure!(one.held.is_empty(), "{job:?} holds {:?} between two attempts", one.held);
        ensure!(job.attempt <= retries.count && attempts == retries.count + 1, "{job:?} is tried too often");
        let factor = match retries.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => job.attempt,
            Backoff::Exponential => 1 << (job.attempt - 1),
        };
        let full = (retries.delay * factor).min(retries.max_delay.unwrap_or(Duration::MAX));
        let least = if retries.jitter { full / 2 } else { full };
        let close = Duration::from_nanos(100);
        ensure!(delay + close >= least && delay <= full + close, "{job:?} is tried again after {delay:?}, not {least:?} to {full:?}");
        if let Some(why) = self.may_not_begin(id, true) {
            return Err(format!("{job:?} is to be tried again, but {why}"));
        }
        self.all[id].retry_at = Some(self.now + delay);
        Ok(())
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
