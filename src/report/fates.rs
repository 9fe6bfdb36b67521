//! What many processes share that did not run: one line for all of them, whatever their number.
//!
//! Knows names, a word and a reason, all clean texts; not where they come from. Few are told one by one, as long as that
//! is shorter than a sum.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use super::words;

/// As many are told by their names, and of more these are the examples.
pub const FEW: usize = 3;

/// `deploy, smoke skipped: `build` failed`, or of many `198 skipped because `build` failed: a, b, c, … and 195 more`.
pub fn line(names: &[String], word: &str, reason: &str) -> String {
    match (names.len(), reason) {
        (0..=FEW, "") => format!("{} {word}", names.join(", ")),
        (0..=FEW, _) => format!("{} {word}: {reason}", names.join(", ")),
        (many, "") => format!("{many} {word}: {}", examples(names)),
        (many, _) => format!("{many} {word} because {}: {}", words::of_many(reason), examples(names)),
    }
}

/// `a, b, c, … and 195 more`
pub fn examples(names: &[String]) -> String {
    let more = names.len().saturating_sub(FEW);
    let shown = names.iter().take(FEW).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown}, … and {more} more") }
}

/// The name of one process, or `198 processes: a, b, c, … and 195 more`: for a row of a table.
pub fn cell(names: &[String]) -> String {
    match names {
        [name] => name.clone(),
        many => format!("{} processes: {}", many.len(), examples(many)),
    }
}

/// Rows of a table, in the order of what is told: one for each, but one for all that share a key, where they are many.
/// What has no key stands alone.
pub fn rows<'t, T, K: Hash + Eq>(all: &'t [T], key: impl Fn(&'t T) -> Option<K>) -> Vec<Vec<&'t T>> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    all.iter().filter_map(&key).for_each(|key| *counts.entry(key).or_default() += 1);
    let mut rows: Vec<Vec<&T>> = Vec::new();
    let mut shared: HashMap<K, usize> = HashMap::new();
    for one in all {
        match key(one).filter(|key| counts.get(key).is_some_and(|count| *count > FEW)) {
            None => rows.push(vec![one]),
            Some(key) => {
                let row = *shared.entry(key).or_insert(rows.len());
                if row == rows.len() {
                    rows.push(Vec::new());
                }
                rows[row].push(one);
            }
        }
    }
    rows
}

/// A reason in the words for so many processes.
pub fn reason(reason: &str, count: usize) -> Cow<'_, str> {
    if count > 1 { words::of_many(reason) } else { reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("p{number}")).collect()
    }

    #[test]
    fn many_of_a_kind_share_the_row_of_the_first() {
        let all = ["a1", "b1", "a2", "c", "a3", "b2", "a4", "c"];
        let rows = rows(&all, |name| (*name != "c").then(|| &name[..1]));
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1, 1, 1, 1]);
        assert_eq!(rows[0], [&"a1", &"a2", &"a3", &"a4"]);
        assert_eq!(cell(&names(1)), "p0");
        assert_eq!(cell(&names(5)), "5 processes: p0, p1, p2, … and 2 more");
    }

    #[test]
    fn few_are_named_and_many_are_counted() {
        assert_eq!(line(&names(3), "skipped", "`build` failed"), "p0, p1, p2 skipped: `build` failed");
        assert_eq!(line(&names(198), "skipped", "`build` failed"), "198 skipped because `build` failed: p0, p1, p2, … and 195 more");
        assert_eq!(line(&names(4), "skipped", "its `if` is false"), "4 skipped because their `if` is false: p0, p1, p2, … and 1 more");
        assert_eq!(line(&names(1), "cancelled", ""), "p0 cancelled");
        assert_eq!(line(&names(4), "cancelled", ""), "4 cancelled: p0, p1, p2, … and 1 more");
    }
}
