//! GitLab CI: collapsed sections. It has no lines that point something out.

use super::Block;
use super::marks::Marks;

pub(super) const MARKS: Marks = Marks { anywhere: &["section_start:", "section_end:"], leading: &[] };

/// Erases what stands in the line, so that terminals do not show the mark.
const ERASE: &str = "\r\x1b[0K";

/// A name of letters, digits, `_`, `.` and `-`, of its own for each block.
fn section(block: &Block<'_>) -> String {
    let name = block.name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '_' });
    format!("flowrun_{}_{}", block.number, name.collect::<String>())
}

/// Failures are not collapsed. The host shows the time between beginning and end as the length of the section.
pub(super) fn open(block: &Block<'_>) -> String {
    let collapsed = if block.failed { "" } else { "[collapsed=true]" };
    format!("section_start:{}:{}{collapsed}{ERASE}{} {}", block.now - block.took.min(block.now), section(block), block.name, block.end)
}

pub(super) fn close(block: &Block<'_>) -> String {
    format!("section_end:{}:{}{ERASE}", block.now, section(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ProcessId;

    #[test]
    fn a_section_has_a_name_of_its_own() {
        let block = Block { process: ProcessId(0), number: 3, name: "test[a,3.11]", end: "succeeded", failed: false, now: 17, took: 5 };
        assert_eq!(open(&block), "section_start:12:flowrun_3_test_a_3.11_[collapsed=true]\r\x1b[0Ktest[a,3.11] succeeded");
        assert_eq!(close(&block), "section_end:17:flowrun_3_test_a_3.11_\r\x1b[0K");
        assert!(!open(&Block { failed: true, ..block }).contains("collapsed"));
    }
}
