//! `queues`, and `for_each`: a process that runs once for each item of one.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::names::Name;
use crate::base::span::{Span, Spanned};
use crate::mapping;
use crate::source::read::{Field, KeyRule, List, Merge, Read, Reader, Tmpl, bad_value, duplicate_name};
use crate::source::tree::NodeId;

mapping! {
    /// A queue in full.
    pub struct QueueSpec as "a queue" {
        /// The most items that wait in it; a producer that has more is held back. Default unbounded.
        maxsize: Tmpl<u32>,
        /// How often an item whose consumer failed is delivered in all, before it is set aside; default 3.
        max_deliveries: Tmpl<u32>,
    }
}

/// The declared queues; what is not said of one is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queues(pub Vec<(Spanned<String>, QueueSpec)>);

impl Merge for Queues {}

impl Read for Queues {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.items(node).is_some() {
            return read_names(node, reader);
        }
        let help = reader.scalar(node).map(|(name, _)| format!("write `[{name}]`"));
        let mut queues = Self::default();
        for entry in reader.entries(node, "a list of names such as `[orders, replies]`", help.as_deref())? {
            refuse(&entry.key, reader);
            let spec: Field<QueueSpec> = Field::read_from(entry.value, reader);
            queues.0.push((entry.key.clone(), spec.value().cloned().unwrap_or_default()));
        }
        Some(queues)
    }
}

fn read_names(node: NodeId, reader: &mut Reader<'_>) -> Option<Queues> {
    let mut queues = Queues::default();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in List::<String>::read(node, reader)?.0 {
        if let Some(first) = seen.insert(name.value.clone(), name.span) {
            reader.report(duplicate_name(&name, first));
            continue;
        }
        refuse(&name, reader);
        queues.0.push((name, QueueSpec::default()));
    }
    Some(queues)
}

/// Reports what cannot be a name.
fn refuse(name: &Spanned<String>, reader: &mut Reader<'_>) {
    if let Some(why) = Name::refuse(&name.value) {
        reader.report(bad_value(name.span, &why, None));
    }
}

impl JsonSchema for Queues {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Queues".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<QueueSpec>();
        json_schema!({
            "anyOf": [
                { "type": "array", "items": { "type": "string", "pattern": Name::PATTERN }, "uniqueItems": true },
                { "type": "object", "propertyNames": { "pattern": Name::PATTERN }, "additionalProperties": { "anyOf": [full, { "type": "null" }] } }
            ],
            "examples": [["orders", "replies"], { "buns": { "maxsize": 3, "max_deliveries": 3 } }]
        })
    }
}

mapping! {
    /// `for_each` in full.
    pub struct ForEachSpec as "`for_each`" {
        /// The queue.
        queue: Tmpl<String>,
        /// How many items are worked at once, each by a worker of its own; default 1.
        workers: Tmpl<u32>,
    }
}

/// The name of a queue, or the full form; always kept in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForEach(pub ForEachSpec);

impl Merge for ForEach {
    fn merge(self, over: Self) -> Self {
        Self(self.0.merge(over.0))
    }
}

impl Read for ForEach {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            let queue = Field::Set(Spanned::new(Tmpl::read(node, reader)?, span));
            return Some(Self(ForEachSpec { queue, ..ForEachSpec::default() }));
        }
        ForEachSpec::read(node, reader).map(Self)
    }
}

impl JsonSchema for ForEach {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ForEach".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<ForEachSpec>();
        json_schema!({ "anyOf": [{ "type": "string" }, full], "examples": ["buns", { "queue": "buns", "workers": 3 }] })
    }
}
