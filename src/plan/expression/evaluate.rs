//! One expression, without its braces: bounded, evaluated, its value checked for what is wanted.

use std::collections::HashSet;

use super::marks::{calculates, ci_function, depth, next_expression, truth};
use super::reads::ITEM;
use super::references::{self, Part, ROOT};
use super::scope::Scope;
use super::values::shown;
use super::{FOLLOW_UP, FaultKind, OF_VALUES, Value, ValueKind, missing};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::ScalarText;

/// The longest expression, in bytes, and the deepest nesting of its brackets. The engine reads chains of
/// operators and brackets by calling itself, so that longer ones could exhaust the stack.
const MAX_EXPRESSION: usize = 1000;
const MAX_DEPTH: usize = 32;

impl Scope<'_> {
    /// The boolean of an `if`, with or without the braces.
    ///
    /// # Errors
    /// A broken expression, an unknown name, or a value that is no boolean.
    pub fn condition(&self, scalar: &ScalarText, span: Span) -> Result<bool, Diagnostic> {
        let (inner, place) = self.condition_text(scalar, span)?;
        let value = self.evaluate(inner, place)?;
        bool::try_from(value.clone())
            .ok()
            .filter(|_| value.kind() == ValueKind::Bool)
            .ok_or_else(|| no_truth(inner, &value, self.place(inner, place)))
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
        let compiled = self.engine.compile(expression).map_err(|fault| self.failed(expression, span, &fault))?;
        let used = || compiled.names();
        if !self.broken().is_empty() && used().iter().any(|path| self.is_broken(path)) {
            return Err(Diagnostic::error(FOLLOW_UP, span, "a name in this expression has a mistake of its own"));
        }
        if expression.contains(ITEM) && !self.typed.names.contains_key(ITEM) && reads_item(&used()) {
            return Err(self.item.missing(self.place(ITEM, span)));
        }
        if !self.knows_outputs() && expression.contains(ROOT) && used().iter().any(|path| references::is_root(path)) {
            return Err(missing::not_here(self.place(ROOT, span)));
        }
        let values = if calculates(expression) { &self.typed } else { &self.textual };
        let value = compiled.evaluate(&values.value).map_err(|fault| {
            if let Some(found) = self.dashed_name(expression, span) {
                return found;
            }
            if fault.kind == FaultKind::Undefined
                && let Some(found) = self.unwritten(expression, span).or_else(|| self.unknown_name(&used(), span))
            {
                return found;
            }
            let helper = matches!(fault.kind, FaultKind::NoHelper(..));
            let code = if self.knows_late() && !helper { OF_VALUES } else { "expression" };
            Diagnostic { code, ..self.failed(expression, span, &fault) }
        })?;
        if value.is_undefined() {
            return Err(self.unwritten(expression, span).or_else(|| self.unknown_name(&used(), span)).unwrap_or_else(|| {
                let code = if self.knows_late() { OF_VALUES } else { "expression" };
                Diagnostic::error(code, span, format!("`{expression}` has no value"))
            }));
        }
        if value.kind() == ValueKind::Plain {
            return Err(Diagnostic::error("expression", span, format!("`{expression}` gives a function, not a value"))
                .help("call it, as in `range(3)`; a text needs quotes"));
        }
        Ok(value)
    }

    /// Whether an expression reads the item.
    pub(super) fn names_item(&self, expression: &str) -> bool {
        expression.contains(ITEM)
            && expression.len() <= MAX_EXPRESSION
            && depth(expression) <= MAX_DEPTH
            && self.engine.compile(expression).is_ok_and(|compiled| reads_item(&compiled.names()))
    }

    pub(super) fn part(&self, part: Part<'_>, span: Span) -> Result<String, Diagnostic> {
        match part {
            Part::Name(name) => Ok(name.to_owned()),
            Part::Brackets(expression) => self.evaluate(expression.trim(), span).map(|value| shown(&value)),
        }
    }
}

/// The finding for an `if` that gives something else than a boolean.
fn no_truth(expression: &str, value: &Value, span: Span) -> Diagnostic {
    let text = shown(value);
    let what = if value.kind() == ValueKind::String { "the text " } else { "" };
    let found = Diagnostic::error("expression", span, format!("`if` must give `true` or `false`, but this gives {what}`{text}`"));
    let of_environment = expression.starts_with("env.");
    let help = match text.as_str() {
        "true" | "false" if of_environment => {
            format!("write `{expression} | default(\"\") == \"true\"`: what is in the environment is text")
        }
        "true" | "false" => "remove the quotes where it stands, or compare it, as in `vars.debug == \"true\"`".to_owned(),
        _ if of_environment => {
            format!("compare it, as in `{expression} == \"test\"`; for whether it is set, write `{expression} is defined`")
        }
        _ => "compare it, as in `vars.mode == \"test\"`, or test it, as in `vars.mode is defined`".to_owned(),
    };
    found.help(help)
}

/// Whether the item is among the names that an expression uses.
fn reads_item(used: &HashSet<String>) -> bool {
    used.iter().any(|path| path.split('.').next() == Some(ITEM))
}
