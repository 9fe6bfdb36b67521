//! The graph as a picture: SVG that stands by itself, in the viewer's light or dark theme.
//!
//! What is what is told by shapes, dashes and words, and with a report by words for outcomes too; colour only helps.
//! Every text of others is escaped, and what XML cannot hold is replaced.

use std::fmt::Write as _;

use super::layout::{Layout, Wish, layout};
use super::outcomes::Outcomes;
use super::{GraphPicture, legend};
use crate::report::page::escaped;

/// The style of the picture, which the page's policy must know.
pub const STYLE: &str = include_str!("svg.css");

/// The width of a letter, the height of a node, the space around all (pixels).
const LETTER: f64 = 7.4;
const HEIGHT: f64 = 44.0;
const MARGIN: f64 = 16.0;
/// Longer titles are shortened; the whole one is told as a tooltip.
const LONGEST: usize = 34;

/// One node.
struct Shape {
    kind: &'static str,
    title: String,
    below: String,
    look: &'static str,
    /// How long it took, beside the title; empty without a report.
    time: String,
    /// More lines of its tooltip.
    told: Vec<String>,
    critical: bool,
}

impl Shape {
    fn new(kind: &'static str, title: String, below: String) -> Self {
        Self { kind, title, below, look: "", time: String::new(), told: Vec::new(), critical: false }
    }

    /// What stands in its first line, without the time.
    fn heading(&self) -> String {
        if self.critical { format!("★ {}", short(&self.title)) } else { short(&self.title) }
    }
}

/// One edge.
struct Line {
    from: usize,
    to: usize,
    kind: &'static str,
    label: String,
    told: String,
    critical: bool,
}

/// The whole picture.
pub fn draw(picture: &GraphPicture, outcomes: Option<&Outcomes>) -> String {
    let shapes = shapes(picture, outcomes);
    let lines = lines(picture, outcomes);
    let sizes: Vec<_> = shapes.iter().map(|shape| (width(shape), HEIGHT)).collect();
    let label = |text: &str| if text.is_empty() { (0.0, 0.0) } else { (letters(text) * 6.2 + 8.0, 14.0) };
    let wishes: Vec<_> = lines.iter().map(|line| Wish { from: line.from, to: line.to, label: label(&line.label) }).collect();
    let places = layout(&sizes, &wishes);
    let mut body = String::new();
    for (index, line) in lines.iter().enumerate() {
        let mut points = places.edges[index].clone();
        // Between neighbouring layers nothing is in the way.
        if points.len() == 3 && line.label.is_empty() {
            points.remove(1);
        }
        // Edges leave on the right and arrive on the left, or the other way around where they lead back.
        if let [first, .., last] = &mut points[..] {
            let forth = if places.nodes[line.from].0 <= places.nodes[line.to].0 { 0.5 } else { -0.5 };
            *first = (places.nodes[line.from].0 + sizes[line.from].0 * forth, places.nodes[line.from].1);
            *last = (places.nodes[line.to].0 - sizes[line.to].0 * forth, places.nodes[line.to].1);
        }
        edge(line, &points, places.labels[index], &mut body);
    }
    for (index, shape) in shapes.iter().enumerate() {
        node(shape, places.nodes[index], sizes[index], &mut body);
    }
    frame(&places, &body, &legend::draw(&kinds(&shapes, &lines), places.size.1 + 24.0))
}

fn letters(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 1.0 } else { 1.6 }).sum()
}

fn width(shape: &Shape) -> f64 {
    let time = if shape.time.is_empty() { 0.0 } else { letters(&shape.time) * 0.85 + 2.0 };
    let text = (letters(&shape.heading()) + time).max(letters(&shape.below) * 0.85);
    let sides = if matches!(shape.kind, "process" | "daemon") { 28.0 } else { 52.0 };
    (text * LETTER + sides).max(96.0)
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

fn shapes(picture: &GraphPicture, outcomes: Option<&Outcomes>) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (index, process) in picture.processes.iter().enumerate() {
        let (words, look) = outcomes.map_or_else(Default::default, |outcomes| outcomes.of(&process.name));
        let kind = if process.daemon { "daemon" } else { "process" };
        let below = if words.is_empty() { kind.to_owned() } else { words };
        let mut shape = Shape { look, ..Shape::new(kind, picture.title(index), below) };
        if let Some(outcomes) = outcomes {
            (shape.time, shape.told) = (outcomes.time(&process.name), outcomes.lines(&process.name));
            shape.critical = outcomes.is_critical(&process.name);
        }
        shapes.push(shape);
    }
    for resource in &picture.resources {
        let below = resource.permits.map_or_else(|| "lock".to_owned(), |permits| format!("semaphore of {permits}"));
        shapes.push(Shape::new(resource.kind, resource.name.clone(), below));
    }
    for queue in &picture.queues {
        let below = queue.maxsize.map_or_else(|| "queue".to_owned(), |size| format!("queue of {size}"));
        shapes.push(Shape::new("queue", queue.name.clone(), below));
    }
    shapes
}

fn lines(picture: &GraphPicture, outcomes: Option<&Outcomes>) -> Vec<Line> {
    let resource = |index: usize| picture.processes.len() + index;
    let queue = |index: usize| resource(picture.resources.len()) + index;
    let name = |index: usize| picture.processes[index].name.as_str();
    let leads = |from: &str, to: &str| outcomes.is_some_and(|outcomes| outcomes.leads(from, to));
    let mut lines = Vec::new();
    for join in &picture.joins {
        let usual = if picture.processes[join.from].daemon { "ready" } else { "success" };
        let label = if join.until == usual { String::new() } else { join.until.to_owned() };
        let told = format!("{} waits for {} ({})", name(join.to), name(join.from), join.until);
        lines.push(Line { from: join.from, to: join.to, kind: "join", label, told, critical: leads(name(join.from), name(join.to)) });
    }
    for pipe in &picture.pipes {
        let told = format!("{} reads what {} writes", name(pipe.to), name(pipe.from));
        let critical = leads(name(pipe.from), name(pipe.to));
        lines.push(Line { from: pipe.from, to: pipe.to, kind: "flow", label: "pipe".to_owned(), told, critical });
    }
    for hold in &picture.holds {
        let label = if hold.shared { "shared" } else { "" };
        let told = format!("{} holds {}", name(hold.process), picture.resources[hold.resource].name);
        let critical = leads(name(hold.process), &picture.resources[hold.resource].name);
        lines.push(Line { from: hold.process, to: resource(hold.resource), kind: "hold", label: label.to_owned(), told, critical });
    }
    for flow in &picture.puts {
        let told = format!("{} puts into {}", name(flow.process), picture.queues[flow.queue].name);
        let critical = leads(name(flow.process), &picture.queues[flow.queue].name);
        lines.push(Line { from: flow.process, to: queue(flow.queue), kind: "flow", label: String::new(), told, critical });
    }
    for flow in &picture.takes {
        let told = format!("{} takes from {}", name(flow.process), picture.queues[flow.queue].name);
        let critical = leads(&picture.queues[flow.queue].name, name(flow.process));
        lines.push(Line { from: queue(flow.queue), to: flow.process, kind: "flow", label: String::new(), told, critical });
    }
    lines
}

fn kinds(shapes: &[Shape], lines: &[Line]) -> Vec<&'static str> {
    let mut kinds: Vec<_> = shapes.iter().map(|shape| shape.kind).chain(lines.iter().map(|line| line.kind)).collect();
    kinds.extend(shapes.iter().any(|shape| shape.critical).then_some("critical"));
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A smooth line through the points, level in each of them, which keeps it off the nodes that it passes.
fn edge(line: &Line, points: &[(f64, f64)], (x, y): (f64, f64), into: &mut String) {
    let [first, rest @ ..] = points else { return };
    let mut way = format!("M{:.1} {:.1}", first.0, first.1);
    let mut before = *first;
    for point in rest {
        let bend = (point.0 - before.0) / 2.0;
        let _ = write!(way, "C{:.1} {:.1} {:.1} {:.1} ", before.0 + bend, before.1, point.0 - bend, point.1);
        let _ = write!(way, "{:.1} {:.1}", point.0, point.1);
        before = *point;
    }
    let arrow = if line.kind == "hold" { "" } else { " marker-end=\"url(#arrow)\"" };
    let critical = if line.critical { " critical" } else { "" };
    let _ = writeln!(
        into,
        "<path class=\"{}{critical}\" data-edge=\"{} {}\" d=\"{way}\"{arrow}><title>{}</title></path>",
        line.kind,
        line.from,
        line.to,
        escaped(&line.told)
    );
    if !line.label.is_empty() {
        let _ = writeln!(into, "<text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 4.0, escaped(&line.label));
    }
}

fn node(shape: &Shape, (x, y): (f64, f64), (width, height): (f64, f64), into: &mut String) {
    let Shape { kind, title, below, look, time, told, critical } = shape;
    let critical = if *critical { " critical" } else { "" };
    let _ = writeln!(
        into,
        "<g class=\"node {kind} {look}{critical}\" transform=\"translate({x:.1} {y:.1})\" data-name=\"{}\">",
        escaped(title)
    );
    let told: String = told.iter().map(|line| format!("&#10;{}", escaped(line))).collect();
    let _ = writeln!(into, "<title>{}: {}{told}</title>{}", escaped(title), escaped(below), outline(kind, width, height));
    let time = if time.is_empty() { String::new() } else { format!(" <tspan class=\"time\" dx=\"4\">{}</tspan>", escaped(time)) };
    let _ = writeln!(
        into,
        "<text y=\"-3\">{}{time}</text> <text class=\"below\" y=\"13\">{}</text></g>",
        escaped(&shape.heading()),
        escaped(below)
    );
}

/// The shape of a kind of nodes, around the origin.
pub fn outline(kind: &str, width: f64, height: f64) -> String {
    let (x, y) = (width / 2.0, height / 2.0);
    match kind {
        "lock" | "semaphore" => {
            let slope = x - height / 3.0;
            format!(
                "<path class=\"shape\" d=\"M{:.1} 0L{:.1} {y:.1}H{slope:.1}L{x:.1} 0L{slope:.1} {:.1}H{:.1}Z\"/>",
                -x, -slope, -y, -slope
            )
        }
        "queue" => {
            let slope = height / 3.0;
            format!("<path class=\"shape\" d=\"M{:.1} {y:.1}L{:.1} {:.1}H{x:.1}L{:.1} {y:.1}Z\"/>", -x, -x + slope, -y, x - slope)
        }
        _ => {
            let round = if kind == "daemon" { y } else { 4.0 };
            format!("<rect class=\"shape\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>", -x, -y)
        }
    }
}

fn frame(places: &Layout, body: &str, (legend, legend_width): &(String, f64)) -> String {
    let width = (places.size.0.max(*legend_width) + 2.0 * MARGIN).ceil();
    let height = (places.size.1 + 60.0 + 2.0 * MARGIN).ceil();
    let (x, y) = (-MARGIN, -MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\" role=\"img\" aria-label=\"Graph of a workflow\">\n\
         <style>{STYLE}</style>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8Z\"/></marker></defs>\n\
         <rect class=\"paper\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\n{body}{legend}</svg>\n"
    )
}
