//! `${{ … }}`: the only file that names the expression engine.
//!
//! Only what stands between `${{` and `}}` reaches the engine; everything else is plain text, so that
//! `{{ }}`, `{%` and `${#x}` keep their meaning in shells and other tools' templates. `$${{` is a
//! literal `${{`.
//!
//! Values of `vars` and `matrix` are typed as YAML 1.2 types them for comparing and calculating, and are
//! their source text everywhere else: an engine has one form of a number, so `1.20` would come out as
//! `1.2`. An expression that compares or calculates therefore sees numbers, any other sees the text of
//! those numbers whose canonical form differs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use minijinja::value::{Enumerator, Object, Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::late::{self, Item, Written};
use super::marks::{FILTERS, calculates, ci_function, depth, find_word, foreign_mark, next_expression, truth};
use super::reads::ITEM;
use super::references::{self, Part, ROOT};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::suggest::Suggester;
use crate::source::hints;
use crate::source::model::ScalarText;
use crate::source::read::{Render, Rendered};

/// The code of findings that only follow from another, which is reported where it stands; nobody sees them.
pub const FOLLOW_UP: &str = "follow-up";

/// The code of findings that another value of a name may not have.
pub(super) const OF_VALUES: &str = "expression-value";

/// The longest expression, in bytes, and the deepest nesting of its brackets. The engine reads chains of
/// operators and brackets by calling itself, so that longer ones could exhaust the stack.
const MAX_EXPRESSION: usize = 1000;
const MAX_DEPTH: usize = 32;

/// Values that may be named in expressions, in the two forms that the module's header explains. A scope
/// shares them: what is added later is seen too.
#[derive(Debug, Default)]
pub struct Values {
    typed: Arc<Table>,
    textual: Arc<Table>,
}

#[derive(Debug, Default)]
struct Table(RwLock<BTreeMap<String, Value>>);

impl Table {
    fn insert(&self, name: &str, value: Value) {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.to_owned(), value);
    }
}

impl Object for Table {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(key.as_str()?).cloned()
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Enumerator::Values(names.keys().map(|name| Value::from(name.as_str())).collect())
    }
}

impl Values {
    fn typed(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.typed))
    }

    fn textual(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.textual))
    }

    /// What a process has written: typed as what is given by `--set`.
    fn of(written: &Written) -> Self {
        let values = Self::default();
        for (name, text) in written {
            values.insert(name, &ScalarText { text: text.clone(), plain: true });
        }
        values
    }

    /// Adds a value as it was written.
    pub fn insert(&self, name: &str, scalar: &ScalarText) {
        let (typed, textual) = forms(scalar);
        self.typed.insert(name, typed);
        self.textual.insert(name, textual);
    }
}

/// The two forms of a value.
fn forms(scalar: &ScalarText) -> (Value, Value) {
    let typed = yaml_value(scalar);
    let canonical = shown(&typed) == scalar.text;
    let textual = if canonical { typed.clone() } else { Value::from(scalar.text.as_str()) };
    (typed, textual)
}

/// The type that YAML 1.2's core schema gives a plain scalar.
fn yaml_value(scalar: &ScalarText) -> Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Value::from(text);
    }
    match text {
        "true" | "True" | "TRUE" => return Value::from(true),
        "false" | "False" | "FALSE" => return Value::from(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix: &str, radix| digits.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok());
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Value::from(number);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.contains(|c: char| c.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if float => Value::from(number),
        _ => Value::from(text),
    }
}

/// A value as text: as YAML writes it, not as Python does.
fn shown(value: &Value) -> String {
    match bool::try_from(value.clone()) {
        Ok(flag) if value.kind() == ValueKind::Bool => flag.to_string(),
        _ if value.is_none() => String::new(),
        _ => value.to_string(),
    }
}

/// The engine, made once for a plan.
pub struct Engine {
    environment: Environment<'static>,
    suggest: Suggester,
}

impl Default for Engine {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("sh", |word: Value| -> String { shell_words::quote(&shown(&word)).into_owned() });
        Self { environment, suggest: Suggester::default() }
    }
}

/// The values around one expression.
pub struct Scope<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The text that is planned, to find an expression's own place.
    pub text: &'a str,
    typed: Arc<Roots>,
    textual: Arc<Roots>,
    /// Names (`vars.port`, or `matrix` as a whole) whose own mistake is reported where they are declared.
    broken: Arc<BTreeSet<String>>,
    /// Why `item` has no value, as long as it has none.
    item: Item,
}

/// What expressions of one instance can name, kept for later.
#[derive(Clone, Debug)]
pub struct Names {
    typed: Arc<Roots>,
    textual: Arc<Roots>,
}

/// What expressions can name, and the same as one value of the engine's.
#[derive(Debug)]
struct Roots {
    names: BTreeMap<&'static str, Value>,
    value: Value,
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
        let (typed, textual) = forms(&ScalarText { text: item.to_owned(), plain: true });
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

    /// Whether an expression reads the item.
    pub(super) fn names_item(&self, expression: &str) -> bool {
        expression.contains(ITEM)
            && expression.len() <= MAX_EXPRESSION
            && depth(expression) <= MAX_DEPTH
            && self.engine.environment.compile_expression(expression).is_ok_and(|compiled| reads_item(&compiled.undeclared_variables(true)))
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

    fn knows_outputs(&self) -> bool {
        self.typed.names.contains_key(ROOT)
    }

    /// Whether something is known that is not when a plan is made, be it only assumed.
    fn knows_late(&self) -> bool {
        self.knows_outputs() || self.typed.names.contains_key(ITEM)
    }

    pub(super) fn part(&self, part: Part<'_>, span: Span) -> Result<String, Diagnostic> {
        match part {
            Part::Name(name) => Ok(name.to_owned()),
            Part::Brackets(expression) => self.evaluate(expression.trim(), span).map(|value| shown(&value)),
        }
    }

    /// The first output of an expression that nobody has written.
    fn unwritten(&self, expression: &str, span: Span) -> Option<Diagnostic> {
        let outputs = self.typed.names.get(ROOT)?;
        references::references(expression).into_iter().find_map(|reference| {
            let (process, name) = reference.parts?;
            let (process, name) = (self.part(process, span).ok()?, self.part(name, span).ok()?);
            let written = outputs.get_attr(&process).ok()?;
            if written.get_attr(&name).is_ok_and(|value| !value.is_undefined()) {
                return None;
            }
            let others: Vec<String> = written.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
            Some(late::unwritten(&process, &name, &others, self.place(reference.text, span)))
        })
    }

    /// The boolean of an `if`, with or without the braces.
    ///
    /// # Errors
    /// A broken expression, an unknown name, or a value that is no boolean.
    pub fn condition(&self, scalar: &ScalarText, span: Span) -> Result<bool, Diagnostic> {
        let (inner, place) = self.condition_text(scalar, span)?;
        let value = self.evaluate(inner, place)?;
        bool::try_from(value.clone()).ok().filter(|_| value.kind() == ValueKind::Bool).ok_or_else(|| {
            Diagnostic::error("expression", span, format!("`if` must give `true` or `false`, but this gives `{}`", shown(&value)))
                .help("compare it, as in `vars.mode == \"test\"`, or test it, as in `vars.mode is defined`")
        })
    }

    /// The expression of an `if` and its place.
    ///
    /// # Errors
    /// It is something else.
    pub fn condition_text<'t>(&self, scalar: &'t ScalarText, span: Span) -> Result<(&'t str, Span), Diagnostic> {
        let text = scalar.text.trim();
        if let Some(word) = truth(text) {
            return Err(Diagnostic::error("expression", span, format!("`{text}` is a text in YAML 1.2")).help(format!("write `{word}`")));
        }
        let inner = match next_expression(text) {
            Some(found) if found.start == 0 && found.end == text.len() => text[found.inner()].trim(),
            Some(_) => {
                return Err(Diagnostic::error("expression", span, "`if` takes one expression, with nothing around it")
                    .help("write the whole condition in one expression, with or without `${{ }}`"));
            }
            None => text,
        };
        Ok((inner, self.place(inner, self.nth(span, 0))))
    }

    pub(super) fn evaluate(&self, expression: &str, span: Span) -> Result<Value, Diagnostic> {
        if expression.len() > MAX_EXPRESSION {
            return Err(Diagnostic::error("expression", span, format!("this expression is longer than {MAX_EXPRESSION} characters"))
                .help("make variables of its parts, under `vars`"));
        }
        if depth(expression) > MAX_DEPTH {
            return Err(Diagnostic::error("expression", span, "the brackets of this expression are nested too deep")
                .help("make variables of its parts, under `vars`"));
        }
        if let Some((function, help)) = ci_function(expression) {
            return Err(
                Diagnostic::error("expression", self.place(function, span), format!("there is no function `{function}`")).help(help)
            );
        }
        let compiled = self.engine.environment.compile_expression(expression).map_err(|error| self.failed(expression, span, &error))?;
        let used = || compiled.undeclared_variables(true);
        if !self.broken.is_empty() && used().iter().any(|path| self.is_broken(path)) {
            return Err(Diagnostic::error(FOLLOW_UP, span, "a name in this expression has a mistake of its own"));
        }
        if expression.contains(ITEM) && !self.typed.names.contains_key(ITEM) && reads_item(&used()) {
            return Err(self.item.missing(self.place(ITEM, span)));
        }
        if !self.knows_outputs() && expression.contains(ROOT) && used().iter().any(|path| references::is_root(path)) {
            return Err(late::not_here(self.place(ROOT, span)));
        }
        let values = if calculates(expression) { &self.typed } else { &self.textual };
        let value = compiled.eval(values.value.clone()).map_err(|error| {
            if let Some(found) = self.dashed_name(expression, span) {
                return found;
            }
            if error.kind() == ErrorKind::UndefinedError
                && let Some(found) = self.unwritten(expression, span).or_else(|| self.unknown_name(&used(), span))
            {
                return found;
            }
            let helper = matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest);
            let code = if self.knows_late() && !helper { OF_VALUES } else { "expression" };
            Diagnostic { code, ..self.failed(expression, span, &error) }
        })?;
        if value.is_undefined() {
            return Err(self.unwritten(expression, span).or_else(|| self.unknown_name(&used(), span)).unwrap_or_else(|| {
                let code = if self.knows_late() { OF_VALUES } else { "expression" };
                Diagnostic::error(code, span, format!("`{expression}` has no value"))
            }));
        }
        Ok(value)
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

    fn is_broken(&self, path: &str) -> bool {
        if self.broken.is_empty() {
            return false;
        }
        let mut parts = path.splitn(3, '.');
        let (root, name) = (parts.next().unwrap_or(path), parts.next());
        self.broken.contains(root) || name.is_some_and(|name| self.broken.contains(&format!("{root}.{name}")))
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

    /// `vars.my-name` subtracts; the name was meant.
    fn dashed_name(&self, expression: &str, span: Span) -> Option<Diagnostic> {
        if self.engine.suggest.is_spent() {
            return None;
        }
        for root in ["vars", "matrix", "env"] {
            let Some(values) = self.typed.names.get(root).filter(|_| expression.contains(root)) else { continue };
            for key in values.try_iter().ok()? {
                let key = key.to_string();
                let path = format!("{root}.{key}");
                if key.contains(['-', '.']) && expression.contains(&path) {
                    let message = format!("`{path}` does not mean the name `{key}`: `-` subtracts and `.` looks inside");
                    let found = Diagnostic::error("expression", self.place(&path, span), message);
                    return Some(found.help(format!("write `{root}[\"{key}\"]`")));
                }
            }
        }
        None
    }

    fn failed(&self, expression: &str, span: Span, error: &minijinja::Error) -> Diagnostic {
        if let Some(found) = self.unknown_helper(error, expression, span) {
            return found;
        }
        if error.kind() == ErrorKind::SyntaxError
            && let Some((mark, write)) = foreign_mark(expression)
        {
            let message = format!("`{mark}` means nothing in an expression");
            return Diagnostic::error("expression", self.place(mark, span), message).help(format!("write {write}"));
        }
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let narrow = error.range().and_then(|range| expression.get(range)).filter(|part| !part.is_empty());
        let span = narrow.map_or(span, |part| self.place(part, span));
        Diagnostic::error("expression", span, format!("this expression does not work: {reason}"))
            .help("names are `vars.…`, `env.…`, `matrix.…` and `index`; texts need quotes")
    }

    /// A filter, function or test that the engine does not know.
    fn unknown_helper(&self, error: &minijinja::Error, expression: &str, span: Span) -> Option<Diagnostic> {
        let word = match error.kind() {
            ErrorKind::UnknownFilter => "filter",
            ErrorKind::UnknownFunction => "function",
            ErrorKind::UnknownTest => "test",
            _ => return None,
        };
        let detail = error.detail()?;
        let name = detail.trim_start_matches("filter ").trim_start_matches("test ").split(' ').next()?;
        let help = if word == "filter" {
            self.engine
                .suggest
                .did_you_mean(name, FILTERS.iter().copied())
                .unwrap_or_else(|| format!("the usual ones are {}", hints::list(FILTERS)))
        } else {
            "names are `vars.…`, `env.…`, `matrix.…` and `index`; a text needs quotes".to_owned()
        };
        let place = error
            .range()
            .and_then(|range| expression.get(range))
            .filter(|part| part.contains(name))
            .map_or(span, |_| self.place(name, span));
        Some(Diagnostic::error("expression", place, format!("there is no {word} `{name}`")).help(help))
    }

    /// The first name in `used` that has no value.
    fn unknown_name(&self, used: &std::collections::HashSet<String>, span: Span) -> Option<Diagnostic> {
        let mut used: Vec<&String> = used.iter().collect();
        used.sort();
        for path in used {
            let (root, rest) = path.split_once('.').map_or((path.as_str(), None), |(root, rest)| (root, Some(rest)));
            let Some(values) = self.typed.names.get(root) else {
                let item = self.awaits_item().then_some(ITEM);
                let known: Vec<&str> = self.typed.names.keys().copied().chain(item).collect();
                let help = match root {
                    "matrix" => "this process has no `matrix`".to_owned(),
                    "index" => "this process has no `replicas`".to_owned(),
                    _ => self
                        .engine
                        .suggest
                        .did_you_mean(root, known.iter().copied())
                        .unwrap_or_else(|| format!("known here are {}; a text needs quotes", hints::list(&known))),
                };
                return Some(Diagnostic::error("unknown-variable", self.place(path, span), format!("`{root}` is not known")).help(help));
            };
            let Some(name) = rest.map(|rest| rest.split('.').next().unwrap_or(rest)) else { continue };
            if values.get_attr(name).is_ok_and(|value| !value.is_undefined()) {
                continue;
            }
            let keys: Vec<String> = if self.engine.suggest.is_spent() {
                Vec::new()
            } else {
                values.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default()
            };
            if root == ITEM {
                let message = format!("`{path}` is nothing: an item is a text and has no parts");
                return Some(Diagnostic::error("expression", self.place(path, span), message).help("take it apart in the command"));
            }
            let message = if root == "env" {
                format!("the environment variable `{name}` is not set")
            } else {
                format!("`{root}.{name}` is not known")
            };
            let default = format!("set it, or give a default: `${{{{ {root}.{name} | default(\"…\") }}}}`");
            let help = self
                .engine
                .suggest
                .did_you_mean(name, keys.iter().map(String::as_str))
                .unwrap_or_else(|| if root == "env" { default } else { format!("declare `{name}` under `{root}`") });
            return Some(Diagnostic::error("unknown-variable", self.place(path, span), message).help(help));
        }
        None
    }
}

impl Render for Scope<'_> {
    fn render(&self, text: &str, span: Span) -> Result<Rendered, Vec<Diagnostic>> {
        let mut out = String::with_capacity(text.len());
        let mut wrong = Vec::new();
        let mut typed = false;
        let mut rest = text;
        let mut index = 0;
        while let Some(found) = next_expression(rest) {
            if found.escaped {
                out.push_str(&rest[..found.start]);
                out.push_str("${{");
                rest = &rest[found.start + 4..];
                continue;
            }
            out.push_str(&rest[..found.start]);
            if found.open {
                let found = Diagnostic::error("expression", span, "an expression in this text is never closed");
                wrong.push(found.help("write `${{ … }}`; for a literal `${{` write `$${{`"));
                return Err(wrong);
            }
            let inner = rest[found.inner()].trim();
            let place = self.place(inner, self.nth(span, index));
            index += 1;
            match self.single(inner, place, span) {
                Ok(value) => {
                    out.push_str(&shown(&value));
                    typed = found.start == 0 && found.end == text.len() && self.is_typed(inner, &value);
                }
                Err(found) => wrong.push(found),
            }
            rest = &rest[found.end..];
        }
        out.push_str(rest);
        if wrong.is_empty() { Ok(Rendered { text: out, typed, late: false }) } else { Err(wrong) }
    }
}

impl Scope<'_> {
    /// The value of one expression within a text.
    pub(super) fn single(&self, inner: &str, place: Span, whole: Span) -> Result<Value, Diagnostic> {
        if inner.is_empty() {
            return Err(Diagnostic::error("expression", whole, "this expression is empty").help("write a name, as in `${{ vars.name }}`"));
        }
        let value = self.evaluate(inner, place)?;
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Plain) {
            return Err(Diagnostic::error("expression", place, "this expression gives a list or a mapping")
                .help("only a single value can stand here; pick one, or join a list with `| join(\" \")`"));
        }
        Ok(value)
    }

    /// Whether the value of an expression is no text. A number that is kept as its source text is a number.
    fn is_typed(&self, expression: &str, value: &Value) -> bool {
        let Some(text) = value.as_str() else { return true };
        let looks_typed = yaml_value(&ScalarText { text: text.to_owned(), plain: true }).kind() != ValueKind::String;
        looks_typed
            && self
                .engine
                .environment
                .compile_expression(expression)
                .is_ok_and(|compiled| compiled.eval(self.typed.value.clone()).is_ok_and(|value| value.kind() != ValueKind::String))
    }
}

/// Whether the item is among the names that an expression uses.
fn reads_item(used: &std::collections::HashSet<String>) -> bool {
    used.iter().any(|path| path.split('.').next() == Some(ITEM))
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
