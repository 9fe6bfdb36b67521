//! Probes: when a readiness or liveness condition is asked for, and what an answer means.
//!
//! At most one probe of an attempt is under way. The next is counted from the answer, so a slow answer
//! makes probes rarer, never more. Answers that are late or of another attempt are dropped. Knows
//! nothing of how a condition is asked for.

use std::time::Duration;

use super::protocol::{Effect, Outbox};
use super::scheduler::Scheduler;
use super::state::State;
use super::timers::Timer;
use crate::base::duration;
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{Event, Failure, StopReason};
use crate::plan::Rhythm;

/// The probes of one attempt.
#[derive(Debug, Default)]
pub struct Probes {
    /// How many were made: the number of the next.
    made: u32,
    /// Whether the last one is still to be answered.
    under_way: bool,
    /// From the next answer to the probe after it.
    interval: Duration,
    /// How many failed in a row, for readiness or for liveness.
    pub failures: u32,
    /// What the last failed one said.
    pub why: Option<String>,
}

impl Scheduler {
    /// Begins with probes for readiness, or, of a process that is ready, for liveness.
    pub(super) fn begin_probing(&mut self, id: ProcessId, rhythm: Rhythm, first: Duration) {
        let live = self.processes[id].health.readied;
        let probes = &mut self.processes[id].health.probes;
        probes.interval = if live { rhythm.interval } else { rhythm.first_interval.min(rhythm.interval) };
        self.timers.set(Timer::Probe(id), self.now + first);
    }

    /// Ends probing, if it goes on.
    pub(super) fn end_probing(&mut self, id: ProcessId, out: &mut Outbox) {
        self.timers.clear(Timer::Probe(id));
        if std::mem::take(&mut self.processes[id].health.probes.under_way) {
            out.effects.push(Effect::EndProbe { job: self.job(id) });
        }
    }

    /// The moment of the next probe, or the end of the wait for an answer.
    pub(super) fn probe_moment(&mut self, id: ProcessId, out: &mut Outbox) {
        let Some(rhythm) = self.rhythm(id) else { return };
        let job = self.job(id);
        let live = self.processes[id].health.readied;
        let probes = &mut self.processes[id].health.probes;
        if std::mem::take(&mut probes.under_way) {
            out.effects.push(Effect::EndProbe { job });
            self.probe_failed(id, format!("no answer within {}", span(rhythm.timeout)), out);
            self.wait_for_next_probe(id);
        } else {
            out.effects.push(Effect::Probe { job, probe: probes.made, live });
            probes.made += 1;
            probes.under_way = true;
            self.timers.set(Timer::Probe(id), self.now + rhythm.timeout);
        }
    }

    /// An answer came, or what was waited for was seen to happen (without a number).
    pub(super) fn probed(&mut self, job: JobId, probe: Option<u32>, result: Result<(), String>, out: &mut Outbox) {
        let id = job.process;
        if !self.runs_last_step(job) {
            return;
        }
        match probe {
            Some(number) => {
                let probes = &mut self.processes[id].health.probes;
                if !probes.under_way || number.checked_add(1) != Some(probes.made) {
                    return;
                }
                probes.under_way = false;
                self.answered(id, result, out);
            }
            None if self.is_owed_readiness(id) && !self.processes[id].health.leaving => match result {
                Ok(()) => self.became_ready(id, out),
                Err(why) => self.probe_failed(id, why, out),
            },
            None => {}
        }
    }

    fn answered(&mut self, id: ProcessId, result: Result<(), String>, out: &mut Outbox) {
        match result {
            Ok(()) if !self.processes[id].health.readied => self.became_ready(id, out),
            Ok(()) => {
                self.processes[id].health.probes.failures = 0;
                self.wait_for_next_probe(id);
            }
            Err(why) => {
                self.probe_failed(id, why, out);
                self.wait_for_next_probe(id);
            }
        }
    }

    /// Sets the moment of the next probe, counted from now.
    fn wait_for_next_probe(&mut self, id: ProcessId) {
        let (State::Running { .. }, Some(rhythm)) = (self.processes[id].state, self.rhythm(id)) else { return };
        let probes = &mut self.processes[id].health.probes;
        let after = probes.interval;
        probes.interval = after.saturating_mul(2).min(rhythm.interval);
        self.timers.set(Timer::Probe(id), self.now + after);
    }

    fn probe_failed(&mut self, id: ProcessId, why: String, out: &mut Outbox) {
        let (job, live) = (self.job(id), self.processes[id].health.readied);
        let probes = &mut self.processes[id].health.probes;
        probes.failures = probes.failures.saturating_add(1);
        let failures = probes.failures;
        let news = probes.why.replace(why.clone()).as_ref() != Some(&why);
        if live || news {
            out.tell(self.now, Event::ProbeFailed { job, live, failures, why: why.clone() });
        }
        let patience = self.plan.processes[id].control.live.map_or(u32::MAX, |live| live.failures);
        if live && failures >= patience {
            self.stop_failed(id, StopReason::NotLive, Failure::NotLive { failures, why }, out);
        }
    }

    /// The rhythm of the probes that are due now: of liveness once it is ready, else of readiness.
    fn rhythm(&self, id: ProcessId) -> Option<Rhythm> {
        let control = &self.plan.processes[id].control;
        if self.processes[id].health.readied {
            control.live.map(|live| live.rhythm)
        } else {
            control.ready.filter(|ready| ready.polled).map(|ready| ready.rhythm)
        }
    }
}

/// `250 ms`, `5 s` or `1m30s`: as reports write a length of time.
fn span(length: Duration) -> String {
    match length.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis @ 1000..60_000 => format!("{} s", millis as f64 / 1000.0),
        _ => duration::human(length),
    }
}
