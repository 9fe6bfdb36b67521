//! How things stand, as a table: asked for with a signal while the run goes on.
//!
//! [`rows`] is the table as data, one row for each process that has no outcome yet; the rest is columns.
//! Costs a scan of all processes, which is why it is made only when somebody asks.

use super::clean::clean_text;
use super::view::{RunView, State};
use super::waiters::{Holder, Part, Places};
use super::{Out, Reporter, Settings, paint::Paint, progress, words};
use crate::base::ids::{ProcessId, QueueId};
use crate::base::time::RunTime;
use crate::notice::{Event, Notice, OutcomeKind, Share, Stream};
use crate::plan::Join;
use crate::source::model::Condition;

/// The most rows for processes that wait for others; all that is alive or waits for locks is always told.
const WAITING: usize = 50;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub process: String,
    /// Where it is in its life: one or two words.
    pub state: &'static str,
    /// The system's number, if something of it runs.
    pub pid: Option<u32>,
    /// How long it has been there; none for what has not begun to do anything.
    pub since: Option<String>,
    /// What it waits for, and who holds it.
    pub waits_for: String,
}

/// Prints the table on standard error when it is asked for.
pub struct Status(Settings);

impl Status {
    /// With colours as told.
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Reporter for Status {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        if notice.event == Event::StatusAsked {
            out.write(Stream::Stderr, table(view, notice.at, Paint::new(self.0.stderr.color)).as_bytes());
        }
    }
}

/// All processes without an outcome: what is alive, what waits for locks, what waits for others.
pub fn rows(view: &RunView, now: RunTime) -> Vec<Row> {
    let waiting = view.plan().processes.ids().filter(|process| *view.state(*process) == State::Waiting);
    let order = view.live().chain(view.queued()).chain(waiting);
    let places = view.places();
    order.map(|process| row(view, process, &places, now)).collect()
}

fn row(view: &RunView, process: ProcessId, places: &Places, now: RunTime) -> Row {
    let state = view.state(process);
    Row {
        process: words::name(view.plan(), process),
        state: word(view, process),
        pid: view.pid(process),
        since: (*state != State::Waiting).then(|| words::ticking(now.since(view.since(process)))),
        waits_for: waits_for(view, process, places, now),
    }
}

pub(super) fn word(view: &RunView, process: ProcessId) -> &'static str {
    let awaited = view.plan().processes[process].control.ready.is_some();
    match view.state(process) {
        State::Waiting => "waiting",
        State::Queued { .. } => "queued",
        State::Running { ready: true, .. } if awaited => "ready",
        State::Running { .. } if awaited => "starting",
        State::Running { .. } => "running",
        State::Stopping { killed: true, .. } => "killed",
        State::Stopping { .. } => "stopping",
        State::Retrying { .. } => "retrying",
        State::Restarting { .. } => "restarting",
        State::Idle { .. } => "idle",
        State::Ended(_) => "ended",
    }
}

pub(super) fn waits_for(view: &RunView, process: ProcessId, places: &Places, now: RunTime) -> String {
    let all = |(wants, ticket): (&[Share], u64)| wants.iter().filter_map(|share| places.get(&(share.resource, ticket))).max().copied();
    let ahead = view.wait(process).and_then(all).unwrap_or_default();
    let place = if ahead > 1 { format!(" (behind {ahead})") } else { String::new() };
    awaited(view, process, now) + &place
}

/// The same without its place in a queue, which tells apart those that wait for the same.
pub(super) fn awaited(view: &RunView, process: ProcessId, now: RunTime) -> String {
    match view.state(process) {
        State::Waiting => joins(view, process),
        State::Queued { wants, ticket: Some(_), .. } if wants.is_empty() => "a job slot".to_owned(),
        State::Queued { wants, ticket: Some(_), .. } => locks(view, process, wants),
        State::Queued { .. } => String::new(),
        State::Running { .. } | State::Stopping { .. } if view.wait(process).is_some() => {
            view.wait(process).map_or_else(String::new, |(wants, _)| locks(view, process, wants))
        }
        State::Running { .. } if view.awaited_queue(process).is_some() => {
            view.awaited_queue(process).map_or_else(String::new, |queue| item(view, queue))
        }
        State::Running { .. } => {
            let remarks = [view.probe_trouble(process), view.said(process)];
            remarks.into_iter().flatten().map(clean_text).collect::<Vec<_>>().join("; ")
        }
        State::Stopping { killed: true, .. } => "its end".to_owned(),
        State::Stopping { since, grace, .. } => {
            format!("its end, killed in {}", words::ticking((*since + *grace).since(now)))
        }
        State::Retrying { until, attempt, attempts } => format!("attempt {attempt} of {attempts}, in {}", progress::left(*until, now)),
        State::Restarting { until, restart, max } => format!("restart {restart} of {max}, in {}", progress::left(*until, now)),
        State::Idle { queue } => item(view, *queue),
        State::Ended(_) => String::new(),
    }
}

fn item(view: &RunView, queue: QueueId) -> String {
    format!("an item of {}", words::queue(view.plan(), queue))
}

/// `lock `db`, held by `a``
fn locks(view: &RunView, process: ProcessId, wants: &[Share]) -> String {
    let elsewhere = view.held_elsewhere(process);
    let one = |share: &Share| {
        if let Some((_, holders)) = elsewhere.filter(|(resource, _)| *resource == share.resource) {
            return format!("{}, held by {}", words::resource(view.plan(), share.resource), words::host_holders(holders));
        }
        // Only those that are told get words: many may wait for what many hold.
        let mut holders: Vec<Holder> = view.holders(share.resource).collect();
        holders.dedup_by_key(|(process, part)| (*process, matches!(part, Part::Section(_))));
        let names = holders.iter().map(|holder| words::holder(view.plan(), *holder));
        let held = if holders.is_empty() { String::new() } else { format!(", held by {}", words::list(names)) };
        format!("{}{held}", words::resource(view.plan(), share.resource))
    };
    wants.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn open_joins(view: &RunView, process: ProcessId) -> impl Iterator<Item = &Join> {
    view.plan().processes[process].control.joins.iter().filter(|join| is_open(view, join))
}

/// Whether all that a process still joins waits itself and was never begun.
pub(super) fn waits_for_waiting(view: &RunView, process: ProcessId) -> bool {
    let waits =
        |join: &Join| matches!(view.state(join.process), State::Waiting | State::Queued { .. }) && view.begun(join.process).is_none();
    open_joins(view, process).next().is_some() && open_joins(view, process).all(waits)
}

fn joins(view: &RunView, process: ProcessId) -> String {
    let open: Vec<&Join> = open_joins(view, process).collect();
    words::list(open.iter().map(|join| format!("{} ({})", words::quoted(view.plan(), join.process), join.until.word())))
}

/// Whether what is known of the other process does not settle a join yet.
fn is_open(view: &RunView, join: &Join) -> bool {
    match (view.state(join.process), join.until) {
        (State::Ended(OutcomeKind::Success | OutcomeKind::Failed | OutcomeKind::Stopped), _) => false,
        (State::Ended(OutcomeKind::Skipped | OutcomeKind::Cancelled), until) => until == Condition::Exit,
        (State::Running { ready, .. }, Condition::Ready) => !ready,
        (State::Running { .. } | State::Stopping { .. }, Condition::Start) => false,
        _ => true,
    }
}

fn table(view: &RunView, now: RunTime, paint: Paint) -> String {
    let all = rows(view, now);
    let told = view.live().len() + view.queued().len() + WAITING;
    let titles = ["PROCESS", "STATE", "PID", "SINCE", "WAITING FOR"].map(str::to_owned);
    let cells = |row: &Row| {
        let pid = row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        [row.process.clone(), row.state.to_owned(), pid, row.since.clone().unwrap_or_else(|| "-".to_owned()), row.waits_for.clone()]
    };
    let shown: Vec<[String; 5]> = std::iter::once(titles).chain(all.iter().take(told).map(cells)).collect();
    let width = |column: usize| shown.iter().map(|row| console::measure_text_width(&row[column])).max().unwrap_or(0).min(40);
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for (number, row) in shown.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += &console::pad_str(cell, width, console::Alignment::Left, None);
            line += "  ";
        }
        line += &row[4];
        let line = line.trim_end();
        text += &if number == 0 { paint.bold(line) } else { line.to_owned() };
        text.push('\n');
    }
    if all.len() > told {
        text += &format!("… and {} more that wait for others\n", all.len() - told);
    }
    text + &ended(view, now)
}

/// `5 of 12 ended, 1 of them failed, after 3 s`
fn ended(view: &RunView, now: RunTime) -> String {
    let counts = view.counts();
    let failed = if counts.failed > 0 { format!(", {} of them failed", counts.failed) } else { String::new() };
    let suspended = if view.suspended() { ", suspended" } else { "" };
    let all = view.plan().processes.len();
    format!("{} of {all} ended{failed}, after {}{suspended}\n", counts.ended(), words::ticking(view.elapsed(now)))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
