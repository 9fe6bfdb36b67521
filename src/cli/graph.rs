//! `flowrun graph`: what waits for what and what goes through queues, by declared names, so that ten copies are one node.

mod layout;
mod legend;
mod outcomes;
mod page;
mod svg;

use std::collections::BTreeSet;
use std::fmt::Write;

use outcomes::Outcomes;
use serde::Serialize;

use super::args::{GraphArgs, GraphFormat};
use super::list::one_line;
use super::{Failure, Status, explain, load, print};
use crate::base::ids::ProcessId;
use crate::plan::{Plan, Process, Queue, ResourceKind};

/// Prints the graph.
///
/// # Errors
/// The file or the report cannot be read.
pub fn graph(args: &GraphArgs) -> Result<Status, Failure> {
    let Some((_, plan)) = load::load(args.file.as_deref(), &args.workflow)? else { return Ok(Status::Usage) };
    let picture = GraphPicture::of(&plan);
    let outcomes = match &args.run {
        None => None,
        Some(_) if !matches!(args.format, GraphFormat::Svg | GraphFormat::Html) => {
            return Err(Failure::usage("--run marks outcomes in pictures alone: add --format svg or --format html"));
        }
        Some(path) => {
            let outcomes = Outcomes::of_report(&explain::read(path)?);
            if !picture.processes.iter().any(|process| outcomes.has(&process.name)) {
                let (path, name) = (path.display(), one_line(&plan.name));
                return Err(Failure::usage(format!("{path} is the report of another workflow: no process of `{name}` is in it")));
            }
            Some(outcomes)
        }
    };
    let text = match args.format {
        GraphFormat::Text => picture.text(),
        GraphFormat::Mermaid => picture.mermaid(),
        GraphFormat::Dot => picture.dot(),
        GraphFormat::Svg => svg::draw(&picture, outcomes.as_ref()),
        GraphFormat::Html => page::wrap(&plan.name, &svg::draw(&picture, outcomes.as_ref())),
        GraphFormat::Json => {
            let text = serde_json::to_string_pretty(&picture).map_err(|error| Failure::system(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
    };
    print::out(&text)?;
    Ok(Status::Success)
}

/// What is drawn.
#[derive(Serialize)]
struct GraphPicture {
    processes: Vec<Node>,
    joins: Vec<Edge>,
    resources: Vec<ResourceNode>,
    holds: Vec<Hold>,
    queues: Vec<QueueNode>,
    puts: Vec<Flow>,
    takes: Vec<Flow>,
}

#[derive(Serialize)]
struct Node {
    name: String,
    daemon: bool,
    instances: usize,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: usize,
    to: usize,
    until: &'static str,
}

#[derive(Serialize)]
struct ResourceNode {
    name: String,
    kind: &'static str,
    permits: Option<u32>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Hold {
    process: usize,
    resource: usize,
    shared: bool,
    step: bool,
}

#[derive(Serialize)]
struct QueueNode {
    name: String,
    maxsize: Option<u32>,
}

/// A process at one end of a queue.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    process: usize,
    queue: usize,
}

impl GraphPicture {
    fn of(plan: &Plan) -> Self {
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
        let mut holds = BTreeSet::new();
        for process in plan.processes.iter() {
            for join in &process.control.joins {
                joins.insert(Edge { from: at(&plan.processes[join.process]), to: at(process), until: join.until.word() });
            }
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
        Self { processes, joins: joins.into_iter().collect(), resources, holds: holds.into_iter().collect(), queues, puts, takes }
    }

    fn title(&self, node: usize) -> String {
        let node = &self.processes[node];
        if node.instances > 1 { format!("{} ×{}", node.name, node.instances) } else { node.name.clone() }
    }

    fn resource_title(&self, resource: usize) -> String {
        let resource = &self.resources[resource];
        resource.permits.map_or_else(|| resource.name.clone(), |permits| format!("{} ({permits})", resource.name))
    }

    fn queue_title(&self, queue: usize) -> String {
        let queue = &self.queues[queue];
        queue.maxsize.map_or_else(|| queue.name.clone(), |size| format!("{} ({size})", queue.name))
    }

    /// One paragraph a process, in file order.
    fn text(&self) -> String {
        let mut text = String::new();
        for (index, node) in self.processes.iter().enumerate() {
            let _ = writeln!(text, "{}{}", self.title(index), if node.daemon { "  (daemon)" } else { "" });
            for edge in self.joins.iter().filter(|edge| edge.to == index) {
                let _ = writeln!(text, "  waits for {} ({})", self.title(edge.from), edge.until);
            }
            for hold in self.holds.iter().filter(|hold| hold.process == index) {
                let part = if hold.step { "in a step " } else { "" };
                let shared = if hold.shared { ", shared" } else { "" };
                let _ =
                    writeln!(text, "  {part}holds {} {}{shared}", self.resources[hold.resource].kind, self.resource_title(hold.resource));
            }
            for (flows, word) in [(&self.takes, "takes from"), (&self.puts, "puts into")] {
                for flow in flows.iter().filter(|flow| flow.process == index) {
                    let _ = writeln!(text, "  {word} queue {}", self.queue_title(flow.queue));
                }
            }
        }
        text
    }

    fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (index, node) in self.processes.iter().enumerate() {
            let (open, close) = if node.daemon { ("([\"", "\"])") } else { ("[\"", "\"]") };
            let _ = writeln!(text, "    p{index}{open}{}{close}", self.title(index));
        }
        for (index, _) in self.resources.iter().enumerate() {
            let _ = writeln!(text, "    r{index}{{{{\"{}\"}}}}", self.resource_title(index));
        }
        for edge in &self.joins {
            let _ = writeln!(text, "    p{} -->|{}| p{}", edge.from, edge.until, edge.to);
        }
        for hold in &self.holds {
            let label = if hold.shared { "shared" } else { "holds" };
            let _ = writeln!(text, "    p{} -.-|{label}| r{}", hold.process, hold.resource);
        }
        for (index, _) in self.queues.iter().enumerate() {
            let _ = writeln!(text, "    q{index}[/\"{}\"/]", self.queue_title(index));
        }
        for flow in &self.puts {
            let _ = writeln!(text, "    p{} ==> q{}", flow.process, flow.queue);
        }
        for flow in &self.takes {
            let _ = writeln!(text, "    q{} ==> p{}", flow.queue, flow.process);
        }
        text
    }

    fn dot(&self) -> String {
        let mut text = "digraph workflow {\n    rankdir=LR;\n    node [shape=box];\n".to_owned();
        for (index, node) in self.processes.iter().enumerate() {
            let style = if node.daemon { ", style=rounded" } else { "" };
            let _ = writeln!(text, "    p{index} [label=\"{}\"{style}];", self.title(index));
        }
        for (index, _) in self.resources.iter().enumerate() {
            let _ = writeln!(text, "    r{index} [label=\"{}\", shape=hexagon];", self.resource_title(index));
        }
        for edge in &self.joins {
            let _ = writeln!(text, "    p{} -> p{} [label=\"{}\"];", edge.from, edge.to, edge.until);
        }
        for hold in &self.holds {
            let label = if hold.shared { ", label=\"shared\"" } else { "" };
            let _ = writeln!(text, "    p{} -> r{} [dir=none, style=dashed{label}];", hold.process, hold.resource);
        }
        for (index, _) in self.queues.iter().enumerate() {
            let _ = writeln!(text, "    q{index} [label=\"{}\", shape=parallelogram];", self.queue_title(index));
        }
        for flow in &self.puts {
            let _ = writeln!(text, "    p{} -> q{} [style=bold];", flow.process, flow.queue);
        }
        for flow in &self.takes {
            let _ = writeln!(text, "    q{} -> p{} [style=bold];", flow.queue, flow.process);
        }
        text + "}\n"
    }
}
