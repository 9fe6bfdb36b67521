//! Escape sequences of terminals: where one ends.
//!
//! Knows bytes of one line only. One grammar for all that take sequences out and for what looks for secrets in spite of
//! them: two that differ would let something through.

/// How many bytes belong to the escape sequence that `bytes` begins with; none when nothing in them ends it.
pub fn sequence(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'[' => {
            let end = bytes[2..].iter().position(|byte| !(0x20..0x40).contains(byte))?;
            // A sequence that is not ended properly ends before the byte that does not belong to it.
            Some(if (0x40..0x7f).contains(&bytes[2 + end]) { end + 3 } else { end + 2 })
        }
        b']' | b'P' | b'X' | b'^' | b'_' => string(bytes),
        _ => {
            let end = bytes[1..].iter().position(|byte| !(0x20..0x30).contains(byte))?;
            Some(if (0x20..0x7f).contains(&bytes[1 + end]) { end + 2 } else { end + 1 })
        }
    }
}

/// A string sequence lasts until BEL or `ESC \`.
fn string(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().skip(2).position(|byte| matches!(byte, 0x07 | 0x1b))? + 2;
    match (bytes[end], bytes.get(end + 1)) {
        (0x07, _) => Some(end + 1),
        (_, Some(b'\\')) => Some(end + 2),
        (_, Some(_)) => Some(end),
        (_, None) => None,
    }
}

/// Whether a whole sequence only sets colours: `ESC [ digits ; : m`.
pub fn is_color(sequence: &[u8]) -> bool {
    let inner = sequence.strip_prefix(b"\x1b[").and_then(|rest| rest.strip_suffix(b"m"));
    inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')))
}

/// A line without its escape sequences; one that nothing ends lasts to the end of the line.
pub fn strip(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\x1b') {
        text += &rest[..at];
        let length = sequence(&rest.as_bytes()[at..]).unwrap_or(rest.len() - at);
        // All that belongs to a sequence is ASCII, but for the words of a string, which end with ASCII.
        rest = rest.get(at + length..).unwrap_or_default();
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_ends_where_it_should() {
        for (bytes, length) in [
            (&b"\x1b[01;31mx"[..], Some(8)),
            (b"\x1b[K", Some(3)),
            (b"\x1b[3\x07", Some(3)),
            (b"\x1b]0;title\x07x", Some(10)),
            (b"\x1b]0;title\x1b\\x", Some(11)),
            (b"\x1b]0\x1b[m", Some(3)),
            (b"\x1b(Bx", Some(3)),
            (b"\x1b\x1b[m", Some(1)),
            (b"\x1b", None),
            (b"\x1b[31", None),
            (b"\x1b]0;title", None),
            (b"\x1b]0;title\x1b", None),
            (b"\x1b(", None),
        ] {
            assert_eq!(sequence(bytes), length, "{bytes:?}");
        }
    }

    #[test]
    fn sequences_are_taken_out_of_a_line() {
        assert_eq!(strip("\x1b[1mgr\u{fc}n\x1b[m \x1b]0;\u{fc}\x07x\x1b\u{fc} \x1b[31"), "gr\u{fc}n x\u{fc} ");
        assert_eq!(strip("plain"), "plain");
    }
}
