//! `stdin`, `stdout` and `stderr`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::base::diagnostic::Diagnostic;
use crate::mapping;
use crate::source::read::{Merge, Read, Reader, Tmpl};
use crate::source::tree::NodeId;

mapping! {
    /// Standard input from a text, a file or another process; exactly one of these.
    pub struct StdinSource as "`stdin`" {
        /// This text.
        text: Tmpl<String>,
        /// The contents of this file.
        file: Tmpl<String>,
        /// What this process writes to its standard output: a pipe between the two, which start together.
        process: Tmpl<String>,
    }
}

/// Where standard input comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stdin {
    /// Nowhere: `/dev/null`.
    #[default]
    Nothing,
    /// flowrun's own.
    Inherit,
    /// From a text, a file or another process.
    From(Box<StdinSource>),
}

impl Merge for Stdin {}

impl Read for Stdin {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        match reader.scalar(node) {
            Some(("none", _)) => Some(Self::Nothing),
            Some(("inherit", _)) => Some(Self::Inherit),
            Some((word, _)) => {
                reader.report(Diagnostic::error("bad-value", span, format!("`{word}` is not a form of `stdin`")).help(format!(
                    "write `none`, `inherit`, `{{text: …}}`, `{{process: other}}` or `{{file: {}}}`",
                    if word.len() > 40 { "path" } else { word }
                )));
                None
            }
            None => {
                let source = StdinSource::read(node, reader)?;
                if source.text.is_broken() || source.file.is_broken() || source.process.is_broken() {
                    return None;
                }
                let given = [source.text.is_set(), source.file.is_set(), source.process.is_set()];
                if given.into_iter().filter(|given| *given).count() != 1 {
                    if reader.reported_within(span) {
                        return None;
                    }
                    reader.report(
                        Diagnostic::error("bad-value", span, "`stdin` needs exactly one of `text`, `file` and `process`")
                            .help("write `{text: …}`, `{file: path}` or `{process: other}`"),
                    );
                    return None;
                }
                Some(Self::From(Box::new(source)))
            }
        }
    }
}

impl JsonSchema for Stdin {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stdin".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let source = generator.subschema_for::<StdinSource>();
        json_schema!({ "anyOf": [{ "enum": ["none", "inherit"] }, source], "examples": ["none", "inherit", { "file": "input.txt" }, { "process": "other" }] })
    }
}

mapping! {
    /// Output into a file.
    pub struct Sink as "`stdout` or `stderr`" {
        /// The file; it is made when it is missing, its folder is not.
        file: Tmpl<String>,
        /// `true` keeps what the file holds; the default empties it when an attempt begins.
        append: Tmpl<bool>,
    }
}

/// Where standard output or standard error goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Stdout {
    /// Into a file.
    File(Sink),
    /// Standard error only: where standard output goes.
    SameAsStdout,
}

impl Merge for Stdout {}

impl Read for Stdout {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        if let Some((word, _)) = reader.scalar(node) {
            if word == "stdout" {
                return Some(Self::SameAsStdout);
            }
            reader.report(
                Diagnostic::error("bad-value", span, format!("`{word}` is not a place for output"))
                    .help(format!("write `{{file: {}}}`; for `stderr` also `stdout`", if word.len() > 40 { "path" } else { word })),
            );
            return None;
        }
        let sink = Sink::read(node, reader)?;
        if !sink.file.is_set() {
            if !reader.reported_within(span) {
                reader.report(Diagnostic::error("missing-key", span, "`file` is missing").help("write `{file: path}`"));
            }
            return None;
        }
        Some(Self::File(sink))
    }
}

impl JsonSchema for Stdout {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Output".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let sink = generator.subschema_for::<Sink>();
        json_schema!({ "anyOf": [{ "const": "stdout" }, sink], "examples": [{ "file": "build.log", "append": true }] })
    }
}
