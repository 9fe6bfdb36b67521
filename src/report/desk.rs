//! Where notices arrive: the view is brought up to date, then everybody is told in a fixed order.
//!
//! Knows which reporters a run has and nothing of what they say. The lines of progress are apart from
//! the other reporters because they are drawn and not written.

use std::sync::Arc;

use super::ci::Host;
use super::grouped::Grouped;
use super::heartbeat::Heartbeat;
use super::plain::Plain;
use super::progress::Progress;
use super::raw::Raw;
use super::screen::Screen;
use super::sink::Drain;
use super::status::Status;
use super::summary::Summary;
use super::voice::{self, Voice};
use super::{Out, OutputMode, Reporter, RunView, Settings};
use crate::base::time::RunTime;
use crate::notice::{Event, Notice};
use crate::plan::Plan;

/// A run's reporters and what they know.
pub struct Desk {
    view: RunView,
    reporters: Vec<Box<dyn Reporter>>,
    progress: Option<Progress>,
    heartbeat: Option<Heartbeat>,
    settings: Settings,
}

/// The reporters that these settings ask for, in the order in which they are told.
fn reporters(plan: &Plan, settings: Settings) -> Vec<Box<dyn Reporter>> {
    let mut all: Vec<Box<dyn Reporter>> = Vec::new();
    match settings.mode {
        OutputMode::Prefixed => all.push(Box::new(Plain::new(plan, settings))),
        OutputMode::Grouped | OutputMode::Failures => all.push(Box::new(Grouped::new(settings))),
        OutputMode::Raw => all.push(Box::new(Raw)),
        OutputMode::Quiet => {}
    }
    all.push(Box::new(Voice::new(settings)));
    all.push(Box::new(Status::new(settings)));
    all.push(Box::new(Summary::new(settings)));
    all
}

/// A notice that cannot steer the host.
fn harmless(host: Host, notice: &Notice) -> Notice {
    let mut harmless = notice.clone();
    harmless.event.change_texts(&|text| host.harmless(text));
    harmless
}

impl Desk {
    /// For a run of this plan.
    pub fn new(plan: Arc<Plan>, settings: Settings) -> Self {
        let progress = settings.shows_progress().then(|| Progress::new(&plan, Screen::stderr(), settings.stderr.color));
        let heartbeat = settings.heartbeat.map(Heartbeat::new);
        Self { reporters: reporters(&plan, settings), view: RunView::new(plan), progress, heartbeat, settings }
    }
    /// For a run that goes on, of which this much is known. Draws nothing.
    pub fn later(view: RunView, settings: Settings) -> Self {
        Self { reporters: reporters(view.plan(), settings), view, progress: None, heartbeat: None, settings }
    }
    /// Also tells this one.
    pub fn add(&mut self, reporter: Box<dyn Reporter>) {
        self.reporters.push(reporter);
    }
    /// Whether there is something to draw from time to time.
    pub fn draws(&self) -> bool {
        self.progress.is_some()
    }
    /// Sees to it that what is written does not collide with what is drawn.
    pub fn shelter(&self, drain: Box<dyn Drain>) -> Box<dyn Drain> {
        match &self.progress {
            Some(progress) => Box::new(progress.above(drain)),
            None => drain,
        }
    }
    /// Tells everybody.
    pub fn notice(&mut self, notice: &Notice, out: &mut Out) {
        let harmless = self.settings.host.map(|host| harmless(host, notice));
        let original = notice;
        let notice = harmless.as_ref().unwrap_or(original);
        out.set_run(notice.at);
        self.view.apply(notice);
        if matches!(notice.event, Event::RunEnded { .. })
            && let Some(progress) = self.progress.take()
        {
            progress.clear();
        }
        if matches!(notice.event, Event::RunEnded { .. }) {
            self.heartbeat = None;
        }
        for reporter in &mut self.reporters {
            let notice = if reporter.wants_original() { original } else { notice };
            reporter.notice(notice, &self.view, out);
        }
    }
    /// When a line is due by itself.
    pub fn due(&self) -> Option<RunTime> {
        self.heartbeat.map(|heartbeat| heartbeat.due())
    }
    /// Writes the line that is due.
    pub fn beat(&mut self, now: RunTime, out: &mut Out) {
        out.set_run(now);
        let lines = self.heartbeat.as_mut().map_or_else(Vec::new, |heartbeat| heartbeat.beat(&self.view, now));
        lines.iter().for_each(|line| voice::detail(self.settings, line, out));
    }
    /// Draws the state of things.
    pub fn draw(&self, now: RunTime) {
        if let Some(progress) = &self.progress {
            progress.draw(&self.view, now);
        }
    }
    /// Takes away what is drawn until it is drawn anew.
    pub fn hide(&self) {
        if let Some(progress) = &self.progress {
            progress.hide();
        }
    }
    /// Nothing follows: takes away what was drawn.
    pub fn close(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.clear();
        }
    }
}
