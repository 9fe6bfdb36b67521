//! Reports of notice lists, for tests.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, Recorder, Report};
use crate::base::ids::ProcessId;
use crate::base::span::Span;
use crate::notice::{CancelReason, Event, Exit, Failure, Outcome, RunSummary, SkipReason, Stream};
use crate::plan::{Join, Plan};
use crate::report::RunView;
use crate::report::testing::{at, ended, job, lock, note, output, plan, run_started, share, started};
use crate::source::model::{Condition, OnTimeout};

/// The report of these notices, each with its time (milliseconds).
pub(in crate::report) fn recorded(plan: Plan, events: Vec<(u64, Event)>, status: u8) -> Report {
    let plan = Arc::new(plan);
    let began = Duration::from_secs(1_700_000_000);
    let context = Context::new("6a-7".to_owned(), "shop.yaml".to_owned(), began, "", &plan);
    let mut view = RunView::new(Arc::clone(&plan));
    let mut recorder = Recorder::new(plan, context);
    for (millis, event) in events {
        let notice = note(millis, event);
        view.apply(&notice);
        recorder.notice(&notice, &view);
    }
    recorder.finish(status)
}

/// `who` joins `whom`.
pub(in crate::report) fn join(plan: &mut Plan, who: u32, whom: u32, until: Condition) {
    let join = Join { process: ProcessId(whom), until, timeout: None, on_timeout: OnTimeout::default(), place: Span::default() };
    plan.processes[ProcessId(who)].control.joins.push(join);
}

/// The end of a process that was started before.
pub(in crate::report) fn over(process: u32, outcome: Outcome, exit: Exit, attempts: u32) -> Event {
    Event::Ended { process: ProcessId(process), outcome, exit: Some(exit), attempts, started: Some(at(0)) }
}

/// A run with some of everything, hostile texts included.
pub(in crate::report) fn mixed() -> Report {
    let mut plan = plan(&["a", "b|*[x]", "c", "db", "late", "never", "off"]);
    lock(&mut plan, "till");
    plan.description = Some("a shop".to_owned());
    plan.processes[ProcessId(3)].control.daemon = true;
    plan.processes[ProcessId(1)].control.retries.count = 1;
    join(&mut plan, 0, 3, Condition::Ready);
    join(&mut plan, 2, 0, Condition::Success);
    join(&mut plan, 5, 1, Condition::Success);
    let holds = || vec![share(0)];
    let hostile = b"\x1b[31mred\x1b[0m <b> & ]]> | @all\n```\n````end\n\x01\xff\n";
    const FAILED: crate::notice::OutcomeKind = crate::notice::OutcomeKind::Failed;
    let skip = SkipReason::Join { process: ProcessId(1), until: Condition::Success, because: FAILED, root: (ProcessId(1), FAILED) };
    let failure = Failure::Code(3);
    let events = vec![
        (0, run_started()),
        (2, started(3, 1)),
        (5, Event::Ready { job: job(3, 1) }),
        (5, Event::Acquired { job: job(0, 1), step: None, holds: holds() }),
        (6, Event::Queued { job: job(1, 1), step: None, wants: holds() }),
        (7, started(0, 1)),
        (100, Event::Released { job: job(0, 1), step: None, freed: holds() }),
        (100, ended(0, Outcome::Success)),
        (100, Event::Acquired { job: job(1, 1), step: None, holds: holds() }),
        (102, started(1, 1)),
        (102, started(2, 1)),
        (110, output(1, Stream::Stderr, hostile)),
        (150, Event::Warning { process: Some(ProcessId(2)), message: "a <warning> of `c`".to_owned() }),
        (200, Event::Released { job: job(1, 1), step: None, freed: holds() }),
        (200, Event::Retrying { job: job(1, 1), failure: failure.clone(), attempts: 2, delay: Duration::from_millis(100) }),
        (300, Event::Acquired { job: job(1, 2), step: None, holds: holds() }),
        (301, started(1, 2)),
        (310, output(1, Stream::Stderr, hostile)),
        (400, Event::Released { job: job(1, 2), step: None, freed: holds() }),
        (400, over(1, Outcome::Failed { failure, allowed: false }, Exit::Code(3), 2)),
        (400, ended(5, Outcome::Skipped(skip))),
        (400, Event::Halted { reason: crate::notice::HaltReason::Failure { process: ProcessId(1) } }),
        (400, ended(4, Outcome::Cancelled(CancelReason::Failure(ProcessId(1))))),
        (400, ended(6, Outcome::Skipped(SkipReason::Condition))),
        (500, over(2, Outcome::Success, Exit::Code(0), 1)),
        (500, Event::Stopping { job: job(3, 1), reason: crate::notice::StopReason::WorkEnded, grace: Duration::from_secs(10) }),
        (520, over(3, Outcome::Stopped, Exit::Signal(15), 1)),
        (520, Event::RunEnded { summary: RunSummary { failed: 1, ..RunSummary::default() } }),
    ];
    recorded(plan, events, 1)
}
