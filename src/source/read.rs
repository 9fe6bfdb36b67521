//! Reading typed values from nodes: one trait, one place where findings are recorded.
//!
//! [`Read::read`] returns `None` after recording why; whoever called goes on with the next value. The
//! macro [`mapping!`](crate::mapping) makes a struct whose keys, schema and merging cannot drift apart.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::hints;
use super::tree::{Document, Entry, Kind, NodeId, Style};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::{Span, Spanned};

/// Turns the text of a scalar with expressions into its value; what `plan` lends a reader.
pub trait Render {
    /// The rendered text.
    ///
    /// # Errors
    /// A diagnostic for every expression that has no value, each at its place.
    fn render(&self, text: &str, span: Span) -> Result<Rendered, Vec<Diagnostic>>;
}

/// A text whose expressions have been evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Whether the whole of it was one expression, and its value a number, a boolean or nothing: no text.
    pub typed: bool,
}

/// A document being read, and what was found wrong in it.
pub struct Reader<'a> {
    /// The nodes.
    pub document: &'a Document,
    /// The findings so far.
    pub diagnostics: Vec<Diagnostic>,
    /// With this, expressions are evaluated as scalars are read; without, they stay for later.
    pub render: Option<&'a dyn Render>,
    visits_left: usize,
    room: [usize; 2],
}

/// Most errors, and most warnings, that one reader records: an honest file has fewer, and a few are shown.
pub const MAX_FINDINGS: usize = 1000;

impl<'a> Reader<'a> {
    /// A reader that leaves expressions as they are.
    pub fn new(document: &'a Document) -> Self {
        // Aliases may lead to the same node many times; honest files stay far below this.
        let visits_left = document.len().saturating_mul(4) + 1_000_000;
        Self { document, diagnostics: Vec::new(), render: None, visits_left, room: [MAX_FINDINGS; 2] }
    }

    /// Records a finding.
    pub fn report(&mut self, found: Diagnostic) {
        let room = &mut self.room[usize::from(found.severity == Severity::Warning)];
        if *room > 0 {
            *room -= 1;
            self.diagnostics.push(found);
        }
    }

    /// Whether another error would be recorded; without, none need be thought of.
    pub fn has_room(&self) -> bool {
        self.room[0] > 0
    }

    /// Records that a value has the wrong type and says what was expected.
    pub fn wrong_type(&mut self, node: NodeId, expected: &str, help: Option<&str>) {
        let span = self.document.span(node);
        let is = match &self.document.node(node).kind {
            Kind::Scalar { .. } if self.document.is_null(node) => "there is no value",
            Kind::Scalar { style: Style::Plain, .. } => "this is a single value",
            Kind::Scalar { .. } => "this is a quoted text",
            Kind::List(_) => "this is a list",
            Kind::Map(_) => "this is a mapping",
        };
        let found = Diagnostic::error("wrong-type", span, format!("expected {expected}, but {is}"));
        self.report(found.maybe_help(help.map(str::to_owned)));
    }

    /// The value of a key that must be there; records what is missing. `place` is what lacks the key.
    pub fn require<T: Clone>(&mut self, field: &Field<Tmpl<T>>, key: &str, place: Span) -> Option<T> {
        if let Field::Null(_) | Field::Absent = field
            && !self.reported_within(place)
        {
            self.report(Diagnostic::error("missing-key", place, format!("`{key}` is missing")).help(format!("add `{key}: …`")));
        }
        field.known()
    }

    /// Whether something inside `place` was reported already, so that a key is not also called missing.
    pub fn reported_within(&self, place: Span) -> bool {
        self.diagnostics.iter().rev().take(8).any(|found| found.span().start >= place.start && found.span().end <= place.end)
    }

    /// Counts a visit; false (and one finding) when aliases blow the document up.
    fn visit(&mut self, node: NodeId) -> bool {
        if self.visits_left == 0 {
            return false;
        }
        self.visits_left -= 1;
        if self.visits_left == 0 {
            let span = self.document.span(node);
            self.report(Diagnostic::error("too-large", span, "aliases make this document too large to read"));
        }
        self.visits_left > 0
    }

    /// The entries of a mapping, or a finding with the right form.
    pub fn entries(&mut self, node: NodeId, expected: &str, help: Option<&str>) -> Option<&'a [Entry]> {
        if !self.visit(node) {
            return None;
        }
        let document = self.document;
        if let Kind::Map(entries) = &document.node(node).kind {
            return Some(entries);
        }
        self.wrong_type(node, expected, help);
        None
    }

    /// The items of a list, if the node is one.
    pub fn items(&mut self, node: NodeId) -> Option<&'a [NodeId]> {
        if !self.visit(node) {
            return None;
        }
        let document = self.document;
        match &document.node(node).kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a scalar, if the node is one; null is not.
    pub fn scalar(&mut self, node: NodeId) -> Option<(&'a str, Style)> {
        if !self.visit(node) {
            return None;
        }
        let document = self.document;
        match &document.node(node).kind {
            Kind::Scalar { text, style } if !document.is_null(node) => Some((text, *style)),
            _ => None,
        }
    }

    /// The text of a scalar of any style and kind, for showing it in a help; not too long, in one line.
    fn short_text(&self, node: NodeId) -> Option<&'a str> {
        let document = self.document;
        match &document.node(node).kind {
            Kind::Scalar { text, .. } if text.len() <= 40 && !text.contains(char::is_control) => Some(text),
            _ => None,
        }
    }
}

/// A type that can be read from a node.
pub trait Read: Sized {
    /// A value as it is written, for forms that are offered.
    const SAMPLE: &'static str = "…";
    /// The value, or `None` after recording what is wrong.
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self>;
}

/// How a value from a template and one's own become one: replaced, unless a type says otherwise.
pub trait Merge: Sized {
    /// `over` laid over `self`.
    #[must_use]
    fn merge(self, over: Self) -> Self {
        over
    }
}

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
        json_schema!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{\\{.*\\}\\}" }] })
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a text";
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
                _ => reader.short_text(node).filter(|text| !text.is_empty()).map(|text| format!("write `[{text}]`")),
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
        // The form is thought of only where it will be shown.
        let form = || hints::mapping_form(node, V::SAMPLE, reader.document).unwrap_or_else(|| K::FORM.to_owned());
        let help = (!is_map).then(form);
        let entries = reader.entries(node, "a mapping", help.as_deref())?;
        let mut map = Self { entries: Vec::with_capacity(entries.len()), ..Self::default() };
        for entry in entries {
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

/// A struct read from a mapping with fixed keys.
pub trait Mapping: Default {
    /// Its keys, in the order of their documentation.
    const KEYS: &'static [&'static str];
    /// What it is called in messages.
    const WHAT: &'static str;
    /// Whether keys that begin with `x-` are ignored.
    const EXTENSIBLE: bool;
    /// Reads the value of one key; false when the key is unknown.
    fn set(&mut self, key: &str, value: NodeId, reader: &mut Reader<'_>) -> bool;
    /// Whether a known key was there.
    fn has(&self, key: &str) -> bool;

    /// Reads all entries.
    fn read_entries<'e>(entries: impl IntoIterator<Item = &'e Entry>, reader: &mut Reader<'_>) -> Self {
        let mut read = Self::default();
        for entry in entries {
            let key = &entry.key;
            if Self::EXTENSIBLE && key.value.starts_with("x-") {
                continue;
            }
            let (found, meant) = match hints::instead(key, entry.value, Self::WHAT, Self::KEYS, reader.document) {
                Some(instead) => instead,
                None if read.set(&key.value, entry.value, reader) || !reader.has_room() => continue,
                None => hints::unknown_key(key, Self::WHAT, Self::KEYS),
            };
            reader.report(found);
            // What was meant is read: its own mistakes are found in the same run, and nothing is called
            // missing or unknown because of this slip.
            if let Some(meant) = meant.filter(|meant| !read.has(meant)) {
                read.set(meant, entry.value, reader);
            }
        }
        read
    }
}

/// Makes a struct from one declaration: fields, keys, reading, merging, schema.
///
/// `mapping! { /// doc pub struct Stop as "`stop`" { /// doc grace: Tmpl<Span>, } }`; a field named
/// with `= "key"` has that key instead of its own name. `extensible` after the name ignores `x-` keys.
#[macro_export]
macro_rules! mapping {
    ($(#[$meta:meta])* pub struct $name:ident as $what:literal $(, $extensible:ident)? {
        $($(#[$field_meta:meta])* $field:ident $(= $key:literal)? : $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, schemars::JsonSchema)]
        #[schemars(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* $(#[schemars(rename = $key)])? pub $field: $crate::source::read::Field<$ty>,)*
        }

        impl $crate::source::read::Mapping for $name {
            const KEYS: &'static [&'static str] = &[$($crate::mapping!(@key $field $($key)?)),*];
            const WHAT: &'static str = $what;
            const EXTENSIBLE: bool = false $(|| $crate::mapping!(@flag $extensible))?;

            fn set(
                &mut self,
                key: &str,
                value: $crate::source::tree::NodeId,
                reader: &mut $crate::source::read::Reader<'_>,
            ) -> bool {
                $(if key == $crate::mapping!(@key $field $($key)?) {
                    self.$field = $crate::source::read::Field::read_from(value, reader);
                    return true;
                })*
                let _ = (key, value, reader);
                false
            }

            fn has(&self, key: &str) -> bool {
                $(if key == $crate::mapping!(@key $field $($key)?) {
                    return self.$field.is_given();
                })*
                let _ = key;
                false
            }
        }

        impl $crate::source::read::Read for $name {
            fn read(
                node: $crate::source::tree::NodeId,
                reader: &mut $crate::source::read::Reader<'_>,
            ) -> Option<Self> {
                use $crate::source::read::Mapping as _;
                let help = $crate::source::hints::form($what, node, reader.document);
                let entries = reader.entries(node, concat!("a mapping for ", $what), help.as_deref())?;
                Some(Self::read_entries(entries, reader))
            }
        }

        impl $crate::source::read::Merge for $name {
            fn merge(self, over: Self) -> Self {
                let _ = &over;
                Self { $($field: $crate::source::read::Merge::merge(self.$field, over.$field),)* }
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@flag extensible) => { true };
}

/// The finding for a name that is declared twice in one list.
pub fn duplicate_name(name: &Spanned<String>, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", name.span, format!("`{}` is declared a second time", name.value))
        .main_label("again here")
        .label(first, "first here")
        .help("keep one of the two, or give one another name")
}
