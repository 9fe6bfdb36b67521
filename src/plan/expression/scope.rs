//! What an expression can name, and where it stands: the values around it and the text that holds it.
//!
//! Evaluates nothing. A scope is made from another by adding names; both share what they have in common, so that
//! 100,000 instances of a process cost little more than their own names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::marks::{find_word, next_expression};
use super::missing::Item;
use super::reads::ITEM;
use super::references::ROOT;
use super::values::{self, Values};
use super::{Engine, Value};
use crate::base::span::Span;
use crate::plan::late::Written;
use crate::source::model::ScalarText;

/// The values around one expression.
pub struct Scope<'a> {
    /// The engine.
    pub(super) engine: &'a Engine,
    /// The text that is planned, to find an expression's own place.
    pub(super) text: &'a str,
    pub(super) typed: Arc<Roots>,
    pub(super) textual: Arc<Roots>,
    /// Names (`vars.port`, or `matrix` as a whole) whose own mistake is reported where they are declared.
    broken: Arc<BTreeSet<String>>,
    /// Why `item` has no value, as long as it has none.
    pub(super) item: Item,
}

/// What expressions of one instance can name, kept for later.
#[derive(Clone, Debug)]
pub struct Names {
    typed: Arc<Roots>,
    textual: Arc<Roots>,
}

/// What expressions can name, and the same as one value of the engine's.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) names: BTreeMap<&'static str, Value>,
    pub(super) value: Value,
}

impl Roots {
    fn new(names: BTreeMap<&'static str, Value>) -> Arc<Self> {
        let value = Value::from_pairs(names.iter().map(|(name, value)| (*name, value.clone())));
        Arc::new(Self { names, value })
    }

    fn with(&self, matrix: Option<Value>, index: Option<u32>) -> Arc<Self> {
        let mut names = self.names.clone();
        names.extend(matrix.map(|matrix| ("matrix", matrix)));
        names.extend(index.map(|index| ("index", Value::from(index))));
        Self::new(names)
    }

    fn with_one(&self, name: &'static str, value: Value) -> Arc<Self> {
        let mut names = self.names.clone();
        names.insert(name, value);
        Self::new(names)
    }
}

impl<'a> Scope<'a> {
    /// A scope with `vars` and `env`.
    pub fn new(engine: &'a Engine, text: &'a str, vars: &Values, env: &BTreeMap<String, String>) -> Self {
        let env = Value::from_pairs(env.iter().map(|(k, v)| (k.clone(), v.clone())));
        let roots = |vars| Roots::new(BTreeMap::from([("vars", vars), ("env", env.clone())]));
        Self { engine, text, typed: roots(vars.typed()), textual: roots(vars.textual()), broken: Arc::default(), item: Item::Nowhere }
    }

    /// The same with more.
    #[must_use]
    pub fn with(&self, matrix: Option<&Values>, index: Option<u32>) -> Self {
        let (typed, textual) = if matrix.is_none() && index.is_none() {
            (Arc::clone(&self.typed), Arc::clone(&self.textual))
        } else {
            (self.typed.with(matrix.map(Values::typed), index), self.textual.with(matrix.map(Values::textual), index))
        };
        self.of_roots(typed, textual)
    }

    /// The same with other names.
    fn of_roots(&self, typed: Arc<Roots>, textual: Arc<Roots>) -> Self {
        Self { engine: self.engine, text: self.text, typed, textual, broken: Arc::clone(&self.broken), item: self.item }
    }

    /// Marks a name whose own mistake is reported where it is declared, so that whoever uses it is not blamed.
    pub fn mark_broken(&mut self, name: impl Into<String>) {
        Arc::make_mut(&mut self.broken).insert(name.into());
    }

    /// All names marked so.
    pub fn broken(&self) -> &BTreeSet<String> {
        &self.broken
    }

    pub(super) fn is_broken(&self, path: &str) -> bool {
        let mut parts = path.splitn(3, '.');
        let (root, name) = (parts.next().unwrap_or(path), parts.next());
        self.broken.contains(root) || name.is_some_and(|name| self.broken.contains(&format!("{root}.{name}")))
    }

    /// The same with what processes have written, by their names.
    #[must_use]
    pub fn with_outputs(&self, written: &BTreeMap<String, Written>) -> Self {
        let values: Vec<(&String, Values)> = written.iter().map(|(name, written)| (name, Values::of(written))).collect();
        let table = |form: fn(&Values) -> Value| Value::from_pairs(values.iter().map(|(name, values)| ((*name).clone(), form(values))));
        let (typed, textual) = (self.typed.with_one(ROOT, table(Values::typed)), self.textual.with_one(ROOT, table(Values::textual)));
        self.of_roots(typed, textual)
    }

    /// The same with the item that a process runs for: typed as what is given by `--set`.
    #[must_use]
    pub fn with_item(&self, item: &str) -> Self {
        let (typed, textual) = values::forms(&ScalarText { text: item.to_owned(), plain: true });
        self.of_roots(self.typed.with_one(ITEM, typed), self.textual.with_one(ITEM, textual))
    }

    /// The same, with another reason why there is no item.
    #[must_use]
    pub fn without_item(self, item: Item) -> Self {
        Self { item, ..self }
    }

    /// Whether the item will be known when the process starts.
    pub(super) fn awaits_item(&self) -> bool {
        self.item == Item::Later
    }

    /// What expressions can name, for a scope of the same names at another time.
    pub fn names(&self) -> Names {
        Names { typed: Arc::clone(&self.typed), textual: Arc::clone(&self.textual) }
    }

    /// A scope of names that were kept.
    pub fn of(names: &Names, engine: &'a Engine, text: &'a str) -> Self {
        let (typed, textual) = (Arc::clone(&names.typed), Arc::clone(&names.textual));
        Self { engine, text, typed, textual, broken: Arc::default(), item: Item::Nowhere }
    }

    pub(super) fn knows_outputs(&self) -> bool {
        self.typed.names.contains_key(ROOT)
    }

    /// Whether something is known that is not when a plan is made, be it only assumed.
    pub(super) fn knows_late(&self) -> bool {
        self.knows_outputs() || self.typed.names.contains_key(ITEM)
    }

    /// Where the expression stands within its scalar, as far as the source text shows it.
    pub(super) fn place(&self, expression: &str, span: Span) -> Span {
        let source = span.slice(self.text);
        match find_word(source, expression) {
            Some(at) if !expression.is_empty() => {
                let start = span.start as usize + at;
                Span::new(start, start + expression.len())
            }
            _ => span,
        }
    }

    /// Where the inside of the `index`th expression of a scalar stands; the scalar's own place where it has none.
    pub(super) fn nth(&self, span: Span, index: usize) -> Span {
        let source = span.slice(self.text);
        let (mut at, mut seen) = (0, 0);
        while let Some(found) = next_expression(&source[at..]) {
            if !found.escaped {
                if seen == index {
                    let inner = found.inner();
                    let end = inner.end.max(inner.start).min(source.len() - at);
                    let start = span.start as usize + at;
                    return Span::new(start + inner.start.min(end), start + end);
                }
                seen += 1;
            }
            at += found.end;
        }
        span
    }
}
