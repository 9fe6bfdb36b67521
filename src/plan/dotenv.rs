//! `.env` files: `NAME=value` lines.
//!
//! The common ground of its readers: blank lines, `#` comments, an optional `export `, single quotes
//! (literal), double quotes (with `\n`, `\"`, `\\`, over several lines). `$NAME` is literal text, as in `env`.

/// One wrong line.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// The variables of a text, in order; a name may come twice, the later wins.
///
/// # Errors
/// The first line that is no `NAME=value`.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, BadLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut values = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let bad = |why: &str| BadLine { line: index + 1, why: why.to_owned() };
        let line = line.trim_start();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once('=').ok_or_else(|| bad("a line must be NAME=value"))?;
        let name = name.trim_end();
        let good_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        if !good_name || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            return Err(bad("the text before `=` must be a name of letters, digits and `_`"));
        }
        let mut value = rest.trim_start().to_owned();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            None => plain(&value),
            Some(quote) => loop {
                if let Some(inner) = quoted(&value, quote) {
                    break inner;
                }
                let (_, next) = lines.next().ok_or_else(|| bad("the quote that opens here is never closed"))?;
                value.push('\n');
                value.push_str(next);
            },
        };
        if value.contains('\0') {
            return Err(bad("a value cannot contain a NUL character"));
        }
        values.push((name.to_owned(), value));
    }
    Ok(values)
}

/// A value without quotes ends before ` #` and loses spaces at its end.
fn plain(value: &str) -> String {
    let end = if value.starts_with('#') { 0 } else { value.find(" #").unwrap_or(value.len()) };
    value[..end].trim_end().to_owned()
}

/// The text between two quotes, or `None` while the second is missing.
fn quoted(value: &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut chars = value.chars().skip(1);
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Some(out),
            '\\' if quote == '"' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                other @ ('"' | '\\' | '$') => out.push(other),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_forms_are_read() {
        let text = "\u{feff}# comment\nA=1\n export B = two words # no\nC='lit $A # x'\nD=\"a\\nb\nc\"\n\nE=\nF=a#b\r\n";
        let expected = [("A", "1"), ("B", "two words"), ("C", "lit $A # x"), ("D", "a\nb\nc"), ("E", ""), ("F", "a#b")];
        let expected: Vec<(String, String)> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn wrong_lines_are_named() {
        assert_eq!(parse("A=1\nnonsense").map_err(|bad| bad.line), Err(2));
        assert_eq!(parse("1A=1").map_err(|bad| bad.line), Err(1));
        assert_eq!(parse("A=1\nB=\"open\nmore").map_err(|bad| bad.line), Err(2));
    }
}
