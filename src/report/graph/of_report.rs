//! The graph of a report: what waited, who held what, who read from whom and through which queues.

use std::collections::{BTreeSet, HashMap};

use super::{Edge, Flow, GraphPicture, Hold, Node, Pipe, QueueNode, ResourceNode};
use crate::report::record::Report;
use crate::report::record::model::{Name, Process, Queue, ResourceKind};

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
        let pipe = |process: &'a Process| Some(Pipe { from: at(process.reads_from.as_deref()?)?, to: at(&process.name)? });
        picture.pipes = report.processes.iter().filter_map(pipe).collect::<BTreeSet<_>>().into_iter().collect();
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
        let queue = |queue: &Queue| QueueNode { name: queue.name.to_string(), maxsize: queue.maxsize };
        self.queues = report.queues.iter().map(queue).collect();
        let flows = |of: fn(&'a Queue) -> &'a [Name]| {
            let all = report.queues.iter().enumerate().flat_map(|(queue, one)| of(one).iter().map(move |name| (queue, name)));
            let all = all.filter_map(|(queue, name)| Some(Flow { process: at(name)?, queue }));
            all.collect::<BTreeSet<_>>().into_iter().collect()
        };
        (self.puts, self.takes) = (flows(|queue| &queue.producers), flows(|queue| &queue.consumers));
    }
}

#[cfg(test)]
#[path = "of_report_tests.rs"]
mod tests;
