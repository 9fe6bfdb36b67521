//! The graph of a plan: what a workflow says that will wait, hold, put and take.

use std::collections::BTreeSet;

use super::{Edge, Flow, GraphPicture, Hold, Node, Pipe, QueueNode, ResourceNode};
use crate::base::ids::ProcessId;
use crate::plan::{Plan, Process, Queue, ResourceKind};

impl GraphPicture {
    /// That of a plan.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut processes: Vec<Node> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for process in plan.processes.iter() {
            let at = *index.entry(process.declared.as_str()).or_insert_with(|| {
                processes.push(Node { name: process.declared.clone(), daemon: process.control.daemon, instances: 0 });
                processes.len() - 1
            });
            processes[at].instances += 1;
        }
        let at = |process: &Process| index.get(process.declared.as_str()).copied().unwrap_or_default();
        let mut joins = BTreeSet::new();
        let mut pipes = BTreeSet::new();
        let mut holds = BTreeSet::new();
        for process in plan.processes.iter() {
            for join in &process.control.joins {
                joins.insert(Edge { from: at(&plan.processes[join.process]), to: at(process), until: join.until.word() });
            }
            pipes.extend(process.control.pipe_from.map(|source| Pipe { from: at(&plan.processes[source]), to: at(process) }));
            let own = process.control.request.iter().map(|share| (share, false));
            let steps = process.control.steps.iter().flat_map(|step| &step.request).map(|share| (share, true));
            for (share, step) in own.chain(steps) {
                holds.insert(Hold { process: at(process), resource: share.resource.0 as usize, shared: share.shared, step });
            }
        }
        let flows = |ends: fn(&Queue) -> &[ProcessId]| -> Vec<Flow> {
            let flow = |queue, id: &ProcessId| Flow { process: at(&plan.processes[*id]), queue };
            let all = plan.queues.iter().enumerate().flat_map(|(queue, one)| ends(one).iter().map(move |id| flow(queue, id)));
            all.collect::<BTreeSet<_>>().into_iter().collect()
        };
        // Who may take without saying so is everybody, and would be drawn as such.
        let takes = flows(|queue| if queue.declared { &queue.consumers } else { &[] });
        let puts = flows(|queue| &queue.producers);
        let queues = plan.queues.iter().map(|queue| QueueNode { name: queue.name.clone(), maxsize: queue.maxsize }).collect();
        let resources = plan
            .resources
            .iter()
            .map(|resource| ResourceNode {
                name: resource.name.clone(),
                kind: resource.kind.word(),
                permits: match resource.kind {
                    ResourceKind::Lock => None,
                    ResourceKind::Semaphore { permits } => Some(permits),
                },
            })
            .collect();
        let (joins, pipes, holds) = (joins.into_iter().collect(), pipes.into_iter().collect(), holds.into_iter().collect());
        Self { processes, joins, pipes, resources, holds, queues, puts, takes }
    }
}
