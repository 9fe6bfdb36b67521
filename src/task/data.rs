//! JSON for the tasks `json` and `assert`: pointers, values written in YAML, and files.
//!
//! A value in YAML is typed as YAML 1.2's core schema does. Numbers are whole numbers of 64 bits or
//! floating point; what fits neither is an error in a workflow, and rounded in a file.

use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Number, Value};

use super::{TaskError, files};
use crate::base::diagnostic::Diagnostic;
use crate::source::read::{Merge, Read, Reader, Scalar, bad_value};
use crate::source::tree::{Kind, NodeId, Style, is_null};

/// Deepest value in a workflow; aliases may nest deeper than the text does. JSON files have the same limit.
const MAX_DEPTH: usize = 100;

/// A JSON pointer (RFC 6901), split at its slashes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pointer(Vec<String>);

impl Scalar for Pointer {
    const EXPECTED: &'static str = "a JSON pointer such as `/a/b/0`";
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Some(rest) = text.strip_prefix('/') else {
            let keys = text.trim_start_matches('$').replace(['.', '['], "/").replace(']', "");
            return Err(format!("`{text}` is not a JSON pointer; write `/{}`", keys.trim_start_matches('/')));
        };
        rest.split('/')
            .map(|token| {
                unescape(token).ok_or_else(|| format!("`{text}` is not a JSON pointer; in a key write `~` as `~0` and `/` as `~1`"))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/([^~/]|~[01])*)*$", "examples": ["/tickets/left", "/list/0"] })
    }
}

/// A part of a pointer without its escapes; `None` when a `~` stands alone.
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut key = parts.next()?.to_owned();
    for part in parts {
        key.push(if part.starts_with('0') { '~' } else { '/' });
        key.push_str(part.strip_prefix(['0', '1'])?);
    }
    Some(key)
}

impl Pointer {
    /// Whether it means the whole document.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Its first `depth` parts for people.
    fn upto(&self, depth: usize) -> String {
        if depth == 0 {
            return "the top".to_owned();
        }
        let escaped = self.0.iter().take(depth).map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")));
        format!("`{}`", escaped.collect::<String>())
    }

    /// All of it for people.
    pub(super) fn shown(&self) -> String {
        self.upto(self.0.len())
    }

    /// The value that it leads to.
    ///
    /// # Errors
    /// Where the way ends, and what there is instead.
    pub(super) fn find<'v>(&self, document: &'v Value) -> Result<&'v Value, String> {
        let mut here = document;
        for (depth, key) in self.0.iter().enumerate() {
            let next = match here {
                Value::Object(map) => map.get(key),
                Value::Array(list) => index(key).and_then(|index| list.get(index)),
                _ => None,
            };
            here = next.ok_or_else(|| format!("there is no {}: {}", self.upto(depth + 1), self.dead_end(depth, here)))?;
        }
        Ok(here)
    }

    /// The value that it leads to, with all that leads to it made where it is missing; and whether the
    /// value itself is new, which makes it null.
    ///
    /// # Errors
    /// Where the way is blocked.
    pub(super) fn make<'v>(&self, document: &'v mut Value) -> Result<(&'v mut Value, bool), String> {
        let mut here = document;
        let mut new = false;
        for (depth, key) in self.0.iter().enumerate() {
            let next = match self.0.get(depth + 1).map(String::as_str) {
                None => Value::Null,
                Some("-") => Value::Array(Vec::new()),
                Some(_) => Value::Object(Map::new()),
            };
            let passable = match &*here {
                Value::Object(_) => true,
                Value::Array(list) => key == "-" || index(key).is_some_and(|index| index < list.len()),
                _ => false,
            };
            if !passable {
                return Err(format!("there can be no {}: {}", self.upto(depth + 1), self.dead_end(depth, here)));
            }
            here = match here {
                Value::Object(map) => {
                    new = !map.contains_key(key);
                    map.entry(key.clone()).or_insert(next)
                }
                Value::Array(list) => {
                    new = key == "-";
                    let place = index(key).unwrap_or(list.len());
                    if new {
                        list.push(next);
                    }
                    &mut list[place]
                }
                other => other,
            };
        }
        Ok((here, new))
    }

    /// What stands where the way ends.
    fn dead_end(&self, depth: usize, here: &Value) -> String {
        let at = self.upto(depth);
        match here {
            Value::Object(map) if map.is_empty() => format!("{at} is an empty object"),
            Value::Object(map) => {
                let keys: Vec<&str> = map.keys().map(String::as_str).collect();
                format!("{at} has the keys {}", shorten(&keys.join(", ")))
            }
            Value::Array(list) => format!("{at} is a list of {}", list.len()),
            other => format!("{at} is {}", shown(other)),
        }
    }
}

/// The position that a part of a pointer means in a list.
fn index(key: &str) -> Option<usize> {
    let digits = key.bytes().all(|b| b.is_ascii_digit()) && (key == "0" || !key.starts_with('0'));
    key.parse().ok().filter(|_| digits)
}

/// A number.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyNumber(pub(super) Number);

impl Scalar for AnyNumber {
    const EXPECTED: &'static str = "a number";
    const PLAIN_ONLY: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        match number(text) {
            Some(number) => number.map(Self),
            None => Err(format!("`{text}` is not a number; write a number, as in `1`, `-1` or `0.5`")),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// A plain text as a number, if YAML 1.2 takes it for one; an error when JSON cannot hold it.
fn number(text: &str) -> Option<Result<Number, String>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |part: &str, is: fn(&char) -> bool| !part.is_empty() && part.chars().all(|c| is(&c));
    let too_large = || Err(format!("`{text}` does not fit in 64 bits; quote it to keep it as a text"));
    let whole = |digits: &str, radix| i128::from_str_radix(digits, radix).ok().and_then(Number::from_i128).map_or_else(too_large, Ok);
    if all(unsigned, char::is_ascii_digit) {
        return Some(whole(text, 10));
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| all(digits, char::is_ascii_hexdigit)) {
        return Some(whole(digits, 16));
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| all(digits, |c| matches!(c, '0'..='7'))) {
        return Some(whole(digits, 8));
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(format!("JSON has no `{text}`; quote it to keep it as a text")));
    }
    // What is left of numbers is what Rust takes for one too, but for its words.
    let shape = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.chars().all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
    let value: f64 = text.parse().ok().filter(|_| shape)?;
    Some(Number::from_f64(value).map_or_else(too_large, Ok))
}

/// A plain text as YAML 1.2's core schema types it.
fn plain(text: &str) -> Result<Value, String> {
    if is_null(text) {
        return Ok(Value::Null);
    }
    match text {
        "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
        _ => number(text).map_or_else(|| Ok(Value::String(text.to_owned())), |number| number.map(Value::Number)),
    }
}

/// Any value, as JSON and, for a single one, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Typed.
    pub(super) json: Value,
    /// As it was written or rendered; `None` for lists and mappings.
    pub(super) text: Option<String>,
}

impl Merge for Data {}

impl Read for Data {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        convert(node, reader, 0)
    }
}

impl JsonSchema for Data {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnyValue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// A node as JSON; of what is wrong, everything is recorded.
fn convert(node: NodeId, reader: &mut Reader<'_>, depth: usize) -> Option<Data> {
    let span = reader.document.span(node);
    if depth > MAX_DEPTH {
        reader.report(
            Diagnostic::error("too-large", span, format!("this value is nested more than {MAX_DEPTH} deep"))
                .help("look for an alias in a list of aliases"),
        );
        return None;
    }
    if reader.document.is_null(node) {
        return Some(Data { json: Value::Null, text: Some(String::new()) });
    }
    match reader.document.node(node).kind {
        Kind::Scalar { .. } => {
            let (text, style) = reader.scalar(node)?;
            convert_scalar(text, style, span, reader)
        }
        Kind::List(_) => {
            let items = reader.items(node)?;
            let mut list = Vec::new();
            let mut whole = true;
            for item in items {
                let converted = convert(*item, reader, depth + 1);
                whole &= converted.is_some();
                list.extend(converted.map(|data| data.json));
            }
            whole.then_some(Data { json: Value::Array(list), text: None })
        }
        Kind::Map(_) => {
            let entries = reader.entries(node, "a value", None)?;
            let mut map = Map::new();
            let mut whole = true;
            for entry in entries {
                let converted = convert(entry.value, reader, depth + 1);
                whole &= converted.is_some();
                map.extend(converted.map(|data| (entry.key.value.clone(), data.json)));
            }
            whole.then_some(Data { json: Value::Object(map), text: None })
        }
    }
}

fn convert_scalar(text: &str, style: Style, span: crate::base::span::Span, reader: &mut Reader<'_>) -> Option<Data> {
    let (typed, rendered) = match (text.contains("${{"), reader.render) {
        (false, _) => (style == Style::Plain, None),
        // It stays unknown until somebody evaluates expressions.
        (true, None) => return None,
        (true, Some(render)) => match render.render(text, span) {
            Ok(rendered) => (rendered.typed, Some(rendered.text)),
            Err(found) => {
                found.into_iter().for_each(|found| reader.report(found));
                return None;
            }
        },
    };
    let text = rendered.as_deref().unwrap_or(text);
    let json = if typed { plain(text) } else { Ok(Value::String(text.to_owned())) };
    match json {
        Ok(json) => Some(Data { json, text: Some(text.to_owned()) }),
        Err(why) => {
            reader.report(bad_value(span, &why, rendered.as_deref()));
            None
        }
    }
}

/// Whether two values are the same in JSON: the order of keys does not count, and 1 is 1.0.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

/// A JSON file's value, with its text; `None` when there is no file.
///
/// # Errors
/// It cannot be read, or is not JSON, with the place.
pub(super) fn load(path: &Path, shown: &str) -> Result<Option<(Value, String)>, TaskError> {
    let Some(bytes) = files::read(path, shown)? else { return Ok(None) };
    let bad = |why: String| TaskError::failed(format!("cannot read `{shown}`: {why}"));
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(bad("it is empty, which is not JSON; `{}` is an empty document".to_owned()));
    }
    let value = serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let why = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        bad(format!("line {line}, column {column} is not JSON: {why}"))
    })?;
    Ok(Some((value, String::from_utf8_lossy(&bytes).into_owned())))
}

/// A value for a message.
pub(super) fn shown(value: &Value) -> String {
    shorten(&value.to_string())
}

/// A text for a message: in backquotes, line breaks as `\n`, and not too long.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 120;
    let escaped = |text: &str| text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t").replace('\x1b', "\\e");
    match text.char_indices().nth(MOST) {
        None => format!("`{}`", escaped(text)),
        Some((end, _)) => format!("`{}…` ({} characters)", escaped(&text[..end]), text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_texts_are_typed_as_in_yaml_1_2() {
        for (text, value) in [
            ("1", json!(1)),
            ("-1", json!(-1)),
            ("+7", json!(7)),
            ("010", json!(10)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            ("-1e3", json!(-1000.0)),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("~", json!(null)),
            ("", json!(null)),
            ("yes", json!("yes")),
            ("1.2.3", json!("1.2.3")),
            ("1-2", json!("1-2")),
            ("12:30", json!("12:30")),
            ("0x", json!("0x")),
            ("inf", json!("inf")),
            ("nan", json!("nan")),
            ("-", json!("-")),
            (".", json!(".")),
            ("e5", json!("e5")),
            ("1_000", json!("1_000")),
        ] {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
        for text in ["18446744073709551616", "-9223372036854775809", "1e999", ".inf", "-.INF", ".nan", "0xFFFFFFFFFFFFFFFFFF"] {
            assert!(plain(text).unwrap_err().contains("; quote it"), "{text}");
        }
    }

    #[test]
    fn pointers_are_read_and_followed() {
        let document = json!({"a": {"b": [10, {"c": "x"}]}, "": 1, "x/y": 2, "m~n": 3, "~1": 4});
        for (pointer, value) in [
            ("/a/b/0", json!(10)),
            ("/a/b/1/c", json!("x")),
            ("/", json!(1)),
            ("/x~1y", json!(2)),
            ("/m~0n", json!(3)),
            ("/~01", json!(4)),
            ("", document.clone()),
        ] {
            let pointer = Pointer::parse(pointer).unwrap();
            assert_eq!(pointer.find(&document), Ok(&value), "{}", pointer.shown());
        }
        for (pointer, why) in [
            ("/b", "there is no `/b`: the top has the keys `a, , x/y, m~n, ~1`"),
            ("/a/b/2", "there is no `/a/b/2`: `/a/b` is a list of 2"),
            ("/a/b/00", "there is no `/a/b/00`: `/a/b` is a list of 2"),
            ("/a/b/-", "there is no `/a/b/-`: `/a/b` is a list of 2"),
            ("/a/b/0/x/y", "there is no `/a/b/0/x`: `/a/b/0` is `10`"),
        ] {
            assert_eq!(Pointer::parse(pointer).unwrap().find(&document), Err(why.to_owned()));
        }
    }

    #[test]
    fn other_notations_are_told_the_right_one() {
        for (text, form) in [("a/b", "/a/b"), ("a.b[0].c", "/a/b/0/c"), ("$.a.b", "/a/b"), (".a", "/a")] {
            assert_eq!(Pointer::parse(text), Err(format!("`{text}` is not a JSON pointer; write `{form}`")));
        }
        assert!(Pointer::parse("/a~b").is_err() && Pointer::parse("/a~").is_err() && Pointer::parse("/~2").is_err());
    }

    #[test]
    fn numbers_of_both_kinds_are_compared_by_value() {
        assert!(same(&json!({"a": [1, 2.0], "b": null}), &json!({"b": null, "a": [1.0, 2]})));
        assert!(!same(&json!(1), &json!("1")));
        assert!(!same(&json!([1]), &json!([1, 1])));
        assert!(!same(&json!({"a": null}), &json!({"b": null})));
        assert!(!same(&json!(u64::MAX), &json!(u64::MAX - 1)));
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shorten("a\nb"), "`a\\nb`");
        let long = shorten(&"ä".repeat(200));
        assert!(long.ends_with("ä…` (200 characters)") && long.chars().count() < 150);
    }
}
