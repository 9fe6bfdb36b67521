//! Lines from time to time of what still runs and what waits, for logs that nobody sits before: what hangs is never
//! silent.
//!
//! Knows the run's time only, which stands still while the run is suspended. Costs a scan of all processes, once in
//! half a minute or so.

use std::collections::HashMap;
use std::time::Duration;

use super::clean::plain;
use super::progress::state_line;
use super::view::{RunView, State};
use super::{fates, status, words};
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;

/// The most lines of those that wait for the same.
const LINES: usize = 8;
/// Of so many processes the last line is told, and so much of it, in characters.
const SAID: usize = 5;
const WIDTH: usize = 100;

/// When the next lines are due.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    every: Duration,
    due: RunTime,
}

impl Heartbeat {
    /// The first lines come after this time.
    pub fn new(every: Duration) -> Self {
        Self { every, due: RunTime::ZERO + every }
    }

    /// When the next lines are due.
    pub fn due(&self) -> RunTime {
        self.due
    }

    /// The lines that are due; none when there is nothing to say.
    pub fn beat(&mut self, view: &RunView, now: RunTime) -> Vec<String> {
        self.due = now + self.every;
        let running: Vec<String> = view.live().map(|process| alive(view, process, now)).collect();
        let mut lines = Vec::new();
        if !running.is_empty() {
            lines.push(format!("still running: {}", words::list(running.into_iter())));
        }
        lines.extend(said_last(view));
        lines.extend(waiting(view, now));
        lines
    }
}

/// `build said last: linking`: of those that run for the longest; in blocks it would show only when they have ended.
fn said_last(view: &RunView) -> Vec<String> {
    let works =
        |process: &ProcessId| matches!(view.state(*process), State::Running { .. }) && !view.plan().processes[*process].control.daemon;
    let mut running: Vec<ProcessId> = view.live().filter(works).collect();
    running.sort_by_key(|process| view.begun(*process));
    let said = running.into_iter().filter_map(|process| {
        let lines = view.last_lines(process).map(plain);
        let last = lines.filter(|line| !line.trim().is_empty()).last()?;
        let shown: String = last.trim().chars().take(WIDTH).collect();
        let cut = if shown.len() < last.trim().len() { "…" } else { "" };
        Some(format!("{} said last: {shown}{cut}", words::name(view.plan(), process)))
    });
    said.take(SAID).collect()
}

/// `deploy waits for `build` (success), 1 m 30 s`: one line for all that wait for the same, the longest wait first. Those
/// behind others that wait are only counted: what keeps them is told already.
fn waiting(view: &RunView, now: RunTime) -> Vec<String> {
    let joins = |process: &ProcessId| *view.state(*process) == State::Waiting;
    let mut groups: Vec<(RunTime, String, Vec<String>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut indirect: Vec<String> = Vec::new();
    for process in view.queued().chain(view.plan().processes.ids().filter(joins)) {
        if joins(&process) && status::waits_for_waiting(view, process) {
            indirect.push(words::name(view.plan(), process));
            continue;
        }
        let what = status::awaited(view, process, now);
        let group = *known.entry(what.clone()).or_insert(groups.len());
        if group == groups.len() {
            groups.push((view.since(process), what, Vec::new()));
        }
        let (since, _, names) = &mut groups[group];
        *since = (*since).min(view.since(process));
        names.push(words::name(view.plan(), process));
    }
    groups.sort_by_key(|(since, ..)| *since);
    let mut lines: Vec<String> = groups.iter().take(LINES).map(|(since, what, names)| line(*since, what, names, now)).collect();
    let more: usize = groups.iter().skip(LINES).map(|(.., names)| names.len()).sum();
    if more > 0 {
        lines.push(format!("… and {more} more that wait"));
    }
    if !indirect.is_empty() {
        let (who, wait) = many(&indirect);
        lines.push(format!("{who} {wait} for what waits itself"));
    }
    lines
}

fn line(since: RunTime, what: &str, names: &[String], now: RunTime) -> String {
    let (who, wait) = many(names);
    // It has all that it asked for, and was not started yet.
    let what = if what.is_empty() { "its start" } else { what };
    format!("{who} {wait} for {what}, {}", rounded(now.since(since)))
}

/// Those that wait, and the verb for their number.
fn many(names: &[String]) -> (String, &'static str) {
    let who = if names.len() > fates::FEW { fates::cell(names) } else { names.join(", ") };
    (who, if names.len() == 1 { "waits" } else { "wait" })
}

/// To the nearest second: a beat comes a moment after its time, a process begins a moment after its run.
fn rounded(long: Duration) -> String {
    words::ticking(long.saturating_add(Duration::from_millis(500)))
}

/// `build 1 m 30 s`, `db 2 m 00 s (daemon; not ready yet: connection refused)`, `flaky (retrying in 3 s (attempt 2 of 3))`
fn alive(view: &RunView, process: ProcessId, now: RunTime) -> String {
    let name = words::name(view.plan(), process);
    match view.state(process) {
        State::Running { .. } => {
            let awaited = status::awaited(view, process, now);
            let what = match (awaited.as_str(), status::word(view, process)) {
                ("", "starting") => "not ready yet".to_owned(),
                (what, "starting") => format!("not ready yet: {what}"),
                (what, _) if view.wait(process).is_some() || view.awaited_queue(process).is_some() => format!("waits for {what}"),
                (what, _) => what.to_owned(),
            };
            let daemon = if view.plan().processes[process].control.daemon { "daemon" } else { "" };
            let remarks = [daemon, &what].into_iter().filter(|remark| !remark.is_empty()).collect::<Vec<_>>().join("; ");
            let remarks = if remarks.is_empty() { remarks } else { format!(" ({remarks})") };
            format!("{name} {}{remarks}", rounded(now.since(view.begun(process).unwrap_or(now))))
        }
        _ => format!("{name} ({})", state_line(view, process, now)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{at, ended, job, note, plan, share, started};
    use super::*;
    use crate::base::ids::QueueId;
    use crate::notice::{Event, Outcome, Stream};
    use crate::plan::{Join, Plan, Readiness, Rhythm};

    fn joins(plan: &mut Plan, process: u32, other: u32) {
        let (until, on_timeout, place) = Default::default();
        let join = Join { process: ProcessId(other), until, timeout: None, on_timeout, place };
        plan.processes[ProcessId(process)].control.joins.push(join);
    }

    fn ready(polled: bool) -> Readiness {
        let (interval, first_interval, initial_delay, timeout) = Default::default();
        let rhythm = Rhythm { interval, first_interval, initial_delay, timeout };
        Readiness { polled, rhythm, within: Duration::from_secs(60) }
    }

    #[test]
    fn what_runs_and_what_waits_is_told() {
        let mut plan = plan(&["build", "db", "deploy", "test", "worker"]);
        plan.queues.push(crate::plan::Queue { name: "q".to_owned(), ..Default::default() });
        super::super::testing::lock(&mut plan, "cache");
        plan.processes[ProcessId(1)].control.daemon = true;
        joins(&mut plan, 2, 0);
        let mut view = RunView::new(Arc::new(plan));
        let mut heartbeat = Heartbeat::new(Duration::from_secs(30));
        assert_eq!(heartbeat.due(), at(30_000));
        view.apply(&note(0, started(0, 1)));
        view.apply(&note(10_000, started(1, 1)));
        let said = |process, text: &[u8]| Event::Output { process: ProcessId(process), stream: Stream::Stdout, lines: text.to_vec() };
        view.apply(&note(15_000, said(0, b"compiling\n\x1b[1mlinking\x1b[0m the program\n  \n")));
        view.apply(&note(15_000, said(1, b"a daemon is not what is waited for\n")));
        view.apply(&note(15_000, started(4, 1)));
        view.apply(&note(16_000, said(4, b"what waits for its next item has said this of another\n")));
        view.apply(&note(17_000, Event::WaitsForItem { job: job(4, 2), queue: QueueId(0) }));
        view.apply(&note(20_000, Event::Queued { job: job(3, 1), step: None, wants: vec![share(0)] }));
        let lines = heartbeat.beat(&view, at(89_700));
        assert_eq!(
            lines,
            [
                "still running: build 1 m 30 s, db 1 m 20 s (daemon), worker (waiting for an item of queue `q`)",
                "build said last: linking the program",
                "deploy waits for `build` (success), 1 m 30 s",
                "test waits for lock `cache`, 1 m 10 s"
            ]
        );
        assert_eq!(heartbeat.due(), at(119_700));
        for process in 0..5 {
            view.apply(&note(100_000, ended(process, Outcome::Success)));
        }
        assert!(heartbeat.beat(&view, at(120_000)).is_empty());
    }

    #[test]
    fn what_has_its_locks_waits_for_its_start() {
        let mut plan = plan(&["a"]);
        super::super::testing::lock(&mut plan, "db");
        let mut view = RunView::new(Arc::new(plan));
        view.apply(&note(0, Event::Queued { job: job(0, 1), step: None, wants: vec![share(0)] }));
        view.apply(&note(5, Event::Acquired { job: job(0, 1), step: None, holds: vec![share(0)] }));
        let lines = Heartbeat::new(Duration::from_secs(30)).beat(&view, at(30_000));
        assert_eq!(lines, ["a waits for its start, 30 s"]);
    }

    #[test]
    fn what_is_not_ready_yet_says_why() {
        let mut plan = plan(&["db", "log"]);
        (plan.processes[ProcessId(0)].control.daemon, plan.processes[ProcessId(0)].control.ready) = (true, Some(ready(true)));
        plan.processes[ProcessId(1)].control.ready = Some(ready(false));
        let mut view = RunView::new(Arc::new(plan));
        (0..2).for_each(|process| view.apply(&note(0, started(process, 1))));
        view.apply(&note(10, Event::ProbeFailed { job: job(0, 1), live: false, failures: 1, why: "refused".to_owned() }));
        let lines = Heartbeat::new(Duration::from_secs(30)).beat(&view, at(30_000));
        assert_eq!(lines, ["still running: db 30 s (daemon; not ready yet: refused), log 30 s (not ready yet)"]);
    }

    #[test]
    fn many_that_wait_make_few_lines() {
        let names: Vec<String> = (0..220).map(|number| format!("p{number}")).collect();
        let mut plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
        (20..220).for_each(|process| joins(&mut plan, process, process % 20));
        let mut view = RunView::new(Arc::new(plan));
        (0..20).for_each(|process| view.apply(&note(0, started(process, 1))));
        let lines = Heartbeat::new(Duration::from_secs(30)).beat(&view, at(30_000));
        assert_eq!(lines[1], "10 processes: p20, p40, p60, … and 7 more wait for `p0` (success), 30 s");
        assert_eq!(lines.last().map(String::as_str), Some("… and 120 more that wait"));
        assert_eq!(lines.len(), LINES + 2, "{lines:#?}");
    }

    #[test]
    fn what_is_behind_others_that_wait_is_counted() {
        let mut plan = plan(&["build", "test", "pack", "push"]);
        (1..4).for_each(|process| joins(&mut plan, process, process - 1));
        let mut view = RunView::new(Arc::new(plan));
        view.apply(&note(0, started(0, 1)));
        let lines = Heartbeat::new(Duration::from_secs(30)).beat(&view, at(30_000));
        assert_eq!(lines[1..], ["test waits for `build` (success), 30 s", "pack, push wait for what waits itself"]);
    }
}
