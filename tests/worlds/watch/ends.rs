//! Whether an outcome is the right one.

use flowrun::base::ids::ProcessId;
use flowrun::notice::{CancelReason, Exit, Failure, Outcome, OutcomeKind, SkipReason, StopReason};
use flowrun::plan::Join;
use flowrun::source::model::Condition;

use super::joins::Joined;
use super::{Last, Watch, ensure};

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
                self.succeeded_rightly(id)?;
                ensure!(!control.daemon || !self.owes_restart(id, false), "{id:?} is a success instead of being restarted");
                ensure!(!self.is_forgiven(id, false), "{id:?} is a success instead of being stopped");
            }
            Outcome::Failed { failure, allowed } => {
                ensure!(*allowed == control.allow_failure, "{id:?} is allowed to fail: {allowed}");
                if one.last_failure.as_ref() == Some(failure) && self.may_not_begin(id, true).is_some() {
                    return Ok(());
                }
                self.failed_rightly(id, failure)?;
                let tried = match failure {
                    Failure::NotStarted(_) if one.attempt == 0 => true,
                    Failure::JoinTimeout { .. } | Failure::FellTooOften { .. } => true,
                    _ if control.daemon => !self.owes_restart(id, true),
                    _ => {
                        one.attempt - one.uncounted > control.retries.count || one.stop_requested || self.may_not_begin(id, true).is_some()
                    }
                };
                ensure!(tried, "{id:?} failed for good in attempt {}", one.attempt);
                ensure!(!self.is_forgiven(id, true), "{id:?} failed though it would only have been started again");
            }
            Outcome::Skipped(SkipReason::Condition) => {
                let said = self.answer == Some((id, Ok(false)));
                let mut others = self.needs.partners[id].iter().filter(|other| **other != id).map(|other| &self.all[*other].outcome);
                let partner = others.any(|end| matches!(end, Some((_, Outcome::Skipped(SkipReason::Condition)))));
                ensure!((control.disabled || said || partner) && one.attempt == 0, "{id:?} has no false `if`");
            }
            Outcome::Skipped(SkipReason::Partner { process }) => {
                let tied = self.needs.partners[id].contains(process) && *process != id;
                let over = self.all[*process].outcome.is_some() && !self.all[*process].begun;
                ensure!(tied && over && !one.begun, "{id:?} is skipped for {process:?}");
            }
            Outcome::Skipped(SkipReason::Join { process, until, because, root }) => {
                ensure!(one.attempt == 0, "{id:?} is skipped after it began");
                let join = control.joins.iter().find(|join| join.process == *process && join.until == *until);
                let Some(join) = join else { return Err(format!("{id:?} does not join {process:?}")) };
                let broken = matches!(self.joined_one(id, join), Joined::Broken | Joined::Either);
                ensure!(broken, "{id:?} is skipped though its join on {process:?} could still hold");
                let ended = self.all[*process].outcome.as_ref().map(|(_, outcome)| outcome.kind());
                let kind = ended.or(self.never_ready(*process).filter(|_| *until == Condition::Ready).map(|(_, kind)| kind));
                ensure!(kind == Some(*because), "{process:?} is {kind:?}, not {because:?}");
                let began = self.root(*process, *because);
                ensure!(*root == began, "{id:?} is skipped for {root:?}, but it began with {began:?}");
            }
            Outcome::Cancelled(CancelReason::Requested) => {
                ensure!(one.stop_requested && !one.begun, "{id:?} is cancelled though nobody asked for it");
            }
            Outcome::Cancelled(CancelReason::Unused) => {
                ensure!(self.is_unused(id) && !one.begun, "{id:?} is cancelled though it is used or was begun");
            }
            Outcome::Cancelled(CancelReason::WorkEnded) => {
                ensure!(self.may_end(), "{id:?} is cancelled though the work has not ended");
                ensure!(control.daemon || self.whole.killing.is_some(), "{id:?} is no daemon");
                ensure!(!control.daemon || !one.begun, "{id:?} had begun");
            }
            Outcome::Cancelled(CancelReason::Interrupt | CancelReason::RunTimeout | CancelReason::Failure(_)) => {
                ensure!(self.whole.halted.is_some() || self.whole.killing.is_some(), "{id:?} is cancelled though nothing was halted");
                let of_failure = matches!(outcome, Outcome::Cancelled(CancelReason::Failure(_)));
                let lost = |join: &Join| {
                    let end = self.all[join.process].outcome.as_ref().map(|(_, outcome)| outcome.kind());
                    let ended_badly = matches!(end, Some(OutcomeKind::Failed | OutcomeKind::Skipped));
                    ended_badly && matches!(self.joined_one(id, join), Joined::Broken)
                };
                let own = of_failure && one.attempt == 0 && control.joins.iter().any(lost);
                ensure!(!own, "{id:?} is cancelled for another, but a join of its own can not hold");
                if self.whole.killing.is_none() {
                    ensure!(!self.needs.cleanup[id], "the cleanup {id:?} is cancelled");
                    ensure!(self.whole.stopped.is_some() || !one.begun, "{id:?} is cancelled though it had begun");
                    ensure!(!control.daemon || !one.begun, "the daemon {id:?} is cancelled before its turn");
                }
            }
            Outcome::Stopped => {
                let by = last.and_then(|last| last.asked.as_ref());
                let ends = [StopReason::WorkEnded, StopReason::RunStopped, StopReason::Unused];
                let asked = by.is_some_and(|reason| control.daemon && ends.contains(reason));
                if one.stop_requested || asked {
                    return Ok(());
                }
                // It was to be begun anew, and then was not: before it ended, or while it waited for its locks.
                let anew = by == Some(&StopReason::Restart) || one.uncounted > 0 && one.last.is_none();
                if anew && self.must_not_follow(id).is_some() {
                    return Ok(());
                }
                ensure!(control.daemon && one.begun, "{id:?} is stopped though nobody asked for it");
                let between_attempts = one.last.is_none() || one.retry_at.is_some();
                if between_attempts && self.must_not_follow(id).is_some() {
                    return Ok(());
                }
                let well = |last: &Last| matches!(last.exit, Exit::Code(code) if control.success_codes.contains(&code)) && by.is_none();
                let between_steps = last.is_some_and(|last| well(last) && (last.step as usize) + 1 < control.steps.len());
                let success = by.is_none() && self.succeeded_rightly(id).is_ok();
                let not_needed = self.is_unused(id) || self.work_is_over();
                let forgiven = self.is_forgiven(id, !success) || self.whole.killing.is_some();
                if !between_steps && not_needed {
                    ensure!(forgiven, "{id:?} is stopped though it has failed: {last:?}");
                    return Ok(());
                }
                ensure!(between_steps, "{id:?} is stopped after {last:?}");
                if !self.is_unused(id) {
                    self.not_needed_any_more(id)?;
                }
            }
        }
        Ok(())
    }

    /// Where it began that a join on this process is broken.
    fn root(&self, process: ProcessId, because: OutcomeKind) -> (ProcessId, OutcomeKind) {
        match self.all[process].outcome.as_ref().map(|(_, outcome)| outcome) {
            Some(Outcome::Skipped(SkipReason::Join { process, because, .. })) => self.root(*process, *because),
            Some(Outcome::Skipped(SkipReason::Partner { process })) => {
                let kind = self.all[*process].outcome.as_ref().map_or(because, |(_, outcome)| outcome.kind());
                self.root(*process, kind)
            }
            _ => (process, because),
        }
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
            Failure::NotStarted(why) if one.attempt == 0 => self.answer == Some((id, Err(why.clone()))),
            Failure::NotStarted(why) => last.is_some_and(|last| last.exit == Exit::NotStarted(why.clone())),
            Failure::Timeout(bound) => last.is_some_and(|last| {
                let known = control.timeout == Some(*bound) || control.steps[last.step as usize].timeout == Some(*bound);
                known && last.asked == Some(StopReason::Timeout)
            }),
            Failure::BadItem(_) | Failure::ItemsSetAside(_) => false,
            Failure::EndedBeforeReady => {
                let ended = last.is_some_and(|last| {
                    last.step as usize + 1 == control.steps.len()
                        && matches!(last.exit, Exit::Code(code) if control.success_codes.contains(&code))
                });
                free && ended && control.ready.is_some() && !one.health.was_ready
            }
            Failure::NeverReady { within, why } => {
                let bound = control.ready.map(|ready| ready.within);
                bound == Some(*within) && *why == one.health.why && last.is_some_and(|last| last.asked == Some(StopReason::NotReady))
            }
            Failure::NotLive { failures, why } => {
                let patience = control.live.map(|live| live.failures);
                let known = patience == Some(*failures) && *failures == one.health.failures && one.health.why.as_ref() == Some(why);
                known && last.is_some_and(|last| last.asked == Some(StopReason::NotLive))
            }
            Failure::NeverEnded(bound) => *bound == control.grace && last.is_some_and(|last| last.asked == Some(StopReason::NeverEnded)),
            Failure::FellTooOften { max, within, last } => {
                self.fell_rightly(id, last.as_deref())?;
                control.daemon && (*max, *within) == (control.restart.max, control.restart.within)
            }
            Failure::AcquireTimeout { bound, .. } => {
                let waited = one.withdrawn.as_ref().filter(|wait| !wait.wants.is_empty() && !wait.lacked_only_slot);
                control.acquire_timeout == Some(*bound) && waited.is_some_and(|wait| wait.since + *bound <= self.now)
            }
            Failure::HostLock(why) => self.was_refused(id, why),
            Failure::JoinTimeout { process, timeout } => one.attempt == 0 && self.timed_out_rightly(id, *process, *timeout),
        };
        ensure!(right, "{id:?} failed by {failure:?} after {last:?}");
        Ok(())
    }
}

/// Whether a process is asked to end because its attempt has failed.
pub fn is_failing(reason: &StopReason) -> bool {
    matches!(reason, StopReason::Timeout | StopReason::NotReady | StopReason::NotLive | StopReason::NeverEnded)
}
