//! Who produced into which queue, and when.
//!
//! Nothing tells who put an item into a queue, so it is told from when the commands of its producers ran. Of several
//! that ran at one time it is taken to be the one that ended first after it.

use std::collections::HashMap;

use super::model::{Name, Process};
use crate::base::ids::Id as _;
use crate::base::time::RunTime;
use crate::plan::Plan;

/// A time in which a command of a producer ran.
struct Span {
    from: RunTime,
    /// None as long as it has not ended.
    to: Option<RunTime>,
    who: usize,
}

/// The times of the producers of each queue, in the order of their ends.
pub struct Producers(HashMap<Name, Vec<Span>>);

impl Producers {
    /// Those of a plan; the processes stand in its order.
    pub fn of(plan: &Plan, processes: &[Process]) -> Self {
        let all = plan.queues.iter().map(|queue| {
            let producers = queue.producers.iter().filter_map(|id| Some((id.index(), processes.get(id.index())?)));
            let mut spans: Vec<Span> = producers.flat_map(|(who, process)| spans(process, who)).collect();
            spans.sort_by_key(|span| (span.to.is_none(), span.to, span.from, span.who));
            (Name::from(queue.name.as_str()), spans)
        });
        Self(all.collect())
    }

    /// Who else produced last into a queue from one moment to another, and until when.
    pub fn last(&self, queue: &Name, but: usize, from: RunTime, to: RunTime) -> Option<(usize, RunTime)> {
        let spans = self.0.get(queue)?;
        let (ended, running) = spans.split_at(spans.partition_point(|span| span.to.is_some_and(|end| end < to)));
        let running = running.iter().find(|span| span.from < to && span.who != but).map(|span| (span.who, to));
        let ended = ended.iter().rev().find(|span| span.who != but).and_then(|span| Some((span.who, span.to?)));
        running.or(ended.filter(|(_, end)| *end > from))
    }
}

fn spans(process: &Process, who: usize) -> impl Iterator<Item = Span> {
    let steps = process.attempts.iter().flat_map(|attempt| &attempt.steps);
    steps.map(move |step| Span { from: step.from, to: step.to, who })
}
