//! The reporters as the run's audience.
//!
//! What clients ask is answered from a view of its own, which is never behind because a terminal takes nothing.

use std::cell::RefCell;

use serde_json::Value;

use super::detach::Herald;
use super::{Status, exit_from};
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::control::message::{self, Lines};
use crate::notice::{Event, Notice, RunSummary, Stream};
use crate::report::record::Recorder;
use crate::report::{self, Channel, History, RunView, snapshot};
use crate::run::{Audience, Printer};

/// The reporters for one client.
struct Words(report::Printer);

impl Printer for Words {
    fn print(&mut self, notice: &Notice) -> Vec<(Stream, Vec<u8>)> {
        self.0.print(notice)
    }
}

fn settings(lines: &Lines) -> report::Settings {
    let surface = |surface: message::Surface| report::Surface { terminal: surface.terminal, color: surface.color };
    let (stdout, stderr) = (surface(lines.stdout), surface(lines.stderr));
    report::Settings { mode: lines.output.into(), verbosity: lines.verbosity.clamp(-1, 1), stdout, stderr, ..report::Settings::default() }
}

/// All who are told, within this program.
pub struct Reporters<'a> {
    /// To those who write.
    pub channel: Channel,
    /// What clients are told.
    pub view: RefCell<RunView>,
    /// What processes wrote, for clients.
    pub history: RefCell<History>,
    /// What reports are written from, if any are.
    pub recorder: RefCell<Option<Recorder>>,
    /// Of a run in the background.
    pub herald: Option<&'a Herald>,
    /// Whose exit code the run ends with.
    pub exit_from: Option<ProcessId>,
}

impl Reporters<'_> {
    /// The status of a run that has ended.
    pub fn status_of_run(&self, summary: &RunSummary) -> Status {
        let own = Status::of(summary);
        self.exit_from.map_or(own, |process| exit_from::status(own, self.view.borrow().code(process)))
    }
}

impl Audience for Reporters<'_> {
    fn tell(&self, notice: Notice) {
        match (&notice.event, self.herald) {
            (Event::Output { process, lines, .. }, _) => self.history.borrow_mut().push(*process, lines),
            (Event::RunStarted { .. }, Some(herald)) => herald.begun(),
            (Event::RunEnded { summary }, Some(herald)) => herald.ended(self.status_of_run(summary)),
            _ => {}
        }
        self.view.borrow_mut().apply(&notice);
        if let Some(recorder) = &mut *self.recorder.borrow_mut() {
            recorder.notice(&notice, &self.view.borrow());
        }
        self.channel.send(notice);
    }
    fn has_room(&self) -> bool {
        self.channel.has_room()
    }
    fn hush(&self) -> bool {
        self.channel.hush()
    }
    fn speak(&self) {
        self.channel.speak();
    }
    fn exit_status(&self, summary: &RunSummary) -> u8 {
        self.status_of_run(summary).code()
    }
    fn status(&self, now: RunTime) -> Value {
        serde_json::to_value(snapshot::whole(&self.view.borrow(), now, std::process::id())).unwrap_or_default()
    }
    fn status_of(&self, process: ProcessId, now: RunTime) -> Value {
        serde_json::to_value(snapshot::entry(&self.view.borrow(), process, now, std::process::id())).unwrap_or_default()
    }
    fn printer(&self, lines: &Lines) -> Box<dyn Printer> {
        Box::new(Words(report::Printer::new(self.view.borrow().clone(), settings(lines))))
    }
    fn last_lines(&self, process: ProcessId, most: usize) -> Vec<u8> {
        self.history.borrow().last(process, most)
    }
}
