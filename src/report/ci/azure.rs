//! Azure Pipelines: `##[group]` and `##vso[task.logissue …]`.

use super::marks::Marks;
use super::{Block, Finding, escape};

pub(super) const MARKS: Marks = Marks { anywhere: &["##[", "##vso["], leading: &[] };

fn data(text: &str) -> String {
    escape(text, &[('%', "%AZP25"), ('\r', "%0D"), ('\n', "%0A")])
}

fn property(text: &str) -> String {
    escape(text, &[('%', "%AZP25"), ('\r', "%0D"), ('\n', "%0A"), (';', "%3B"), (']', "%5D")])
}

pub(super) fn open(block: &Block<'_>) -> String {
    format!("##[group]{} {}", block.name, block.end)
}

pub(super) fn close() -> String {
    "##[endgroup]".to_owned()
}

pub(super) fn point_out(finding: &Finding<'_>) -> String {
    let kind = if finding.error { "error" } else { "warning" };
    let place = finding.place.map_or_else(String::new, |(file, line)| format!("sourcepath={};linenumber={line};", property(file)));
    format!("##vso[task.logissue type={kind};{place}]{}", data(&format!("{}: {}", finding.title, finding.message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_field() {
        let finding = Finding { error: true, title: "a", place: Some(("b];c.yaml", 7)), message: "50 %\nx" };
        assert_eq!(point_out(&finding), "##vso[task.logissue type=error;sourcepath=b%5D%3Bc.yaml;linenumber=7;]a: 50 %AZP25%0Ax");
    }
}
