//! `flowrun graph`: what waits for what and what goes through queues, by declared names, so that ten copies are one node.

mod page;

use std::fmt::Write;

use super::args::{GraphArgs, GraphFormat};
use super::list::one_line;
use super::{Failure, Status, explain, load, print};
use crate::report::graph::{GraphPicture, Outcomes, svg};

/// Prints the graph.
///
/// # Errors
/// The file or the report cannot be read.
pub fn graph(args: &GraphArgs) -> Result<Status, Failure> {
    let Some((_, plan)) = load::load(args.file.as_deref(), &args.workflow)? else { return Ok(Status::Usage) };
    let picture = GraphPicture::of_plan(&plan);
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

impl GraphPicture {
    /// One paragraph a process, in file order.
    fn text(&self) -> String {
        let mut text = String::new();
        for (index, node) in self.processes.iter().enumerate() {
            let _ = writeln!(text, "{}{}", self.title(index), if node.daemon { "  (daemon)" } else { "" });
            for edge in self.joins.iter().filter(|edge| edge.to == index) {
                let _ = writeln!(text, "  waits for {} ({})", self.title(edge.from), edge.until);
            }
            for pipe in self.pipes.iter().filter(|pipe| pipe.to == index) {
                let _ = writeln!(text, "  reads what {} writes", self.title(pipe.from));
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
        for pipe in &self.pipes {
            let _ = writeln!(text, "    p{} ==>|pipe| p{}", pipe.from, pipe.to);
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
        for pipe in &self.pipes {
            let _ = writeln!(text, "    p{} -> p{} [label=\"pipe\", style=bold];", pipe.from, pipe.to);
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
