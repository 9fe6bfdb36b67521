//! The texts in notices, to be changed wherever they stand: secrets are hidden in them, and what could steer those who read.
//!
//! Every kind of notice stands here, so that a new one does not compile until it is decided what of it comes from
//! outside: what processes write, what is said of errors and what other runs are called, never names of this run's own
//! and numbers.

use super::{Event, Exit, Failure, HostHolder, Outcome};
use crate::base::secret::{Hider, MASK, SHORTEST, Secrets};

/// Makes another text of one; none leaves it as it is.
type Change<'c> = &'c dyn Fn(&[u8]) -> Option<Vec<u8>>;

fn change_text(text: &mut String, change: Change<'_>) {
    if let Some(changed) = change(text.as_bytes()) {
        *text = String::from_utf8_lossy(&changed).into_owned();
    }
}

/// What was shortened may end with the beginning of a value.
fn hide_cut(text: &mut String, secrets: &Secrets) {
    let Some(kept) = text.strip_suffix('…') else { return };
    let mut hider = Hider::default();
    let certain = hider.push(secrets, kept.as_bytes()).into_owned();
    if hider.finish(secrets).len() >= SHORTEST {
        *text = String::from_utf8_lossy(&[&certain, MASK, "…".as_bytes()].concat()).into_owned();
    }
}

impl Event {
    /// Hides these values wherever they stand in it.
    pub fn hide(&mut self, secrets: &Secrets) {
        if !secrets.is_empty() {
            match self {
                Self::HeldElsewhere { holders, .. } => holders.iter_mut().for_each(|holder| hide_cut(&mut holder.process, secrets)),
                Self::Left { processes, .. } => processes.iter_mut().for_each(|(_, command)| hide_cut(command, secrets)),
                _ => {}
            }
            self.change_texts(&|text| match secrets.hide(text) {
                std::borrow::Cow::Owned(hidden) => Some(hidden),
                std::borrow::Cow::Borrowed(_) => None,
            });
        }
    }

    /// Changes every text in it that comes from outside of flowrun.
    pub fn change_texts(&mut self, change: Change<'_>) {
        match self {
            Self::Output { lines: bytes, .. } | Self::ItemSetAside { item: bytes, .. } => {
                if let Some(changed) = change(bytes) {
                    *bytes = changed;
                }
            }
            Self::ProbeFailed { why: text, .. } | Self::SaidStatus { text, .. } | Self::Warning { message: text, .. } => {
                change_text(text, change);
            }
            Self::Retrying { failure, .. } | Self::ItemFailed { failure, .. } | Self::Restarting { failure: Some(failure), .. } => {
                failure.change_texts(change);
            }
            Self::Ended { outcome, exit, .. } => {
                if let Outcome::Failed { failure, .. } = outcome {
                    failure.change_texts(change);
                }
                if let Some(Exit::NotStarted(why)) = exit {
                    change_text(why, change);
                }
            }
            Self::HeldElsewhere { holders, .. } => holders.iter_mut().for_each(|holder| holder.change_texts(change)),
            Self::Left { processes, .. } => processes.iter_mut().for_each(|(_, command)| change_text(command, change)),
            Self::RunStarted { .. }
            | Self::Queued { .. }
            | Self::Acquired { .. }
            | Self::Withdrawn { .. }
            | Self::Released { .. }
            | Self::SectionQueued { .. }
            | Self::SectionAcquired { .. }
            | Self::SectionWithdrawn { .. }
            | Self::SectionReleased { .. }
            | Self::Started { .. }
            | Self::Ready { .. }
            | Self::Restarting { failure: None, .. }
            | Self::BeginningAnew { .. }
            | Self::Stopping { .. }
            | Self::Killing { .. }
            | Self::WaitsForItem { .. }
            | Self::GetWaits { .. }
            | Self::GetOver { .. }
            | Self::ItemDone { .. }
            | Self::QueueClosed { .. }
            | Self::QueueAbandoned { .. }
            | Self::Halted { .. }
            | Self::WaitingFor { .. }
            | Self::KillingAll { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::StatusAsked
            | Self::RunEnded { .. } => {}
        }
    }
}

impl HostHolder {
    /// A command outside of runs is told with its arguments, and a process of another run bears names of others.
    fn change_texts(&mut self, change: Change<'_>) {
        change_text(&mut self.process, change);
        self.workflow.iter_mut().for_each(|workflow| change_text(workflow, change));
    }
}

impl Failure {
    fn change_texts(&mut self, change: Change<'_>) {
        match self {
            Self::NotStarted(why) | Self::HostLock(why) | Self::BadItem(why) | Self::NotLive { why, .. } => change_text(why, change),
            Self::NeverReady { why, .. } => why.iter_mut().for_each(|why| change_text(why, change)),
            Self::FellTooOften { last, .. } => last.iter_mut().for_each(|last| last.change_texts(change)),
            Self::Code(_)
            | Self::Signal(_)
            | Self::Timeout(_)
            | Self::AcquireTimeout { .. }
            | Self::EndedBeforeReady
            | Self::NeverEnded(_)
            | Self::ItemsSetAside(_)
            | Self::JoinTimeout { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::ids::{JobId, ProcessId, ResourceId};
    use crate::base::time::RunTime;
    use crate::notice::{Notice, Stream};

    const PROCESS: ProcessId = ProcessId(0);

    #[test]
    fn no_text_of_a_notice_shows_a_secret() {
        let mut secrets = Secrets::default();
        secrets.add(b"hunter2");
        let text = || "says hunter2".to_owned();
        let job = JobId { process: PROCESS, attempt: 1 };
        let fell = Failure::FellTooOften { max: 1, within: Duration::ZERO, last: Some(Box::new(Failure::BadItem(text()))) };
        let holder = HostHolder { run: Some("1-2".to_owned()), workflow: Some(text()), process: text(), pid: 7 };
        let ended = |failure, exit| Event::Ended {
            process: PROCESS,
            outcome: Outcome::Failed { failure, allowed: false },
            exit,
            attempts: 1,
            started: None,
        };
        for mut event in [
            Event::Output { process: PROCESS, stream: Stream::Stdout, lines: text().into() },
            Event::Warning { process: None, message: text() },
            Event::SaidStatus { process: PROCESS, text: text() },
            Event::ProbeFailed { job, live: true, failures: 1, why: text() },
            Event::Left { job, processes: vec![(1, text())], kept: false },
            Event::Left { job, processes: vec![(1, "says hunt…".to_owned())], kept: false },
            Event::HeldElsewhere { job, resource: ResourceId(0), holders: vec![holder.clone(), holder], again: false },
            Event::Restarting { job, failure: Some(fell), restarts: 1, max: 1, delay: Duration::ZERO },
            Event::Retrying { job, failure: Failure::NotLive { failures: 1, why: text() }, attempts: 1, delay: Duration::ZERO },
            ended(Failure::NotStarted(text()), Some(Exit::NotStarted(text()))),
            ended(Failure::NeverReady { within: Duration::ZERO, why: Some(text()) }, None),
        ] {
            event.hide(&secrets);
            let told = serde_json::to_string(&Notice { at: RunTime::ZERO, event }).expect("JSON");
            assert!(told.contains("says ***") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn no_beginning_of_a_secret_is_left_where_a_command_was_cut() {
        let mut secrets = Secrets::default();
        secrets.add(b"hunter2");
        for (cut, shown) in [("login hunt…", "login ***…"), ("login hunter2…", "login ***…"), ("to hu…", "to hu…"), ("hunt", "hunt")]
        {
            let mut text = cut.to_owned();
            hide_cut(&mut text, &secrets);
            secrets.hide_text(&mut text);
            assert_eq!(text, shown);
        }
    }
}
