//! The report of what was recorded, when all is over.

use super::{Record, Recorder};
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::notice::OutcomeKind;
use crate::report::record::inputs::Inputs;
use crate::report::record::model::{Counts, Process, Report, Run, RunOutcome, VERSION};
use crate::report::record::producers::Producers;
use crate::report::record::{critical, joins};
use crate::report::words;

impl Recorder {
    /// All that was recorded. `status` is the exit status of the run, which need not tell how it went; a run that has not
    /// come to its end is told to be lost.
    pub fn finish(mut self, status: u8) -> Report {
        let records = std::mem::take(&mut self.records);
        let processes: Vec<Process> =
            self.plan.processes.ids().zip(records.into_values()).map(|(id, record)| self.process(id, record)).collect();
        let run = self.run(&processes, status);
        let queues = self.queues.finish();
        let (producers, inputs) = (Producers::of(&self.plan, &processes), Inputs::of(&self.plan, &processes, &queues));
        Report {
            version: VERSION,
            flowrun: env!("CARGO_PKG_VERSION").to_owned(),
            critical_path: critical::path(&processes, &producers, &inputs, self.began, self.latest),
            run,
            processes,
            resources: self.uses.finish(),
            queues,
            warnings: self.warnings,
            warnings_left_out: self.warnings_left_out,
        }
    }

    fn process(&self, id: ProcessId, record: Record) -> Process {
        let process = &self.plan.processes[id];
        let joins = record.joins.unwrap_or_else(|| joins::settle(&process.control.joins, &self.names, &self.milestones, self.began, None));
        let (ended, outcome) = record.ended.map_or((None, None), |(at, outcome)| (Some(at), Some(outcome)));
        Process {
            name: self.names[id].clone(),
            declared: if process.declared == process.name { self.names[id].clone() } else { process.declared.as_str().into() },
            description: process.description.clone(),
            place: self.context.places.get(id).copied().unwrap_or_default(),
            daemon: process.control.daemon,
            reads_from: process.control.pipe_from.map(|id| self.names[id].clone()),
            joins_left_out: process.control.joins.len() - joins.list.len(),
            joins: joins.list,
            joined: joins.joined,
            started: record.started,
            ended,
            outcome,
            code: record.code,
            attempts_begun: record.begun,
            attempts: record.attempts.finish(),
        }
    }

    fn run(&self, processes: &[Process], status: u8) -> Run {
        let (outcome, text) = self.outcome();
        Run {
            name: self.plan.name.clone(),
            description: self.plan.description.clone(),
            id: self.context.id.clone(),
            file: self.context.file.clone(),
            in_repository: Some(self.context.in_repository.clone()),
            started: self.context.started.clone(),
            length: RunTime(self.latest - self.began),
            outcome,
            text,
            signal: self.summary.as_ref().and_then(|summary| summary.interrupted),
            status,
            jobs: self.plan.jobs,
            halted: self.halted.clone(),
            counts: counts(processes),
        }
    }

    fn outcome(&self) -> (RunOutcome, String) {
        let Some(summary) = &self.summary else { return (RunOutcome::Lost, "flowrun itself could not go on".to_owned()) };
        if summary.unaccounted > 0 {
            return (RunOutcome::Lost, format!("{} processes are unaccounted for", summary.unaccounted));
        }
        match summary.interrupted {
            Some(signal) => (RunOutcome::Interrupted, words::interrupted(signal)),
            None if summary.timed_out => (RunOutcome::TimedOut, words::run_timeout(&self.plan)),
            None if summary.failed + summary.queues > 0 => (RunOutcome::Failed, "failed".to_owned()),
            None => (RunOutcome::Success, "succeeded".to_owned()),
        }
    }
}

fn counts(processes: &[Process]) -> Counts {
    let mut counts = Counts { processes: processes.len(), ..Counts::default() };
    for outcome in processes.iter().filter_map(|process| process.outcome.as_ref()) {
        let count = match outcome.kind {
            OutcomeKind::Success => &mut counts.success,
            OutcomeKind::Failed if outcome.allowed => &mut counts.allowed,
            OutcomeKind::Failed => &mut counts.failed,
            OutcomeKind::Skipped => &mut counts.skipped,
            OutcomeKind::Cancelled => &mut counts.cancelled,
            OutcomeKind::Stopped => &mut counts.stopped,
        };
        *count += 1;
    }
    counts
}
