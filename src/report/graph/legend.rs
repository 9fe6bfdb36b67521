//! What the shapes and lines of the picture mean; only those that are in it.

use std::fmt::Write as _;

use super::svg::outline;

/// Kinds of lines and shapes, in the order in which they are told.
const NODES: [&str; 5] = ["process", "daemon", "lock", "semaphore", "queue"];
const LINES: [(&str, &str); 4] = [
    ("join", "is waited for by"),
    ("hold", "is held by"),
    ("flow", "items go to"),
    ("critical", "★ critical path: what made the run so long"),
];

/// The legend with its top at this height, and its width.
pub fn draw(kinds: &[&str], top: f64) -> (String, f64) {
    let mut text = "<g class=\"legend\">\n".to_owned();
    let mut x = 4.0;
    let y = top + 14.0;
    for kind in NODES.iter().filter(|kind| kinds.contains(kind)) {
        let shape = outline(kind, 30.0, 18.0);
        let _ = writeln!(text, "<g class=\"{kind}\" transform=\"translate({:.1} {y:.1})\">{shape}</g>", x + 15.0);
        entry(kind, &mut x, y, &mut text);
    }
    for (kind, word) in LINES.iter().filter(|(kind, _)| kinds.contains(kind)) {
        let arrow = if matches!(*kind, "hold" | "critical") { "" } else { " marker-end=\"url(#arrow)\"" };
        let _ = writeln!(text, "<path class=\"{kind}\" d=\"M{x:.1} {y:.1}h30\"{arrow}/>");
        entry(word, &mut x, y, &mut text);
    }
    text += "</g>\n";
    (text, x)
}

fn entry(word: &str, x: &mut f64, y: f64, text: &mut String) {
    let _ = writeln!(text, "<text x=\"{:.1}\" y=\"{:.1}\">{word}</text>", *x + 36.0, y + 4.0);
    *x += 36.0 + word.chars().count() as f64 * 6.2 + 22.0;
}
