//! Syntax errors in people's words: the common shapes are recognised and the corrected line is shown.
//!
//! A syntax error ends the reading, so this is the one place where a finding may hide others.

mod blocks;
mod quotes;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::suggest;

/// Longest line that is looked at for a known shape; machine-made files have longer ones.
const MAX_LINE: usize = 4000;
/// So many lines above an error its cause is looked for.
const MAX_ABOVE: usize = 50;

/// Explains the parser's error at byte `at`.
pub fn explain(text: &str, at: usize, parser_says: &str) -> Diagnostic {
    let at = floor_boundary(text, at.min(text.len()));
    if let Some(found) = control_character(text, at, parser_says).or_else(|| unknown_anchor(text, at, parser_says)) {
        return found;
    }
    let shapes =
        [expression_in_flow, indexed_name, leading_indicator, tab_indentation, test_brackets, quotes::brackets_in_text, colon_in_plain];
    if parser_says.contains("recursion limit") {
        let place = Span::new(at, at + text[at..].chars().next().map_or(0, char::len_utf8));
        return Diagnostic::error("syntax", place, "lists and mappings are nested too deep here")
            .help("a workflow needs fewer than ten levels; look for a bracket that is never closed");
    }
    let whole = blocks::text_of_block(text, at)
        .or_else(|| quotes::text_after_quote(text, at, parser_says))
        .or_else(|| quotes::unknown_escape(text, at, parser_says))
        .or_else(|| blocks::continued_text(text, at, parser_says));
    if let Some(found) = whole {
        return found;
    }
    for line in near_lines(text, at) {
        if let Some(found) = shapes.iter().find_map(|recognise| recognise(text, line)) {
            return found;
        }
    }
    if let Some(found) = never_closed(text, at, parser_says).or_else(|| indentation(text, at, parser_says)) {
        return found;
    }
    let line = line_around(text, at);
    let start = if at >= text.len() { line.start as usize } else { at };
    let end = text[start..].chars().next().filter(|c| *c != '\n').map_or(start, |c| start + c.len_utf8());
    Diagnostic::error("syntax", Span::new(start, end.max(start)), format!("this is not YAML: {}", parser_says.trim())).help(
        "check indentation, quotes and brackets here and in the line above; text with `: `, ` #`, or a leading `[{*&!|>%@` needs quotes",
    )
}

/// The spaces that a line begins with.
fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The line that holds byte `at`, without its line break.
fn line_around(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    Span::new(start, end)
}

/// Lines to look at: the error's own, and the one before, where the cause often stands.
fn near_lines(text: &str, at: usize) -> Vec<Span> {
    let mut lines = vec![line_around(text, at)];
    lines.extend(lines_above(text, at).find(|line| !line.slice(text).trim().is_empty()));
    lines.retain(|line| (line.end - line.start) as usize <= MAX_LINE);
    lines
}

/// The lines above the one with byte `at`, from the nearest on.
fn lines_above(text: &str, at: usize) -> impl Iterator<Item = Span> {
    let mut start = line_around(text, at).start as usize;
    std::iter::from_fn(move || {
        (start > 0).then(|| {
            let line = line_around(text, start - 1);
            start = line.start as usize;
            line
        })
    })
    .take(MAX_ABOVE)
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
fn expression_in_flow(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    if !value.starts_with(['[', '{']) || !value.contains("${{") {
        return None;
    }
    let quoted = quote_expressions(value);
    if quoted != value {
        return Some(found(
            value_span(line, before),
            "an expression inside `[ ]` or `{ }` needs quotes, because its braces mean something in YAML",
            &format!("{before}{quoted}"),
        ));
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
fn indexed_name(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    let inner = value.trim_end().strip_prefix('[')?.strip_suffix(']')?;
    let items: Vec<&str> = inner.split(',').map(str::trim).collect();
    let indexed = |item: &&str| item.ends_with(']') && item.find('[').is_some_and(|open| open > 0) && !item.starts_with('"');
    if items.iter().any(indexed) {
        let fixed: Vec<String> = items.iter().map(|item| if indexed(item) { format!("\"{item}\"") } else { (*item).to_owned() }).collect();
        return Some(found(
            value_span(line, before),
            "a name with an index needs quotes inside `[ ]`",
            &format!("{before}[{}]", fixed.join(", ")),
        ));
    }
    None
}

/// A value that begins with `*`, `@`, `%` or a backquote.
fn leading_indicator(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    let first = value.chars().next()?;
    if matches!(first, '*' | '@' | '%' | '`') && !before.is_empty() {
        return Some(found(
            value_span(line, before),
            &if first == '`' {
                "text that begins with a backquote needs quotes".to_owned()
            } else {
                format!("text that begins with `{first}` needs quotes")
            },
            &format!("{before}{}", single_quoted(value)),
        ));
    }
    None
}

fn tab_indentation(text: &str, line: Span) -> Option<Diagnostic> {
    let content = line.slice(text);
    let indent = &content[..content.len() - content.trim_start().len()];
    if indent.contains('\t') {
        let span = Span { start: line.start, end: line.start + u32::try_from(indent.len()).unwrap_or(0) };
        let found = Diagnostic::error("syntax", span, "YAML is indented with spaces, and this line begins with a tab");
        return Some(found.help("replace each tab at the beginning of a line by two spaces"));
    }
    None
}

/// `echo a: b`: a colon and a space inside plain text.
fn colon_in_plain(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    if before.trim().is_empty() || value.starts_with(['"', '\'', '[', '{', '|', '>', '#', '&']) {
        return None;
    }
    if value.contains(": ") || value.trim_end().ends_with(':') {
        return Some(found(
            value_span(line, before),
            "`: ` inside plain text would begin a mapping",
            &format!("{before}{}", single_quoted(value)),
        ));
    }
    None
}

/// `[ -f x ] && …`: a shell test read as a list.
fn test_brackets(text: &str, line: Span) -> Option<Diagnostic> {
    let (before, value) = split_value(line.slice(text));
    if value.starts_with("[ ") && value.contains(" ]") {
        return Some(found(
            value_span(line, before),
            "a command that begins with `[` is read as a list",
            &format!("{before}{}", single_quoted(value)),
        ));
    }
    None
}

/// A character that YAML allows only as an escape.
fn control_character(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    let code = parser_says.strip_prefix("unexpected character: `\\u{")?.split('}').next()?;
    let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
    // The place may be that of the text which the character stands in.
    let at = at + text[at..].find(c)?;
    let number = u32::from(c);
    let found = Diagnostic::error("syntax", Span::new(at, at + c.len_utf8()), format!("the character U+{number:04X} cannot stand here"));
    Some(found.help(format!("remove it; in double quotes it can be written as `\\x{number:02x}`")))
}

/// `*name` without `&name`: an alias that is misspelt, or text that needs quotes.
fn unknown_anchor(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    if !parser_says.contains("unknown anchor") {
        return None;
    }
    let at = if text[at..].starts_with('*') { at } else { text[..at].rfind('*')? };
    let name: &str = text[at + 1..].split(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).next()?;
    let line = line_around(text, at);
    let (before, value) = split_value(line.slice(text));
    let rest_of_line = text.get(at + 1 + name.len()..line.end as usize)?.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !is_name || !(rest_of_line.is_empty() || rest_of_line.starts_with([',', ']', '}', '#'])) {
        return None;
    }
    let anchors = text[..at].match_indices('&').map(|(at, _)| {
        let rest = &text[at + 1..];
        &rest[..rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).unwrap_or(rest.len())]
    });
    let help = suggest::nearest(name, anchors.take(1000)).map_or_else(
        || {
            format!(
                "put `&{name}` before the value that is meant, further up; as a text, write it as:  {}",
                format!("{before}{}", single_quoted(value)).trim()
            )
        },
        |near| format!("did you mean `*{near}`?"),
    );
    Some(Diagnostic::error("syntax", Span::new(at, at + 1 + name.len()), format!("there is no anchor `&{name}` above")).help(help))
}

/// A quote or bracket that opens in a line above and is not closed in it.
fn never_closed(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    let about_quotes = parser_says.contains("quote");
    let about_flow = ["bracket", "flow", "illegal placement of ':'"].iter().any(|word| parser_says.contains(word));
    if !about_quotes && !about_flow {
        return None;
    }
    let own = line_around(text, at);
    for line in std::iter::once(own).chain(lines_above(text, at)).filter(|line| (line.end - line.start) as usize <= MAX_LINE) {
        let content = line.slice(text);
        let (before, value) = split_value(content);
        let open = open_at_end(value);
        let (what, fixed) = match open.as_slice() {
            ['"' | '\''] if about_quotes => ("quote", format!("{before}{}{}", value.trim_end(), open[0])),
            [first, ..] if about_flow && matches!(first, '[' | '{') && value.starts_with(*first) => {
                let closing: String = open
                    .iter()
                    .rev()
                    .map(|c| match c {
                        '[' => ']',
                        '{' => '}',
                        quote => *quote,
                    })
                    .collect();
                ("bracket", format!("{before}{}{closing}", value.trim_end()))
            }
            _ => continue,
        };
        return Some(found(value_span(line, before), &format!("the {what} that opens here is never closed"), &fixed));
    }
    None
}

/// What is still open at the end of a value, from the outside in. A quote opens where a value may begin.
fn open_at_end(value: &str) -> Vec<char> {
    let mut open: Vec<char> = Vec::new();
    let mut chars = value.chars().peekable();
    let mut may_begin = true;
    while let Some(c) = chars.next() {
        match (open.last().copied(), c) {
            (Some('"'), '\\') => {
                chars.next();
            }
            (Some('\''), '\'') if chars.peek() == Some(&'\'') => {
                chars.next();
            }
            (Some(quote @ ('"' | '\'')), c) if c == quote => {
                open.pop();
            }
            (Some('"' | '\''), _) => {}
            (_, '"' | '\'') if may_begin => open.push(c),
            (inside, '[' | '{') if may_begin || inside.is_some() => open.push(c),
            (Some('['), ']') | (Some('{'), '}') => {
                open.pop();
            }
            _ => {}
        }
        may_begin = matches!(c, '[' | '{' | ',' | ':') || may_begin && c == ' ' || c == ' ' && !open.is_empty();
    }
    open
}

/// A line whose indentation is that of no line above it.
fn indentation(text: &str, at: usize, parser_says: &str) -> Option<Diagnostic> {
    if !parser_says.contains("did not find expected") && !parser_says.contains("invalid indentation") {
        return None;
    }
    let line = line_around(text, at);
    let own = indent_of(line.slice(text));
    let mut levels: Vec<usize> = Vec::new();
    let holds_text = |line: &Span| !line.slice(text).trim().is_empty() && !line.slice(text).trim_start().starts_with('#');
    for above in lines_above(text, at).filter(holds_text) {
        let level = indent_of(above.slice(text));
        if levels.last().is_none_or(|least| level < *least) {
            levels.push(level);
        }
        if level == 0 {
            break;
        }
    }
    if levels.is_empty() || levels.contains(&own) || own > levels[0] {
        return None;
    }
    levels.reverse();
    let spaces = |level: usize| match level {
        0 => "not at all".to_owned(),
        1 => "by 1 space".to_owned(),
        level => format!("by {level} spaces"),
    };
    let places: Vec<String> = levels.iter().map(usize::to_string).collect();
    let first = line.slice(text).chars().next().map_or(0, char::len_utf8);
    let span = Span { start: line.start, end: line.start + u32::try_from(own.max(first)).unwrap_or(1) };
    let message = format!("this line is indented {}, as nothing above it is", spaces(own));
    Some(
        Diagnostic::error("syntax", span, message)
            .help(format!("indent it as the lines above that it stands beside: by {} spaces", places.join(" or "))),
    )
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
