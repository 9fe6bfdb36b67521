//! Pages that stand by themselves: one frame, one look, and a policy that lets nothing run or be fetched but what they
//! bring along.
//!
//! Knows nothing of what a page shows. A template is searched for marks, never a value that is put in their places.

use crate::base::base64;

/// The frame of every page; its marks are `POLICY`, `TITLE`, `STYLE`, `BODY` and `SCRIPT`.
const FRAME: &str = include_str!("page.html");
/// The look that all pages share.
const STYLE: &str = include_str!("page.css");

/// What one page is made of.
pub struct Page<'a> {
    /// Its title, as text.
    pub title: &'a str,
    /// Its own style, beside the one that all share.
    pub style: &'a str,
    /// Styles of pictures within its body, which the policy has to know.
    pub inner_styles: &'a [&'a str],
    /// The inside of its body, with marks `@@NAME@@`.
    pub body: &'a str,
    /// What stands for these marks: markup.
    pub values: &'a [(&'a str, &'a str)],
    /// Its script.
    pub script: &'a str,
}

impl Page<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let style = format!("{STYLE}{}", self.style);
        let styles: Vec<&str> = std::iter::once(&*style).chain(self.inner_styles.iter().copied()).collect();
        let policy = policy(&styles, self.script);
        let title = escaped(self.title);
        let mut values = vec![("POLICY", &*policy), ("TITLE", &*title), ("STYLE", &*style), ("SCRIPT", self.script)];
        values.extend_from_slice(self.values);
        fill(&FRAME.replace("@@BODY@@", self.body), &values)
    }
}

/// The content of a `Content-Security-Policy` that allows exactly these styles and this script.
fn policy(styles: &[&str], script: &str) -> String {
    let styles = styles.iter().map(|style| hash(style)).collect::<Vec<_>>().join(" ");
    format!("default-src 'none'; style-src {styles}; script-src {}; base-uri 'none'; form-action 'none'", hash(script))
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64::encode(&hmac_sha256::Hash::hash(text.as_bytes())))
}

/// Puts values for the marks `@@NAME@@` into a template.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    for (index, piece) in template.split("@@").enumerate() {
        let value = values.iter().find(|(name, _)| index % 2 == 1 && *name == piece);
        page += value.map_or(piece, |(_, value)| value);
    }
    page
}

/// A text within HTML or XML, in an element or in an attribute.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_scripts_by_their_hash() {
        // The known hash of nothing.
        assert!(policy(&[""], "").contains("script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"));
    }

    #[test]
    fn a_value_is_not_searched_for_marks() {
        assert_eq!(fill("a @@X@@ b @@Y@@", &[("X", "@@Y@@"), ("Y", "@@X@@")]), "a @@Y@@ b @@X@@");
    }

    #[test]
    fn each_mark_stands_once_in_the_frame_and_the_policy_knows_all_styles() {
        let marks: Vec<_> = FRAME.split("@@").skip(1).step_by(2).collect();
        assert_eq!(marks, ["POLICY", "TITLE", "STYLE", "BODY", "SCRIPT"]);
        let page =
            Page { title: "a <b>", style: "p{}", inner_styles: &["i{}"], body: "@@X@@\n", values: &[("X", "@@SCRIPT@@")], script: "s" };
        let (page, own) = (page.render(), format!("{STYLE}p{{}}"));
        assert!(page.contains("<title>a &lt;b&gt;</title>") && page.contains("<body>\n@@SCRIPT@@\n<script>s</script>"), "{page}");
        assert!(page.contains(&format!("style-src {} {};", hash(&own), hash("i{}"))) && page.contains(&own), "{page}");
        assert!(!STYLE.contains('<'), "a style that ends its element");
    }
}
