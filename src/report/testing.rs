//! Small plans, notices and an output in memory, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::desk::Desk;
use super::sink::Drain;
use super::{Out, Settings, Surface};
use crate::base::ids::{JobId, ProcessId, ResourceId};
use crate::base::span::Span;
use crate::base::time::RunTime;
use crate::notice::{Event, Exit, Failure, Notice, Outcome, Share, Stream};
use crate::plan::{Control, Plan, Process, Resource, ResourceKind};

/// A plan of processes without joins.
pub(super) fn plan(names: &[&str]) -> Plan {
    let process = |name: &&str| Process {
        name: (*name).to_owned(),
        declared: name.split('[').next().unwrap_or_default().to_owned(),
        description: None,
        place: Span::default(),
        control: Control::default(),
        work: Arc::default(),
    };
    Plan { name: "shop".to_owned(), processes: names.iter().map(process).collect(), ..Plan::default() }
}

pub(super) fn lock(plan: &mut Plan, name: &str) {
    plan.resources.push(Resource { name: name.to_owned(), kind: ResourceKind::Lock, host: None, place: Span::default() });
}

pub(super) fn semaphore(plan: &mut Plan, name: &str, permits: u32) {
    plan.resources.push(Resource { name: name.to_owned(), kind: ResourceKind::Semaphore { permits }, host: None, place: Span::default() });
}

pub(super) fn share(resource: u32) -> Share {
    Share { resource: ResourceId(resource), shared: false, permits: 1 }
}

pub(super) fn job(process: u32, attempt: u32) -> JobId {
    JobId { process: ProcessId(process), attempt }
}

pub(super) fn at(millis: u64) -> RunTime {
    RunTime(Duration::from_millis(millis))
}

pub(super) fn note(millis: u64, event: Event) -> Notice {
    Notice { at: at(millis), event }
}

pub(super) fn run_started() -> Event {
    Event::RunStarted { name: "shop".to_owned(), processes: 0 }
}

pub(super) fn started(process: u32, attempt: u32) -> Event {
    Event::Started { job: job(process, attempt), step: 0, pid: Some(100 + process) }
}

pub(super) fn output(process: u32, stream: Stream, lines: &[u8]) -> Event {
    Event::Output { process: ProcessId(process), stream, lines: lines.to_vec() }
}

pub(super) fn ended(process: u32, outcome: Outcome) -> Event {
    let (exit, started) = match &outcome {
        Outcome::Success => (Some(Exit::Code(0)), Some(RunTime::ZERO)),
        Outcome::Failed { failure: Failure::Code(code), .. } => (Some(Exit::Code(*code)), Some(RunTime::ZERO)),
        Outcome::Failed { failure: Failure::Timeout(_), .. } | Outcome::Stopped => (Some(Exit::Signal(15)), Some(RunTime::ZERO)),
        _ => (None, None),
    };
    Event::Ended { process: ProcessId(process), outcome, exit, attempts: 1, started }
}

pub(super) fn failed(code: i32) -> Outcome {
    Outcome::Failed { failure: Failure::Code(code), allowed: false }
}

/// What was written: standard output, standard error, and both in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Written(Arc<Mutex<[Vec<u8>; 3]>>);

impl Drain for Written {
    fn drain(&mut self, parts: &[(Stream, &[u8])]) {
        let mut all = self.0.lock().unwrap();
        for (stream, bytes) in parts {
            all[usize::from(*stream == Stream::Stderr)].extend_from_slice(bytes);
            all[2].extend_from_slice(bytes);
        }
    }
}

impl Written {
    fn text(&self, which: usize) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()[which]).into_owned()
    }
    pub(super) fn stdout(&self) -> String {
        self.text(0)
    }
    pub(super) fn stderr(&self) -> String {
        self.text(1)
    }
    pub(super) fn both(&self) -> String {
        self.text(2)
    }
}

/// All that reporters write for these notices.
pub(super) fn told(plan: Plan, settings: Settings, events: Vec<(u64, Event)>) -> Written {
    let written = Written::default();
    let mut out = Out::new(Box::new(written.clone())).stamped(settings.stamp);
    let mut desk = Desk::new(Arc::new(plan), settings);
    for (millis, event) in events {
        desk.notice(&note(millis, event), &mut out);
    }
    out.flush();
    written
}

/// A terminal with colours.
pub(super) const TERMINAL: Surface = Surface { terminal: true, color: true };
