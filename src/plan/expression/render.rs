//! A text with expressions in it: each is replaced by its value.

use super::marks::next_expression;
use super::scope::Scope;
use super::values::{shown, yaml_value};
use super::{Value, ValueKind};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::ScalarText;
use crate::source::read::{Render, Rendered};

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
                .compile(expression)
                .is_ok_and(|compiled| compiled.evaluate(&self.typed.value).is_ok_and(|value| value.kind() != ValueKind::String))
    }
}
