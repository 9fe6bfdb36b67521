//! The value of a key, which may be absent, null or unreadable.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Merge, Read, Reader, Tmpl};
use crate::base::span::{Span, Spanned};
use crate::source::tree::NodeId;

/// The value of a key that may be absent, or null to take an inherited value away.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Field<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there without a value.
    Null(Span),
    /// The key is there with a value that could not be read; why is recorded.
    Broken(Span),
    /// The key has a value.
    Set(Spanned<T>),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }
    /// The plain value, if there is one.
    pub fn value(&self) -> Option<&T> {
        self.get().map(|spanned| &spanned.value)
    }
    /// Where the value stands, if there is one.
    pub fn span(&self) -> Option<Span> {
        self.get().map(|spanned| spanned.span)
    }
    /// Whether there is a value.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }
    /// Whether the key is there but could not be read.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
    /// Whether the key is there, with a value or null.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Reads a key's value; null stays null.
    pub fn read_from(node: NodeId, reader: &mut Reader<'_>) -> Self
    where
        T: Read,
    {
        let span = reader.document.span(node);
        if reader.document.is_refused(node) {
            return Self::Broken(span);
        }
        if reader.document.is_null(node) {
            return Self::Null(span);
        }
        T::read(node, reader).map_or(Self::Broken(span), |value| Self::Set(Spanned::new(value, span)))
    }
}

impl<T: Merge> Merge for Field<T> {
    fn merge(self, over: Self) -> Self {
        match (self, over) {
            (base, Self::Absent) => base,
            (Self::Set(base), Self::Set(over)) => Self::Set(Spanned::new(base.value.merge(over.value), over.span)),
            (_, over) => over,
        }
    }
}

/// A key's schema is its value's.
impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Clone> Field<Tmpl<T>> {
    /// The value, if there is one and it is not an expression: for readers that evaluate expressions.
    pub fn known(&self) -> Option<T> {
        match self.value() {
            Some(Tmpl::Known(value)) => Some(value.clone()),
            _ => None,
        }
    }
}
