//! The words for outcomes, reasons and resources: one vocabulary for every reporter.
//!
//! Pure functions from the plan and what a notice says to a text without colours. What a sentence is
//! about stands bare, all other names stand in backquotes.

use std::time::Duration;

use super::clean::clean_text;
use super::waiters::{Holder, Part};
use crate::base::duration::human;
use crate::base::ids::{ProcessId, QueueId, ResourceId};
use crate::notice::{CancelReason, Exit, Failure, HaltReason, HostHolder, OutcomeKind, Share, SkipReason, StopReason};
use crate::plan::Plan;
use crate::source::model::OnFailure;

/// The most names in one sentence.
const NAMES: usize = 10;

/// What follows the name of a process when it is about a section that a client inside of it asked for.
pub const SECTION: &str = " (flowrun lock)";
/// Follows the name of a process whose script asks for items.
pub const GET: &str = " (flowrun queue get)";

/// A process's name, fit for a terminal.
pub fn name(plan: &Plan, process: ProcessId) -> String {
    clean_text(&plan.processes[process].name)
}

/// The same in backquotes.
pub fn quoted(plan: &Plan, process: ProcessId) -> String {
    format!("`{}`", name(plan, process))
}

/// `` `a` ``, or `` `a` (flowrun lock)`` for a section of it.
pub fn holder(plan: &Plan, (process, part): Holder) -> String {
    let section = if let Part::Section(_) = part { SECTION } else { "" };
    format!("{}{section}", quoted(plan, process))
}

/// `a, b and 3 more`: at most ten of them.
pub fn list(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMES);
    let shown = all.take(NAMES).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown}, … and {more} more") }
}

/// `lock `db``.
pub fn resource(plan: &Plan, resource: ResourceId) -> String {
    let resource = &plan.resources[resource];
    format!("{} `{}`", resource.kind.word(), resource.name)
}

/// `lock `db`, 2 of semaphore `gpu``.
pub fn shares(plan: &Plan, shares: &[Share]) -> String {
    let one = |share: &Share| {
        let name = resource(plan, share.resource);
        let name = if share.permits > 1 { format!("{} of {name}", share.permits) } else { name };
        if share.shared { format!("{name} (shared)") } else { name }
    };
    list(shares.iter().map(one))
}

/// `` `build` of `shop` (pid 12)``, for each of those who hold what runs share.
pub fn host_holders(holders: &[HostHolder]) -> String {
    let one = |holder: &HostHolder| {
        let of = holder.workflow.as_ref().map_or_else(String::new, |workflow| format!(" of `{}`", clean_text(workflow)));
        format!("`{}`{of} (pid {})", clean_text(&holder.process), holder.pid)
    };
    list(holders.iter().map(one))
}

/// A duration that somebody chose: `3 s`, `250 ms`, `1.5 s`, else as [`human`] has it.
pub fn span(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{} s", duration.as_millis() as f64 / 1000.0),
        _ => human(duration),
    }
}

/// A duration that is still growing: whole seconds.
pub fn ticking(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { human(Duration::from_secs(seconds)) }
}

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

/// `once`, `twice`, `5 times`
fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
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
        SkipReason::Partner { process } => format!("{} is tied to it by a pipe and was not started", quoted(plan, *process)),
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

/// `queue `buns``
pub fn queue(plan: &Plan, queue: QueueId) -> String {
    format!("queue `{}`", plan.queues[queue].name)
}

/// `1 item`, `7 items`
pub fn items(count: u64) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}

/// An item that was given up.
pub fn set_aside(plan: &Plan, queue: QueueId, item: &[u8], deliveries: u32) -> String {
    let text = clean_text(&String::from_utf8_lossy(item));
    format!("{}: an item was delivered {} and never done, and is set aside: {text}", self::queue(plan, queue), times(deliveries))
}

/// A queue that nobody takes from any more.
pub fn abandoned(plan: &Plan, queue: QueueId, left: u64) -> String {
    let left = if left == 0 { String::new() } else { format!(", with {} left in it", items(left)) };
    format!("{} is abandoned{left}: all that could take from it have ended", self::queue(plan, queue))
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

/// `left 2 processes running, now being stopped (123 sleep 100, 124 cat)`
pub fn left(processes: &[(u32, String)], kept: bool) -> String {
    let count = if processes.len() == 1 { "1 process".to_owned() } else { format!("{} processes", processes.len()) };
    let fate = if kept { "kept until the end of the run" } else { "now being stopped" };
    let names = processes.iter().map(|(pid, command)| clean_text(format!("{pid} {command}").trim_end()));
    format!("left {count} running, {fate} ({})", list(names))
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
    use super::super::testing::{lock, plan, semaphore, share};
    use super::*;

    #[test]
    fn durations_are_as_they_were_chosen() {
        for (millis, text) in [(250, "250 ms"), (1500, "1.5 s"), (3000, "3 s"), (90_000, "1 m 30 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
        for (millis, text) in [(250, "0 s"), (59_999, "59 s"), (61_900, "1 m 01 s")] {
            assert_eq!(ticking(Duration::from_millis(millis)), text);
        }
    }

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
    fn shares_tell_number_and_mode() {
        let mut plan = plan(&[]);
        lock(&mut plan, "db");
        semaphore(&mut plan, "gpu", 4);
        let both = [Share { shared: true, ..share(0) }, Share { permits: 2, ..share(1) }];
        assert_eq!(shares(&plan, &both), "lock `db` (shared), 2 of semaphore `gpu`");
    }

    #[test]
    fn holders_elsewhere_are_told_by_workflow_or_command() {
        let run = HostHolder { run: Some("1-2".into()), workflow: Some("shop".into()), process: "build".into(), pid: 12 };
        let command = HostHolder { run: None, workflow: None, process: "make".into(), pid: 13 };
        assert_eq!(host_holders(&[run, command]), "`build` of `shop` (pid 12), `make` (pid 13)");
    }

    #[test]
    fn what_is_left_is_counted_and_named() {
        let one = [(12, "sleep 100".to_owned())];
        assert_eq!(left(&one, false), "left 1 process running, now being stopped (12 sleep 100)");
        let two = [(12, "sleep 100".to_owned()), (13, String::new())];
        assert_eq!(left(&two, true), "left 2 processes running, kept until the end of the run (12 sleep 100, 13)");
    }

    #[test]
    fn lists_end() {
        assert_eq!(list((0..3).map(|n| n.to_string())), "0, 1, 2");
        assert_eq!(list((0..13).map(|n| n.to_string())), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … and 3 more");
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
        let hostile = super::super::testing::plan(&["a\u{1b}]0;title\u{7}"]);
        let partner = skip(&hostile, &SkipReason::Partner { process: ProcessId(0) });
        assert!(partner.starts_with("`a") && partner.ends_with("` is tied to it by a pipe and was not started"), "{partner}");
        assert!(!partner.contains(char::is_control), "{partner:?}");
    }
}
