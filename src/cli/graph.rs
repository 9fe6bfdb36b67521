//! `flowrun graph`: what waits for what, by declared names, so that ten copies are one node.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;

use super::args::{GraphArgs, GraphFormat};
use super::{Failure, Status, load, print};
use crate::plan::{Plan, Process, ResourceKind};

/// Prints the graph.
///
/// # Errors
/// The file cannot be read.
pub fn graph(args: &GraphArgs) -> Result<Status, Failure> {
    let Some((_, plan)) = load::load(args.file.as_deref(), &args.workflow)? else { return Ok(Status::Usage) };
    let picture = Picture::of(&plan);
    let text = match args.format {
        GraphFormat::Text => picture.text(),
        GraphFormat::Mermaid => picture.mermaid(),
        GraphFormat::Dot => picture.dot(),
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
struct Picture {
    processes: Vec<Node>,
    joins: Vec<Edge>,
    resources: Vec<ResourceNode>,
    holds: Vec<Hold>,
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

impl Picture {
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
        Self { processes, joins: joins.into_iter().collect(), resources, holds: holds.into_iter().collect() }
    }

    fn title(&self, node: usize) -> String {
        let node = &self.processes[node];
        if node.instances > 1 { format!("{} ×{}", node.name, node.instances) } else { node.name.clone() }
    }

    fn resource_title(&self, resource: usize) -> String {
        let resource = &self.resources[resource];
        resource.permits.map_or_else(|| resource.name.clone(), |permits| format!("{} ({permits})", resource.name))
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
        text + "}\n"
    }
}
