//! Buildkite: a header begins a group, which lasts until the next one.

use super::Block;
use super::marks::Marks;

pub(super) const MARKS: Marks = Marks { anywhere: &[], leading: &["--- ", "+++ ", "~~~ ", "^^^ "] };

/// Failures are open from the beginning.
pub(super) fn open(block: &Block<'_>) -> String {
    format!("{} {} {}", if block.failed { "+++" } else { "---" }, block.name, block.end)
}

/// What is said at the end is no part of the last block, and open.
pub(super) fn head(text: &str) -> String {
    format!("+++ {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ProcessId;

    #[test]
    fn failures_are_open() {
        let block = Block { process: ProcessId(0), number: 0, name: "a", end: "failed: exit code 3", failed: true, now: 0, took: 0 };
        assert_eq!(open(&block), "+++ a failed: exit code 3");
        assert_eq!(open(&Block { failed: false, end: "succeeded", ..block }), "--- a succeeded");
        assert_eq!(head("shop: 1 failed"), "+++ shop: 1 failed");
    }
}
