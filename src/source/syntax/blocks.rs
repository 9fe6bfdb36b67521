//! Lines that stand deeper or less deep than what they belong to.

use super::{indent_of, line_around, lines_above, single_quoted, split_value};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::hints;
use crate::source::model::Process;
use crate::source::read::Mapping;

/// The key that a line begins with, `- ` before it or not.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ");
    line.split_once(':').map(|(key, _)| key.trim())
}

/// `command: |`, and its text below it at the same indentation or less.
pub fn text_of_block(text: &str, at: usize) -> Option<Diagnostic> {
    let own = line_around(text, at);
    let mut first = own;
    for line in lines_above(text, at).filter(|line| !line.slice(text).trim().is_empty()) {
        let content = line.slice(text);
        let (before, value) = split_value(content);
        let mark = value.chars().next().filter(|c| matches!(c, '|' | '>'));
        let is_header = value.trim_end().chars().skip(1).all(|c| matches!(c, '+' | '-') || c.is_ascii_digit());
        let deepest = indent_of(first.slice(text)).max(indent_of(own.slice(text)));
        let Some(mark) = mark.filter(|_| is_header && !before.trim().is_empty()) else {
            first = line;
            continue;
        };
        let key = key_of(before)?;
        // In a list the key stands behind `- `.
        let of = content.find(key)?;
        // A block may be empty; then a key comes next.
        let goes_on = key_of(first.slice(text)).is_some_and(|next| Process::KEYS.contains(&next));
        if deepest > of || goes_on {
            return None;
        }
        let start = first.start + u32::try_from(indent_of(first.slice(text))).unwrap_or(0);
        let found = Diagnostic::error(
            "syntax",
            Span { start, end: first.end },
            format!("the text below `{mark}` must be indented further than `{key}`"),
        );
        let header = Span { start: line.start + u32::try_from(of).unwrap_or(0), end: line.end };
        return Some(found.label(header, "begins here").help(format!("indent each of its lines by {} spaces", of + 2)));
    }
    None
}

/// A line with `: ` that continues the plain text of the line above.
pub fn continued_text(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    if !parser_says.contains("mapping values are not allowed") {
        return None;
    }
    let own = line_around(text, at);
    let above = lines_above(text, at).find(|line| !line.slice(text).trim().is_empty())?;
    let (content, continued) = (above.slice(text), own.slice(text));
    let start = own.start + u32::try_from(indent_of(continued)).unwrap_or(0);
    let place = Span { start, end: own.end };
    if let Some(form) = hints::without_colon(content.trim().trim_start_matches("- ")).filter(|_| !content.contains(": ")) {
        let start = above.start + u32::try_from(indent_of(content)).unwrap_or(0);
        return Some(Diagnostic::error("syntax", Span { start, end: above.end }, "a colon is missing after the key").help(form));
    }
    let (before, value) = split_value(content);
    if indent_of(continued) <= indent_of(content)
        || before.trim().is_empty()
        || value.starts_with(['"', '\'', '[', '{', '|', '>', '#', '&'])
    {
        return None;
    }
    let found = Diagnostic::error("syntax", place, "this line continues the text above, which cannot hold `: ` without quotes");
    let help = match key_of(continued).filter(|key| Process::KEYS.contains(key)) {
        Some(key) => format!("if `{key}` is a key, indent it as the key above: by {} spaces", indent_of(before)),
        None => format!(
            "write it as:  {}{}",
            before.trim(),
            format_args!(" {}", single_quoted(&format!("{} {}", value.trim_end(), continued.trim())))
        ),
    };
    Some(found.help(help))
}
