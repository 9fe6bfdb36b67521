//! What pages that stand by themselves share: a policy that lets nothing run or be fetched but what they bring along.

use crate::base::base64;

/// The content of a `Content-Security-Policy` that allows exactly these styles and this script.
pub fn policy(styles: &[&str], script: &str) -> String {
    let styles = styles.iter().map(|style| hash(style)).collect::<Vec<_>>().join(" ");
    format!("default-src 'none'; style-src {styles}; script-src {}; base-uri 'none'; form-action 'none'", hash(script))
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64::encode(&hmac_sha256::Hash::hash(text.as_bytes())))
}

/// Puts values for the marks `@@NAME@@` into a template. The template alone is searched for marks, never a value.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    for (index, piece) in template.split("@@").enumerate() {
        let value = values.iter().find(|(name, _)| index % 2 == 1 && *name == piece);
        page += value.map_or(piece, |(_, value)| value);
    }
    page
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
}
