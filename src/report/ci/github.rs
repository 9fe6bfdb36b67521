//! GitHub Actions: workflow commands, `::name property=value::data`.

use super::marks::Marks;
use super::{Block, Finding, escape};

/// The second form, of old, is read anywhere in a line.
pub(super) const MARKS: Marks = Marks { anywhere: &["##["], leading: &["::"] };

fn data(text: &str) -> String {
    escape(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A")])
}

fn property(text: &str) -> String {
    escape(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A"), (':', "%3A"), (',', "%2C")])
}

pub(super) fn open(block: &Block<'_>) -> String {
    format!("::group::{}", data(&format!("{} {}", block.name, block.end)))
}

pub(super) fn close() -> String {
    "::endgroup::".to_owned()
}

pub(super) fn point_out(finding: &Finding<'_>) -> String {
    let command = if finding.error { "error" } else { "warning" };
    let place = finding.place.map_or_else(String::new, |(file, line)| format!("file={},line={line},", property(file)));
    format!("::{command} {place}title={}::{}", property(finding.title), data(finding.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_field() {
        for (text, in_data, in_property) in [
            ("plain", "plain", "plain"),
            ("50%\r\n", "50%25%0D%0A", "50%25%0D%0A"),
            ("a:b,c::d", "a:b,c::d", "a%3Ab%2Cc%3A%3Ad"),
            ("%0A", "%250A", "%250A"),
        ] {
            assert_eq!((data(text).as_str(), property(text).as_str()), (in_data, in_property));
        }
        let finding = Finding { error: true, title: "test[a,b]", place: Some(("ci/a,b.yaml", 7)), message: "exit code 3\nlast: 100 %" };
        assert_eq!(point_out(&finding), "::error file=ci/a%2Cb.yaml,line=7,title=test[a%2Cb]::exit code 3%0Alast: 100 %25");
        assert_eq!(
            point_out(&Finding { error: false, place: None, ..finding }),
            "::warning title=test[a%2Cb]::exit code 3%0Alast: 100 %25"
        );
    }
}
