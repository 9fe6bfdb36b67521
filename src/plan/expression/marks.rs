//! Expressions as text: where they begin and end, and marks of other languages in them.
//!
//! Knows nothing of the engine that evaluates them.

/// Filters that are of use in a workflow; the engine has some more.
pub(super) const FILTERS: &[&str] =
    &["sh", "default", "lower", "upper", "trim", "replace", "split", "join", "length", "first", "last", "int", "float", "round"];

/// What YAML 1.1 read as a boolean, and people still write.
pub(super) fn truth(text: &str) -> Option<&'static str> {
    match text {
        "yes" | "Yes" | "on" | "On" => Some("true"),
        "no" | "No" | "off" | "Off" => Some("false"),
        _ => None,
    }
}

/// Functions of CI files, which are joins here.
pub(super) fn ci_function(expression: &str) -> Option<(&'static str, &'static str)> {
    const CLEANUP: &str = "for cleaning up, write `join: {other: exit}`: it starts however `other` ended";
    [
        ("!cancelled()", CLEANUP),
        ("always()", CLEANUP),
        ("failure()", "write `join: {other: failure}`: it starts when `other` has failed"),
        ("success()", "remove it: a join waits for success unless it says otherwise"),
    ]
    .into_iter()
    .find(|(function, _)| outside_quotes(expression).contains(function))
}

/// A mark of other languages in an expression that does not work, and what to write.
pub(super) fn foreign_mark(expression: &str) -> Option<(&str, String)> {
    let bare = outside_quotes(expression);
    if let Some((at, _)) = bare.match_indices('$').next() {
        let name = bare[at + 1..].trim_start_matches('{');
        let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        let end = bare.len() - name.len() + length;
        let end = if bare[at..].starts_with("${") && bare[end..].starts_with('}') { end + 1 } else { end };
        let name = if length == 0 { "NAME" } else { &name[..length] };
        return Some((&expression[at..end], format!("`env.{name}` for an environment variable")));
    }
    for (mark, write) in [("&&", "`and`"), ("||", "`or`"), ("===", "`==`"), ("??", "`| default(…)`"), ("?", "`a if condition else b`")] {
        if let Some(at) = bare.find(mark) {
            return Some((&expression[at..at + mark.len()], write.to_owned()));
        }
    }
    if let Some((at, _)) = bare.match_indices('!').find(|(at, _)| !bare[at + 1..].starts_with('=')) {
        return Some((&expression[at..=at], "`not`".to_owned()));
    }
    let alone = |at: usize| !bare[at + 1..].starts_with('=') && !bare[..at].ends_with(['=', '!', '<', '>']);
    let (at, _) = bare.match_indices('=').find(|(at, _)| alone(*at))?;
    Some((&expression[at..=at], "`==` to compare".to_owned()))
}

/// An expression with all that stands in quotes blanked out; every other byte keeps its place.
pub(super) fn outside_quotes(expression: &str) -> String {
    let mut quote = None;
    let mut escaped = false;
    let mut bare = String::with_capacity(expression.len());
    for c in expression.chars() {
        let blank = quote.is_some();
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        if blank || quote.is_some() {
            bare.extend(std::iter::repeat_n(' ', c.len_utf8()));
        } else {
            bare.push(c);
        }
    }
    bare
}

/// Where a part of an expression stands in a source: the first time as a whole word outside of quotes, else the first.
pub(super) fn find_word(source: &str, part: &str) -> Option<usize> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let bare = outside_quotes(source);
    let whole = |at: usize| {
        let (before, after) = (&source[..at], &source[at + part.len()..]);
        !(part.starts_with(of_word) && before.ends_with(|c| of_word(c) || c == '.')
            || part.ends_with(of_word) && after.starts_with(of_word))
    };
    source.match_indices(part).map(|(at, _)| at).find(|at| whole(*at) && !bare[*at..].starts_with(' ')).or_else(|| source.find(part))
}

/// The next `${{ … }}` of a text.
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
    pub(super) open: bool,
}

impl Found {
    pub(super) fn inner(&self) -> std::ops::Range<usize> {
        self.start + 3..self.end.saturating_sub(2).max(self.start + 3)
    }
}

pub(super) fn next_expression(text: &str) -> Option<Found> {
    let start = text.find("${{")?;
    if text[..start].ends_with('$') {
        return Some(Found { start: start - 1, end: start + 3, escaped: true, open: false });
    }
    let mut quote = None;
    let bytes = text.as_bytes();
    let mut at = start + 3;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => {
                return Some(Found { start, end: at + 2, escaped: false, open: false });
            }
            _ => {}
        }
        at += 1;
    }
    Some(Found { start, end: text.len(), escaped: false, open: true })
}

/// How deep the brackets of an expression are nested, at most.
pub(super) fn depth(expression: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in expression.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether an expression compares or calculates, outside of its quoted texts.
pub(super) fn calculates(expression: &str) -> bool {
    let mut quote = None;
    for c in expression.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '=' | '<' | '>' | '+' | '*' | '/' | '%' | '-') => return true,
            _ => {}
        }
    }
    false
}
