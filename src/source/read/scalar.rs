//! Values that one scalar stands for, now or when its expressions are evaluated.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Merge, Read, Reader};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::hints;
use crate::source::tree::{NodeId, Style};

/// A type that one scalar stands for.
pub trait Scalar: Sized + Clone {
    /// What to write, as in "expected {EXPECTED}".
    const EXPECTED: &'static str;
    /// Whether it must stand without quotes: numbers, `true` and `false`.
    const PLAIN_ONLY: bool = false;
    /// What to write where a list or a mapping stands.
    const HELP: Option<&'static str> = None;
    /// The value of a text.
    ///
    /// # Errors
    /// Why the text has no value, and the right form.
    fn parse(text: &str) -> Result<Self, String>;
    /// The schema of what may be written.
    fn schema() -> Schema;
}

/// A scalar that is known, or whose expressions wait to be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub enum Tmpl<T> {
    /// Without expressions.
    Known(T),
    /// The text, with `${{` in it.
    Expression(String),
}

impl<T> Merge for Tmpl<T> {}

impl Tmpl<String> {
    /// The text as it was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Known(text) | Self::Expression(text) => text,
        }
    }
}

impl<T: Scalar> Read for Tmpl<T> {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let Some((text, style)) = reader.scalar(node) else {
            reader.wrong_type(node, T::EXPECTED, T::HELP);
            return None;
        };
        let span = reader.document.span(node);
        let has_expression = text.contains("${{");
        let rendered;
        let text = match (has_expression, reader.render) {
            (true, None) => return Some(Self::Expression(text.to_owned())),
            (true, Some(render)) => match render.render(text, span) {
                Ok(done) if done.late => return Some(Self::Expression(done.text)),
                Ok(done) => {
                    rendered = done.text;
                    &rendered
                }
                Err(found) => {
                    found.into_iter().for_each(|found| reader.report(found));
                    return None;
                }
            },
            (false, _) => text,
        };
        if T::PLAIN_ONLY && style != Style::Plain && !has_expression {
            reader.wrong_type(node, T::EXPECTED, Some("remove the quotes"));
            return None;
        }
        match T::parse(text) {
            Ok(value) => Some(Self::Known(value)),
            Err(why) => {
                reader.report(bad_value(span, &why, has_expression.then_some(text)));
                None
            }
        }
    }
}

/// A scalar that does not parse; `rendered` is what its expression gave.
pub fn bad_value(span: Span, why: &str, rendered: Option<&str>) -> Diagnostic {
    let (message, help) = why.split_once("; ").map_or((why, None), |(message, help)| (message, Some(help.to_owned())));
    let message = match rendered {
        Some(text) => format!("the expression gives `{text}`: {message}"),
        None => message.to_owned(),
    };
    Diagnostic::error("bad-value", span, message).maybe_help(help)
}

impl<T: Scalar> JsonSchema for Tmpl<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let schema = T::schema();
        let takes_any_text = schema.get("type").and_then(|kind| kind.as_array()).is_some();
        if takes_any_text {
            return schema;
        }
        // What an editor says of a text that is neither a value nor an expression.
        let words = schema.get("enum").and_then(|words| words.as_array()).into_iter().flatten().filter_map(|word| word.as_str());
        let words: Vec<&str> = words.collect();
        let told = if words.is_empty() { T::EXPECTED.to_owned() } else { format!("one of {}", hints::list(&words)) };
        let expression = json_schema!({
            "type": "string",
            "pattern": "\\$\\{\\{.*\\}\\}",
            "patternErrorMessage": format!("Expected {told}.")
        });
        json_schema!({ "anyOf": [schema, expression] })
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a text";
    const HELP: Option<&'static str> = Some("write one text: a list or a mapping cannot stand here");
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('\0') { Err("a text cannot contain a NUL character; remove the `\\0`".to_owned()) } else { Ok(text.to_owned()) }
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl Scalar for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const PLAIN_ONLY: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            "yes" | "on" | "Yes" | "On" => Err(format!("`{text}` is a text in YAML 1.2; write `true`")),
            "no" | "off" | "No" | "Off" => Err(format!("`{text}` is a text in YAML 1.2; write `false`")),
            _ => Err(format!("`{text}` is neither `true` nor `false`; write one of the two without quotes")),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

impl Scalar for u32 {
    const EXPECTED: &'static str = "a whole number";
    const PLAIN_ONLY: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(number),
            Err(_) if digits => Err(format!("`{text}` is too large; the largest number here is {}", u32::MAX)),
            _ => Err(format!("`{text}` is not a whole number; write digits only, as in `3`")),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// A scalar with expressions is never read as the type itself; a name or a description has none.
impl Read for String {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let Some((text, _)) = reader.scalar(node) else {
            reader.wrong_type(node, <Self as Scalar>::EXPECTED, None);
            return None;
        };
        if text.contains("${{") && reader.render.is_none() {
            let span = reader.document.span(node);
            reader.report(
                Diagnostic::error("expression-not-here", span, "an expression cannot stand here")
                    .help("names and descriptions are plain text; expressions may stand in the values of a process and in `vars`"),
            );
            return None;
        }
        Some(text.to_owned())
    }
}
impl Merge for String {}
