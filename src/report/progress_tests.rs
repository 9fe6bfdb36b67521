//! State lines as texts, and the whole on a screen in memory.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::testing::{Written, at, ended, failed, job, lock, note, plan, run_started, share, started};
use super::*;
use crate::notice::{Event, Failure, Outcome, StopReason};

fn view(plan: Plan, events: Vec<(u64, Event)>) -> RunView {
    let mut view = RunView::new(Arc::new(plan));
    for (millis, event) in events {
        view.apply(&note(millis, event));
    }
    view
}

fn queued(process: u32, wants: Vec<crate::notice::Share>) -> Event {
    Event::Queued { job: job(process, 1), step: None, wants }
}

fn acquired(process: u32) -> Event {
    Event::Acquired { job: job(process, 1), step: None, holds: vec![share(0)] }
}

fn stopping(process: u32) -> Event {
    Event::Stopping { job: job(process, 1), reason: StopReason::Requested, grace: Duration::from_secs(10) }
}

fn retrying(process: u32) -> Event {
    Event::Retrying { job: job(process, 1), failure: Failure::Code(1), attempts: 4, delay: Duration::from_secs(2) }
}

fn shop() -> Plan {
    let mut plan = plan(&["a", "b", "c", "db", "flaky", "slot", "late"]);
    lock(&mut plan, "ticket");
    plan.processes[ProcessId(3)].control.daemon = true;
    plan.processes[ProcessId(4)].control.retries.count = 3;
    plan.processes[ProcessId(0)].control.steps.push(crate::plan::StepControl::default());
    plan
}

fn events() -> Vec<(u64, Event)> {
    vec![
        (0, run_started()),
        (0, queued(0, vec![share(0)])),
        (0, acquired(0)),
        (0, started(0, 1)),
        (0, queued(1, vec![share(0)])),
        (0, queued(2, vec![share(0)])),
        (0, started(3, 1)),
        (1000, stopping(3)),
        (1000, started(4, 1)),
        (2500, retrying(4)),
        (2500, queued(5, vec![])),
    ]
}

#[test]
fn every_state_has_a_line() {
    let view = view(shop(), events());
    let line = |process, millis| state_line(&view, ProcessId(process), at(millis));
    assert_eq!(line(0, 3999), "running 3 s, step 1 of 2");
    assert_eq!(line(1, 3000), "waiting for lock `ticket` behind 1");
    assert_eq!(line(2, 3000), "waiting for lock `ticket` behind 2");
    assert_eq!(line(3, 3000), "stopping 2 s of 10 s · daemon");
    assert_eq!(line(4, 2500), "retrying in 2 s (attempt 2 of 4)");
    assert_eq!(line(4, 4400), "retrying in 1 s (attempt 2 of 4)");
    assert_eq!(line(5, 3000), "waiting for a job slot");
    assert_eq!(line(6, 3000), "waiting");
}

#[test]
fn services_tell_how_far_they_are() {
    let mut plan = plan(&["api"]);
    let rhythm = crate::plan::Rhythm {
        initial_delay: Duration::ZERO,
        first_interval: Duration::from_millis(20),
        interval: Duration::from_millis(500),
        timeout: Duration::from_secs(5),
    };
    let control = &mut plan.processes[ProcessId(0)].control;
    control.daemon = true;
    control.ready = Some(crate::plan::Readiness { polled: true, rhythm, within: Duration::from_secs(60) });
    let refused = Event::ProbeFailed { job: job(0, 1), live: false, failures: 1, why: "connection refused".to_owned() };
    let restarting = Event::Restarting { job: job(0, 1), failure: None, restarts: 2, max: 5, delay: Duration::from_secs(4) };
    let mut view = RunView::new(Arc::new(plan));
    let mut line = |millis, event| {
        view.apply(&note(millis, event));
        state_line(&view, ProcessId(0), at(millis))
    };
    assert_eq!(line(0, started(0, 1)), "starting 0 s · daemon");
    assert_eq!(line(1000, refused), "starting 1 s: connection refused · daemon");
    let said = Event::SaidStatus { process: ProcessId(0), text: "12 clients".to_owned() };
    assert_eq!(line(1500, said), "starting 1 s: connection refused · 12 clients · daemon");
    assert_eq!(line(2000, Event::Ready { job: job(0, 1) }), "running 2 s · 12 clients · daemon");
    assert_eq!(line(3000, restarting), "restarting in 4 s (restart 2 of 5) · daemon");
    assert_eq!(line(7000, started(0, 2)), "starting 0 s (restarted, start 2) · daemon");
}

#[test]
fn queues_move_on() {
    let mut view = view(shop(), events());
    let line = |view: &RunView, process| state_line(view, ProcessId(process), at(3000));
    view.apply(&note(3000, Event::Released { job: job(0, 1), step: None, freed: vec![share(0)] }));
    assert_eq!(line(&view, 2), "waiting for lock `ticket` behind 1");
    view.apply(&note(3000, acquired(1)));
    assert_eq!(line(&view, 2), "waiting for lock `ticket` behind 1");
    assert_eq!(view.holders(share(0).resource).collect::<Vec<_>>(), [(ProcessId(1), None.into())]);
    // A request that is withdrawn was never held.
    view.apply(&note(3000, Event::Released { job: job(2, 1), step: None, freed: vec![share(0)] }));
    view.apply(&note(3000, ended(2, Outcome::Stopped)));
    assert_eq!(view.holders(share(0).resource).count(), 1);
    assert_eq!(line(&view, 2), "ended");
}

#[test]
fn a_second_attempt_is_told() {
    let mut view = view(shop(), events());
    view.apply(&note(4500, started(4, 2)));
    assert_eq!(state_line(&view, ProcessId(4), at(6000)), "running 1 s (attempt 2 of 4)");
    view.apply(&note(6000, stopping(4)));
    view.apply(&note(16_000, Event::Killing { job: job(4, 2), grace_over: true }));
    assert_eq!(state_line(&view, ProcessId(4), at(16_100)), "killed");
}

/// A screen that keeps what stands on it: cells, each with the colours that were switched before it.
#[derive(Clone, Debug)]
struct Memory {
    grid: Arc<Mutex<Grid>>,
    size: (u16, u16),
}

#[derive(Debug, Default)]
struct Grid {
    rows: Vec<Vec<String>>,
    row: usize,
    column: usize,
}

impl Grid {
    fn line(&mut self) -> &mut Vec<String> {
        let row = self.row;
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        &mut self.rows[row]
    }
    /// As terminals do, the cursor goes to the next line only when something is to be written there.
    fn put(&mut self, cell: String, width: usize) {
        if self.column == width {
            (self.row, self.column) = (self.row + 1, 0);
        }
        let column = self.column;
        let line = self.line();
        line.truncate(column);
        line.push(cell);
        self.column += 1;
    }
}

impl Memory {
    fn new(height: u16, width: u16) -> Self {
        Self { grid: Arc::default(), size: (height, width) }
    }
    fn text(&self) -> String {
        let lines: Vec<_> = self.grid.lock().unwrap().rows.iter().map(|row| row.concat().trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }
}

impl TermLike for Memory {
    fn width(&self) -> u16 {
        self.size.1
    }
    fn height(&self) -> u16 {
        self.size.0
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        let mut grid = self.grid.lock().unwrap();
        grid.row = grid.row.saturating_sub(n);
        Ok(())
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.grid.lock().unwrap().row += n;
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)?;
        let mut grid = self.grid.lock().unwrap();
        (grid.row, grid.column) = (grid.row + 1, 0);
        Ok(())
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut grid = self.grid.lock().unwrap();
        let (mut cell, mut escape) = (String::new(), false);
        for letter in text.chars() {
            cell.push(letter);
            let ends = escape && letter == 'm';
            escape = (escape || letter == '\u{1b}') && !ends;
            if !escape && !ends {
                grid.put(std::mem::take(&mut cell), usize::from(self.size.1));
            }
        }
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        let mut grid = self.grid.lock().unwrap();
        grid.column = 0;
        grid.line().clear();
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_and_bar_stand_below_and_vanish() {
    let screen = Memory::new(24, 80);
    let mut view = view(shop(), events());
    let progress = Progress::new(view.plan(), screen.clone(), false);
    assert_eq!(screen.text(), "");
    progress.draw(&view, at(3000));
    let expected = "\
a     running 3 s, step 1 of 2
db    stopping 2 s of 10 s · daemon
flaky retrying in 2 s (attempt 2 of 4)
b     waiting for lock `ticket` behind 1
c     waiting for lock `ticket` behind 2
slot  waiting for a job slot
──────────────────────── 0/7 · 3 s · 3 running · 3 waiting";
    assert_eq!(screen.text(), expected);
    let written = Written::default();
    let lines = [(Stream::Stdout, &b"b | hello\n"[..])];
    progress.above(Box::new(written.clone())).drain(&lines);
    assert_eq!(written.stdout(), "b | hello\n");
    assert_eq!(screen.text(), expected);
    for process in [0, 1, 2, 3, 4, 5] {
        view.apply(&note(4000, ended(process, if process == 1 { failed(1) } else { Outcome::Success })));
    }
    progress.clear();
    assert_eq!(screen.text(), "");
    progress.above(Box::new(written)).drain(&lines);
    assert_eq!(screen.text(), "");
}

#[test]
fn between_two_steps_is_waiting() {
    let screen = Memory::new(24, 80);
    let queued = |process, step| Event::Queued { job: job(process, 1), step: Some(step), wants: Vec::new() };
    // `a` has begun and waits before its next step; `b` waits before its first.
    let view = view(shop(), vec![(0, run_started()), (0, started(0, 1)), (1000, queued(0, 1)), (1000, queued(3, 0))]);
    let progress = Progress::new(view.plan(), screen.clone(), false);
    progress.draw(&view, at(3000));
    assert!(screen.text().ends_with(" 0/7 · 3 s · 2 waiting"), "{}", screen.text());
    assert_eq!((view.live().len(), view.queued().len()), (1, 1));
}

#[test]
fn small_screens_get_less() {
    let screen = Memory::new(6, 34);
    let view = view(shop(), events());
    let progress = Progress::new(view.plan(), screen.clone(), false);
    progress.draw(&view, at(3000));
    assert_eq!(
        screen.text(),
        "a     running 3 s, step 1 of 2\ndb    stopping 2 s of 10 s · dae…\n… and 4 more\n──────────────────────── 0/7 ·…"
    );
}

#[test]
fn a_run_of_which_little_lives_shows_little() {
    let screen = Memory::new(24, 80);
    let view = view(plan(&["a", "b"]), vec![(0, run_started()), (100, ended(0, failed(1)))]);
    let progress = Progress::new(view.plan(), screen.clone(), true);
    progress.draw(&view, at(1000));
    assert_eq!(screen.text(), "\u{1b}[32m━━━━━━━━━━━━╸───────────\u{1b}[0m 1/2 · 1 s · \u{1b}[31m\u{1b}[1m1 failed");
}
