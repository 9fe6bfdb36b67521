//! `lock` and `semaphore`: what is held while a process or a step runs.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalars::words;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::read::{Field, Merge, Read, Reader, Scalar, Tmpl, merge_by_name};
use crate::source::tree::NodeId;

words! {
    /// How a lock is held.
    Mode as "a lock mode" {
        /// By one holder.
        #[default]
        Exclusive = "exclusive",
        /// Together with others that hold it shared.
        Shared = "shared",
    }
}

/// One lock or semaphore that is asked for, and how much of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount<T> {
    /// Its name.
    pub target: Spanned<Tmpl<String>>,
    /// Mode or number of permits; `Absent` is the default, `Null` takes an inherited one away.
    pub amount: Field<Tmpl<T>>,
    /// Whether the amount was null.
    pub removed: bool,
}

/// The locks of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockRequest(pub Vec<Amount<Mode>>);

/// The permits of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SemaphoreRequest(pub Vec<Amount<u32>>);

fn read_amounts<T: Scalar>(node: NodeId, reader: &mut Reader<'_>, expected: &str) -> Option<Vec<Amount<T>>> {
    let plain = |target: Tmpl<String>, span| Amount { target: Spanned::new(target, span), amount: Field::Absent, removed: false };
    let span = reader.document.span(node);
    if let Some(items) = reader.items(node) {
        let mut amounts: Vec<Amount<T>> = Vec::new();
        let mut seen: HashMap<String, Span> = HashMap::new();
        for item in items {
            let span = reader.document.span(*item);
            let Some(name) = Tmpl::<String>::read(*item, reader) else { continue };
            if let Some(first) = seen.insert(name.text().to_owned(), span) {
                reader.report(
                    Diagnostic::error("lock-twice", span, "the same name stands twice in one request")
                        .main_label("again here")
                        .label(first, "first here")
                        .help("name each lock once; for several permits of a semaphore write `{name: 2}`"),
                );
                continue;
            }
            amounts.push(plain(name, span));
        }
        return Some(amounts);
    }
    if reader.scalar(node).is_some() {
        return Tmpl::read(node, reader).map(|name| vec![plain(name, span)]);
    }
    let mut amounts = Vec::new();
    for entry in reader.entries(node, expected, None)? {
        let target = Spanned::new(Tmpl::Known(entry.key.value.clone()), entry.key.span);
        let amount = Field::read_from(entry.value, reader);
        amounts.push(Amount { target, removed: matches!(amount, Field::Null(_)), amount });
    }
    Some(amounts)
}

fn merge_amounts<T>(mut base: Vec<Amount<T>>, over: Vec<Amount<T>>) -> Vec<Amount<T>> {
    merge_by_name(
        &mut base,
        over,
        |amount| amount.target.value.text(),
        |inherited, amount| {
            // Taken away; a null that takes nothing away stays, and is refused.
            let taken = amount.removed && !inherited.removed;
            *inherited = amount;
            if taken {
                inherited.amount = Field::Absent;
            }
        },
    );
    base.retain(|amount| !amount.removed || amount.amount.is_given());
    base
}

impl Read for LockRequest {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        read_amounts(node, reader, "a lock, a list of locks, or a mapping such as `{table: shared}`").map(Self)
    }
}

impl Merge for LockRequest {
    fn merge(self, over: Self) -> Self {
        Self(merge_amounts(self.0, over.0))
    }
}

impl Read for SemaphoreRequest {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        read_amounts(node, reader, "a semaphore, a list of them, or a mapping such as `{gpu: 2}`").map(Self)
    }
}

impl Merge for SemaphoreRequest {
    fn merge(self, over: Self) -> Self {
        Self(merge_amounts(self.0, over.0))
    }
}

/// The schema of a request whose amounts have the given schema.
fn request_schema(amount: Schema, examples: serde_json::Value) -> Schema {
    json_schema!({
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
            { "type": "object", "additionalProperties": { "anyOf": [amount, { "type": "null" }] } }
        ],
        "examples": examples
    })
}

impl JsonSchema for LockRequest {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LockRequest".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        request_schema(Tmpl::<Mode>::json_schema(generator), serde_json::json!(["db", ["db", "audit"], { "table": "shared" }]))
    }
}

impl JsonSchema for SemaphoreRequest {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SemaphoreRequest".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let amount = Tmpl::<u32>::json_schema(generator);
        request_schema(amount, serde_json::json!(["ktv", { "gpu": 2 }]))
    }
}
