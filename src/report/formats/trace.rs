//! Chrome's trace events: a track for each process, one for each lock and semaphore, arrows for joins.
//!
//! Read by Perfetto and `chrome://tracing`. Complete events nest by containment within a track: an attempt holds its
//! waits, its steps and its being stopped, each cut to what is around it, so that no piece crosses the border of
//! another. Locks that several hold at once get more tracks. Times are microseconds of the run's own time.
//!
//! Written event by event, so that a run of many thousands needs no room for all of them beside the report.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::words;
use crate::base::time::RunTime;
use crate::report::record::Report;
use crate::report::record::model::{Attempt, AttemptOutcome, Process, Resource, Wait, WaitKind};

/// The groups of tracks.
const PROCESSES: u32 = 1;
const RESOURCES: u32 = 2;

/// The document.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let other_data = Facts { id: &run.id, file: &run.file, started: &run.started, outcome: &run.text };
    serde_json::to_writer(&mut *out, &Document { display_time_unit: "ms", other_data, trace_events: Events(report) })?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    display_time_unit: &'static str,
    other_data: Facts<'a>,
    trace_events: Events<'a>,
}

#[derive(Serialize)]
struct Facts<'a> {
    id: &'a str,
    file: &'a str,
    started: &'a str,
    outcome: &'a str,
}

/// All events of a report: each is made when it is written, and not kept.
struct Events<'a>(&'a Report);

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = self;
        let mut trace = Trace { end: report.run.length, events: serializer.serialize_seq(None)? };
        trace.name("process_name", PROCESSES, 0, &report.run.name)?;
        trace.processes(report)?;
        if !report.resources.is_empty() {
            trace.name("process_name", RESOURCES, 0, "locks and semaphores")?;
            trace.resources(&report.resources)?;
        }
        trace.events.end()
    }
}

/// One event. What is as it mostly is stands nowhere.
#[derive(Default, Serialize)]
struct Event<'a> {
    ph: &'static str,
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Of the end of an arrow: it points to what is around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Args::is_empty")]
    args: Args<'a>,
}

/// What a viewer shows of an event beside its name and times.
#[derive(Default, PartialEq, Serialize)]
struct Args<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<AttemptOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<RunTime>,
    /// That a wait was in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    killed: Option<RunTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
}

impl Args<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A stretch of time on a track.
#[derive(Clone, Copy)]
struct Stretch {
    from: RunTime,
    to: RunTime,
}

impl Stretch {
    /// The part of another that lies in this one.
    fn cut(self, from: RunTime, to: RunTime) -> Self {
        let from = from.clamp(self.from, self.to);
        Self { from, to: to.clamp(from, self.to) }
    }
}

/// Microseconds.
fn micros(at: RunTime) -> f64 {
    at.0.as_nanos() as f64 / 1000.0
}

/// Where a stretch is drawn.
#[derive(Clone, Copy)]
struct Track {
    pid: u32,
    tid: usize,
}

struct Trace<S> {
    end: RunTime,
    events: S,
}

impl<S: SerializeSeq> Trace<S> {
    fn name(&mut self, what: &str, pid: u32, tid: usize, name: &str) -> Result<(), S::Error> {
        let args = Args { name: Some(name), ..Args::default() };
        self.events.serialize_element(&Event { ph: "M", name: what.into(), pid, tid, args, ..Event::default() })
    }

    fn complete(&mut self, track: Track, name: &str, cat: &'static str, stretch: Stretch, args: Args<'_>) -> Result<(), S::Error> {
        let (ts, dur) = (Some(micros(stretch.from)), Some(micros(RunTime(stretch.to.since(stretch.from)))));
        let (Track { pid, tid }, name, cat) = (track, name.into(), Some(cat));
        self.events.serialize_element(&Event { ph: "X", name, cat, pid, tid, ts, dur, args, ..Event::default() })
    }

    fn processes(&mut self, report: &Report) -> Result<(), S::Error> {
        let tracks: HashMap<&str, usize> =
            report.processes.iter().enumerate().map(|(index, process)| (&*process.name, index + 1)).collect();
        let mut flow = 0;
        for process in &report.processes {
            let Some(&tid) = tracks.get(&*process.name) else { continue };
            self.name("thread_name", PROCESSES, tid, &process.name)?;
            if !process.joins.is_empty() {
                let to = process.joined.or(process.ended).unwrap_or(self.end);
                let track = Track { pid: PROCESSES, tid };
                self.complete(track, "waits for joins", "wait", Stretch { from: RunTime::ZERO, to }, Args::default())?;
            }
            for attempt in &process.attempts {
                self.attempt(process, attempt, tid)?;
            }
            for join in &process.joins {
                if let (Some(held), Some(joined), Some(from)) = (join.held, process.joined, tracks.get(&*join.process)) {
                    flow += 1;
                    self.arrow(join.until.word(), flow, (*from, held), (tid, joined))?;
                }
            }
        }
        Ok(())
    }

    /// From one track and moment to another.
    fn arrow(&mut self, name: &str, id: u64, from: (usize, RunTime), to: (usize, RunTime)) -> Result<(), S::Error> {
        for (ph, bp, (tid, at)) in [("s", None, from), ("f", Some("e"), to)] {
            let (name, cat, id, ts) = (name.into(), Some("join"), Some(id), Some(micros(at)));
            self.events.serialize_element(&Event { ph, name, cat, pid: PROCESSES, tid, ts, id, bp, ..Event::default() })?;
        }
        Ok(())
    }

    fn attempt(&mut self, process: &Process, attempt: &Attempt, tid: usize) -> Result<(), S::Error> {
        let track = Track { pid: PROCESSES, tid };
        let whole = Stretch { from: attempt.from, to: attempt.to.unwrap_or(self.end) };
        let reason = attempt.reason.as_ref().map(|reason| reason.text.as_str());
        let args = Args { outcome: attempt.outcome, reason, ready: attempt.ready, ..Args::default() };
        self.complete(track, &format!("attempt {}", attempt.number), "attempt", whole, args)?;
        for wait in &attempt.waits {
            self.wait(wait, track, whole)?;
        }
        for step in &attempt.steps {
            let stretch = whole.cut(step.from, step.to.unwrap_or(whole.to));
            let name = step.name.as_deref().map_or_else(|| format!("step {}", step.step.saturating_add(1)), str::to_owned);
            let only = process.attempts.iter().all(|attempt| attempt.steps.len() < 2) && step.name.is_none();
            let args = Args { step: (!only).then_some(step.step), pid: step.pid, ..Args::default() };
            self.complete(track, if only { "runs" } else { &name }, "run", stretch, args)?;
            if let Some(stopping) = attempt.stopping.as_ref().filter(|stopping| stopping.from < stretch.to) {
                let args = Args { why: Some(&stopping.text), killed: stopping.killed, ..Args::default() };
                self.complete(track, "stopping", "stop", stretch.cut(stopping.from, stretch.to), args)?;
            }
        }
        // On one track nothing may overlap what began before it.
        let mut free = whole;
        for wait in &attempt.inner_waits {
            self.wait(wait, track, free)?;
            free.from = wait.to.unwrap_or(whole.to).clamp(free.from, whole.to);
        }
        Ok(())
    }

    fn wait(&mut self, wait: &Wait, track: Track, within: Stretch) -> Result<(), S::Error> {
        let stretch = within.cut(wait.from, wait.to.unwrap_or(within.to));
        let args = Args { granted: (!wait.granted).then_some(false), freed_by: wait.freed_by.as_deref(), ..Args::default() };
        self.complete(track, &waits_for(wait), "wait", stretch, args)
    }

    /// Each use takes the first track of its resource that is free.
    fn resources(&mut self, resources: &[Resource]) -> Result<(), S::Error> {
        let mut next = 1;
        for resource in resources {
            let mut busy: Vec<RunTime> = Vec::new();
            let held = resource.uses.iter().filter_map(|held| Some((held.had?, held)));
            let mut held: Vec<_> = held.collect();
            held.sort_by_key(|(had, _)| *had);
            for (had, held) in held {
                let stretch = Stretch { from: had, to: held.freed.unwrap_or(self.end).max(had) };
                let free = busy.iter().position(|until| *until <= had).unwrap_or(busy.len());
                if free == busy.len() {
                    busy.push(stretch.to);
                    let name = if free == 0 { resource.name.to_string() } else { format!("{} #{}", resource.name, free + 1) };
                    self.name("thread_name", RESOURCES, next + free, &name)?;
                }
                busy[free] = stretch.to;
                let (shared, permits) = (held.shared.then_some(true), (held.permits > 1).then_some(held.permits));
                let args = Args { attempt: Some(held.attempt), step: held.step, shared, permits, ..Args::default() };
                self.complete(Track { pid: RESOURCES, tid: next + free }, &held.process, "hold", stretch, args)?;
            }
            next += busy.len();
        }
        Ok(())
    }
}

fn waits_for(wait: &Wait) -> String {
    match wait.kind {
        WaitKind::Locks => format!("waits for {}", words::shares(&wait.wants)),
        WaitKind::Slot => "waits for a job slot".to_owned(),
        WaitKind::Items => format!("waits for {}", wait.queue.as_deref().unwrap_or("items")),
        WaitKind::Delay => "waits for its next attempt".to_owned(),
    }
}
