//! Being ready and alive: when probes may be made, what answers mean, who is ready since when.

use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::base::time::RunTime;
use flowrun::notice::{OutcomeKind, StopReason};
use flowrun::plan::Rhythm;
use flowrun::source::model::RestartPolicy;

use super::{Watch, ensure};

/// What is known of how the current attempt does.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Since when it is ready.
    pub ready: Option<RunTime>,
    /// Whether it was ready at some time.
    pub was_ready: bool,
    pub leaving: bool,
    /// When it has to be ready.
    pub due: Option<RunTime>,
    /// When the next probe is to be made.
    pub next: Option<RunTime>,
    pub interval: Duration,
    pub probe: Option<Probe>,
    pub made: u32,
    pub failures: u32,
    pub why: Option<String>,
}

/// A probe that is under way.
#[derive(Clone, Debug)]
pub struct Probe {
    number: u32,
    live: bool,
    since: RunTime,
    /// Whether it has been counted as failed.
    counted: bool,
}

/// What the input of this step must be followed by.
#[derive(Debug, Default)]
pub struct Expected {
    pub ready: Option<JobId>,
    pub probe_failed: Option<(JobId, bool, u32, String)>,
}

impl Watch {
    /// Whether an attempt is in its last step and was not asked to end, or only just now.
    fn serves(&self, job: JobId, just_asked: bool) -> bool {
        let one = &self.all[job.process];
        let last = self.plan.processes[job.process].control.steps.len();
        one.attempt == job.attempt
            && one.program.as_ref().is_some_and(|program| {
                let asked = program.asked.as_ref();
                program.step as usize + 1 == last && asked.is_none_or(|(since, _)| just_asked && *since == self.now)
            })
    }

    fn rhythm(&self, id: ProcessId) -> Option<Rhythm> {
        let control = &self.plan.processes[id].control;
        match self.all[id].health.was_ready {
            true => control.live.map(|live| live.rhythm),
            false => control.ready.filter(|ready| ready.polled).map(|ready| ready.rhythm),
        }
    }

    /// A step was told to have started.
    pub fn told_of_start(&mut self, job: JobId) {
        let health = &self.all[job.process].health;
        if !self.serves(job, false) || health.was_ready {
            return;
        }
        let leaving = health.leaving;
        let control = &self.plan.processes[job.process].control;
        match control.ready {
            None if leaving => {}
            None if control.daemon => self.expected.ready = Some(job),
            None => self.is_ready(job.process),
            Some(ready) => {
                let health = &mut self.all[job.process].health;
                health.due = Some(self.now + ready.within);
                if ready.polled && !leaving {
                    health.next = Some(self.now + ready.rhythm.initial_delay);
                    health.interval = ready.rhythm.first_interval;
                }
            }
        }
    }

    pub fn told_of_leaving(&mut self, job: JobId) {
        if self.serves(job, false) {
            let health = &mut self.all[job.process].health;
            health.leaving = true;
            health.next = None;
            if self.plan.processes[job.process].control.daemon {
                self.lose(job.process);
            }
        }
    }

    /// A probe was answered: whether that counts is decided here once more.
    pub fn told_of_probe(&mut self, job: JobId, probe: Option<u32>, result: &Result<(), String>) {
        if !self.serves(job, false) {
            return;
        }
        let health = &mut self.all[job.process].health;
        let owed = self.plan.processes[job.process].control.ready.is_some() && !health.was_ready && !health.leaving;
        let awaited = match probe {
            Some(number) => health.probe.take_if(|probe| probe.number == number).is_some(),
            None => owed,
        };
        match result {
            _ if !awaited => {}
            Ok(()) if !health.was_ready => self.expected.ready = Some(job),
            Ok(()) => {
                health.failures = 0;
                self.wait_for_next(job.process);
            }
            Err(why) => {
                let told = self.failed_probe(job.process, why);
                let health = &self.all[job.process].health;
                self.expected.probe_failed = told.then(|| (job, health.was_ready, health.failures, why.clone()));
                if probe.is_some() {
                    self.wait_for_next(job.process);
                }
            }
        }
    }

    fn wait_for_next(&mut self, id: ProcessId) {
        let Some(rhythm) = self.rhythm(id) else { return };
        let health = &mut self.all[id].health;
        health.next = Some(self.now + health.interval);
        health.interval = (health.interval * 2).min(rhythm.interval);
    }

    /// Counts a failed probe: whether it is to be told.
    fn failed_probe(&mut self, id: ProcessId, why: &str) -> bool {
        let health = &mut self.all[id].health;
        health.failures += 1;
        let news = health.was_ready || health.why.as_deref() != Some(why);
        health.why = Some(why.to_owned());
        news
    }

    fn is_ready(&mut self, id: ProcessId) {
        let live = self.plan.processes[id].control.live;
        let health = &mut self.all[id].health;
        health.ready = Some(self.now);
        health.was_ready = true;
        health.due = None;
        health.failures = 0;
        health.next = live.map(|live| self.now + live.rhythm.initial_delay.max(live.rhythm.interval));
        health.interval = live.map_or(Duration::ZERO, |live| live.rhythm.interval);
    }

    /// A process is not ready any more.
    pub fn lose(&mut self, id: ProcessId) {
        if self.all[id].health.ready.take().is_some() {
            self.all[id].lost = Some((self.now, self.whole.step));
            self.meet_lost(id);
        }
    }

    /// A process is said to be ready.
    pub fn said_ready(&mut self, job: JobId) -> Result<(), String> {
        ensure!(self.expected.ready.take() == Some(job), "{job:?} is said to be ready");
        self.is_ready(job.process);
        Ok(())
    }

    /// A probe is said to have failed: by its answer, or because there was none.
    pub fn said_probe_failed(&mut self, job: JobId, live: bool, failures: u32, why: &str) -> Result<(), String> {
        if let Some(expected) = self.expected.probe_failed.take() {
            ensure!(expected == (job, live, failures, why.to_owned()), "{expected:?} is told as {job:?} {live} {failures} {why}");
            return Ok(());
        }
        ensure!(self.serves(job, false), "a probe of {job:?} failed out of its time");
        ensure!(self.no_answer_in_time(job.process), "a probe of {job:?} failed without reason: {why}");
        ensure!(why.starts_with("no answer within "), "a probe of {job:?} without an answer failed by {why}");
        ensure!(self.failed_probe(job.process, why), "{job:?} is told twice that {why}");
        self.wait_for_next(job.process);
        let health = &mut self.all[job.process].health;
        if let Some(probe) = &mut health.probe {
            probe.counted = true;
        }
        ensure!(live == health.was_ready && failures == health.failures, "{job:?} failed {failures} probes, not {}", health.failures);
        Ok(())
    }

    fn no_answer_in_time(&self, id: ProcessId) -> bool {
        let timeout = self.rhythm(id).map(|rhythm| rhythm.timeout);
        let probe = self.all[id].health.probe.as_ref();
        !self.suspended && probe.zip(timeout).is_some_and(|(probe, timeout)| probe.since + timeout <= self.now)
    }

    pub fn probe(&mut self, job: JobId, number: u32, live: bool) -> Result<(), String> {
        ensure!(!self.suspended, "{job:?} is probed while the run is suspended");
        ensure!(self.serves(job, true), "{job:?} is probed though it does not serve");
        let told = self.all[job.process].program.as_ref().is_some_and(|program| program.told);
        let health = &mut self.all[job.process].health;
        ensure!(told || health.was_ready, "{job:?} is probed before it was started");
        ensure!(!health.leaving, "{job:?} is probed though it is about to end");
        ensure!(health.probe.is_none(), "{job:?} is probed twice at once");
        ensure!(number == health.made && live == health.was_ready, "{job:?} gets probe {number}, live: {live}: {health:?}");
        ensure!(health.next.is_some_and(|next| next <= self.now), "{job:?} is probed out of time: {health:?}");
        health.made += 1;
        health.next = None;
        health.probe = Some(Probe { number, live, since: self.now, counted: false });
        Ok(())
    }

    pub fn end_probe(&mut self, job: JobId) -> Result<(), String> {
        let overdue = self.no_answer_in_time(job.process);
        let Some(probe) = self.all[job.process].health.probe.take() else {
            // An attempt that was followed by another in the same step.
            ensure!(self.over.remove(&job), "no probe of {job:?} is under way");
            return Ok(());
        };
        let health = &self.all[job.process].health;
        let wanted = self.serves(job, false) && !health.leaving && probe.live == health.was_ready;
        if wanted && !probe.counted {
            ensure!(overdue, "a probe of {job:?} is given up");
            let told = self.failed_probe(job.process, &self.all[job.process].health.why.clone().unwrap_or_default());
            ensure!(!told, "it is not told that a probe of {job:?} was not answered");
            self.wait_for_next(job.process);
        }
        Ok(())
    }

    pub fn health_rules(&self, id: ProcessId) -> Result<(), String> {
        let one = &self.all[id];
        let job = JobId { process: id, attempt: one.attempt };
        let health = &one.health;
        let serves = self.serves(job, false);
        if let Some(probe) = &health.probe {
            ensure!(serves && !health.leaving && probe.live == health.was_ready, "a probe of {job:?} is under way in vain: {health:?}");
            ensure!(!self.no_answer_in_time(id), "a probe of {job:?} is waited for too long: {health:?}");
        }
        if !serves || self.suspended {
            return Ok(());
        }
        ensure!(health.was_ready || health.due.is_none_or(|due| due > self.now), "{job:?} is not ready in time and goes on");
        let probed = health.leaving || health.probe.is_some() || health.next.is_none_or(|next| next > self.now);
        ensure!(probed, "{job:?} is not probed in time: {health:?}");
        let patience = self.plan.processes[id].control.live.filter(|_| health.was_ready).map(|live| live.failures);
        ensure!(patience.is_none_or(|patience| health.failures < patience), "{job:?} does not answer and goes on: {health:?}");
        Ok(())
    }

    /// Whether an attempt that fails may be followed by another.
    fn another_may_follow(&self, id: ProcessId) -> bool {
        let control = &self.plan.processes[id].control;
        let one = &self.all[id];
        let allowed = match control.daemon {
            true => control.restart.policy != RestartPolicy::No && control.restart.max > 0,
            false => one.attempt - one.uncounted <= control.retries.count,
        };
        allowed && !one.stop_requested && self.must_not_follow(id).is_none()
    }

    /// Why no attempt may follow that has not been decided.
    pub fn must_not_follow(&self, id: ProcessId) -> Option<&'static str> {
        let over = self.plan.processes[id].control.daemon && self.work_is_over();
        self.may_not_begin(id, true).or(over.then_some("the work is over")).or(self.is_unused(id).then_some("nobody uses it"))
    }

    /// Since when a process can not be ready any more, and what became of it.
    pub fn never_ready(&self, id: ProcessId) -> Option<(RunTime, OutcomeKind)> {
        let one = &self.all[id];
        if one.health.ready.is_some() {
            return None;
        }
        if let Some((at, outcome)) = &one.outcome {
            return Some((*at, outcome.kind()));
        }
        let program = one.program.as_ref()?;
        let kind = match &program.asked {
            _ if self.another_may_follow(id) && one.failing() => return None,
            Some(_) if one.failing() && !one.stop_requested && !self.is_unused(id) => OutcomeKind::Failed,
            Some((_, StopReason::Restart)) if !one.stop_requested && self.must_not_follow(id).is_none() => return None,
            Some((_, StopReason::RunStopped)) if !self.plan.processes[id].control.daemon => OutcomeKind::Cancelled,
            Some(_) => OutcomeKind::Stopped,
            None if one.health.leaving && !self.another_may_follow(id) => OutcomeKind::Stopped,
            None => return None,
        };
        Some((one.never.unwrap_or(self.now), kind))
    }
}

impl super::One {
    /// Whether it is being stopped because its attempt has failed.
    fn failing(&self) -> bool {
        let asked = self.program.as_ref().and_then(|program| program.asked.as_ref());
        asked.is_some_and(|(_, reason)| super::ends::is_failing(reason))
    }
}
