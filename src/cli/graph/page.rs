//! A page around the picture of a graph: moved by dragging, zoomed, searched. It brings along all that it needs.

use crate::report::board;
use crate::report::graph::svg;
use crate::report::page::{Page, escaped};

/// The page.
pub fn wrap(name: &str, picture: &str) -> String {
    let style = [board::STYLE, include_str!("page.css")].concat();
    let begin = "graphBoard(document.getElementById(\"bar\"), document.getElementById(\"board\"), document.querySelector(\"#board svg\"));";
    let script = format!("\"use strict\";\n(() => {{\n{}{begin}\n}})();\n", board::SCRIPT);
    Page {
        title: &format!("{name} – graph"),
        style: &style,
        inner_styles: &[svg::STYLE],
        body: include_str!("body.html"),
        values: &[("NAME", &escaped(name)), ("PICTURE", picture)],
        script: &script,
    }
    .render()
}
