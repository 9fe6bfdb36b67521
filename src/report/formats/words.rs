//! Words that several formats share.

use crate::notice::OutcomeKind;
use crate::report::record::Report;
use crate::report::record::model::{Activity, Attempt, Link, Process, ReasonKind, Segment, Share};

/// One word for how a process ended.
pub fn outcome(process: &Process) -> &'static str {
    match process.outcome.as_ref().map(|outcome| (outcome.kind, outcome.allowed)) {
        Some((OutcomeKind::Success, _)) => "success",
        Some((OutcomeKind::Failed, true)) => "failed (allowed)",
        Some((OutcomeKind::Failed, false)) => "failed",
        Some((OutcomeKind::Skipped, _)) => "skipped",
        Some((OutcomeKind::Cancelled, _)) => "cancelled",
        Some((OutcomeKind::Stopped, _)) => "stopped",
        None => "lost",
    }
}

/// Why a process ended as it did, in words; nothing where there is nothing to say.
pub fn reason(process: &Process) -> &str {
    process.outcome.as_ref().and_then(|outcome| outcome.reason.as_ref()).map_or("", |reason| &reason.text)
}

/// Whether it was skipped or cancelled before anything of it was started.
pub fn never_ran(process: &Process) -> bool {
    let kind = process.outcome.as_ref().map(|outcome| outcome.kind);
    process.started.is_none() && matches!(kind, Some(OutcomeKind::Skipped | OutcomeKind::Cancelled))
}

/// Whether a command of its last attempt was begun: what waited for another attempt or item did not run at its end.
pub fn ran_last(process: &Process) -> bool {
    process.attempts.last().is_some_and(|attempt| !attempt.steps.is_empty())
}

/// Whether the run's own timeout cut it off while it ran. Daemons run as long as the others: that is no fault of theirs.
pub fn cut_off(process: &Process) -> bool {
    let reason = process.outcome.as_ref().and_then(|outcome| outcome.reason.as_ref());
    reason.is_some_and(|reason| reason.kind == ReasonKind::RunTimeout) && ran_last(process) && !process.daemon
}

/// The pieces of the critical path that are worth telling: starts of no weight are left out.
pub fn pieces(report: &Report) -> Vec<&Segment> {
    placed(report).map(|(_, piece)| piece).collect()
}

/// The same with their places in the path.
pub fn placed(report: &Report) -> impl Iterator<Item = (usize, &Segment)> {
    let short = report.run.length.0 / 100;
    let tells = move |piece: &Segment| piece.activity != Activity::Starting || piece.to.since(piece.from) >= short;
    report.critical_path.iter().enumerate().filter(move |(_, piece)| tells(piece))
}

/// The last lines of the attempt that decided, if they are kept.
pub fn last_lines(process: &Process) -> &[String] {
    let failed = process.outcome.as_ref().is_some_and(|outcome| outcome.kind == OutcomeKind::Failed);
    // A worker that has failed with an item waits for another before it has failed itself.
    let looked_at = if failed { process.attempts.len() } else { 1 };
    let told = |attempt: &&Attempt| !attempt.last_lines.is_empty();
    process.attempts.iter().rev().take(looked_at).find(told).map_or(&[], |attempt| &attempt.last_lines)
}

/// How long a process took, from its first start to its end (seconds); 0 for one that was never started.
pub fn took(process: &Process) -> f64 {
    match (process.started, process.ended) {
        (Some(started), Some(ended)) => ended.since(started).as_secs_f64(),
        _ => 0.0,
    }
}

/// `db, gpu ×2`
pub fn shares(shares: &[Share]) -> String {
    let one =
        |share: &Share| if share.permits > 1 { format!("{} ×{}", share.resource, share.permits) } else { share.resource.to_string() };
    shares.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a process did in a piece of the critical path, and in which step.
pub fn activity(segment: &Segment) -> String {
    let did = did(segment.activity);
    match segment.step {
        Some(step) if step > 0 && segment.activity == Activity::Running => format!("{did} (step {})", step.saturating_add(1)),
        _ => did.to_owned(),
    }
}

/// What a process did.
pub fn did(activity: Activity) -> &'static str {
    match activity {
        Activity::Running => "ran",
        Activity::Starting => "was about to start",
        Activity::WaitingForLocks => "waited for locks or permits",
        Activity::WaitingForSlot => "waited for a job slot",
        Activity::WaitingForItems => "waited for an item",
        Activity::Delay => "waited for its next attempt",
        Activity::Stopping => "was being stopped",
    }
}

/// What the next one waited for, where the end of a piece gave it that.
pub fn wanted(link: &Link) -> Option<String> {
    match link {
        Link::Locks { wants } => Some(shares(wants)),
        Link::Slot => Some("a job slot".to_owned()),
        Link::Items { queue } => Some(format!("items of {queue}")),
        Link::End | Link::Next | Link::Join { .. } | Link::Pipe | Link::Stop => None,
    }
}

/// What the end of a piece of the critical path brought about.
pub fn link(link: &Link) -> String {
    match link {
        Link::End => "the run ended".to_owned(),
        Link::Next => "it went on".to_owned(),
        Link::Join { until } => format!("the next one joins it ({})", until.word()),
        Link::Locks { wants } => format!("gave way to the next one ({})", shares(wants)),
        Link::Slot => "gave its job slot to the next one".to_owned(),
        Link::Items { queue } => format!("the next one waited for items of {queue}"),
        Link::Pipe => "the next one had read what it wrote".to_owned(),
        Link::Stop => "the next one was not needed any more".to_owned(),
    }
}
