//! A page around the picture of a graph: moved by dragging, zoomed, searched. It brings along all that it needs.

use super::svg;
use crate::report::page::{fill, policy};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn wrap(name: &str, picture: &str) -> String {
    let values = [
        ("POLICY", &*policy(&[STYLE, svg::STYLE], SCRIPT)),
        ("NAME", &*svg::escaped(name)),
        ("STYLE", STYLE),
        ("PICTURE", picture),
        ("SCRIPT", SCRIPT),
    ];
    fill(PAGE, &values)
}
