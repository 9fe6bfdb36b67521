//! Daemons that are started again, and those that nobody uses any more.

use std::time::Duration;

use flowrun::base::ids::{JobId, ProcessId};
use flowrun::notice::{Exit, Failure, StopReason};
use flowrun::source::model::{Backoff, Condition, RestartPolicy};

use super::{Watch, ensure};

impl Watch {
    /// How many restarts lie within the window now.
    fn restarts_in_window(&self, id: ProcessId) -> u32 {
        let within = self.plan.processes[id].control.restart.within;
        self.all[id].restarts.iter().filter(|at| **at + within > self.now).count() as u32
    }

    pub fn restarting(&mut self, job: JobId, failure: Option<&Failure>, restarts: u32, max: u32, delay: Duration) -> Result<(), String> {
        let id = job.process;
        let control = &self.plan.processes[id].control;
        let restart = &control.restart;
        self.between_attempts(job)?;
        ensure!(control.daemon, "{job:?} is no daemon");
        match failure {
            Some(failure) => self.failed_rightly(id, failure)?,
            None => self.succeeded_rightly(id)?,
        }
        let wanted = match restart.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure => failure.is_some(),
            RestartPolicy::Always => true,
        };
        ensure!(wanted, "{job:?} is restarted against its policy");
        let asked = self.all[id].last.as_ref().and_then(|last| last.asked.clone());
        // What could not even be started has failed, though it was to begin anew.
        let unborn = asked == Some(StopReason::Restart) && matches!(failure, Some(Failure::NotStarted(_)));
        let failing = unborn || asked.as_ref().is_none_or(super::ends::is_failing);
        ensure!(failing && !self.all[id].stop_requested, "{job:?} is restarted though it was asked to stop: {asked:?}");
        if let Some(why) = self.may_not_begin(id, true).or(self.whole.closing.then_some("the work is over")) {
            return Err(format!("{job:?} is restarted, but {why}"));
        }
        ensure!(!self.is_unused(id), "{job:?} is restarted though nobody uses it");
        let nth = self.restarts_in_window(id) + 1;
        ensure!(max == restart.max && restarts == nth && nth <= max, "{job:?} is restarted {restarts} of {max} times, it is {nth}");
        let factor = match restart.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => nth,
            Backoff::Exponential => 1 << (nth - 1),
        };
        let expected = (restart.delay * factor).min(restart.max_delay.unwrap_or(Duration::MAX));
        ensure!(delay.abs_diff(expected) < Duration::from_nanos(100), "{job:?} is restarted after {delay:?}, not {expected:?}");
        let now = self.now;
        self.all[id].restarts.push(now);
        self.all[id].last_failure = failure.cloned();
        self.next_attempt_at(id, now + delay);
        Ok(())
    }

    /// Whether a daemon that ended so is to be started again as far as it is up to the daemon.
    fn wants_restart(&self, id: ProcessId, failed: bool) -> bool {
        let control = &self.plan.processes[id].control;
        let wanted = match control.restart.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure => failed,
            RestartPolicy::Always => true,
        };
        let asked = self.all[id].last.as_ref().and_then(|last| last.asked.as_ref()).is_some_and(|reason| !super::ends::is_failing(reason));
        control.daemon && wanted && control.restart.max > 0 && !asked && !self.all[id].stop_requested
    }

    /// Whether a daemon that ended so would have to be started again.
    pub fn owes_restart(&self, id: ProcessId, failed: bool) -> bool {
        self.wants_restart(id, failed) && self.must_not_follow(id).is_none()
    }

    /// Whether a daemon that ended so would be started again, if only it were still needed.
    pub fn is_forgiven(&self, id: ProcessId, failed: bool) -> bool {
        let needless = self.is_unused(id) || self.whole.closing && self.may_not_begin(id, true).is_none();
        let room = self.restarts_in_window(id) < self.plan.processes[id].control.restart.max;
        let ran = self.all[id].last.as_ref().is_none_or(|last| !matches!(last.exit, Exit::NotStarted(_)));
        self.wants_restart(id, failed) && needless && room && ran
    }

    /// Whether a daemon fell once too often.
    pub fn fell_rightly(&self, id: ProcessId, last: Option<&Failure>) -> Result<(), String> {
        let ran = !matches!(last, Some(Failure::NotStarted(_)));
        let needed = ran || self.must_not_follow(id).is_none();
        ensure!(needed && self.wants_restart(id, last.is_some()), "{id:?} fell too often, but was not to be restarted");
        let (count, max) = (self.restarts_in_window(id), self.plan.processes[id].control.restart.max);
        ensure!(count == max, "{id:?} was restarted {count} of {max} times and fell too often");
        match last {
            Some(failure) => self.failed_rightly(id, failure),
            None => self.succeeded_rightly(id),
        }
    }

    /// Whether the attempt that is over ended with success in its last step, after it was ready.
    pub fn succeeded_rightly(&self, id: ProcessId) -> Result<(), String> {
        let (one, control) = (&self.all[id], &self.plan.processes[id].control);
        let last = one.last.as_ref();
        let complete = last.is_some_and(|last| {
            let success = matches!(last.exit, Exit::Code(code) if control.success_codes.contains(&code));
            success && last.asked.is_none() && last.step as usize + 1 == control.steps.len()
        });
        ensure!(complete, "{id:?} is a success after {last:?}");
        ensure!(control.ready.is_none() || one.health.was_ready, "{id:?} is a success though it was never ready");
        Ok(())
    }

    /// Whether a daemon that is stopped when nobody uses it had users and all have ended.
    pub fn is_unused(&self, id: ProcessId) -> bool {
        if !self.plan.processes[id].control.stop_unused {
            return false;
        }
        let uses = |other: &ProcessId| {
            let joins = &self.plan.processes[*other].control.joins;
            joins.iter().any(|join| join.process == id && matches!(join.until, Condition::Ready | Condition::Start))
        };
        let mut users = self.plan.processes.ids().filter(uses).peekable();
        users.peek().is_some() && users.all(|user| self.all[user].outcome.is_some())
    }

    pub fn unused_rules(&self, id: ProcessId) -> Result<(), String> {
        let asked = self.all[id].program.as_ref().is_some_and(|program| program.asked.is_some());
        ensure!(self.all[id].outcome.is_some() || asked || !self.is_unused(id), "{id:?} goes on though nobody uses it");
        Ok(())
    }
}
