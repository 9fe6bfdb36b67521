//! One page for people: a timeline, the graph of joins, failures and locks, in one file that needs nothing else.
//!
//! The page is the report and a sentence about it as JSON, its graph as a picture, and a script that draws and moves them;
//! this module only puts these together. The price is that the page shows nothing without scripts; the gain is that
//! 2,000 processes scroll and filter fluently. Nothing in the report can become markup: its JSON leaves no character that
//! HTML knows, the picture has its texts escaped, the script writes texts only as texts, and the page's own policy lets
//! nothing run but this script and nothing be fetched from anywhere.

use serde::Serialize;

use crate::report::board;
use crate::report::explain;
use crate::report::formats::folded;
use crate::report::graph::{GraphPicture, Outcomes, svg};
use crate::report::page::Page;
use crate::report::record::Report;

const BODY: &str = include_str!("body.html");
const STYLE: &str = include_str!("style.css");

/// The parts of the script, in order; they share one scope.
const SCRIPT: &[&str] = &[
    include_str!("base.js"),
    include_str!("facts.js"),
    include_str!("lanes.js"),
    include_str!("rows.js"),
    include_str!("details.js"),
    board::SCRIPT,
    include_str!("graph.js"),
    include_str!("main.js"),
];

/// Of more nodes than this no graph is drawn: that many keep a browser busy for seconds.
const NODES: usize = 5000;

/// What the script draws.
#[derive(Serialize)]
struct Data<'a> {
    report: &'a Report,
    /// What made the run as long as it was, in words.
    why: String,
    /// The rows of the critical path.
    path: Vec<folded::Row<'a>>,
}

/// The page.
///
/// # Errors
/// The report cannot be written as JSON.
pub fn render(report: &Report) -> Result<Vec<u8>, String> {
    let data = serde_json::to_string(&Data { report, why: explain::sentence(report), path: folded::rows(report) })
        .map_err(|error| error.to_string())?;
    let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPT.concat());
    let data = inert(&data);
    let style = [STYLE, board::STYLE].concat();
    let values = [("PICTURE", &*picture(report)), ("DATA", &*data)];
    let page = Page { title: "flowrun report", style: &style, inner_styles: &[svg::STYLE], body: BODY, values: &values, script: &script };
    Ok(page.render().into_bytes())
}

/// The graph, which stands in a template until it is looked at; empty if it is too large.
fn picture(report: &Report) -> String {
    let picture = GraphPicture::of_report(report);
    let drawn = picture.processes.len() <= NODES;
    if drawn { svg::draw(&picture, Some(&Outcomes::of_report(report))) } else { String::new() }
}

/// The same JSON without any character that could end its element or begin another: all of these stand in texts alone.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text += &format!("\\u{:04x}", u32::from(c)),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
