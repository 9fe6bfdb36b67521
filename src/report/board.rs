//! The board on which pages show graphs: its look, and its script, which makes the controls.

/// The look, for a page's own style.
pub const STYLE: &str = include_str!("board.css");
/// The script: `graphBoard(bar, board, svg, act)`.
pub const SCRIPT: &str = include_str!("board.js");
