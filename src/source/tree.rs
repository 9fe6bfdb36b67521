//! A YAML document as a flat arena of nodes with byte spans.
//!
//! Scalars stay text: only the type that reads one decides what it means, so `no`, `1.20`, `010` and
//! `12:30` survive. An alias is the id of its target, so that a document of aliases to aliases takes no
//! more memory than its text.

use std::sync::Arc;

use crate::base::span::{Span, Spanned};

/// The place of a node in its [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

/// One value of the document.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands; for an alias, where its target stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The three kinds of YAML values.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Text, with or without quotes.
    Scalar {
        /// The text after YAML's own escapes.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A sequence.
    List(Vec<NodeId>),
    /// A mapping, in file order, without duplicates, merge keys already merged.
    Map(Vec<Entry>),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As an indented block after `|` or `>`.
    Block,
}

/// One key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: NodeId,
}

/// All nodes of one text.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The text that was read.
    pub text: Arc<str>,
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
    /// Comments, in order.
    pub(super) comments: Vec<Span>,
    /// Values that a finding refused, in order: they stand for nothing.
    pub(super) refused: Vec<NodeId>,
}

impl Document {
    /// The top value, unless the text is empty or unreadable.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Where a node stands.
    pub fn span(&self, id: NodeId) -> Span {
        self.node(id).span
    }

    /// Whether a finding has refused this value already, so that nothing more is said of it.
    pub fn is_refused(&self, id: NodeId) -> bool {
        self.refused.binary_search(&id).is_ok()
    }

    /// Whether a node is an empty or explicit null.
    pub fn is_null(&self, id: NodeId) -> bool {
        matches!(&self.node(id).kind, Kind::Scalar { text, style: Style::Plain } if is_null(text))
    }

    /// The first comment that begins on the line where `span` ends, after it.
    pub fn comment_after(&self, span: Span) -> Option<Span> {
        let next = self.comments.partition_point(|comment| comment.start < span.end);
        let comment = *self.comments.get(next)?;
        let between = self.text.get(span.end as usize..comment.start as usize)?;
        (!between.contains('\n')).then_some(comment)
    }
}

/// Whether plain text means null in YAML 1.2's core schema.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
