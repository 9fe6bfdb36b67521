//! Settings that can be written in full, or as the one value that says most: always kept in full.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{Field, Merge, Read, Reader, Scalar, Tmpl};
use crate::base::span::Spanned;
use crate::source::tree::NodeId;

/// A setting with a short form.
pub trait Shorthand: Read + Merge + JsonSchema {
    /// What the short form is.
    type Short: Scalar;
    /// The short form as it is written, for forms that are offered.
    const SHORT: &'static str = "…";

    /// The full form of the short one.
    fn in_full(short: Field<Tmpl<Self::Short>>) -> Self;
    /// Examples of both forms.
    fn examples() -> Value;
    /// The schema of the short form.
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        Tmpl::<Self::Short>::json_schema(generator)
    }
}

/// A setting in full, read from either form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Full<S>(pub S);

impl<S: Shorthand> Merge for Full<S> {
    fn merge(self, over: Self) -> Self {
        Self(self.0.merge(over.0))
    }
}

impl<S: Shorthand> Read for Full<S> {
    const SAMPLE: &'static str = S::SHORT;
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            return Some(Self(S::in_full(Field::Set(Spanned::new(Tmpl::read(node, reader)?, span)))));
        }
        S::read(node, reader).map(Self)
    }
}

impl<S: Shorthand> JsonSchema for Full<S> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Full_{}", S::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = S::short_schema(generator);
        let full = generator.subschema_for::<S>();
        json_schema!({ "anyOf": [short, full], "examples": S::examples() })
    }
}
