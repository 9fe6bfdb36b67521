//! A page around the picture of a graph: moved by dragging, zoomed, searched. It brings along all that it needs.

use super::svg;
use crate::report::page::{Page, escaped};

/// The page.
pub fn wrap(name: &str, picture: &str) -> String {
    Page {
        title: &format!("{name} – graph"),
        style: include_str!("page.css"),
        inner_styles: &[svg::STYLE],
        body: include_str!("body.html"),
        values: &[("NAME", &escaped(name)), ("PICTURE", picture)],
        script: include_str!("page.js"),
    }
    .render()
}
