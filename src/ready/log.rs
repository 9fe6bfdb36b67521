//! `log`: a line of output matches.
//!
//! Fed with output as it comes, in pieces. Whole lines are looked at without their line break and without
//! the escape sequences of terminals. A line that has no end yet is looked at as it stands, because a prompt
//! never ends: so a pattern with `$` may match the beginning of a line whose rest has not come.

use super::escapes::Escapes;
use crate::base::pattern::Pattern;

/// A line that grows beyond this loses its first half (bytes): endless lines take no more memory.
const MAX_LINE: usize = 64 * 1024;

/// Looks for a pattern in one stream.
#[derive(Clone, Debug)]
pub struct LogMatcher {
    pattern: Pattern,
    escapes: Escapes,
    line: Vec<u8>,
}

impl LogMatcher {
    /// A matcher that has seen nothing.
    pub fn new(pattern: Pattern) -> Self {
        Self { pattern, escapes: Escapes::default(), line: Vec::new() }
    }

    /// Takes a piece; whether a line that is now whole matches.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        let mut found = false;
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            for part in part.chunks(MAX_LINE / 2) {
                self.escapes.strip(part, &mut self.line);
                if self.line.last() == Some(&b'\n') {
                    found = found || self.matches();
                    self.line.clear();
                } else if self.line.len() >= MAX_LINE {
                    found = found || self.matches();
                    self.line.drain(..MAX_LINE / 2);
                }
            }
        }
        found
    }

    /// Whether the line that has no end yet matches. To be asked when nothing more is there to be read.
    pub fn unfinished(&self) -> bool {
        !self.line.is_empty() && self.matches()
    }

    fn matches(&self) -> bool {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        self.pattern.is_in(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(pattern: &str) -> LogMatcher {
        LogMatcher::new(Pattern::new(pattern).unwrap())
    }

    #[test]
    fn a_line_is_found_however_the_pieces_fall() {
        let output = b"starting\r\n\x1b[32mlistening\x1b[0m on :80\r\nmore";
        for size in 1..=output.len() {
            let mut matcher = matcher("^listening on :80$");
            let found: Vec<bool> = output.chunks(size).map(|piece| matcher.feed(piece)).collect();
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "{size}");
            assert!(!matcher.unfinished());
        }
    }

    #[test]
    fn lines_are_looked_at_one_by_one() {
        assert!(!matcher("a.b|a\\sb").feed(b"a\nb\n"));
        assert!(matcher("^$").feed(b"a\n\nb\n"));
        assert!(!matcher("^$").feed(b"a\n"));
    }

    #[test]
    fn a_prompt_without_an_end_is_seen() {
        let mut matcher = matcher("login: $");
        assert!(!matcher.feed(b"welcome\nlogin:"));
        assert!(!matcher.unfinished());
        assert!(!matcher.feed(b" "));
        assert!(matcher.unfinished());
        assert!(matcher.feed(b"\n"));
        assert!(!matcher.unfinished());
    }

    #[test]
    fn an_endless_line_takes_no_memory_and_hides_nothing() {
        let mut matcher = matcher("needle");
        for _ in 0..100 {
            assert!(!matcher.feed(&[b'x'; 10_007]));
            assert!(matcher.line.len() < MAX_LINE && matcher.line.capacity() <= 4 * MAX_LINE);
        }
        assert!(!matcher.feed(b"nee"));
        let found = matcher.feed(&[b"dle".as_slice(), &[b'x'; 3 * MAX_LINE]].concat());
        assert!(found);
    }
}
