//! Which outputs an expression reads, found in its text before anything is evaluated.
//!
//! Only whole references are taken, `outputs.process.name` or with brackets, so that planning knows every
//! process that is read; what stands in brackets is an expression of its own and must be known then. Knows
//! nothing of the engine.

use super::marks::outside_quotes;

/// The name under which outputs are read.
pub(super) const ROOT: &str = "outputs";

/// How one part of a reference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// `.name`
    Name(&'a str),
    /// `[expression]`
    Brackets(&'a str),
}

/// One reading of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// The whole, as it is written; where it goes wrong, up to there.
    pub text: &'a str,
    /// Whose output, and which; none when it is written in another form.
    pub parts: Option<(Part<'a>, Part<'a>)>,
}

/// Whether a text reads outputs in one of its expressions; brackets and quotes are looked at closely later.
pub(super) fn is_root(path: &str) -> bool {
    path.split('.').next() == Some(ROOT)
}

/// All references of an expression, in order.
pub(super) fn references(expression: &str) -> Vec<Reference<'_>> {
    let bare = outside_quotes(expression);
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in bare.match_indices(ROOT) {
        let after = at + ROOT.len();
        if bare[..at].trim_end().ends_with('.') || bare[..at].ends_with(of_word) || bare[after..].starts_with(of_word) {
            continue;
        }
        let first = part(expression, &bare, after);
        let second = first.and_then(|(_, end)| part(expression, &bare, end));
        let end = second.or(first).map_or(after, |(_, end)| end);
        // `outputs.my-build.x` subtracts.
        let cut = bare[end..].starts_with('-') && bare[end + 1..].starts_with(of_word);
        let parts = first.zip(second).map(|((first, _), (second, _))| (first, second)).filter(|_| !cut);
        found.push(Reference { text: &expression[at..end], parts });
    }
    found
}

/// The part that begins at a place, and where it ends.
fn part<'a>(expression: &'a str, bare: &str, at: usize) -> Option<(Part<'a>, usize)> {
    let rest = &bare[at..];
    if let Some(name) = rest.strip_prefix('.') {
        let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        let end = at + 1 + length;
        return (length > 0).then(|| (Part::Name(&expression[at + 1..end]), end));
    }
    let mut depth = 0_usize;
    for (offset, byte) in rest.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return Some((Part::Brackets(&expression[at + 1..at + offset]), at + offset + 1)),
            b']' => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_references_are_found_and_others_are_not_taken_for_them() {
        use Part::{Brackets, Name};
        let all = |text| references(text).into_iter().map(|found| found.parts).collect::<Vec<_>>();
        assert_eq!(all("outputs.build.version"), [Some((Name("build"), Name("version")))]);
        assert_eq!(all("outputs[\"my-build\"].version | sh"), [Some((Brackets("\"my-build\""), Name("version")))]);
        assert_eq!(all("outputs['b[3]']['a']"), [Some((Brackets("'b[3]'"), Brackets("'a'")))]);
        assert_eq!(all("outputs['b[' ~ index ~ ']'].x"), [Some((Brackets("'b[' ~ index ~ ']'"), Name("x")))]);
        assert_eq!(all("outputs.a.b == outputs.c.d"), [Some((Name("a"), Name("b"))), Some((Name("c"), Name("d")))]);
        assert_eq!(all("outputs.my-build.version"), [None]);
        assert_eq!(all("outputs.build"), [None]);
        assert_eq!(all("outputs"), [None]);
        assert_eq!(all("outputs[index"), [None]);
        for text in ["vars.outputs.a.b", "'outputs.a.b'", "my_outputs.a.b", "outputs2.a.b"] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
