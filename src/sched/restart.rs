//! Restarts: how often a daemon that ended is started again, and after which delay; and those that somebody
//! asks for, which count for no bound.
//!
//! A sliding window: only restarts that lie within it count, against the limit and for the growth of the
//! delay, so both fall back after a quiet time.

use std::collections::VecDeque;
use std::time::Duration;

use super::protocol::Outbox;
use super::retry;
use super::scheduler::Scheduler;
use super::state::State;
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::notice::{CancelReason, Event, Failure, Outcome, StopReason};
use crate::plan::Restart;
use crate::source::model::RestartPolicy;

/// When a daemon was restarted, of late.
#[derive(Debug, Default)]
pub struct Restarts(VecDeque<RunTime>);

impl Restarts {
    /// Counts a restart that is decided now: the how manieth in its window it is, and its delay. None when
    /// it would be one too many.
    fn next(&mut self, restart: &Restart, now: RunTime) -> Option<(u32, Duration)> {
        while self.0.front().is_some_and(|at| *at + restart.within <= now) {
            self.0.pop_front();
        }
        let nth = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1);
        if nth > restart.max {
            return None;
        }
        self.0.push_back(now);
        Some((nth, retry::grown(restart.delay, restart.backoff, nth, restart.max_delay)))
    }
}

impl Scheduler {
    /// An attempt of a daemon is over and nobody asked for that: another follows, or it has ended.
    pub(super) fn fell(&mut self, id: ProcessId, failure: Option<Failure>, out: &mut Outbox) {
        let restart = self.plan.processes[id].control.restart;
        let wanted = match restart.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure => failure.is_some(),
            RestartPolicy::Always => true,
        };
        let (max, within) = (restart.max, restart.within);
        let obstacle = self.may_not_start(id);
        // What could not even be started has failed, whether it was still needed or not.
        let ran = !matches!(failure, Some(Failure::NotStarted(_)));
        let not_needed = ran && matches!(obstacle, Some(CancelReason::WorkEnded | CancelReason::Unused));
        if !wanted || max == 0 || (obstacle.is_some() && !not_needed) {
            match failure {
                Some(failure) => self.fail(id, failure, out),
                None => self.ended_by_itself(id, out),
            }
        } else if let Some((restarts, delay)) = self.processes[id].restarts.next(&restart, self.now) {
            if not_needed {
                // It would be started again; whether it falls just before or after nobody needs it any more
                // must not decide how the run ends.
                self.end(id, Outcome::Stopped, out);
                return;
            }
            out.tell(self.now, Event::Restarting { job: self.job(id), failure, restarts, max, delay });
            self.try_again(id, delay, out);
        } else {
            self.fail(id, Failure::FellTooOften { max, within, last: failure.map(Box::new) }, out);
        }
    }
}

impl Scheduler {
    /// Whether a process can be stopped and begun anew: it runs, was not asked to end, and may be started.
    pub fn can_restart(&self, id: ProcessId) -> bool {
        matches!(self.processes[id].state, State::Running { .. }) && self.may_not_start(id).is_none()
    }

    /// Somebody asks for a process to be stopped and begun anew.
    pub(super) fn restart_requested(&mut self, id: ProcessId, out: &mut Outbox) {
        if self.can_restart(id) {
            self.processes[id].anew = true;
            self.stop(id, StopReason::Restart, out);
        }
    }

    /// An attempt has ended so that another can begin.
    pub(super) fn begin_anew(&mut self, id: ProcessId, out: &mut Outbox) {
        if let State::Running { step } | State::Stopping { step, .. } = self.processes[id].state {
            self.release_step(id, step, out);
        }
        self.release_attempt(id, out);
        self.processes[id].last_failure = None;
        self.processes[id].uncounted += 1;
        out.tell(self.now, Event::BeginningAnew { job: self.job(id) });
        self.try_again(id, Duration::ZERO, out);
    }

    /// Which attempt the current one is, without those that were stopped to be begun anew.
    pub(super) fn counted_attempts(&self, id: ProcessId) -> u32 {
        self.processes[id].attempt - self.processes[id].uncounted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::model::Backoff;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The number and delay (seconds) of a restart at each of these moments (seconds).
    fn restarts(restart: Restart, moments: &[u64]) -> Vec<Option<(u32, u64)>> {
        let mut restarts = Restarts::default();
        let mut next = |at: &u64| restarts.next(&restart, RunTime(seconds(*at)));
        moments.iter().map(|at| next(at).map(|(nth, delay)| (nth, delay.as_secs()))).collect()
    }

    fn limit(max: u32) -> Restart {
        Restart { policy: RestartPolicy::OnFailure, max, within: seconds(10), delay: seconds(1), ..Restart::default() }
    }

    #[test]
    fn only_restarts_within_the_window_count() {
        assert_eq!(restarts(limit(2), &[0, 5, 9]), [Some((1, 1)), Some((2, 2)), None]);
        assert_eq!(restarts(limit(2), &[0, 5, 10, 14]), [Some((1, 1)), Some((2, 2)), Some((2, 2)), None]);
        assert_eq!(restarts(limit(0), &[0]), [None]);
    }

    #[test]
    fn the_delay_grows_with_the_restarts_in_the_window_and_falls_back_after_a_quiet_time() {
        let delays =
            |restart: Restart| restarts(restart, &[0, 1, 2, 3, 100]).into_iter().flatten().map(|(_, delay)| delay).collect::<Vec<_>>();
        assert_eq!(delays(limit(9)), [1, 2, 4, 8, 1]);
        assert_eq!(delays(Restart { backoff: Backoff::Linear, ..limit(9) }), [1, 2, 3, 4, 1]);
        assert_eq!(delays(Restart { backoff: Backoff::Constant, ..limit(9) }), [1, 1, 1, 1, 1]);
        assert_eq!(delays(Restart { max_delay: Some(seconds(3)), ..limit(9) }), [1, 2, 3, 3, 1]);
    }
}
