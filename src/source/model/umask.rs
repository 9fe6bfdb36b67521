//! `umask`: the permissions that new files do not get.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::source::read::{Merge, Read, Reader, Scalar, Tmpl, bad_value};
use crate::source::tree::{NodeId, Style};

/// Permission bits, at most 0o777.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(pub u32);

impl Scalar for Bits {
    const EXPECTED: &'static str = "a file mask in quotes such as `\"022\"`";
    const HELP: Option<&'static str> = Some("write octal digits in quotes, as in `umask: \"022\"`");
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a file mask cannot be empty; write octal digits in quotes, as in `\"022\"`".to_owned());
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{text}` is not a file mask; write octal digits in quotes, as in `\"022\"`"));
        }
        match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o777 && text.len() <= 4 => Ok(Self(bits)),
            _ if text.bytes().any(|b| b > b'7') => {
                Err(format!("`{text}` is not an octal number; write digits from 0 to 7, as in `\"022\"`"))
            }
            _ => Err(format!("`{text}` is more than a file mask can be; write at most `\"777\"`, as in `\"022\"`")),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "pattern": "^0?[0-7]{1,3}$", "examples": ["022", "077"] })
    }
}

/// A mask that must stand in quotes: readers of YAML do not agree on what `022` is.
#[derive(Clone, Debug, PartialEq)]
pub struct Umask(pub Tmpl<Bits>);

impl Merge for Umask {}

impl Read for Umask {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some((text, Style::Plain)) = reader.scalar(node)
            && text.starts_with(|c: char| c.is_ascii_digit())
            && let Ok(Bits(bits)) = Bits::parse(text.trim_start_matches("0o"))
        {
            let span = reader.document.span(node);
            reader.report(bad_value(span, &format!("octal digits must stand in quotes; write `\"{bits:03o}\"`"), None));
            return None;
        }
        Tmpl::read(node, reader).map(Self)
    }
}

impl JsonSchema for Umask {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Umask".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Tmpl::<Bits>::json_schema(generator)
    }
}
