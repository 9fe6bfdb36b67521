//! Text to [`Document`]: the only file that names the YAML crate.
//!
//! Turns parser events into an arena and checks what YAML leaves to its users: duplicate keys, tags,
//! keys that are not text, merge keys, aliases into themselves, several documents, depth and size. It
//! knows nothing of workflows. Everything but a syntax error is recorded and reading goes on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::syntax;
use super::tree::{Document, Entry, Kind, Node, NodeId, Style};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};

/// Deepest nesting of a document; workflows need less than ten.
const MAX_DEPTH: usize = 64;
/// Most entries that all merge keys of a document may copy.
const MAX_MERGED: usize = 1_000_000;
/// Most findings that are recorded before reading stops; only the first twenty are shown.
const MAX_FINDINGS: usize = 1000;
/// Largest text that is read, in bytes; spans count bytes in 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// Reads one document; what is wrong comes beside what could be read.
pub fn load(text: &str) -> (Document, Vec<Diagnostic>) {
    let mut builder = Builder {
        document: Document { text: Arc::from(text), ..Document::default() },
        diagnostics: Vec::new(),
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        open_anchors: Vec::new(),
        documents: 0,
        merged: 0,
    };
    if text.len() > MAX_BYTES {
        let found = Diagnostic::error("too-large", Span::new(0, 0), "the file is larger than 1 GiB");
        return (builder.document, vec![found]);
    }
    builder.run(text);
    (builder.document, builder.diagnostics)
}

/// A collection that is being read.
enum Open {
    List { start: Span, anchor: usize, items: Vec<NodeId> },
    Map { start: Span, anchor: usize, entries: Vec<Pending>, key: Option<(NodeId, Span)> },
}

/// An entry whose key is not yet known to be good.
struct Pending {
    key: NodeId,
    key_span: Span,
    value: NodeId,
}

struct Builder {
    document: Document,
    diagnostics: Vec<Diagnostic>,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, NodeId>,
    open_anchors: Vec<usize>,
    documents: usize,
    merged: usize,
}

impl Builder {
    fn run(&mut self, text: &str) {
        let mut options = Options::default();
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        options.set_emit_comments(true);
        for event in Parser::new_from_str_with_options(text, options) {
            match event {
                Ok((event, span)) => {
                    let span = span.byte_range().map_or(Span::default(), |range| Span::new(range.start, range.end));
                    self.event(event, span);
                }
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(text.len());
                    self.diagnostics.push(syntax::explain(text, at, &error.info()));
                    return;
                }
            }
            if self.diagnostics.len() > MAX_FINDINGS {
                return;
            }
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Comment(..) => self.document.comments.push(span),
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.diagnostics.push(
                        Diagnostic::error("several-documents", span, "a second YAML document begins here")
                            .help("a workflow is one document: remove this `---` or put the rest into a file of its own"),
                    );
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = self.refuse_tag(tag.as_deref(), span);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let span = if style == Style::Block { trim_block(&self.document.text, span) } else { span };
                let node = self.push(Node { span, kind: Kind::Scalar { text: text.into_owned(), style } });
                if tagged {
                    self.document.refused.push(node);
                }
                self.remember(anchor, node);
                self.place(node, span);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.open_anchors.push(anchor);
                self.stack.push(Open::List { start: span, anchor, items: Vec::new() });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.open_anchors.push(anchor);
                self.stack.push(Open::Map { start: span, anchor, entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
    }

    fn report(&mut self, found: Diagnostic) {
        if self.diagnostics.len() <= MAX_FINDINGS {
            self.diagnostics.push(found);
        }
    }

    fn refuse_tag(&mut self, tag: Option<&granit_parser::Tag>, value: Span) -> bool {
        let Some(tag) = tag else { return false };
        let text = &self.document.text;
        let written = tag.original();
        let before = text.get(..value.start as usize).unwrap_or(text);
        // Properties stand before their value, in the same line or the one above.
        let start = before.rfind(&written).unwrap_or(before.len());
        let length =
            if text[start..].starts_with(&written) { written.len() } else { text[start..].chars().next().map_or(0, char::len_utf8) };
        let span = Span::new(start, start + length);
        let message = format!("the YAML tag `{written}` has no meaning here");
        let help = if written == "!" {
            "YAML takes a leading `!` away, so the command would mean its opposite: quote the whole value, as in `'! test -f x'`"
        } else {
            "remove the tag; if the text begins with `!`, quote it"
        };
        self.report(Diagnostic::error("tag", span, message).help(help));
        true
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let target = self.anchors.get(&anchor).copied();
        let node = target.unwrap_or_else(|| {
            if self.open_anchors.contains(&anchor) {
                self.report(
                    Diagnostic::error("alias-ring", span, "this alias stands inside the value that it refers to")
                        .help("an anchor can only be used after its value has ended"),
                );
            }
            let node = self.push(Node { span, kind: Kind::Scalar { text: String::new(), style: Style::Plain } });
            self.document.refused.push(node);
            node
        });
        self.place(node, span);
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.document.nodes.push(node);
        NodeId(u32::try_from(self.document.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    fn remember(&mut self, anchor: usize, node: NodeId) {
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
    }

    /// Hands a finished value to what surrounds it.
    fn place(&mut self, node: NodeId, span: Span) {
        match self.stack.last_mut() {
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some((node, span)),
                Some((key, key_span)) => entries.push(Pending { key, key_span, value: node }),
            },
            None => {
                if self.document.root.is_none() {
                    self.document.root = Some(node);
                }
            }
        }
    }

    fn close(&mut self, end: Span) {
        self.open_anchors.pop();
        let (span, anchor, kind) = match self.stack.pop() {
            Some(Open::List { start, anchor, items }) => {
                let last = items.last().map(|item| self.document.span(*item));
                (cover(start, end, last), anchor, Kind::List(items))
            }
            Some(Open::Map { start, anchor, entries, .. }) => {
                let last = entries.last().map(|entry| self.document.span(entry.value));
                (cover(start, end, last), anchor, Kind::Map(self.entries(entries)))
            }
            None => return,
        };
        let node = self.push(Node { span, kind });
        self.remember(anchor, node);
        self.place(node, span);
    }

    /// Checks keys, drops duplicates, merges `<<`.
    fn entries(&mut self, pending: Vec<Pending>) -> Vec<Entry> {
        let mut seen = Seen::for_entries(pending.len());
        let mut entries: Vec<Entry> = Vec::with_capacity(pending.len());
        let mut merges = Vec::new();
        for Pending { key, key_span, value } in pending {
            let Kind::Scalar { text, style } = &mut self.document.nodes[key.0 as usize].kind else {
                self.report(
                    Diagnostic::error("key-not-text", key_span, "a key must be plain text, not a list or a mapping")
                        .help("if this should be an expression, write `${{ … }}` and quote the value"),
                );
                continue;
            };
            if text == "<<" && *style == Style::Plain {
                merges.push((key_span, value));
                continue;
            }
            // A key is no value of its own, unless an alias may lead to it.
            let text = if self.anchors.is_empty() { std::mem::take(text) } else { text.clone() };
            let key = Spanned::new(text, key_span);
            if let Some(first) = seen.place(&key.value, &entries) {
                if self.diagnostics.len() > MAX_FINDINGS {
                    continue;
                }
                self.report(
                    Diagnostic::error("duplicate-key", key_span, format!("the key `{}` stands here a second time", key.value))
                        .main_label("again here")
                        .label(first, "first here")
                        .help("keep one of the two, or give one another name"),
                );
                continue;
            }
            seen.add(&key);
            entries.push(Entry { key, value });
        }
        if !merges.is_empty() && seen.0.is_none() {
            seen = Seen(Some(entries.iter().map(|entry| (entry.key.value.clone(), entry.key.span)).collect()));
        }
        for (span, value) in merges {
            self.merge(span, value, &mut seen, &mut entries);
        }
        entries
    }

    fn merge(&mut self, span: Span, value: NodeId, seen: &mut Seen, entries: &mut Vec<Entry>) {
        let sources = match &self.document.node(value).kind {
            Kind::List(items) => items.clone(),
            _ => vec![value],
        };
        for source in sources {
            let Kind::Map(inherited) = &self.document.node(source).kind else {
                self.report(
                    Diagnostic::error("merge-key", span, "`<<` merges a mapping or a list of mappings")
                        .help("give it an alias to a mapping, as in `<<: *base`"),
                );
                return;
            };
            self.merged += inherited.len();
            if self.merged > MAX_MERGED {
                self.report(Diagnostic::error("too-large", span, "merge keys copy more than a million entries"));
                return;
            }
            for entry in inherited {
                if seen.place(&entry.key.value, entries).is_none() {
                    seen.add(&entry.key);
                    entries.push(entry.clone());
                }
            }
        }
    }
}

/// The keys of a mapping so far: an index where there are many, nothing where looking through is cheaper.
struct Seen(Option<HashMap<String, Span>>);

impl Seen {
    fn for_entries(count: usize) -> Self {
        Self((count > 12).then(|| HashMap::with_capacity(count)))
    }

    fn place(&self, key: &str, entries: &[Entry]) -> Option<Span> {
        match &self.0 {
            Some(index) => index.get(key).copied(),
            None => entries.iter().find(|entry| entry.key.value == key).map(|entry| entry.key.span),
        }
    }

    fn add(&mut self, key: &Spanned<String>) {
        if let Some(index) = &mut self.0 {
            index.insert(key.value.clone(), key.span);
        }
    }
}

/// From the first to the last byte of a collection; block collections end with their last value.
fn cover(start: Span, end: Span, last: Option<Span>) -> Span {
    let closes = if end.end > end.start { end.end } else { last.map_or(start.end, |last| last.end) };
    Span { start: start.start, end: closes.max(start.end) }
}

/// A block scalar's span without the line breaks behind it.
fn trim_block(text: &str, span: Span) -> Span {
    let slice = span.slice(text);
    Span { start: span.start, end: span.start + u32::try_from(slice.trim_end().len()).unwrap_or(0) }
}
