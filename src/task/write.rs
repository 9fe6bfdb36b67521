//! `write`: writes a text into a file.
//!
//! The text is written as it is: a last line break is there when the text has one. Without `append`
//! the file is replaced in one step, so that a reader sees the old or the new contents; with it, the
//! text is added by one call, which keeps lines whole but shows a reader half of a long text.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::args::Given;
use super::{Context, Definition, Task, TaskError, files};
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::{Merge, Read, Reader, Scalar, Tmpl, bad_value};
use crate::source::tree::{NodeId, Style};

mapping! {
    /// Arguments of `write`.
    pub struct WriteArgs as "the task `write`" {
        /// The file, made if it is not there; its folder must exist.
        file: Tmpl<PathText>,
        /// The text, written as it is; end it with a line break, as `content: |` does, to write whole lines.
        content: Tmpl<String>,
        /// `true`: add to the end of the file. Default `false`: replace the file in one step.
        append: Tmpl<bool>,
        /// The permissions the file gets, octal and in quotes, as in `"755"`; default those of the old file, else the usual ones.
        mode: QuotedMode,
    }
}

/// Permissions of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode(u32);

impl Scalar for Mode {
    const EXPECTED: &'static str = "an octal mode in quotes such as `\"644\"`";
    fn parse(text: &str) -> Result<Self, String> {
        let octal = matches!(text.len(), 3 | 4) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
        match u32::from_str_radix(text, 8) {
            Ok(mode) if octal => Ok(Self(mode)),
            _ => Err(format!("`{text}` is not an octal mode; write three or four digits from 0 to 7 in quotes, as in `\"644\"`")),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-7]{3,4}$", "examples": ["644", "0755"] })
    }
}

/// A mode that must stand in quotes: readers of YAML do not agree on what `0755` is.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotedMode(Tmpl<Mode>);

impl Merge for QuotedMode {}

impl Read for QuotedMode {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some((text, Style::Plain)) = reader.scalar(node)
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'o' | b'_'))
        {
            let digits = text.trim_start_matches("0o");
            let form = if Mode::parse(digits).is_ok() { digits } else { "644" };
            let span = reader.document.span(node);
            reader.report(bad_value(span, &format!("an octal mode must stand in quotes; write `\"{form}\"`"), None));
            return None;
        }
        Tmpl::read(node, reader).map(Self)
    }
}

impl JsonSchema for QuotedMode {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QuotedMode".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Tmpl::<Mode>::json_schema(generator)
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "write",
    summary: "Writes a text into a file, or adds it to the end.",
    example: "task: write\nwith:\n  file: tickets.txt\n  content: |\n    5",
    schema: |generator| generator.subschema_for::<WriteArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<WriteArgs>(entries, place, reader);
        let file = given.require(&args.file, "file", reader);
        let content = given.require(&args.content, "content", reader);
        given.accepted(reader)?;
        let mode = match args.mode.value() {
            Some(QuotedMode(Tmpl::Known(Mode(mode)))) => Some(*mode),
            _ => None,
        };
        Some(Arc::new(Write { file: file?.0, content: content?, append: args.append.known().unwrap_or(false), mode }))
    },
};

#[derive(Debug)]
struct Write {
    file: String,
    content: String,
    append: bool,
    mode: Option<u32>,
}

impl Write {
    fn append(&self, path: &std::path::Path) -> io::Result<()> {
        let mut file = files::append(path)?;
        file.write_all(self.content.as_bytes())?;
        self.mode.map_or(Ok(()), |mode| file.set_permissions(Permissions::from_mode(mode)))
    }
}

impl Task for Write {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let path = context.path(&self.file);
        let written =
            if self.append { self.append(&path) } else { files::replace(&path, self.mode, |file| file.write_all(self.content.as_bytes())) };
        written.map_err(|error| files::cannot_make("write", &self.file, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, refused};

    #[test]
    fn files_are_made_replaced_and_added_to() {
        let bench = Bench::new();
        bench.ok("write", "{file: f, content: one}");
        assert_eq!(bench.read("f"), "one");
        bench.ok("write", "file: f\ncontent: |\n  two");
        bench.ok("write", "{file: f, content: \"three\\n\", append: true}");
        assert_eq!(bench.read("f"), "two\nthree\n");
        bench.ok("write", "{file: new, content: x, append: true}");
        assert_eq!(bench.read("new"), "x");
        bench.ok("write", "{file: f, content: \"\"}");
        assert_eq!(bench.read("f"), "");
    }

    #[test]
    fn a_mode_is_given_or_kept() {
        let bench = Bench::new();
        bench.ok("write", "{file: f, content: x, mode: \"0750\"}");
        assert_eq!(bench.mode("f"), 0o750);
        bench.ok("write", "{file: f, content: y}");
        assert_eq!(bench.mode("f"), 0o750);
        bench.ok("write", "{file: f, content: y, append: true, mode: '600'}");
        assert_eq!(bench.mode("f"), 0o600);
        bench.ok("write", "file: f\ncontent: y\nmode: ${{ 644 }}");
        assert_eq!(bench.mode("f"), 0o644);
    }

    #[test]
    fn failures_name_path_and_reason() {
        let bench = Bench::new();
        let missing = "cannot write `out/x`: No such file or directory; make the folder first, as with `task: mkdir`";
        assert_eq!(bench.fails("write", "{file: out/x, content: y}"), missing);
        assert_eq!(bench.fails("write", "{file: out/x, content: y, append: true}"), missing);
        assert_eq!(bench.fails("write", "{file: ., content: y}"), "cannot write `.`: Is a directory");
        bench.file("f", "");
        assert_eq!(bench.fails("write", "{file: f/x, content: y}"), "cannot write `f/x`: Not a directory");
    }

    #[test]
    fn wrong_arguments_are_refused() {
        assert_eq!(refused("write", ""), "`file` is missing | add `file: …` to `with`\n`content` is missing | add `content: …` to `with`");
        assert_eq!(refused("write", "{file: f, content: x, append: yes}"), "`yes` is a text in YAML 1.2 | write `true`");
        assert_eq!(refused("write", "{file: \"\", content: x}"), "the path is empty | write a path");
        assert_eq!(
            refused("write", "{file: ~/f, content: x}"),
            "`~` is not replaced here | write `${{ env.HOME }}/f`, or `./~/f` for a folder named `~`"
        );
        for (mode, form) in [("755", "755"), ("0644", "0644"), ("0o600", "600"), ("493", "644"), ("7", "644")] {
            assert_eq!(
                refused("write", &format!("{{file: f, content: x, mode: {mode}}}")),
                format!("an octal mode must stand in quotes | write `\"{form}\"`")
            );
        }
        for mode in ["u+x", "'888'", "'77777'", "'7'", "\"\""] {
            assert!(refused("write", &format!("{{file: f, content: x, mode: {mode}}}")).contains("is not an octal mode"));
        }
    }
}
