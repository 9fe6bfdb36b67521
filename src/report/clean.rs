//! What of a process's line may go to a terminal between the lines of others.
//!
//! Knows bytes and escape sequences, nothing of processes. Colours (SGR) and tabs stay; all that moves
//! the cursor, clears, rings or renames the window goes, because it would destroy the lines of others.
//! Each line stands by itself: a colour that a process leaves switched on ends with its line.

use crate::base::escape;

/// Appends `line` (without its line break) to `into`, fit for a terminal.
pub fn clean(line: &[u8], into: &mut Vec<u8>) {
    let line = last_overwrite(line);
    if line.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\t') {
        into.extend_from_slice(line);
        return;
    }
    let mut coloured = false;
    let mut rest = line;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            0x1b => {
                let length = escape_length(rest);
                let (sequence, tail) = rest.split_at(length);
                if escape::is_color(sequence) {
                    into.extend_from_slice(sequence);
                    coloured = !matches!(sequence, b"\x1b[m" | b"\x1b[0m");
                }
                tail
            }
            0xc2 if tail.first().is_some_and(|next| (0x80..0xa0).contains(next)) => &tail[1..],
            0x00..0x20 | 0x7f if byte != b'\t' => tail,
            _ => {
                into.push(byte);
                tail
            }
        };
    }
    if coloured {
        into.extend_from_slice(b"\x1b[0m");
    }
}

/// The same for short texts, such as names that came out of a matrix: always one line.
pub fn clean_text(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let shown = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.trim_end().chars().map(shown).collect()
}

/// What a progress bar that overwrites itself showed last.
fn last_overwrite(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let line = &line[..end];
    line.iter().rposition(|byte| *byte == b'\r').map_or(line, |last| &line[last + 1..])
}

/// A line of output as plain text.
pub fn plain(line: &[u8]) -> String {
    let mut shown = Vec::new();
    clean(line, &mut shown);
    escape::strip(&String::from_utf8_lossy(&shown))
}

/// How many bytes belong to the escape sequence that `bytes` begins with: to the end of the line if nothing ends it.
pub(super) fn escape_length(bytes: &[u8]) -> usize {
    escape::sequence(bytes).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_the_rest_goes() {
        for (line, shown) in [
            (&b"plain\ttext"[..], &b"plain\ttext"[..]),
            (b"\x1b[31mred\x1b[0m", b"\x1b[31mred\x1b[0m"),
            (b"\x1b[1;38:5:9mopen", b"\x1b[1;38:5:9mopen\x1b[0m"),
            (b"\x1b[2J\x1b[Hcleared", b"cleared"),
            (b"\x1b[?25lhidden cursor\x1b[>4m", b"hidden cursor"),
            (b"\x1b]0;title\x07text", b"text"),
            (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", b"link"),
            (b"\x1b]never ended", b""),
            (b"\x1bPq#1\x1b\\after", b"after"),
            (b"\x1b7saved\x1b8", b"saved"),
            (b"\x1b(Bset", b"set"),
            (b"bell\x07 back\x08 null\0 del\x7f", b"bell back null del"),
            (b" 10 %\r 50 %\r100 %", b"100 %"),
            (b"done\r\r", b"done"),
            (b"\r", b""),
            (b"not \xff utf-8", b"not \xff utf-8"),
            ("gr\u{fc}n \u{9b}31m".as_bytes(), "gr\u{fc}n 31m".as_bytes()),
            (b"cut \x1b", b"cut "),
            (b"cut \x1b[31", b"cut "),
            (b"\x1b[3\x071m", b"1m"),
            (b"\x1b\x1b[31mx", b"\x1b[31mx\x1b[0m"),
        ] {
            let mut into = Vec::new();
            clean(line, &mut into);
            assert_eq!(String::from_utf8_lossy(&into), String::from_utf8_lossy(shown), "{line:?}");
        }
    }

    #[test]
    fn names_have_no_control_characters() {
        assert_eq!(clean_text("test[a,3.11]"), "test[a,3.11]");
        assert_eq!(clean_text("test[\x1b[31m\n]"), "test[\u{fffd}[31m ]");
    }
}
