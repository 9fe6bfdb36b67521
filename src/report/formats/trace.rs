//! Chrome's trace events: a track for each process, one for each lock and semaphore, arrows for joins.
//!
//! Read by Perfetto and `chrome://tracing`. Complete events nest by containment within a track: an attempt holds its
//! waits, its steps and its being stopped, each cut to what is around it, so that no piece crosses the border of
//! another. Locks that several hold at once get more tracks. Times are microseconds of the run's own time.

use serde_json::{Value, json};

use super::words;
use crate::base::time::RunTime;
use crate::report::record::Report;
use crate::report::record::model::{Attempt, Process, Resource, Wait, WaitKind};

/// The groups of tracks.
const PROCESSES: u32 = 1;
const RESOURCES: u32 = 2;

/// The document.
pub fn render(report: &Report) -> Result<Vec<u8>, String> {
    let mut trace = Trace { end: report.run.length, events: Vec::new() };
    trace.name("process_name", PROCESSES, 0, &report.run.name);
    trace.processes(report);
    if !report.resources.is_empty() {
        trace.name("process_name", RESOURCES, 0, "locks and semaphores");
        trace.resources(&report.resources);
    }
    let facts = json!({ "id": report.run.id, "file": report.run.file, "started": report.run.started, "outcome": report.run.text });
    let document = json!({ "displayTimeUnit": "ms", "otherData": facts, "traceEvents": trace.events });
    let mut bytes = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
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

struct Trace {
    end: RunTime,
    events: Vec<Value>,
}

impl Trace {
    fn name(&mut self, what: &str, pid: u32, tid: usize, name: &str) {
        self.events.push(json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": { "name": name } }));
    }

    fn complete(&mut self, pid: u32, tid: usize, name: &str, category: &str, stretch: Stretch, args: Value) {
        let (ts, end) = (micros(stretch.from), micros(stretch.to));
        self.events
            .push(json!({ "ph": "X", "name": name, "cat": category, "pid": pid, "tid": tid, "ts": ts, "dur": end - ts, "args": args }));
    }

    fn processes(&mut self, report: &Report) {
        let tracks: std::collections::HashMap<&str, usize> =
            report.processes.iter().enumerate().map(|(index, process)| (&*process.name, index + 1)).collect();
        let mut flow = 0;
        for process in &report.processes {
            let Some(&tid) = tracks.get(&*process.name) else { continue };
            self.name("thread_name", PROCESSES, tid, &process.name);
            if !process.joins.is_empty() {
                let to = process.joined.or(process.ended).unwrap_or(self.end);
                self.complete(PROCESSES, tid, "waits for joins", "wait", Stretch { from: RunTime::ZERO, to }, json!({}));
            }
            for attempt in &process.attempts {
                self.attempt(process, attempt, tid);
            }
            for join in &process.joins {
                if let (Some(held), Some(joined), Some(from)) = (join.held, process.joined, tracks.get(&*join.process)) {
                    flow += 1;
                    let arrow = |ph: &str, tid: usize, at: RunTime| json!({ "ph": ph, "bp": "e", "id": flow, "name": join.until.word(), "cat": "join", "pid": PROCESSES, "tid": tid, "ts": micros(at) });
                    self.events.push(arrow("s", *from, held));
                    self.events.push(arrow("f", tid, joined));
                }
            }
        }
    }

    fn attempt(&mut self, process: &Process, attempt: &Attempt, tid: usize) {
        let whole = Stretch { from: attempt.from, to: attempt.to.unwrap_or(self.end) };
        let name = format!("attempt {}", attempt.number);
        let why = attempt.reason.as_ref().map(|reason| reason.text.as_str());
        self.complete(
            PROCESSES,
            tid,
            &name,
            "attempt",
            whole,
            json!({ "outcome": attempt.outcome, "reason": why, "ready": attempt.ready }),
        );
        for wait in &attempt.waits {
            let stretch = whole.cut(wait.from, wait.to.unwrap_or(whole.to));
            self.complete(PROCESSES, tid, &waits_for(wait), "wait", stretch, json!({ "granted": wait.granted, "freed_by": wait.freed_by }));
        }
        for step in &attempt.steps {
            let stretch = whole.cut(step.from, step.to.unwrap_or(whole.to));
            let name = step.name.as_deref().map_or_else(|| format!("step {}", step.step.saturating_add(1)), str::to_owned);
            let name = if process.attempts.iter().all(|attempt| attempt.steps.len() < 2) && step.name.is_none() { "runs" } else { &name };
            self.complete(PROCESSES, tid, name, "run", stretch, json!({ "step": step.step, "pid": step.pid }));
            if let Some(stopping) = attempt.stopping.as_ref().filter(|stopping| stopping.from < stretch.to) {
                let args = json!({ "why": stopping.text, "killed": stopping.killed });
                self.complete(PROCESSES, tid, "stopping", "stop", stretch.cut(stopping.from, stretch.to), args);
            }
        }
    }

    /// Each use takes the first track of its resource that is free.
    fn resources(&mut self, resources: &[Resource]) {
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
                    self.name("thread_name", RESOURCES, next + free, &name);
                }
                busy[free] = stretch.to;
                let args = json!({ "attempt": held.attempt, "step": held.step, "shared": held.shared, "permits": held.permits });
                self.complete(RESOURCES, next + free, &held.process, "hold", stretch, args);
            }
            next += busy.len();
        }
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
