//! `command`, `args` and `shell`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::read::{List, Merge, Read, Reader, Tmpl};
use crate::source::tree::{Kind, NodeId, Style};

/// A program to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A text for the shell.
    Shell(Spanned<Tmpl<String>>),
    /// A program and its arguments, run without a shell.
    Argv(Vec<Spanned<Tmpl<String>>>),
}

impl Merge for Command {}

impl Read for Command {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        if reader.items(node).is_some() {
            refuse_shell_test(node, span, reader)?;
            refuse_lines(node, reader)?;
            let argv = List::<Tmpl<String>>::read(node, reader)?.0;
            if argv.is_empty() {
                reader.report(Diagnostic::error("bad-value", span, "an empty list is no command").help("write `[program, argument, …]`"));
                return None;
            }
            return Some(Self::Argv(argv));
        }
        let Some((text, style)) = reader.scalar(node) else {
            reader.wrong_type(
                node,
                "a command: a text for the shell, or a list of a program and its arguments",
                Some("write `command: make test` or `command: [make, test]`"),
            );
            return None;
        };
        if text.trim().is_empty() {
            reader.report(
                Diagnostic::error("bad-value", span, "the command is empty")
                    .help("write what to run; a process that does nothing is `command: \"true\"`"),
            );
            return None;
        }
        if style == Style::Plain
            && let Some(comment) = reader.document.comment_after(span)
        {
            reader.report(
                Diagnostic::warning("comment-cuts-command", comment, "a comment ends this command here")
                    .main_label("not part of the command")
                    .label(span, "the command")
                    .help("quote the whole command if the `#` belongs to it, else put the comment on a line of its own"),
            );
        }
        Tmpl::read(node, reader).map(|text| Self::Shell(Spanned::new(text, span)))
    }
}

/// `command: [ -f x ]` is a shell test that YAML reads as a list with the one element `-f x`.
fn refuse_shell_test(node: NodeId, span: Span, reader: &mut Reader<'_>) -> Option<()> {
    let Some([only]) = reader.items(node) else { return Some(()) };
    let Kind::Scalar { text, style: Style::Plain } = &reader.document.node(*only).kind else { return Some(()) };
    let written = span.slice(&reader.document.text);
    if !text.contains(' ') || !written.starts_with('[') {
        return Some(());
    }
    let help = if text.starts_with(['-', '!']) {
        format!(
            "for the shell, quote it: `'{}'`; for a program without a shell, write each word as an element",
            written.replace('\'', "''")
        )
    } else {
        format!("write `{text}`, without the brackets; for a program without a shell, write each word as an element")
    };
    reader.report(
        Diagnostic::error("shell-test-as-list", span, format!("YAML reads this as a list with the one element `{text}`")).help(help),
    );
    None
}

/// A list of whole commands, where one command's words belong. A program whose name has a blank is quoted.
fn refuse_lines(node: NodeId, reader: &mut Reader<'_>) -> Option<()> {
    let items = reader.items(node)?;
    let Some(first) = items.first() else { return Some(()) };
    let Kind::Scalar { text, style: Style::Plain } = &reader.document.node(*first).kind else { return Some(()) };
    // A path may have blanks in it; where every element has some, they are commands all the same.
    let has_blank = |item: &NodeId| matches!(&reader.document.node(*item).kind, Kind::Scalar { text, .. } if text.contains(' '));
    let path = text.split(' ').next().is_some_and(|word| word.contains('/'));
    if !text.contains(' ') || text.contains("${{") || path && (items.len() == 1 || !items.iter().all(has_blank)) {
        return Some(());
    }
    let help = if items.len() == 1 {
        format!("write `command: {text}`")
    } else {
        "for several commands write `steps`, or a text with `|`; a list is one program and its arguments".to_owned()
    };
    let span = reader.document.span(*first);
    reader.report(Diagnostic::error("bad-value", span, format!("`{text}` is not the name of a program")).help(help));
    None
}

impl JsonSchema for Command {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Command".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": ["string", "boolean", "number"] },
                { "type": "array", "items": { "type": ["string", "number", "boolean"] }, "minItems": 1 }
            ],
            "examples": ["make test", ["python3", "-m", "http.server", "8000"]]
        })
    }
}

/// The shell for text commands: its words, ready for the command to be added.
#[derive(Clone, Debug, PartialEq)]
pub enum Shell {
    /// One text, split into words as a shell would.
    Text(Spanned<Tmpl<String>>),
    /// A list of words.
    Words(Vec<Spanned<Tmpl<String>>>),
}

impl Merge for Shell {}

impl Read for Shell {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        if reader.items(node).is_some() {
            let words = List::<Tmpl<String>>::read(node, reader)?.0;
            if words.is_empty() {
                reader.report(Diagnostic::error("bad-value", span, "an empty list is no shell").help("write `[bash, -c]`"));
                return None;
            }
            return Some(Self::Words(words));
        }
        let text = Tmpl::<String>::read(node, reader)?;
        if let Tmpl::Known(word) = &text
            && matches!(word.as_str(), "true" | "false" | "yes" | "no")
        {
            let help = "remove it: a text goes to `sh -c`, a list is run without a shell; another shell is written as `shell: bash`";
            reader.report(Diagnostic::error("bad-value", span, format!("`{word}` is no shell")).help(help));
            return None;
        }
        Some(Self::Text(Spanned::new(text, span)))
    }
}

impl JsonSchema for Shell {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Shell".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
            "examples": ["bash -eu -o pipefail -c", ["python3", "-c"]]
        })
    }
}
