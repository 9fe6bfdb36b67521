//! "Did you mean …?"

use std::cell::Cell;

/// Most suggestions that one searcher makes among names of the user's choice: looking through all of
/// them for each of many mistakes would take minutes, and only the first findings are read.
const MOST_SUGGESTIONS: u32 = 20;

/// The candidate nearest to `word`, if one is near enough to be a likely slip of the finger.
///
/// Letters' case, `-` and `_` count as the same. A word may differ by a third of its letters, one of two or three
/// letters by one; equal
/// distances are decided by the order of the candidates.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let length = folded.chars().count();
    // Every single letter is as near to every other.
    let allowed = if length == 1 { 0 } else { (length / 3).clamp(1, 4) };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Words differ by at least as many letters as one is longer than the other.
        if candidate.chars().count().abs_diff(length) > allowed {
            continue;
        }
        let other = fold(candidate);
        let distance = strsim::damerau_levenshtein(&folded, &other);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A help line for the nearest candidate.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|found| format!("did you mean `{found}`?"))
}

/// What is put behind a sentence about a name that nobody has: `; did you mean `found`?`, or nothing.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, candidates).map_or_else(String::new, |help| format!("; {help}"))
}

/// A searcher that stops searching after so many words that a reader has long stopped too.
#[derive(Debug)]
pub struct Suggester {
    left: Cell<u32>,
}

impl Default for Suggester {
    fn default() -> Self {
        Self { left: Cell::new(MOST_SUGGESTIONS) }
    }
}

impl Suggester {
    /// Whether it has stopped searching, so that candidates need not be gathered.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// A help line for the nearest candidate.
    pub fn did_you_mean<'a>(&self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        did_you_mean(word, candidates)
    }
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let keys = ["command", "join", "semaphore", "lock"];
        assert_eq!(nearest("comand", keys), Some("command"));
        assert_eq!(nearest("Lock", keys), Some("lock"));
        assert_eq!(nearest("semahpore", keys), Some("semaphore"));
        assert_eq!(nearest("banana", keys), None);
        assert_eq!(nearest("x", keys), None);
        assert_eq!((nearest("x", ["a", "xy"]), nearest("A", ["b", "a"])), (None, Some("a")));
        assert_eq!((hint("jion", keys), hint("x", keys)), ("; did you mean `join`?".to_owned(), String::new()));
    }
}
