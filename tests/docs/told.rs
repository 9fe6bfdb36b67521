//! What was said, without what differs from run to run.

use std::sync::LazyLock;

use regex_lite::Regex;

/// Patterns and what stands for them.
static CHANGES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let changes = [
        (r"\b[0-9a-f]{8}-[0-9]+\b", "ID"),
        (r"\b[0-9]+(\.[0-9]+)? (ms|s|min|h|d)\b", "TIME"),
        (r"\bpid [0-9]+", "pid N"),
        // Numbers of processes in tables.
        (r"(\b[a-z]+|ID +[a-z]+) +[0-9]{2,} +(TIME|[0-9]{2,})", "$1 N TIME"),
        // Widths depend on the rest.
        (r" +", " "),
    ];
    changes.map(|(pattern, word)| (Regex::new(pattern).expect("a pattern"), word)).into()
});

/// Begins a line that only runs have which took long, as all do on a machine with much to do.
const SLOWEST: &str = "slowest: ";
/// Stands in the line by which is told that a run was over before it was asked about, as any may be there.
const OVER: &str = " has ended with exit status ";

/// Times, process numbers, runs' ids and the widths of columns become words; folders get the names that they have on pages.
pub fn lasting(said: &str, folders: &[(&str, &str)]) -> Vec<String> {
    let mut text = folders.iter().fold(said.to_owned(), |text, (folder, name)| text.replace(folder, name));
    for (pattern, word) in CHANGES.iter() {
        text = pattern.replace_all(&text, *word).into_owned();
    }
    text.lines().filter(|line| !line.starts_with(SLOWEST) && !line.contains(OVER)).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn only_what_differs_is_changed() {
    let said = "flowrun: a succeeded in 12 ms\nflowrun: a started, pid 77\n  6b021e84-25614  5 items\nslowest: a 3 s\nflowrun: the run `x` has ended with exit status 0";
    assert_eq!(lasting(said, &[("/x", "/y")]), ["flowrun: a succeeded in TIME", "flowrun: a started, pid N", " ID 5 items"]);
}
