//! Expressions: what is read, how values are typed and shown, how mistakes are explained.

use super::*;
use crate::base::span::Span;
use crate::source::model::ScalarText;
use crate::source::read::Render;

fn plain(text: &str) -> ScalarText {
    ScalarText { text: text.to_owned(), plain: true }
}

fn render(text: &str) -> Result<String, String> {
    let engine = Engine::default();
    let vars = Values::default();
    for (name, value) in [("n", "5"), ("ver", "1.20"), ("flag", "true"), ("hex", "0x1F"), ("oct", "010"), ("word", "a b"), ("my-word", "x")]
    {
        vars.insert(name, &plain(value));
    }
    vars.insert("quoted", &ScalarText { text: "5".to_owned(), plain: false });
    let env = BTreeMap::from([("HOME".to_owned(), "/h".to_owned())]);
    Scope::new(&engine, text, &vars, &env)
        .render(text, Span::new(0, text.len()))
        .map(|rendered| if rendered.typed { format!("{} typed", rendered.text) } else { rendered.text })
        .map_err(|found| {
            let lines: Vec<String> =
                found.into_iter().map(|found| format!("{} | {}", found.message, found.help.unwrap_or_default())).collect();
            lines.join("\n")
        })
}

#[test]
fn only_braces_after_a_dollar_are_read() {
    for (text, expected) in [
        ("echo ${#x} {{ a }} {% b %} {# c #}", "echo ${#x} {{ a }} {% b %} {# c #}"),
        ("$${{ vars.n }}", "${{ vars.n }}"),
        ("a${{vars.n}}b${{ vars.n }}", "a5b5"),
        ("${{ '}}' }}", "}}"),
        ("${{ env.HOME }}", "/h"),
        ("${{ vars.word | sh }}", "'a b'"),
        ("${{ env.NOPE | default('d') }}", "d"),
    ] {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn numbers_keep_their_text_and_compare_as_numbers() {
    for (text, expected) in [
        ("${{ vars.ver }}", "1.20 typed"),
        ("v${{ vars.ver ~ '.1' }}", "v1.20.1"),
        ("${{ vars.hex }} ${{ vars.oct }}", "0x1F 010"),
        ("${{ vars.ver == 1.2 }}", "true typed"),
        ("${{ vars.hex == 31 }}", "true typed"),
        ("${{ vars.n + 1 }}", "6 typed"),
        ("'${{ vars.n }}'", "'5'"),
        ("${{ vars.quoted }}", "5"),
        ("${{ vars.ver ~ '' }}", "1.20"),
        ("${{ vars.n == 5 }}", "true typed"),
        ("${{ vars.quoted == 5 }}", "false typed"),
        ("${{ vars.quoted == '5' }}", "true typed"),
        ("${{ 'yes' if vars.flag else 'no' }}", "yes"),
    ] {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn mistakes_are_explained() {
    for (text, says) in [
        ("${{ vars.m }}", "`vars.m` is not known"),
        ("${{ vars.wrod }}", "did you mean `word`?"),
        ("${{ var.n }}", "did you mean `vars`?"),
        ("${{ env.HOMEE }}", "did you mean `HOME`?"),
        ("${{ env.ZZZ }}", "default("),
        ("${{ index }}", "no `replicas`"),
        ("${{ matrix.os }}", "no `matrix`"),
        ("${{ outputs.a.b }}", "known only when a process starts"),
        ("${{ vars.n", "never closed"),
        ("${{ item | default(1) }}", "there is no `item` here"),
        ("${{ vars.my-word }}", "vars[\"my-word\"]"),
        ("${{ }}", "empty"),
        ("${{ vars.n + }}", "does not work"),
        ("${{ [1, 2] }}", "list or a mapping"),
        ("${{ vars.m }} ${{ vars.n }} ${{ vars.k }}", "`vars.k` is not known"),
        ("${{ vars.n = 5 }}", "write `==`"),
        ("${{ vars.n == 5 && vars.flag }}", "write `and`"),
        ("${{ vars.n == 5 || vars.flag }}", "write `or`"),
        ("${{ !vars.flag }}", "write `not`"),
        ("${{ $HOME }}", "write `env.HOME`"),
        ("${{ success() and vars.flag }}", "no function `success()`"),
    ] {
        let error = render(text).expect_err(text);
        assert!(error.contains(says), "{text}: {error}");
    }
}
