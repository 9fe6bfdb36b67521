//! The graph of a report: what waited, held and took, as far as the report tells it. Who put into a queue and who read
//! from whom is told where that made somebody wait on the critical path.

use std::collections::{BTreeSet, HashMap};

use super::{Edge, Flow, GraphPicture, Hold, Node, Pipe, QueueNode, ResourceNode};
use crate::report::record::Report;
use crate::report::record::model::{Link, Process, ResourceKind};

impl GraphPicture {
    /// That of a report.
    pub fn of_report<'a>(report: &'a Report) -> Self {
        let mut picture = Self::default();
        let mut declared: HashMap<&str, usize> = HashMap::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        for process in &report.processes {
            let at = *declared.entry(&process.declared).or_insert_with(|| {
                picture.processes.push(Node { name: process.declared.to_string(), daemon: process.daemon, instances: 0 });
                picture.processes.len() - 1
            });
            picture.processes[at].instances += 1;
            index.insert(&process.name, at);
        }
        let at = |name: &str| index.get(name).copied();
        let join = |process: &'a Process| {
            let (to, at) = (at(&process.name), &at);
            process.joins.iter().filter_map(move |join| Some(Edge { from: at(&join.process)?, to: to?, until: join.until.word() }))
        };
        picture.joins = report.processes.iter().flat_map(join).collect::<BTreeSet<_>>().into_iter().collect();
        picture.resources(report, at);
        picture.queues(report, at);
        let pairs = report.critical_path.iter().zip(report.critical_path.iter().skip(1));
        let read = pairs.filter(|(piece, _)| piece.then == Link::Pipe);
        let read = read.filter_map(|(piece, next)| Some(Pipe { from: at(&piece.process)?, to: at(&next.process)? }));
        picture.pipes = read.collect::<BTreeSet<_>>().into_iter().collect();
        picture
    }

    fn resources<'a>(&mut self, report: &'a Report, at: impl Fn(&'a str) -> Option<usize>) {
        let mut holds = BTreeSet::new();
        for (index, resource) in report.resources.iter().enumerate() {
            let (kind, permits) = match resource.kind {
                ResourceKind::Lock => ("lock", None),
                ResourceKind::Semaphore => ("semaphore", Some(resource.permits)),
            };
            self.resources.push(ResourceNode { name: resource.name.to_string(), kind, permits });
            let hold = |one: &'a crate::report::record::model::Use| {
                let step = one.step.is_some() || one.section;
                Some(Hold { process: at(&one.process)?, resource: index, shared: one.shared, step })
            };
            holds.extend(resource.uses.iter().filter_map(hold));
        }
        self.holds = holds.into_iter().collect();
    }

    fn queues<'a>(&mut self, report: &'a Report, at: impl Fn(&'a str) -> Option<usize>) {
        let queue = |queue: &crate::report::record::model::Queue| QueueNode { name: queue.name.to_string(), maxsize: queue.maxsize };
        self.queues = report.queues.iter().map(queue).collect();
        let index: HashMap<&str, usize> = report.queues.iter().enumerate().map(|(index, queue)| (&*queue.name, index)).collect();
        let flow = |name: &'a str, queue: &str| Some(Flow { process: at(name)?, queue: *index.get(queue)? });
        let (mut puts, mut takes) = (BTreeSet::new(), BTreeSet::new());
        for process in &report.processes {
            let waits = process.attempts.iter().flat_map(|attempt| attempt.waits.iter().chain(&attempt.inner_waits));
            takes.extend(waits.filter_map(|wait| flow(&process.name, wait.queue.as_deref()?)));
        }
        for (piece, next) in report.critical_path.iter().zip(report.critical_path.iter().skip(1)) {
            if let Link::Items { queue } = &piece.then {
                puts.extend(flow(&piece.process, queue));
                takes.extend(flow(&next.process, queue));
            }
        }
        (self.puts, self.takes) = (puts.into_iter().collect(), takes.into_iter().collect());
    }
}

#[cfg(test)]
#[path = "of_report_tests.rs"]
mod tests;
