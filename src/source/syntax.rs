//! Syntax errors in people's words: the common shapes are recognised and the corrected line is shown.
//!
//! A syntax error ends the reading, so this is the one place where a finding may hide others.

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// Explains the parser's error at byte `at`.
pub fn explain(text: &str, at: usize, parser_says: &str) -> Diagnostic {
    let at = floor_boundary(text, at.min(text.len()));
    for recognise in [expression_in_flow, indexed_name, leading_indicator, tab_indentation, colon_in_plain, test_brackets] {
        if let Some(found) = recognise(text, at) {
            return found;
        }
    }
    let line = line_around(text, at);
    let start = if at >= text.len() { line.start as usize } else { at };
    let end = text[start..].chars().next().filter(|c| *c != '\n').map_or(start, |c| start + c.len_utf8());
    Diagnostic::error("syntax", Span::new(start, end.max(start)), format!("this is not YAML: {}", parser_says.trim())).help(
        "check indentation, quotes and brackets here and in the line above; text with `: `, ` #`, or a leading `[{*&!|>%@` needs quotes",
    )
}

/// The line that holds byte `at`, without its line break.
fn line_around(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    Span::new(start, end)
}

/// Lines to look at: the error's own and the non-empty one before, where the cause often stands.
fn near_lines(text: &str, at: usize) -> Vec<Span> {
    let own = line_around(text, at);
    let mut lines = vec![own];
    let mut start = own.start as usize;
    while start > 0 {
        let before = line_around(text, start - 1);
        start = before.start as usize;
        if !before.slice(text).trim().is_empty() {
            lines.push(before);
            break;
        }
    }
    lines
}

fn found(span: Span, message: &str, fixed: &str) -> Diagnostic {
    Diagnostic::error("syntax", span, message).help(format!("write it as:  {}", fixed.trim()))
}

/// Splits `key: value` or `- value` into what stands before the value and the value.
fn split_value(line: &str) -> (&str, &str) {
    let indent = line.len() - line.trim_start().len();
    let mut start = indent;
    while line[start..].starts_with("- ") {
        start += 2;
        start += line[start..].len() - line[start..].trim_start().len();
    }
    if let Some(colon) = line[start..].find(": ") {
        let key = &line[start..start + colon];
        if !key.is_empty() && !key.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '[' | '{' | '&' | '*')) {
            let value = start + colon + 2;
            let value = value + (line[value..].len() - line[value..].trim_start().len());
            return line.split_at(value);
        }
    }
    line.split_at(start)
}

fn value_span(line: Span, before: &str) -> Span {
    Span { start: line.start + u32::try_from(before.len()).unwrap_or(0), end: line.end }
}

fn single_quoted(value: &str) -> String {
    format!("'{}'", value.trim_end().replace('\'', "''"))
}

/// `[echo, ${{ x }}]`: the braces read as a flow mapping.
fn expression_in_flow(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let (before, value) = split_value(line.slice(text));
        if !value.starts_with(['[', '{']) || !value.contains("${{") {
            continue;
        }
        let quoted = quote_expressions(value);
        if quoted != value {
            return Some(found(
                value_span(line, before),
                "an expression inside `[ ]` or `{ }` needs quotes, because its braces mean something in YAML",
                &format!("{before}{quoted}"),
            ));
        }
    }
    None
}

/// Puts double quotes around every item of a flow collection that holds a bare expression.
fn quote_expressions(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    let mut rest = value;
    while let Some(open) = rest.find("${{") {
        let close = rest[open..].find("}}").map_or(rest.len(), |close| open + close + 2);
        let item = rest[..open].rfind(['[', ',', '{', ':']).map_or(0, |mark| mark + 1);
        let item = item + (rest[item..open].len() - rest[item..open].trim_start().len());
        let end = rest[close..].find([',', ']', '}']).map_or(rest.len(), |end| close + end);
        let word = &rest[item..end];
        out.push_str(&rest[..item]);
        if word.contains(['"', '\'']) {
            out.push_str(&if word.starts_with(['"', '\'']) { word.to_owned() } else { single_quoted(word) });
        } else {
            out.push('"');
            out.push_str(word.trim_end());
            out.push('"');
        }
        rest = &rest[end..];
    }
    out + rest
}

/// `[buyer[0]]`: a name with an index inside a flow list.
fn indexed_name(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let (before, value) = split_value(line.slice(text));
        let Some(inner) = value.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { continue };
        let items: Vec<&str> = inner.split(',').map(str::trim).collect();
        let indexed = |item: &&str| item.ends_with(']') && item.find('[').is_some_and(|open| open > 0) && !item.starts_with('"');
        if items.iter().any(indexed) {
            let fixed: Vec<String> =
                items.iter().map(|item| if indexed(item) { format!("\"{item}\"") } else { (*item).to_owned() }).collect();
            return Some(found(
                value_span(line, before),
                "a name with an index needs quotes inside `[ ]`",
                &format!("{before}[{}]", fixed.join(", ")),
            ));
        }
    }
    None
}

/// A value that begins with `*`, `@`, `%` or a backquote.
fn leading_indicator(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let (before, value) = split_value(line.slice(text));
        let Some(first) = value.chars().next() else { continue };
        if matches!(first, '*' | '@' | '%' | '`') && !before.is_empty() {
            return Some(found(
                value_span(line, before),
                &format!("text that begins with `{first}` needs quotes"),
                &format!("{before}{}", single_quoted(value)),
            ));
        }
    }
    None
}

fn tab_indentation(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let content = line.slice(text);
        let indent = &content[..content.len() - content.trim_start().len()];
        if indent.contains('\t') {
            let span = Span { start: line.start, end: line.start + u32::try_from(indent.len()).unwrap_or(0) };
            return Some(found(span, "YAML is indented with spaces; this line begins with a tab", &content.replace('\t', "  ")));
        }
    }
    None
}

/// `echo a: b`: a colon and a space inside plain text.
fn colon_in_plain(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let (before, value) = split_value(line.slice(text));
        if before.trim().is_empty() || value.starts_with(['"', '\'', '[', '{', '|', '>', '#', '&']) {
            continue;
        }
        if value.contains(": ") || value.trim_end().ends_with(':') {
            return Some(found(
                value_span(line, before),
                "`: ` inside plain text would begin a mapping",
                &format!("{before}{}", single_quoted(value)),
            ));
        }
    }
    None
}

/// `[ -f x ] && …`: a shell test read as a list.
fn test_brackets(text: &str, at: usize) -> Option<Diagnostic> {
    for line in near_lines(text, at) {
        let (before, value) = split_value(line.slice(text));
        if value.starts_with("[ ") && value.contains(" ]") {
            return Some(found(
                value_span(line, before),
                "a command that begins with `[` is read as a list",
                &format!("{before}{}", single_quoted(value)),
            ));
        }
    }
    None
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
