//! TeamCity: service messages, `##teamcity[name key='value']`.

use super::marks::Marks;
use super::{Block, Finding, escape};

pub(super) const MARKS: Marks = Marks { anywhere: &["##teamcity["], leading: &[] };

fn value(text: &str) -> String {
    const ESCAPES: &[(char, &str)] = &[
        ('\'', "|'"),
        ('\n', "|n"),
        ('\r', "|r"),
        ('|', "||"),
        ('[', "|["),
        (']', "|]"),
        ('\u{85}', "|x"),
        ('\u{2028}', "|l"),
        ('\u{2029}', "|p"),
    ];
    escape(text, ESCAPES)
}

pub(super) fn open(block: &Block<'_>) -> String {
    format!("##teamcity[blockOpened name='{}' description='{}']", value(block.name), value(block.end))
}

pub(super) fn close(block: &Block<'_>) -> String {
    format!("##teamcity[blockClosed name='{}']", value(block.name))
}

/// The longest description that it takes, in characters.
const LONGEST: usize = 4000;

/// By what it knows a problem of one build as that of another, whatever is said of it: a Java name of at most 60
/// characters. Two of one build never share it, so a long title has none.
fn identity(title: &str) -> String {
    let coded = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("_{byte:02x}") };
    let name: String = title.bytes().map(coded).collect();
    if name.len() > 50 { String::new() } else { format!(" identity='flowrun_{name}'") }
}

pub(super) fn point_out(finding: &Finding<'_>) -> String {
    let place = finding.place.map_or_else(String::new, |(file, line)| format!(" ({file}:{line})"));
    let text: String = format!("{}: {}{place}", finding.title, finding.message).chars().take(LONGEST).collect();
    match finding.error {
        true => format!("##teamcity[buildProblem description='{}'{}]", value(&text), identity(finding.title)),
        false => format!("##teamcity[message text='{}' status='WARNING']", value(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_field() {
        for (text, escaped) in [("it's", "it|'s"), ("a|b", "a||b"), ("test[1]", "test|[1|]"), ("x\r\ny", "x|r|ny"), ("\u{2028}", "|l")] {
            assert_eq!(value(text), escaped);
        }
        let finding = Finding { error: true, title: "a[1]", place: Some(("ci.yaml", 7)), message: "failed" };
        assert_eq!(point_out(&finding), "##teamcity[buildProblem description='a|[1|]: failed (ci.yaml:7)' identity='flowrun_a_5b1_5d']");
        assert_eq!(identity(&"x".repeat(51)), "");
        assert_eq!(
            point_out(&Finding { error: false, ..finding }),
            "##teamcity[message text='a|[1|]: failed (ci.yaml:7)' status='WARNING']"
        );
    }
}
