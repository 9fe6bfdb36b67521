//! The words for processes, resources, queues and reasons: one vocabulary for every reporter.
//!
//! Pure functions from the plan and what a notice says to a text without colours. What a sentence is
//! about stands bare, all other names stand in backquotes.

mod reasons;

use std::time::Duration;

pub use reasons::{cancel, exit, failure, halt, interrupted, of_many, run_timeout, signal, skip, stop};

use super::clean::clean_text;
use super::waiters::{Holder, Part};
use crate::base::duration::human;
use crate::base::ids::{ProcessId, QueueId, ResourceId};
use crate::notice::{HostHolder, Share};
use crate::plan::Plan;

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

/// `a, b, … and 3 more`: at most ten of them.
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

/// `queue `buns``
pub fn queue(plan: &Plan, queue: QueueId) -> String {
    format!("queue `{}`", plan.queues[queue].name)
}

/// `1 item`, `7 items`
pub fn items(count: u64) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}

/// `once`, `twice`, `5 times`
fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
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

/// `left 2 processes running, now being stopped (123 sleep 100, 124 cat)`
pub fn left(processes: &[(u32, String)], kept: bool) -> String {
    let count = if processes.len() == 1 { "1 process".to_owned() } else { format!("{} processes", processes.len()) };
    let fate = if kept { "kept until the end of the run" } else { "now being stopped" };
    let names = processes.iter().map(|(pid, command)| clean_text(format!("{pid} {command}").trim_end()));
    format!("left {count} running, {fate} ({})", list(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{lock, plan, semaphore, share};

    #[test]
    fn durations_are_as_they_were_chosen() {
        for (millis, text) in [(250, "250 ms"), (1500, "1.5 s"), (3000, "3 s"), (90_000, "1 m 30 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
        for (millis, text) in [(250, "0 s"), (59_999, "59 s"), (61_900, "1 m 01 s")] {
            assert_eq!(ticking(Duration::from_millis(millis)), text);
        }
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
}
