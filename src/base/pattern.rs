//! Regular expressions over bytes: the only file that names their engine.
//!
//! Matching takes time linear in the text, whatever the pattern; a pattern that would take much memory is
//! refused when it is read.

use regex::bytes::{Regex, RegexBuilder};

/// Most memory that a compiled pattern may take (bytes).
const MAX_COMPILED: usize = 1 << 20;

/// A regular expression that is known to be right. Clones share what was compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// In a few words why it is none.
    pub fn new(text: &str) -> Result<Self, String> {
        RegexBuilder::new(text).size_limit(MAX_COMPILED).build().map(Self).map_err(|error| reason(&error))
    }

    /// Whether it matches somewhere in a text.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

/// The engine shows the pattern over several lines; its last one says what is wrong.
fn reason(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(_) = error {
        return "it would take too much memory; make its repetitions smaller".to_owned();
    }
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_anywhere_also_in_bytes_that_are_no_text() {
        let pattern = Pattern::new(r"listening on \S+:\d+").unwrap();
        assert!(pattern.is_in(b"\xff\xfe listening on [::]:80"));
        assert!(!pattern.is_in(b"listening on nothing"));
        assert!(Pattern::new("(?i)bereit für").unwrap().is_in("BEREIT FÜR alles".as_bytes()));
    }

    #[test]
    fn what_is_wrong_is_told_in_a_few_words() {
        assert_eq!(Pattern::new("(").unwrap_err(), "unclosed group");
        assert_eq!(Pattern::new("a**?[").unwrap_err(), "unclosed character class");
        assert!(Pattern::new("((a{1000}){1000}){1000}").unwrap_err().contains("too much memory"));
    }
}
