//! What a run met.

use flowrun::base::ids::ProcessId;
use flowrun::notice::{CancelReason, Event, Failure, Outcome, SkipReason, StopReason};
use flowrun::source::model::Condition;

use super::Watch;

/// Everything that many worlds must meet.
pub const THINGS: &[&str] = &[
    "ready",
    "probe failed",
    "no answer",
    "liveness probe failed",
    "not ready in time",
    "not live",
    "never ended",
    "ended before ready",
    "retried because never ready",
    "restarted after a failure",
    "restarted after a success",
    "fell too often",
    "stopped unused",
    "begun anew",
    "cancelled unused",
    "suspended",
    "stopped by the clock after a suspension",
    "interrupted while suspended",
    "readiness lost while waited for",
    "skipped before the end of what was waited for",
    "skipped by an `if` that was asked for",
    "failed by an `if`",
    "skipped for a partner in a pipe",
    "asked the host",
    "refused by the host",
    "waited for the host in vain",
    "given back to the host for want of a slot",
    "a section waited and began",
    "a section began after its program",
    "a section inside another",
    "a section was given up",
    "a section had to wait too long",
    "refused what is held around it",
    "refused for want of patience",
    "a request closed a ring",
    "refused what daemons keep",
    "a slot was lent",
];

impl Watch {
    /// Takes note of what a notice shows, before anything is made of it.
    pub fn meet(&mut self, event: &Event) {
        let thing = match event {
            Event::Ready { .. } => "ready",
            Event::ProbeFailed { why, .. } if why.starts_with("no answer") => "no answer",
            Event::ProbeFailed { live: true, .. } => "liveness probe failed",
            Event::ProbeFailed { live: false, .. } => "probe failed",
            Event::Stopping { reason: StopReason::NotReady, .. } => "not ready in time",
            Event::Stopping { reason: StopReason::NotLive, .. } => "not live",
            Event::Stopping { reason: StopReason::NeverEnded, .. } => "never ended",
            Event::Stopping { reason: StopReason::Unused, .. } => "stopped unused",
            Event::Stopping { reason: StopReason::Timeout, .. } if self.met.contains_key("suspended") => {
                "stopped by the clock after a suspension"
            }
            Event::Retrying { failure: Failure::NeverReady { .. }, .. } => "retried because never ready",
            Event::Restarting { failure: Some(Failure::EndedBeforeReady), .. } => "ended before ready",
            Event::Restarting { failure: Some(_), .. } => "restarted after a failure",
            Event::Restarting { failure: None, .. } => "restarted after a success",
            Event::BeginningAnew { .. } => "begun anew",
            Event::Suspended => "suspended",
            Event::Resumed if self.interrupted => "interrupted while suspended",
            Event::Ended { outcome: Outcome::Failed { failure: Failure::FellTooOften { .. }, .. }, .. } => "fell too often",
            Event::Ended { outcome: Outcome::Cancelled(CancelReason::Unused), .. } => "cancelled unused",
            Event::Ended { outcome: Outcome::Skipped(SkipReason::Join { process, .. }), .. } if self.all[*process].outcome.is_none() => {
                "skipped before the end of what was waited for"
            }
            Event::Ended { outcome: Outcome::Skipped(SkipReason::Condition), .. } if self.answer.is_some() => {
                "skipped by an `if` that was asked for"
            }
            Event::Ended { outcome: Outcome::Skipped(SkipReason::Partner { .. }), .. } => "skipped for a partner in a pipe",
            Event::Ended { process, outcome: Outcome::Failed { failure: Failure::NotStarted(_), .. }, .. }
                if self.answer.is_some() && self.all[*process].attempt == 0 =>
            {
                "failed by an `if`"
            }
            _ => return,
        };
        *self.met.entry(thing).or_default() += 1;
    }

    /// A process is ready no more: what waits for others too has to wait for it again.
    pub fn meet_lost(&mut self, id: ProcessId) {
        let mut processes = self.plan.processes.entries();
        let waited_for = processes.any(|(other, process)| {
            let one = &self.all[other];
            let joins = process.control.joins.iter().any(|join| join.process == id && join.until == Condition::Ready);
            joins && one.attempt == 0 && one.outcome.is_none()
        });
        if waited_for {
            *self.met.entry("readiness lost while waited for").or_default() += 1;
        }
    }
}
