//! `retries`: how often and when a failed process is tried again.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalars::{Period, words};
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::read::{Field, Merge, Read, Reader, Tmpl};
use crate::source::tree::NodeId;

words! {
    /// How the delay between attempts grows.
    Backoff as "a backoff" {
        /// Always the same.
        #[default]
        Constant = "constant",
        /// Once, twice, three times the delay.
        Linear = "linear",
        /// Doubled each time.
        Exponential = "exponential",
    }
}

mapping! {
    /// Retries in full.
    pub struct RetriesSpec as "`retries`" {
        /// How many attempts may follow the first.
        count: Tmpl<u32>,
        /// Time between the end of an attempt and the next; default none.
        delay: Tmpl<Period>,
        /// How the delay grows: `constant` (default), `linear` or `exponential`.
        backoff: Tmpl<Backoff>,
        /// The delay never grows beyond this.
        max_delay: Tmpl<Period>,
        /// `true` shortens each delay by a random part of up to a half, so that processes do not retry in step.
        jitter: Tmpl<bool>,
    }
}

/// A number of retries, or the full form; always kept in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retries(pub RetriesSpec);

impl Merge for Retries {
    fn merge(self, over: Self) -> Self {
        Self(self.0.merge(over.0))
    }
}

impl Read for Retries {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            let count = Field::Set(Spanned::new(Tmpl::read(node, reader)?, span));
            return Some(Self(RetriesSpec { count, ..RetriesSpec::default() }));
        }
        RetriesSpec::read(node, reader).map(Self)
    }
}

impl JsonSchema for Retries {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Retries".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = Tmpl::<u32>::json_schema(generator);
        let full = generator.subschema_for::<RetriesSpec>();
        json_schema!({ "anyOf": [number, full], "examples": [3, { "count": 3, "delay": "1s", "backoff": "exponential" }] })
    }
}
