//! `assert`: fails unless something is as expected.
//!
//! Checks one thing: an expression, a file or a value in a JSON file. A failure shows what was expected
//! and what was found, shortened to a line; the whole is in the file.

use std::sync::Arc;

use serde_json::Value;

use super::args::Given;
use super::data::{self, Data, Pointer, shorten};
use super::{Context, Definition, Task, TaskError, files};
use crate::base::diagnostic::Diagnostic;
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::{Field, Tmpl};

mapping! {
    /// Arguments of `assert`. Exactly one of `that`, `file` and `json` says what is checked.
    pub struct AssertArgs as "the task `assert`" {
        /// An expression that must be true, as in `${{ vars.count > 0 }}`.
        that: Tmpl<bool>,
        /// A file that must be as `exists`, `contains`, `equals` and `lines` say; without them it must exist.
        file: Tmpl<PathText>,
        /// With `file`: `false` if nothing may be there. Default `true`.
        exists: Tmpl<bool>,
        /// With `file`: a text that must stand in it.
        contains: Tmpl<String>,
        /// With `file`: all of its text, line breaks at the end not counted. With `json`: the value, where the order of keys does not count and 1 equals 1.0.
        equals: Data,
        /// With `file`: how many lines it has.
        lines: Tmpl<u32>,
        /// A JSON file with a value that must be as `equals` says.
        json: Tmpl<PathText>,
        /// With `json`: where in the document, as a JSON pointer such as `/a/b/0`. Default: the whole document.
        path: Tmpl<Pointer>,
        /// Words for a failure, shown before what was expected and found.
        message: Tmpl<String>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "assert",
    summary: "Fails unless an expression is true, or a file or a value in a JSON file is as expected.",
    example: "task: assert\nwith: {json: tickets.json, path: /left, equals: 0}",
    schema: |generator| generator.subschema_for::<AssertArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<AssertArgs>(entries, place, reader);
        let kind = given.exactly_one(&["that", "file", "json"], "what to check", reader);
        match kind {
            Some("that") => {
                let help = "an expression is all that `that` checks; remove it, or check a file or JSON";
                given.refuse_beside("that", &["exists", "contains", "equals", "lines", "path"], help, reader);
            }
            Some("file") => {
                given.refuse_beside("file", &["path"], "for a value in a JSON file write `json: …` instead of `file: …`", reader);
                if let (Some(false), Some(span)) = (args.exists.known(), args.exists.span()) {
                    for key in ["contains", "equals", "lines"] {
                        if given.has(key, reader) {
                            let message = format!("a file that must not exist cannot be checked by `{key}`");
                            reader.report(Diagnostic::error("bad-value", span, message).help("remove one of the two"));
                        }
                    }
                }
                if let Some(equals) = args.equals.get()
                    && equals.value.text.is_none()
                {
                    let found =
                        Diagnostic::error("wrong-type", equals.span, "a file is compared with a text, but this is a list or a mapping");
                    reader.report(found.help("for a value in a JSON file write `json: …` instead of `file: …`"));
                }
            }
            Some("json") => {
                given.refuse_beside(
                    "json",
                    &["exists", "contains", "lines"],
                    "for the text of a file write `file: …` instead of `json: …`",
                    reader,
                );
                if !given.mentions("equals") {
                    given.must_have("equals", reader);
                }
            }
            _ => {}
        }
        given.accepted(reader)?;
        let check = match kind? {
            "that" => {
                let written = args.that.span().map_or("", |span| span.slice(&reader.document.text));
                Check::That { holds: args.that.known()?, written: written.to_owned() }
            }
            "file" => {
                let equals = match args.equals {
                    Field::Set(data) => Some(data.value.text?),
                    _ => None,
                };
                let lines = args.lines.known().map(|lines| lines as usize);
                Check::File {
                    file: args.file.known()?.0,
                    exists: args.exists.known() != Some(false),
                    contains: args.contains.known(),
                    equals,
                    lines,
                }
            }
            _ => {
                let equals = match args.equals {
                    Field::Set(data) => data.value.json,
                    Field::Null(_) => Value::Null,
                    Field::Absent | Field::Broken(_) => return None,
                };
                Check::Json { file: args.json.known()?.0, path: args.path.known().unwrap_or_default(), equals }
            }
        };
        Some(Arc::new(Assert { check, message: args.message.known() }))
    },
};

#[derive(Debug)]
enum Check {
    That { holds: bool, written: String },
    File { file: String, exists: bool, contains: Option<String>, equals: Option<String>, lines: Option<usize> },
    Json { file: String, path: Pointer, equals: Value },
}

#[derive(Debug)]
struct Assert {
    check: Check,
    message: Option<String>,
}

impl Assert {
    /// What is not as expected.
    fn unmet(&self, context: &Context<'_>) -> Result<Option<String>, TaskError> {
        match &self.check {
            Check::That { holds: true, .. } => Ok(None),
            Check::That { written, .. } => Ok(Some(format!("{} is false", shorten(written)))),
            Check::File { file, exists: false, .. } => {
                // A symlink that leads nowhere is there too.
                let there = context.path(file).symlink_metadata().is_ok();
                Ok(there.then(|| format!("expected that `{file}` does not exist, but it does")))
            }
            Check::File { file, contains, equals, lines, .. } => {
                let path = context.path(file);
                if contains.is_none() && equals.is_none() && lines.is_none() {
                    return Ok((!path.exists()).then(|| format!("expected that `{file}` exists, but it does not")));
                }
                let Some(bytes) = files::read(&path, file)? else {
                    return Ok(Some(format!("expected that `{file}` exists, but it does not")));
                };
                let text = String::from_utf8_lossy(&bytes);
                Ok(unmet_text(file, &text, contains.as_deref(), equals.as_deref(), *lines))
            }
            Check::Json { file, path, equals } => {
                let Some((document, _)) = data::load(&context.path(file), file)? else {
                    return Ok(Some(format!("expected that `{file}` exists, but it does not")));
                };
                let expected = || format!("expected {} at {} of `{file}`", data::shown(equals), path.shown());
                Ok(match path.find(&document) {
                    Ok(found) if data::same(found, equals) => None,
                    Ok(found) => Some(format!("{}, found {}", expected(), data::shown(found))),
                    Err(why) => Some(format!("{}, but {why}", expected())),
                })
            }
        }
    }
}

/// What a file's text lacks.
fn unmet_text(file: &str, text: &str, contains: Option<&str>, equals: Option<&str>, lines: Option<usize>) -> Option<String> {
    let trimmed = |text: &str| text.trim_end_matches(['\n', '\r']).to_owned();
    let found = || if text.is_empty() { "it is empty".to_owned() } else { format!("found {}", shorten(&trimmed(text))) };
    if let Some(equals) = equals
        && trimmed(text) != trimmed(equals)
    {
        return Some(format!(
            "expected {} in `{file}`, {}",
            shorten(&trimmed(equals)),
            difference(&trimmed(text), &trimmed(equals)).unwrap_or_else(found)
        ));
    }
    if let Some(part) = contains
        && !text.contains(part)
    {
        return Some(format!("expected that `{file}` contains {}, {}", shorten(part), found()));
    }
    let count = text.lines().count();
    if let Some(lines) = lines
        && lines != count
    {
        let noun = |count| if count == 1 { "line" } else { "lines" };
        return Some(format!("expected {lines} {} in `{file}`, found {count}", noun(lines)));
    }
    None
}

/// The first line in which long texts differ; short ones are shown whole.
fn difference(found: &str, expected: &str) -> Option<String> {
    if found.len().max(expected.len()) <= 100 {
        return None;
    }
    let mut pairs =
        (found.split('\n').map(Some).chain(std::iter::repeat(None))).zip(expected.split('\n').map(Some).chain(std::iter::repeat(None)));
    let line = pairs.position(|(found, expected)| found != expected)?;
    let show = |text: &str| text.split('\n').nth(line).map_or_else(|| "nothing".to_owned(), shorten);
    Some(format!("which differs in line {}: expected {}, found {}", line + 1, show(expected), show(found)))
}

impl Task for Assert {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match (self.unmet(context)?, &self.message) {
            (None, _) => Ok(()),
            (Some(unmet), None) => Err(TaskError::failed(unmet)),
            (Some(unmet), Some(message)) => Err(TaskError::failed(format!("{message}: {unmet}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, refused};

    #[test]
    fn expressions_are_checked() {
        let bench = Bench::new();
        bench.ok("assert", "that: ${{ true }}");
        bench.ok("assert", "{that: \"${{ true }}\", message: fine}");
        assert_eq!(bench.fails("assert", "that: ${{ false }}"), "`${{ false }}` is false");
        assert_eq!(bench.fails("assert", "that: ${{ false }}\nmessage: no tickets"), "no tickets: `${{ false }}` is false");
    }

    #[test]
    fn files_are_checked() {
        let bench = Bench::new();
        bench.file("f", "one\ntwo\n");
        bench.file("empty", "");
        for with in [
            "{file: f}",
            "{file: f, exists: true}",
            "{file: g, exists: false}",
            "{file: ., exists: true}",
            "{file: f, lines: 2, contains: two, equals: \"one\\ntwo\"}",
            "{file: f, contains: \"e\\nt\"}",
            "{file: f, equals: \"one\\ntwo\\n\\n\"}",
            "{file: empty, lines: 0, equals: \"\"}",
        ] {
            bench.ok("assert", with);
        }
        for (with, message) in [
            ("{file: g}", "expected that `g` exists, but it does not"),
            ("{file: g, lines: 0}", "expected that `g` exists, but it does not"),
            ("{file: f, exists: false}", "expected that `f` does not exist, but it does"),
            ("{file: f, contains: three}", "expected that `f` contains `three`, found `one\\ntwo`"),
            ("{file: empty, contains: x}", "expected that `empty` contains `x`, it is empty"),
            ("{file: f, equals: one, message: oops}", "oops: expected `one` in `f`, found `one\\ntwo`"),
            ("{file: f, lines: 1}", "expected 1 line in `f`, found 2"),
            ("{file: ., lines: 1}", "cannot read `.`: Is a directory"),
        ] {
            assert_eq!(bench.fails("assert", with), message);
        }
    }

    #[test]
    fn numbers_stay_as_they_were_written_when_a_file_is_compared() {
        let bench = Bench::new();
        bench.file("f", "1.20\n");
        bench.ok("assert", "{file: f, equals: 1.20}");
        assert_eq!(bench.fails("assert", "{file: f, equals: 1.2}"), "expected `1.2` in `f`, found `1.20`");
    }

    #[test]
    fn long_texts_are_told_apart_by_their_first_line_that_differs() {
        let bench = Bench::new();
        let lines = |last: &str| format!("{}{last}", "a line\n".repeat(20));
        bench.file("f", &lines("x"));
        let quoted = lines("y").replace('\n', "\\n");
        let message = bench.fails("assert", &format!("{{file: f, equals: \"{quoted}\"}}"));
        assert!(message.ends_with("in `f`, which differs in line 21: expected `y`, found `x`"), "{message}");
        let message = bench.fails("assert", &format!("{{file: f, equals: \"{}\"}}", lines("x\\nz").replace('\n', "\\n")));
        assert!(message.ends_with("differs in line 22: expected `z`, found nothing"), "{message}");
    }

    #[test]
    fn json_is_checked() {
        let bench = Bench::new();
        bench.file("f.json", r#"{"n": 1, "list": [{"a": 1, "b": 2.5}], "s": "1", "z": null}"#);
        for with in [
            "{json: f.json, path: /n, equals: 1.0}",
            "{json: f.json, path: /list, equals: [{b: 2.5, a: 1}]}",
            "{json: f.json, path: /s, equals: '1'}",
            "{json: f.json, path: /z, equals: null}",
            "json: f.json\npath: /n\nequals: ${{ 1 }}",
            "{json: f.json, equals: {n: 1, list: [{a: 1, b: 2.5}], s: \"1\", z: ~}}",
        ] {
            bench.ok("assert", with);
        }
        for (with, message) in [
            ("{json: f.json, path: /n, equals: 2}", "expected `2` at `/n` of `f.json`, found `1`"),
            ("{json: f.json, path: /s, equals: 1}", "expected `1` at `/s` of `f.json`, found `\"1\"`"),
            (
                "{json: f.json, path: /x, equals: 1}",
                "expected `1` at `/x` of `f.json`, but there is no `/x`: the top has the keys `n, list, s, z`",
            ),
            ("{json: no.json, equals: 1}", "expected that `no.json` exists, but it does not"),
        ] {
            assert_eq!(bench.fails("assert", with), message);
        }
        bench.file("bad.json", "{");
        assert!(bench.fails("assert", "{json: bad.json, equals: 1}").starts_with("cannot read `bad.json`: line 1, column 1 is not JSON"));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        assert_eq!(
            refused("assert", "message: x"),
            "one of `that`, `file` and `json` is missing | add to `with` the one that says what to check"
        );
        assert_eq!(
            refused("assert", "{json: f, file: g, equals: 1}"),
            "`json` cannot stand beside `file` | keep the one that says what to check; write a step for each if it is both"
        );
        assert_eq!(refused("assert", "json: f"), "`equals` is missing | add `equals: …` to `with`");
        assert_eq!(
            refused("assert", "{file: f, path: /a, equals: 1}"),
            "`path` cannot stand beside `file` | for a value in a JSON file write `json: …` instead of `file: …`"
        );
        assert_eq!(
            refused("assert", "{json: f, lines: 1, equals: 1}"),
            "`lines` cannot stand beside `json` | for the text of a file write `file: …` instead of `json: …`"
        );
        assert_eq!(
            refused("assert", "{file: f, exists: false, lines: 1}"),
            "a file that must not exist cannot be checked by `lines` | remove one of the two"
        );
        assert_eq!(
            refused("assert", "{file: f, equals: [a]}"),
            "a file is compared with a text, but this is a list or a mapping | for a value in a JSON file write `json: …` instead of `file: …`"
        );
        assert!(refused("assert", "{that: true, contains: x}").starts_with("`contains` cannot stand beside `that`"));
        assert!(refused("assert", "that: vars.x > 3").contains("is neither `true` nor `false`"));
    }
}
