//! Outcomes of the run's own vocabulary as those of the report: kind, facts, a sentence.

use std::time::Duration;

use super::super::words;
use super::model::{Name, Outcome, Reason, ReasonKind};
use crate::base::ids::{DenseMap, ProcessId};
use crate::notice::{self, CancelReason, Failure, SkipReason};
use crate::plan::Plan;

/// What reasons are told with.
pub struct Words<'a> {
    /// The plan that is run.
    pub plan: &'a Plan,
    /// The names of its processes.
    pub names: &'a DenseMap<ProcessId, Name>,
}

fn reason(kind: ReasonKind, text: String) -> Reason {
    Reason { kind, text, code: None, signal: None, seconds: None, process: None }
}

fn bounded(kind: ReasonKind, text: String, bound: Duration) -> Reason {
    Reason { seconds: Some(bound.as_secs_f64()), ..reason(kind, text) }
}

impl Words<'_> {
    /// How a process ended.
    pub fn outcome(&self, process: ProcessId, outcome: &notice::Outcome) -> Outcome {
        let allowed = matches!(outcome, notice::Outcome::Failed { allowed: true, .. });
        Outcome { kind: outcome.kind(), allowed, reason: self.reason(process, outcome) }
    }

    /// Why.
    pub fn reason(&self, process: ProcessId, outcome: &notice::Outcome) -> Option<Reason> {
        match outcome {
            notice::Outcome::Success | notice::Outcome::Stopped => None,
            notice::Outcome::Failed { failure, .. } => Some(self.failure(process, failure)),
            notice::Outcome::Skipped(skip) => Some(self.skip(skip)),
            notice::Outcome::Cancelled(cancel) => Some(self.cancel(cancel)),
        }
    }

    /// Why a process or an attempt failed.
    pub fn failure(&self, process: ProcessId, failure: &Failure) -> Reason {
        let text = words::failure(self.plan, process, failure);
        match failure {
            Failure::Code(code) => Reason { code: Some(*code), ..reason(ReasonKind::ExitCode, text) },
            Failure::Signal(signal) => Reason { signal: Some(*signal), ..reason(ReasonKind::Signal, text) },
            Failure::Timeout(bound) => bounded(ReasonKind::Timeout, text, *bound),
            Failure::NotStarted(_) => reason(ReasonKind::NotStarted, text),
            Failure::AcquireTimeout { bound, .. } => bounded(ReasonKind::AcquireTimeout, text, *bound),
            Failure::HostLock(_) => reason(ReasonKind::HostLock, text),
            Failure::NeverReady { within, .. } => bounded(ReasonKind::NeverReady, text, *within),
            Failure::EndedBeforeReady => reason(ReasonKind::EndedBeforeReady, text),
            Failure::NotLive { .. } => reason(ReasonKind::NotLive, text),
            Failure::NeverEnded(bound) => bounded(ReasonKind::NeverEnded, text, *bound),
            Failure::FellTooOften { within, .. } => bounded(ReasonKind::FellTooOften, text, *within),
            Failure::BadItem(_) => reason(ReasonKind::BadItem, text),
            Failure::ItemsSetAside(_) => reason(ReasonKind::ItemsSetAside, text),
            Failure::JoinTimeout { process, timeout } => {
                Reason { process: Some(self.names[*process].clone()), ..bounded(ReasonKind::JoinTimeout, text, *timeout) }
            }
        }
    }

    fn skip(&self, skip: &SkipReason) -> Reason {
        let text = words::skip(self.plan, skip);
        match skip {
            SkipReason::Condition => reason(ReasonKind::Condition, text),
            SkipReason::Partner { process } => self.because_of(*process, ReasonKind::Partner, text),
            SkipReason::Join { process, .. } => self.because_of(*process, ReasonKind::Join, text),
        }
    }

    fn cancel(&self, cancel: &CancelReason) -> Reason {
        let text = words::cancel(self.plan, cancel);
        match cancel {
            CancelReason::Failure(process) => self.because_of(*process, ReasonKind::Failure, text),
            CancelReason::Interrupt => reason(ReasonKind::Interrupt, text),
            CancelReason::RunTimeout => reason(ReasonKind::RunTimeout, text),
            CancelReason::WorkEnded => reason(ReasonKind::WorkEnded, text),
            CancelReason::Requested => reason(ReasonKind::Requested, text),
            CancelReason::Unused => reason(ReasonKind::Unused, text),
        }
    }

    fn because_of(&self, process: ProcessId, kind: ReasonKind, text: String) -> Reason {
        Reason { process: Some(self.names[process].clone()), ..reason(kind, text) }
    }
}
