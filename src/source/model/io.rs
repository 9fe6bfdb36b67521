//! `stdin`, `stdout` and `stderr`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::mapping;
use crate::source::read::{Merge, Read, Reader, Tmpl};
use crate::source::tree::NodeId;

mapping! {
    /// Standard input from a text, a file, another process or a queue; exactly one of these.
    pub struct StdinSource as "`stdin`" {
        /// This text.
        text: Tmpl<String>,
        /// The contents of this file.
        file: Tmpl<String>,
        /// What this process writes to its standard output: a pipe between the two, which start together.
        process: Tmpl<String>,
        /// The items of this queue, one a line, as they come.
        queue: Tmpl<String>,
    }
}

/// The forms of `stdin` other than plain words.
const SOURCES: &str = "`{text: …}`, `{file: path}`, `{process: other}` or `{queue: name}`";

/// Where standard input comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stdin {
    /// Nowhere: `/dev/null`.
    #[default]
    Nothing,
    /// flowrun's own.
    Inherit,
    /// From a text, a file, another process or a queue.
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
                    "write `none`, `inherit`, `{{text: …}}`, `{{process: other}}`, `{{queue: name}}` or `{{file: {}}}`",
                    if word.len() > 40 { "path" } else { word }
                )));
                None
            }
            None => {
                let source = StdinSource::read(node, reader)?;
                let keys = [&source.text, &source.file, &source.process, &source.queue];
                if keys.iter().any(|key| key.is_broken()) {
                    return None;
                }
                if keys.into_iter().filter(|key| key.is_set()).count() != 1 {
                    if reader.reported_within(span) {
                        return None;
                    }
                    reader.report(
                        Diagnostic::error("bad-value", span, "`stdin` needs exactly one of `text`, `file`, `process` and `queue`")
                            .help(format!("write {SOURCES}")),
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
        json_schema!({ "anyOf": [{ "enum": ["none", "inherit"] }, source], "examples": ["none", "inherit", { "file": "input.txt" }, { "process": "other" }, { "queue": "buns" }] })
    }
}

mapping! {
    /// Output into a file or a queue; exactly one of these.
    pub struct Sink as "`stdout` or `stderr`" {
        /// The file; it is made when it is missing, its folder is not.
        file: Tmpl<String>,
        /// `true` keeps what the file holds; the default empties it when an attempt begins.
        append: Tmpl<bool>,
        /// The queue into which each line goes as an item.
        queue: Tmpl<String>,
    }
}

/// Where standard output or standard error goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Stdout {
    /// Into a file.
    File(Sink),
    /// Into a queue with this name.
    Queue(Spanned<Tmpl<String>>),
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
            reader.report(Diagnostic::error("bad-value", span, format!("`{word}` is not a place for output")).help(format!(
                "write `{{file: {}}}` or `{{queue: name}}`; for `stderr` also `stdout`",
                if word.len() > 40 { "path" } else { word }
            )));
            return None;
        }
        let sink = Sink::read(node, reader)?;
        if let (false, Some(queue)) = (sink.file.is_given(), sink.queue.get()) {
            refuse_append(&sink, reader);
            return Some(Self::Queue(queue.clone()));
        }
        if sink.file.is_set() && !sink.queue.is_given() {
            return Some(Self::File(sink));
        }
        if !reader.reported_within(span) {
            reader.report(no_place(&sink, span));
        }
        None
    }
}

/// A queue has no contents that could be kept.
fn refuse_append(sink: &Sink, reader: &mut Reader<'_>) {
    if let Some(span) = sink.append.span() {
        reader.report(Diagnostic::error("key-does-not-fit", span, "`append` means nothing here").help("it belongs to `file`"));
    }
}

/// The finding for output that has no place, or two.
fn no_place(sink: &Sink, span: Span) -> Diagnostic {
    let found = match sink.file.is_set() && sink.queue.is_set() {
        true => Diagnostic::error("bad-value", span, "output goes to one place: either `file` or `queue`"),
        false => Diagnostic::error("missing-key", span, "`file` or `queue` is missing"),
    };
    found.help("write `{file: path}` or `{queue: name}`")
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
        json_schema!({ "anyOf": [{ "const": "stdout" }, sink], "examples": [{ "file": "build.log", "append": true }, { "queue": "buns" }] })
    }
}
