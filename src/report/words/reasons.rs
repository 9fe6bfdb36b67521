//! Why things ended as they did, in words.
//!
//! What is said of one process can be said of many ([`of_many`]), also where only the text is left of a reason, as in reports.

use std::borrow::Cow;

use super::{list, quoted, resource, span, times};
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Exit, Failure, HaltReason, OutcomeKind, SkipReason, StopReason};
use crate::plan::Plan;
use crate::report::clean::clean_text;
use crate::source::model::OnFailure;

const TIED: &str = " is tied to it by a pipe";

/// `signal 15 (SIGTERM)`
pub fn signal(number: i32) -> String {
    signal_name(number).map_or_else(|| format!("signal {number}"), |name| format!("signal {number} ({name})"))
}

fn signal_name(number: i32) -> Option<&'static str> {
    nix::sys::signal::Signal::try_from(number).ok().map(nix::sys::signal::Signal::as_str)
}

/// `exit code 3`; after a signal both are told: `signal 15 (SIGTERM), exit code -15`.
pub fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => format!("{}, exit code {}", signal(*number), -number),
        Exit::NotStarted(why) => format!("could not start: {}", clean_text(why)),
    }
}

/// Why `process` failed.
pub fn failure(plan: &Plan, process: ProcessId, failure: &Failure) -> String {
    match failure {
        Failure::Code(code) => exit(&Exit::Code(*code)),
        Failure::Signal(number) => exit(&Exit::Signal(*number)),
        Failure::NotStarted(why) => format!("could not start: {}", clean_text(why)),
        Failure::Timeout(bound) => format!("timed out after {}", span(*bound)),
        Failure::NeverReady { within, why } => {
            let process = &plan.processes[process];
            let awaited = process.work.awaited.as_ref().map_or_else(String::new, |what| format!(": {}", clean_text(what)));
            let silent = if process.control.ready.is_some_and(|ready| ready.polled) { ": no answer yet" } else { "" };
            let seen = why.as_ref().map_or_else(|| silent.to_owned(), |why| format!(": {}", clean_text(why)));
            format!("not ready within {}{awaited}{seen}", span(*within))
        }
        Failure::EndedBeforeReady => "ended before it was ready".to_owned(),
        Failure::NotLive { failures: 1, why } => format!("a liveness probe failed: {}", clean_text(why)),
        Failure::NotLive { failures, why } => format!("{failures} liveness probes in a row failed: {}", clean_text(why)),
        Failure::NeverEnded(bound) => format!("said that it was about to end, and had not {} later", span(*bound)),
        Failure::FellTooOften { max, within, last } => {
            let last = last.as_ref().map_or_else(|| "ended by itself".to_owned(), |last| self::failure(plan, process, last));
            format!("{last}; already restarted {} within {}", times(*max), span(*within))
        }
        Failure::AcquireTimeout { bound, held_by } => {
            let holders = list(held_by.iter().map(|holder| quoted(plan, *holder)));
            let held = if holders.is_empty() { String::new() } else { format!(", held by {holders}") };
            format!("{} not had within {}{held}", asked_for(plan, process), span(*bound))
        }
        Failure::HostLock(why) => clean_text(why),
        Failure::BadItem(why) => format!("wrote what cannot be an item: {}", clean_text(why)),
        Failure::ItemsSetAside(1) => "an item of its queue was set aside".to_owned(),
        Failure::ItemsSetAside(count) => format!("{count} items of its queue were set aside"),
        Failure::JoinTimeout { process, timeout } => format!("join timeout: waited {} for {}", span(*timeout), quoted(plan, *process)),
    }
}

/// The one thing that a process ever waits for, or a word for all of them.
fn asked_for(plan: &Plan, process: ProcessId) -> String {
    let control = &plan.processes[process].control;
    let mut all = control.request.iter().chain(control.steps.iter().flat_map(|step| &step.request)).map(|share| share.resource);
    match (all.next(), all.next()) {
        (Some(only), None) => resource(plan, only),
        _ => "locks or permits".to_owned(),
    }
}

/// Why a process was skipped.
pub fn skip(plan: &Plan, reason: &SkipReason) -> String {
    match reason {
        SkipReason::Condition => "its `if` is false".to_owned(),
        SkipReason::Partner { process } => format!("{}{TIED} and was not started", quoted(plan, *process)),
        SkipReason::Join { root: (process, became), .. } => {
            let name = quoted(plan, *process);
            match became {
                OutcomeKind::Success => format!("{name} succeeded"),
                OutcomeKind::Failed => format!("{name} failed"),
                OutcomeKind::Skipped => format!("{name} was skipped"),
                OutcomeKind::Cancelled => format!("{name} was cancelled"),
                OutcomeKind::Stopped => format!("{name} was stopped"),
            }
        }
    }
}

/// Why a process was cut off or never begun.
pub fn cancel(plan: &Plan, reason: &CancelReason) -> String {
    match reason {
        CancelReason::Failure(process) => format!("{} failed", quoted(plan, *process)),
        CancelReason::Interrupt => "the run was interrupted".to_owned(),
        CancelReason::RunTimeout => "the run took longer than its timeout".to_owned(),
        CancelReason::WorkEnded => "the work ended before its turn came".to_owned(),
        CancelReason::Requested => "asked to stop before it started".to_owned(),
        CancelReason::Unused => "nothing that needs it is left".to_owned(),
    }
}

/// A reason that speaks of one process, of many.
pub fn of_many(reason: &str) -> Cow<'_, str> {
    match reason {
        "its `if` is false" => "their `if` is false".into(),
        "the work ended before its turn came" => "the work ended before their turn came".into(),
        "asked to stop before it started" => "they were asked to stop before they started".into(),
        "nothing that needs it is left" => "nothing that needs them is left".into(),
        other => other.replace(TIED, " is tied to them by a pipe").into(),
    }
}

/// Why a process is stopped.
pub fn stop(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::Timeout => "it ran longer than its timeout",
        StopReason::Requested => "on request",
        StopReason::Restart => "to be begun anew, on request",
        StopReason::WorkEnded => "the work has ended",
        StopReason::RunStopped => "the run is being stopped",
        StopReason::NotReady => "it was not ready in time",
        StopReason::NotLive => "it no longer answers as it should",
        StopReason::NeverEnded => "it said that it was about to end, and has not",
        StopReason::Unused => "all that need it have ended",
        StopReason::BadItem => "it wrote what cannot be an item of a queue",
    }
}

/// Why the run starts no more regular work, and what comes of it.
pub fn halt(plan: &Plan, reason: &HaltReason) -> String {
    match reason {
        HaltReason::Failure { process } => {
            let then = if plan.on_failure == OnFailure::Kill { "stopping everything" } else { "starting nothing new but cleanups" };
            format!("{} failed: {then}", quoted(plan, *process))
        }
        HaltReason::Interrupt { signal } => format!("{}: stopping; a second signal kills what still runs", interrupted(*signal)),
        HaltReason::Timeout => format!("{}: stopping", run_timeout(plan)),
    }
}

/// `interrupted by SIGINT`
pub fn interrupted(number: i32) -> String {
    signal_name(number).map_or_else(|| format!("interrupted by signal {number}"), |name| format!("interrupted by {name}"))
}

/// `timed out after 10 s`
pub fn run_timeout(plan: &Plan) -> String {
    plan.timeout.map_or_else(|| "timed out".to_owned(), |bound| format!("timed out after {}", span(bound)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::testing::{lock, plan, semaphore, share};

    fn not_had(held_by: &[u32]) -> Failure {
        Failure::AcquireTimeout { bound: Duration::from_secs(1), held_by: held_by.iter().copied().map(ProcessId).collect() }
    }

    #[test]
    fn every_failure_has_words() {
        let mut plan = plan(&["a", "b"]);
        lock(&mut plan, "db");
        semaphore(&mut plan, "gpu", 4);
        let a = ProcessId(0);
        plan.processes[a].control.request = vec![share(0)];
        for (reason, text) in [
            (Failure::Code(3), "exit code 3"),
            (Failure::Signal(9), "signal 9 (SIGKILL), exit code -9"),
            (Failure::Signal(40), "signal 40, exit code -40"),
            (Failure::Timeout(Duration::from_secs(3)), "timed out after 3 s"),
            (Failure::NotStarted("no such file".into()), "could not start: no such file"),
            (not_had(&[]), "lock `db` not had within 1 s"),
            (not_had(&[1]), "lock `db` not had within 1 s, held by `b`"),
            (Failure::JoinTimeout { process: ProcessId(1), timeout: Duration::from_secs(2) }, "join timeout: waited 2 s for `b`"),
        ] {
            assert_eq!(failure(&plan, a, &reason), text);
        }
        plan.processes[a].control.steps[0].request = vec![share(1)];
        assert_eq!(failure(&plan, a, &not_had(&[])), "locks or permits not had within 1 s");
    }

    #[test]
    fn what_follows_a_failure_is_the_policys() {
        let mut plan = plan(&["a"]);
        let reason = HaltReason::Failure { process: ProcessId(0) };
        assert_eq!(halt(&plan, &reason), "`a` failed: starting nothing new but cleanups");
        plan.on_failure = OnFailure::Kill;
        assert_eq!(halt(&plan, &reason), "`a` failed: stopping everything");
    }

    #[test]
    fn skips_follow_what_happened() {
        let plan = plan(&["a"]);
        for (because, text) in [
            (OutcomeKind::Failed, "`a` failed"),
            (OutcomeKind::Success, "`a` succeeded"),
            (OutcomeKind::Skipped, "`a` was skipped"),
            (OutcomeKind::Cancelled, "`a` was cancelled"),
            (OutcomeKind::Stopped, "`a` was stopped"),
        ] {
            let (process, root) = (ProcessId(0), (ProcessId(0), because));
            assert_eq!(skip(&plan, &SkipReason::Join { process, until: Default::default(), because, root }), text);
        }
        let hostile = crate::report::testing::plan(&["a\u{1b}]0;title\u{7}"]);
        let partner = skip(&hostile, &SkipReason::Partner { process: ProcessId(0) });
        assert!(partner.starts_with("`a") && partner.ends_with("` is tied to it by a pipe and was not started"), "{partner}");
        assert!(!partner.contains(char::is_control), "{partner:?}");
    }

    #[test]
    fn reasons_of_many_speak_of_many() {
        let plan = plan(&["a"]);
        let skips = [SkipReason::Condition, SkipReason::Partner { process: ProcessId(0) }].map(|reason| skip(&plan, &reason));
        let all = [
            CancelReason::Failure(ProcessId(0)),
            CancelReason::Interrupt,
            CancelReason::WorkEnded,
            CancelReason::Requested,
            CancelReason::Unused,
        ];
        for reason in skips.into_iter().chain(all.map(|reason| cancel(&plan, &reason))) {
            let many = of_many(&reason);
            assert!(!many.split(' ').any(|word| matches!(word, "it" | "its")), "{many}");
        }
        assert_eq!(of_many("`it` failed"), "`it` failed");
    }
}
