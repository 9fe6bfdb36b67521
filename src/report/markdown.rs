//! Texts of others within Markdown, and what reports and summaries in it share.
//!
//! Knows nothing of what is told. No text of others can become markup: in cells and sentences every character that
//! could is escaped, in a block of code the fence is longer than any run of backquotes in it.

use crate::base::escape;

/// A text of others within a line: nothing in it is markup, and it stays in its line and its cell. Not for the inside of
/// HTML elements, where Markdown is not read.
pub fn inline(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // A mention of a person, an issue or an address would become a link.
            '@' | '#' | ':' => safe.push_str(&format!("&#{};", u32::from(c))),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '!' | '|' | '~' | '$' | '=' => safe.extend(['\\', c]),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Lines of output as a block of code, in a fence that nothing in them can close.
pub fn block(lines: &[String]) -> String {
    let mut longest = 2;
    let mut text = String::new();
    for line in lines {
        let clean = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
        let line: String = escape::strip(line).chars().map(clean).collect();
        let run = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        longest = longest.max(run);
        text += &line;
        text.push('\n');
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence}text\n{text}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(
            inline("a|b <i> [x](y) *z* @me #1 http://x\n\u{1b}\\"),
            "a\\|b &lt;i&gt; \\[x\\]\\(y\\) \\*z\\* &#64;me &#35;1 http&#58;//x \u{fffd}\\\\"
        );
    }

    #[test]
    fn no_line_closes_its_fence() {
        let lines = ["\u{1b}[31mred\u{1b}[0m", "````", "a\u{7}\tb"].map(str::to_owned);
        assert_eq!(block(&lines), "`````text\nred\n````\na\u{fffd}\tb\n`````\n");
        assert_eq!(block(&["x".to_owned()]), "```text\nx\n```\n");
    }
}
