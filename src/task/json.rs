//! `json`: reads, sets or adds to a value in a JSON file.
//!
//! The whole file is read, changed and replaced in one step: a reader sees the old or the new document.
//! Between reading and replacing somebody else may change it, so processes that change one file share a
//! lock. Keys keep their order and the text its indentation; other spacing becomes regular. A file that
//! is not JSON is never overwritten, unless the whole document is set.

use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Map, Number, Serializer, Value};

use super::args::{Given, print_line};
use super::data::{self, AnyNumber, Data, Pointer};
use super::{Context, Definition, Task, TaskError, files};
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::{Field, Tmpl};

mapping! {
    /// Arguments of `json`. Without `set` and `add` the value is printed.
    pub struct JsonArgs as "the task `json`" {
        /// The file; `set` and `add` make it if it is not there.
        file: Tmpl<PathText>,
        /// Where in the document, as a JSON pointer: `/a/b/0`; `/list/-` is the place after the last of a list. Default: the whole document.
        path: Tmpl<Pointer>,
        /// The new value: anything in YAML. Plain `3`, `true` and `null` keep their type, and so does the value of a single expression, in quotes or not; other quoted values are texts. Objects on the way are made.
        set: Data,
        /// A number to add to the one that is there, negative to subtract; a value that is missing counts as 0.
        add: Tmpl<AnyNumber>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "json",
    summary: "Prints, sets or adds to a value in a JSON file.",
    example: "task: json\nwith: {file: tickets.json, path: /left, add: -1}",
    schema: |generator| generator.subschema_for::<JsonArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<JsonArgs>(entries, place, reader);
        let file = given.require(&args.file, "file", reader);
        let adds = given.has("add", reader);
        if adds {
            given.refuse_beside("add", &["set"], "keep the one that says how the value changes", reader);
        }
        given.accepted(reader)?;
        let action = match &args.set {
            _ if adds => Action::Add(args.add.known()?.0),
            Field::Set(value) => Action::Set(value.value.json.clone()),
            Field::Null(_) => Action::Set(Value::Null),
            // What could not be read must not turn into reading the file.
            Field::Broken(_) => return None,
            Field::Absent => Action::Print,
        };
        Some(Arc::new(Json { file: file?.0, path: args.path.known().unwrap_or_default(), action }))
    },
};

#[derive(Debug)]
enum Action {
    Print,
    Set(Value),
    Add(Number),
}

#[derive(Debug)]
struct Json {
    file: String,
    path: Pointer,
    action: Action,
}

impl Json {
    fn failed(&self, doing: &str, why: &str) -> TaskError {
        TaskError::failed(format!("cannot {doing} `{}`: {why}", self.file))
    }

    fn print(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some((document, _)) = data::load(&context.path(&self.file), &self.file)? else {
            return Err(self.failed("read", "No such file or directory"));
        };
        match self.path.find(&document).map_err(|why| self.failed("read", &why))? {
            Value::String(text) => print_line(context.output, text),
            value => print_line(context.output, &value.to_string()),
        }
    }

    /// Reads the document, lets `change` have the value, and writes it again.
    fn change(&self, context: &Context<'_>, change: impl FnOnce(&mut Value, bool) -> Result<(), String>) -> Result<(), TaskError> {
        let path = context.path(&self.file);
        let (mut document, text) = data::load(&path, &self.file)?.unwrap_or_else(|| (Value::Object(Map::new()), String::new()));
        let (value, new) = self.path.make(&mut document).map_err(|why| self.failed("change", &why))?;
        change(value, new).map_err(|why| self.failed("change", &why))?;
        self.write(&document, &text, context)
    }

    fn write(&self, document: &Value, old: &str, context: &Context<'_>) -> Result<(), TaskError> {
        let written = Style::of(old)
            .render(document)
            .and_then(|bytes| files::replace(&context.path(&self.file), None, |file| file.write_all(&bytes)));
        written.map_err(|error| files::cannot_make("write", &self.file, &error))
    }
}

impl Task for Json {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match &self.action {
            Action::Print => self.print(context),
            Action::Set(value) if self.path.is_whole() => {
                let old = files::read(&context.path(&self.file), &self.file)?.unwrap_or_default();
                self.write(value, &String::from_utf8_lossy(&old), context)
            }
            Action::Set(value) => self.change(context, |place, _| {
                place.clone_from(value);
                Ok(())
            }),
            Action::Add(number) => self.change(context, |place, new| {
                let zero = Number::from(0);
                let old = match &*place {
                    Value::Number(old) => old,
                    _ if new => &zero,
                    other => return Err(format!("{} is {}, not a number", self.path.shown(), data::shown(other))),
                };
                let sum = sum(old, number).ok_or_else(|| format!("the sum of {old} and {number} does not fit in 64 bits"))?;
                *place = Value::Number(sum);
                Ok(())
            }),
        }
    }
}

/// The sum: exact when both are whole, else as floating point; `None` when it does not fit.
fn sum(a: &Number, b: &Number) -> Option<Number> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Number::from_i128(a.checked_add(b)?),
        _ => Number::from_f64(a.as_f64()? + b.as_f64()?),
    }
}

/// How a document is written.
#[derive(Debug, PartialEq)]
enum Style {
    /// On many lines, each level behind one more of this.
    Lines(String),
    /// On one line, with a space behind each `:` and `,`.
    Spaced,
    /// On one line, without spaces.
    Compact,
}

impl Style {
    /// The style of a text; two spaces for a new one.
    fn of(text: &str) -> Self {
        let text = text.trim();
        let usual = || Self::Lines("  ".to_owned());
        match text.split_once('\n') {
            Some((_, rest)) => {
                let indent: String = rest.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
                if indent.is_empty() { usual() } else { Self::Lines(indent) }
            }
            None if text.contains("\": ") || text.contains(", ") => Self::Spaced,
            None if text.len() > 2 => Self::Compact,
            None => usual(),
        }
    }

    /// The text of a document, with a line break at the end.
    fn render(&self, document: &Value) -> io::Result<Vec<u8>> {
        fn with<F: Formatter>(document: &Value, formatter: F) -> io::Result<Vec<u8>> {
            let mut text = Vec::new();
            document.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
            text.push(b'\n');
            Ok(text)
        }
        match self {
            Self::Lines(indent) => with(document, PrettyFormatter::with_indent(indent.as_bytes())),
            Self::Spaced => with(document, SpacedFormatter),
            Self::Compact => with(document, CompactFormatter),
        }
    }
}

/// One line as Python writes it.
struct SpacedFormatter;

impl Formatter for SpacedFormatter {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, refused};
    use super::*;

    #[test]
    fn values_are_printed() {
        let bench = Bench::new();
        bench.file("f.json", "{\"b\": {\"text\": \"a b\", \"list\": [1, 2.0, null]}, \"a\": true}\n");
        for (path, printed) in
            [("/b/text", "a b\n"), ("/b/list", "[1,2.0,null]\n"), ("/b/list/0", "1\n"), ("/a", "true\n"), ("/b/list/2", "null\n")]
        {
            assert_eq!(bench.ok("json", &format!("{{file: f.json, path: {path}}}")), printed);
        }
        assert_eq!(bench.ok("json", "file: f.json"), "{\"b\":{\"text\":\"a b\",\"list\":[1,2.0,null]},\"a\":true}\n");
        assert_eq!(bench.ok("json", "{file: f.json, path: \"\"}"), bench.ok("json", "file: f.json"));
    }

    #[test]
    fn values_are_set_with_their_types() {
        let bench = Bench::new();
        let set = |value: &str| {
            bench.file("f.json", "{\"a\":0}");
            assert_eq!(bench.ok("json", &format!("file: f.json\npath: /a\nset: {value}")), "");
            bench.read("f.json")
        };
        for (value, json) in [
            ("1", "1"),
            ("1.5", "1.5"),
            ("'1'", "\"1\""),
            ("true", "true"),
            ("\"true\"", "\"true\""),
            ("no", "\"no\""),
            ("null", "null"),
            ("~", "null"),
            ("", "null"),
            ("\"\"", "\"\""),
            ("text", "\"text\""),
            ("[1, a, '2', [], {}]", "[1,\"a\",\"2\",[],{}]"),
            ("{z: 1, a: {b: ~}, 3: x}", "{\"z\":1,\"a\":{\"b\":null},\"3\":\"x\"}"),
            ("${{ 3 }}", "3"),
            ("${{ true }}", "true"),
            ("${{ }}", "\"\""),
            ("\"${{ 3 }}\"", "3"),
            ("${{ '3' }}", "\"3\""),
            ("\"${{ '3' }}\"", "\"3\""),
            ("${{ 3 }}${{ 4 }}", "\"34\""),
            ("x${{ 3 }}", "\"x3\""),
            ("['${{ x }}']", "[\"x\"]"),
            ("|\n  one\n", "\"one\\n\""),
        ] {
            assert_eq!(set(value), format!("{{\"a\":{json}}}\n"), "{value}");
        }
    }

    #[test]
    fn what_leads_to_a_value_is_made() {
        let bench = Bench::new();
        bench.ok("json", "{file: f.json, path: /a/b/c, set: 1}");
        assert_eq!(bench.read("f.json"), "{\n  \"a\": {\n    \"b\": {\n      \"c\": 1\n    }\n  }\n}\n");
        bench.file("f.json", "{\"list\":[1]}");
        bench.ok("json", "{file: f.json, path: /list/-, set: 2}");
        bench.ok("json", "{file: f.json, path: /list/0, set: 0}");
        bench.ok("json", "{file: f.json, path: /list/-/x, set: 3}");
        bench.ok("json", "{file: f.json, path: /new/-, set: 4}");
        assert_eq!(bench.read("f.json"), "{\"list\":[0,2,{\"x\":3}],\"new\":[4]}\n");
        for (path, why) in [
            ("/list/3", "there can be no `/list/3`: `/list` is a list of 3"),
            ("/list/x", "there can be no `/list/x`: `/list` is a list of 3"),
            ("/list/0/x", "there can be no `/list/0/x`: `/list/0` is `0`"),
        ] {
            assert_eq!(bench.fails("json", &format!("{{file: f.json, path: {path}, set: 1}}")), format!("cannot change `f.json`: {why}"));
        }
        bench.ok("json", "file: g.json\nset: [1]");
        assert_eq!(bench.read("g.json"), "[\n  1\n]\n");
    }

    #[test]
    fn numbers_are_added() {
        let bench = Bench::new();
        let add = |old: &str, number: &str| {
            bench.file("f.json", &format!("{{\"n\":{old}}}"));
            bench.ok("json", &format!("{{file: f.json, path: /n, add: {number}}}"));
            bench.read("f.json").trim().strip_prefix("{\"n\":").unwrap().strip_suffix('}').unwrap().to_owned()
        };
        for (old, number, sum) in [
            ("5", "-1", "4"),
            ("5", "\"${{ 2 }}\"", "7"),
            ("1", "0.5", "1.5"),
            ("1.5", "1", "2.5"),
            ("1.5", "0.5", "2.0"),
            ("9007199254740993", "1", "9007199254740994"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("18446744073709551615", "-9223372036854775808", "9223372036854775807"),
        ] {
            assert_eq!(add(old, number), sum);
        }
        bench.ok("json", "{file: f.json, path: /new/n, add: 3}");
        bench.ok("json", "{file: new.json, path: /n, add: -3}");
        assert_eq!(
            (bench.ok("json", "{file: f.json, path: /new/n}"), bench.ok("json", "{file: new.json, path: /n}")),
            ("3\n".into(), "-3\n".into())
        );
    }

    #[test]
    fn what_cannot_be_added_is_told() {
        let bench = Bench::new();
        bench.file("f.json", "{\"n\":18446744073709551615,\"m\":-9223372036854775808,\"f\":1e308,\"s\":\"5\",\"z\":null}");
        for (with, why) in [
            ("path: /n, add: 1", "the sum of 18446744073709551615 and 1 does not fit in 64 bits"),
            ("path: /m, add: -1", "the sum of -9223372036854775808 and -1 does not fit in 64 bits"),
            ("path: /s, add: 1", "`/s` is `\"5\"`, not a number"),
            ("path: /z, add: 1", "`/z` is `null`, not a number"),
        ] {
            assert_eq!(bench.fails("json", &format!("{{file: f.json, {with}}}")), format!("cannot change `f.json`: {why}"));
        }
        assert!(bench.fails("json", "{file: f.json, path: /f, add: 1e308}").ends_with("does not fit in 64 bits"));
        assert!(bench.fails("json", "{file: f.json, add: 1}").starts_with("cannot change `f.json`: the top is `{\"n\":"));
    }

    #[test]
    fn order_style_and_permissions_are_kept() {
        let bench = Bench::new();
        for text in [
            "{\n    \"z\": 1,\n    \"a\": [\n        {}\n    ]\n}\n",
            "{\n\t\"z\": 1,\n\t\"a\": {}\n}\n",
            "{\"z\": 1, \"a\": [1, {\"b\": 2}]}\n",
            "{\"z\":1,\"a\":[1,{\"b\":2}]}\n",
        ] {
            bench.file("f.json", text);
            bench.set_mode("f.json", 0o600);
            bench.ok("json", "{file: f.json, path: /z, add: 1}");
            assert_eq!(bench.read("f.json"), text.replacen('1', "2", 1));
            assert_eq!(bench.mode("f.json"), 0o600);
        }
        assert_eq!(bench.list("."), ["f.json"]);
        assert_eq!(Style::of("{}"), Style::Lines("  ".to_owned()));
    }

    #[test]
    fn numbers_that_are_not_touched_stay_the_same() {
        let bench = Bench::new();
        bench.file("f.json", "{\"n\":0,\"a\":31.245270191439438,\"b\":0.1,\"c\":5e-324,\"d\":18446744073709551615}\n");
        bench.ok("json", "{file: f.json, path: /n, add: 1}");
        assert_eq!(bench.read("f.json"), "{\"n\":1,\"a\":31.245270191439438,\"b\":0.1,\"c\":5e-324,\"d\":18446744073709551615}\n");
    }

    #[test]
    fn bad_files_are_named_with_the_place_and_left_alone() {
        let bench = Bench::new();
        assert_eq!(bench.fails("json", "file: no.json"), "cannot read `no.json`: No such file or directory");
        assert_eq!(
            bench.fails("json", "{file: no/f.json, path: /a, set: 1}"),
            "cannot write `no/f.json`: No such file or directory; make the folder first, as with `task: mkdir`"
        );
        assert_eq!(bench.fails("json", "file: ."), "cannot read `.`: Is a directory");
        for (text, why) in [
            ("{\n  \"a\": 1,\n}", "line 3, column 1 is not JSON: trailing comma"),
            ("{} x", "line 1, column 4 is not JSON: trailing characters"),
            (" \n", "it is empty, which is not JSON; `{}` is an empty document"),
        ] {
            bench.file("f.json", text);
            assert_eq!(bench.fails("json", "{file: f.json, path: /a, add: 1}"), format!("cannot read `f.json`: {why}"));
            assert_eq!(bench.read("f.json"), text);
        }
        bench.file("f.json", &"[".repeat(100_000));
        assert!(bench.fails("json", "file: f.json").contains("recursion limit"));
        bench.file("f.json", "{\"a\":{\"b\":1}}");
        assert_eq!(bench.fails("json", "{file: f.json, path: /a/c}"), "cannot read `f.json`: there is no `/a/c`: `/a` has the keys `b`");
    }

    #[test]
    fn wrong_arguments_are_refused() {
        assert_eq!(refused("json", "path: /a"), "`file` is missing | add `file: …` to `with`");
        assert_eq!(
            refused("json", "{file: f, set: 1, add: 1}"),
            "`set` cannot stand beside `add` | keep the one that says how the value changes"
        );
        assert_eq!(refused("json", "{file: f, path: a.b}"), "`a.b` is not a JSON pointer | write `/a/b`");
        assert_eq!(refused("json", "{file: f, add: x}"), "`x` is not a number | write a number, as in `1`, `-1` or `0.5`");
        assert_eq!(
            refused("json", "{file: f, set: [99999999999999999999, .inf]}"),
            "`99999999999999999999` does not fit in 64 bits | quote it to keep it as a text\nJSON has no `.inf` | quote it to keep it as a text"
        );
    }

    #[test]
    fn aliases_cannot_nest_without_end() {
        let mut lines = "- &a0 [x]\n".to_owned();
        for n in 1..5000 {
            lines.push_str(&format!("- &a{n} [*a{}]\n", n - 1));
        }
        assert!(refused("json", &format!("file: f\nset:\n{lines}")).contains("nested more than 100 deep"));
    }
}
