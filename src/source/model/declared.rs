//! Things that are declared by their names alone, or with more said of each: locks and queues.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::names::Name;
use crate::base::span::{Span, Spanned};
use crate::source::read::{Field, KeyRule, List, Merge, Read, Reader, bad_value, duplicate_name};
use crate::source::tree::NodeId;

/// What can be said of one of them.
pub trait Declaration: Read + Default + Clone + JsonSchema {
    /// The names alone, for messages.
    const LIST: &'static str;

    /// Examples of both forms.
    fn examples() -> Value;
}

/// All of them, in the order of the file; what is not said of one is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared<D>(pub Vec<(Spanned<String>, D)>);

impl<D> Merge for Declared<D> {}

impl<D: Declaration> Read for Declared<D> {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.items(node).is_some() {
            return read_names(node, reader);
        }
        let mut declared = Self(Vec::new());
        let help = reader.scalar(node).map(|(name, _)| format!("write `[{name}]`"));
        for entry in reader.entries(node, D::LIST, help.as_deref())? {
            refuse(&entry.key, reader);
            let more: Field<D> = Field::read_from(entry.value, reader);
            declared.0.push((entry.key.clone(), more.value().cloned().unwrap_or_default()));
        }
        Some(declared)
    }
}

fn read_names<D: Default>(node: NodeId, reader: &mut Reader<'_>) -> Option<Declared<D>> {
    let mut declared = Declared(Vec::new());
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in List::<String>::read(node, reader)?.0 {
        if let Some(first) = seen.insert(name.value.clone(), name.span) {
            reader.report(duplicate_name(&name, first));
            continue;
        }
        refuse(&name, reader);
        declared.0.push((name, D::default()));
    }
    Some(declared)
}

/// Reports what cannot be a name.
fn refuse(name: &Spanned<String>, reader: &mut Reader<'_>) {
    if let Some(why) = Name::refuse(&name.value) {
        reader.report(bad_value(name.span, &why, None));
    }
}

impl<D: Declaration> JsonSchema for Declared<D> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Declared_{}", D::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let more = generator.subschema_for::<D>();
        json_schema!({
            "anyOf": [
                { "type": "array", "items": { "type": "string", "pattern": Name::PATTERN }, "uniqueItems": true },
                { "type": "object", "propertyNames": { "pattern": Name::PATTERN }, "additionalProperties": { "anyOf": [more, { "type": "null" }] } }
            ],
            "examples": D::examples()
        })
    }
}
