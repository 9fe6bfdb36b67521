//! Reading typed values from nodes: one trait, one place where findings are recorded.
//!
//! [`Read::read`] returns `None` after recording why; whoever called goes on with the next value. The
//! macro [`mapping!`](crate::mapping) makes a struct whose keys, schema and merging cannot drift apart.

mod collections;
mod field;
mod full;
mod mapping;
mod scalar;

use super::tree::{Document, Entry, Kind, NodeId, Style};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::Span;

pub use collections::{KeyRule, List, Map, OneOrMany, duplicate_name, merge_by_name};
pub use field::Field;
pub use full::{Full, Shorthand};
pub use mapping::Mapping;
pub use scalar::{Scalar, Tmpl, bad_value};

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
    /// Whether it has no value yet, because it reads what processes write while they run; `text` is its source.
    pub late: bool,
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
    /// What it is called in messages, where it has keys of its own.
    const CALLED: &'static str = "";
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
