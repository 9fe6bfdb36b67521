//! Whether an outcome is the right one.

use flowrun::base::ids::ProcessId;
use flowrun::notice::{CancelReason, Exit, Failure, Outcome, SkipReason, StopReason};

use super::joins::Joined;
use super::{Watch, ensure};

impl Watch {
    pub fn ended_rightly(&self, id: ProcessId, outcome: &Outcome) -> Result<(), String> {
        let one = &self.all[id];
        let control = &self.plan.processes[id].control;
        let last = one.last.as_ref();
        let never_ran = last.is_some_and(|last| matches!(last.exit, Exit::NotStarted(_)));
        let cut_off = one.retry_at.is_some();
        ensure!(!never_ran || cut_off || matches!(outcome, Outcome::Failed { .. }), "{id:?} could not be started and is {outcome:?}");
        match outcome {
            Outcome::Success => {
                let complete = last.is_some_and(|last| {
                    let success = matches!(last.exit, Exit::Code(code) if control.success_codes.contains(&code));
                    success && last.asked.is_none() && last.step as usize + 1 == control.steps.len()
                });
                ensure!(complete, "{id:?} is a success after {last:?}");
            }
            Outcome::Failed { failure, allowed } => {
                ensure!(*allowed == control.allow_failure, "{id:?} is allowed to fail: {allowed}");
                if one.last_failure.as_ref() == Some(failure) && self.may_not_begin(id, true).is_some() {
                    return Ok(());
                }
                self.failed_rightly(id, failure)?;
                let tried = matches!(failure, Failure::JoinTimeout { .. })
                    || one.attempt > control.retries.count
                    || one.stop_requested
                    || self.may_not_begin(id, true).is_some();
                ensure!(tried, "{id:?} failed for good in attempt {}", one.attempt);
            }
            Outcome::Skipped(SkipReason::Condition) => ensure!(control.disabled && one.attempt == 0, "{id:?} has no false `if`"),
            Outcome::Skipped(SkipReason::Join { process, until, because }) => {
                ensure!(one.attempt == 0, "{id:?} is skipped after it began");
                let join = control.joins.iter().find(|join| join.process == *process && join.until == *until);
                let Some(join) = join else { return Err(format!("{id:?} does not join {process:?}")) };
                let broken = matches!(self.joined_one(id, join), Joined::Broken | Joined::Either);
                ensure!(broken, "{id:?} is skipped though its join on {process:?} could still hold");
                let kind = self.all[*process].outcome.as_ref().map(|(_, outcome)| outcome.kind());
                ensure!(kind == Some(*because), "{process:?} is {kind:?}, not {because:?}");
            }
            Outcome::Cancelled(CancelReason::Requested) => {
                ensure!(one.stop_requested && !one.begun, "{id:?} is cancelled though nobody asked for it");
            }
            Outcome::Cancelled(CancelReason::WorkEnded) => {
                ensure!(self.needs.has_work || self.whole.halted.is_some(), "{id:?} is cancelled though the work has not ended");
                ensure!(control.daemon || self.whole.killing.is_some(), "{id:?} is no daemon");
                ensure!(!control.daemon || !one.begun, "{id:?} had begun");
            }
            Outcome::Cancelled(CancelReason::Interrupt | CancelReason::RunTimeout | CancelReason::Failure(_)) => {
                ensure!(self.whole.halted.is_some() || self.whole.killing.is_some(), "{id:?} is cancelled though nothing was halted");
                if self.whole.killing.is_none() {
                    ensure!(!self.needs.cleanup[id], "the cleanup {id:?} is cancelled");
                    ensure!(self.whole.stopped.is_some() || !one.begun, "{id:?} is cancelled though it had begun");
                    ensure!(!control.daemon || !one.begun, "the daemon {id:?} is cancelled before its turn");
                }
            }
            Outcome::Stopped => {
                let by = last.and_then(|last| last.asked.as_ref());
                let asked = by.is_some_and(|reason| control.daemon && matches!(reason, StopReason::WorkEnded | StopReason::RunStopped));
                if one.stop_requested || asked {
                    return Ok(());
                }
                ensure!(control.daemon && one.begun, "{id:?} is stopped though nobody asked for it");
                self.not_needed_any_more(id)?;
            }
        }
        Ok(())
    }

    /// Whether the attempt that is over failed in this way.
    pub fn failed_rightly(&self, id: ProcessId, failure: &Failure) -> Result<(), String> {
        let one = &self.all[id];
        let control = &self.plan.processes[id].control;
        let last = one.last.as_ref();
        let free = last.is_some_and(|last| last.asked.is_none());
        let right = match failure {
            Failure::Code(code) => free && !control.success_codes.contains(code) && last.is_some_and(|last| last.exit == Exit::Code(*code)),
            Failure::Signal(signal) => free && last.is_some_and(|last| last.exit == Exit::Signal(*signal)),
            Failure::NotStarted(why) => last.is_some_and(|last| last.exit == Exit::NotStarted(why.clone())),
            Failure::Timeout(bound) => last.is_some_and(|last| {
                let known = control.timeout == Some(*bound) || control.steps[last.step as usize].timeout == Some(*bound);
                known && last.asked == Some(StopReason::Timeout)
            }),
            Failure::AcquireTimeout(bound) => {
                let waited = one.withdrawn.as_ref().filter(|wait| !wait.wants.is_empty() && !wait.lacked_only_slot);
                control.acquire_timeout == Some(*bound) && waited.is_some_and(|wait| wait.since + *bound <= self.now)
            }
            Failure::JoinTimeout { process, timeout } => one.attempt == 0 && self.timed_out_rightly(id, *process, *timeout),
        };
        ensure!(right, "{id:?} failed by {failure:?} after {last:?}");
        Ok(())
    }
}
