//! Quotes that end too early, are missing, or give a backslash a meaning.

use super::{found, line_around, single_quoted, split_value, value_span};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// What may follow a backslash in double quotes.
const ESCAPES: &str = "0abt\tnvfre \"/\\N_LPxuU\n\r";

/// A text in the quotes that need the fewest changes to it.
fn quoted(value: &str) -> String {
    let value = value.trim_end();
    if value.contains('\'') && !value.contains(['"', '\\']) { format!("\"{value}\"") } else { single_quoted(value) }
}

/// `"echo" hi`: a text that begins with a quote and does not end with it.
pub fn text_after_quote(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    if !parser_says.contains("trailing content after") {
        return None;
    }
    let line = line_around(text, at);
    let (before, value) = split_value(line.slice(text));
    if before.trim().is_empty() || !value.starts_with(['"', '\'']) {
        return None;
    }
    let message = "text goes on after the closing quote; a text that begins with a quote needs quotes around the whole of it";
    Some(found(value_span(line, before), message, &format!("{before}{}", quoted(value))))
}

/// `"\d"`: a backslash that means nothing in double quotes.
pub fn unknown_escape(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    if !parser_says.contains("unknown escape") {
        return None;
    }
    let mut chars = text[at..].char_indices();
    let (offset, c) = loop {
        if chars.next()?.1 == '\\' {
            let (offset, c) = chars.next()?;
            if !ESCAPES.contains(c) {
                break (at + offset - 1, c);
            }
        }
    };
    let place = Span::new(offset, offset + 1 + c.len_utf8());
    let line = line_around(text, offset);
    let (before, value) = split_value(line.slice(text));
    let whole = value.trim_end().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let single = whole.and_then(without_escapes).filter(|_| !before.trim().is_empty());
    let instead = single.map_or_else(
        || "use single quotes, in which it means nothing else".to_owned(),
        |plain| format!("use single quotes:  {}", format!("{before}{}", single_quoted(&plain)).trim()),
    );
    let shown = c.escape_debug();
    let message = format!("`\\{shown}` means nothing in double quotes");
    Some(Diagnostic::error("syntax", place, message).help(format!("write `\\\\{shown}`, or {instead}")))
}

/// The text within double quotes, if each backslash in it stands for itself or for what follows it.
fn without_escapes(inner: &str) -> Option<String> {
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next()? } else { c }) {
            ('\\', next @ ('"' | '\\')) => plain.push(next),
            ('\\', next) if ESCAPES.contains(next) => return None,
            ('\\', next) => plain.extend(['\\', next]),
            (c, _) => plain.push(c),
        }
    }
    Some(plain)
}

/// `{ command: awk '{print $1}' x }`: brackets in a text within brackets.
pub fn brackets_in_text(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    let value = value.trim_end();
    let (open, inner) = [('{', '}'), ('[', ']')]
        .into_iter()
        .find_map(|(open, close)| value.strip_prefix(open).and_then(|value| value.strip_suffix(close)).map(|inner| (open, inner)))?;
    let mut changed = false;
    let items: Vec<String> = items(inner)
        .into_iter()
        .map(|item| {
            let item = item.trim();
            let (key, text) = if open == '{' { item.split_once(": ")? } else { ("", item) };
            let text = text.trim();
            let begins_another = text.starts_with(['"', '\'', '[', '{', '&', '*', '!']);
            let fits = begins_another || !text.contains(['[', ']', '{', '}']);
            changed |= !fits;
            let text = if fits { text.to_owned() } else { quoted(text) };
            Some(if open == '{' { format!("{key}: {text}") } else { text })
        })
        .collect::<Option<_>>()?;
    let fixed = if open == '{' { format!("{{ {} }}", items.join(", ")) } else { format!("[{}]", items.join(", ")) };
    let message = "a text with brackets needs quotes inside `{ }` and `[ ]`";
    changed.then(|| found(value_span(line, before), message, &format!("{before}{fixed}")))
}

/// What stands between the commas outside of quotes and brackets.
fn items(inner: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    items.push(&inner[start..]);
    items
}
