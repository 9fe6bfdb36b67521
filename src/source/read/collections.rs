//! One or many, lists, and mappings with keys of the user's choice.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Field, Merge, Read, Reader, bad_value};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::hints;
use crate::source::tree::{Kind, NodeId};

/// One value, or a list of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OneOrMany<T>(pub Vec<Spanned<T>>);

impl<T> Merge for OneOrMany<T> {}

impl<T: Read> Read for OneOrMany<T> {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.items(node).is_some() {
            return List::read(node, reader).map(|list| Self(list.0));
        }
        let span = reader.document.span(node);
        if let Some(help) = hints::list_of_keys(node, reader.document) {
            reader.wrong_type(node, "a single value or a list of them", Some(&help));
            return None;
        }
        T::read(node, reader).map(|value| Self(vec![Spanned::new(value, span)]))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// A list of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List<T>(pub Vec<Spanned<T>>);

impl<T> Merge for List<T> {}

impl<T: Read> Read for List<T> {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(items) = reader.items(node) else {
            let help = match &reader.document.node(node).kind {
                Kind::Map(_) => Some("write a list: every entry begins with `- `".to_owned()),
                _ => reader
                    .short_text(node)
                    .filter(|text| !text.is_empty())
                    .map(|text| format!("write `[{}]`", hints::range(text).as_deref().unwrap_or(text))),
            };
            reader.wrong_type(node, "a list", help.as_deref());
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let span = reader.document.span(*item);
            if reader.document.is_refused(*item) {
                continue;
            }
            if let Some(value) = T::read(*item, reader) {
                values.push(Spanned::new(value, span));
            }
        }
        // A list of nothing but mistakes is not also an empty list.
        (!values.is_empty() || items.is_empty()).then_some(Self(values))
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("List_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": item })
    }
}

/// What the keys of a [`Map`] must look like.
pub trait KeyRule {
    /// Why a key is wrong, and the right form; `None` when it is right.
    fn refuse(key: &str) -> Option<String>;
    /// A regular expression for the same rule, for the schema.
    const PATTERN: &'static str;
    /// How an entry is written.
    const FORM: &'static str;
}

/// A mapping with keys of the user's choice, in file order.
#[derive(Clone, Debug)]
pub struct Map<K, V> {
    /// The entries.
    pub entries: Vec<(Spanned<String>, Field<V>)>,
    rule: std::marker::PhantomData<K>,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), rule: std::marker::PhantomData }
    }
}

impl<K, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K, V> Map<K, V> {
    /// The value of a key; for maps of a handful of entries.
    pub fn get(&self, key: &str) -> Option<&Field<V>> {
        self.entries.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }
}

impl<K, V: Merge> Merge for Map<K, V> {
    fn merge(mut self, over: Self) -> Self {
        merge_by_name(
            &mut self.entries,
            over.entries,
            |(name, _)| &name.value,
            |(place, inherited), (key, value)| {
                *inherited = std::mem::take(inherited).merge(value);
                *place = key;
            },
        );
        self
    }
}

/// Lays entries over entries: `combine` joins two of one name, others are added.
pub fn merge_by_name<T>(base: &mut Vec<T>, over: Vec<T>, name: impl Fn(&T) -> &str, combine: impl Fn(&mut T, T)) {
    // Looking through a handful is cheaper than building an index.
    if base.len().min(over.len()) <= 16 {
        let inherited = base.len();
        for entry in over {
            match base[..inherited].iter().position(|known| name(known) == name(&entry)) {
                Some(at) => combine(&mut base[at], entry),
                None => base.push(entry),
            }
        }
        return;
    }
    let places: HashMap<String, usize> = base.iter().enumerate().map(|(at, entry)| (name(entry).to_owned(), at)).collect();
    for entry in over {
        match places.get(name(&entry)) {
            Some(at) => combine(&mut base[*at], entry),
            None => base.push(entry),
        }
    }
}

impl<K: KeyRule, V: Read> Read for Map<K, V> {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let is_map = matches!(reader.document.node(node).kind, Kind::Map(_));
        let form = || hints::mapping_form(node, V::SAMPLE, reader.document).unwrap_or_else(|| K::FORM.to_owned());
        let help = (!is_map).then(form);
        let entries = reader.entries(node, "a mapping", help.as_deref())?;
        let mut map = Self { entries: Vec::with_capacity(entries.len()), ..Self::default() };
        // The entry above, if it has no value: its own keys may follow where they should stand below it.
        let mut empty_above: Option<usize> = None;
        for entry in entries {
            if let Some((name, value)) = empty_above.and_then(|at| map.entries.get_mut(at))
                && let Some(found) = hints::not_indented(entry, &name.value, V::CALLED, reader.document)
            {
                if !value.is_broken() {
                    reader.report(found);
                    *value = Field::Broken(name.span);
                }
                continue;
            }
            empty_above = reader.document.is_null(entry.value).then_some(map.entries.len());
            if let Some(why) = K::refuse(&entry.key.value) {
                reader.report(bad_value(entry.key.span, &why, None));
            }
            // A bad value leaves its key declared, so that whoever refers to it is not blamed.
            map.entries.push((entry.key.clone(), Field::read_from(entry.value, reader)));
        }
        Some(map)
    }
}

impl<K: KeyRule, V: JsonSchema> JsonSchema for Map<K, V> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Map_{}", V::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": K::PATTERN },
            "additionalProperties": value
        })
    }
}

/// The finding for a name that is declared twice in one list.
pub fn duplicate_name(name: &Spanned<String>, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", name.span, format!("`{}` is declared a second time", name.value))
        .main_label("again here")
        .label(first, "first here")
        .help("keep one of the two, or give one another name")
}
