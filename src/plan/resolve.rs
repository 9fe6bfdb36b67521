//! From what was written to values: evaluates expressions and gathers findings.

use std::time::Duration;

use super::expression::{Reads, Scope};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::model::Period;
use crate::source::read::{Field, List, OneOrMany, Render, Scalar, Tmpl, bad_value};

/// A scope, and the findings made in it.
pub struct Resolver<'a> {
    /// The values that expressions see.
    pub scope: Scope<'a>,
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What late texts read.
    pub reads: Reads,
}

/// A text: its value, or the source of one that is known only when its process starts.
pub struct Text {
    /// What stands for it now.
    pub now: String,
    /// The source, if it is late.
    pub late: Option<Spanned<String>>,
}

impl<'a> Resolver<'a> {
    /// A resolver without findings.
    pub fn new(scope: Scope<'a>) -> Self {
        Self { scope, diagnostics: Vec::new(), reads: Reads::default() }
    }

    /// Records a finding.
    pub fn report(&mut self, found: Diagnostic) {
        self.diagnostics.push(found);
    }

    /// The value of a scalar; `None` after recording why there is none.
    pub fn scalar<T: Scalar>(&mut self, scalar: &Tmpl<T>, span: Span) -> Option<T> {
        let text = match scalar {
            Tmpl::Known(value) => return Some(value.clone()),
            Tmpl::Expression(text) => text,
        };
        let result = self.scope.render(text, span).and_then(|rendered| {
            let text = &rendered.text;
            T::parse(text).map_err(|why| vec![bad_value(span, &why, Some(text))])
        });
        result.map_err(|found| self.diagnostics.extend(found)).ok()
    }

    /// The value of a text that may be late; `None` after recording why there is none.
    pub fn text(&mut self, scalar: &Tmpl<String>, span: Span) -> Option<Text> {
        if let Tmpl::Expression(text) = scalar {
            match self.scope.reads(text, span) {
                Ok(reads) if reads.is_empty() => {}
                Ok(reads) => {
                    self.reads.append(reads);
                    return Some(Text { now: text.clone(), late: Some(Spanned::new(text.clone(), span)) });
                }
                Err(found) => {
                    self.diagnostics.extend(found);
                    return None;
                }
            }
        }
        self.scalar(scalar, span).map(|now| Text { now, late: None })
    }

    /// The value of a key that may be late, if it is there.
    pub fn text_field(&mut self, field: &Field<Tmpl<String>>) -> Option<Text> {
        let value = field.get()?;
        self.text(&value.value, value.span)
    }

    /// The texts of a list that may be late.
    pub fn late_texts(&mut self, items: &[Spanned<Tmpl<String>>]) -> Vec<Text> {
        items.iter().filter_map(|item| self.text(&item.value, item.span)).collect()
    }

    /// The value of a key, if it is there.
    pub fn field<T: Scalar>(&mut self, field: &Field<Tmpl<T>>) -> Option<T> {
        let value = field.get()?;
        self.scalar(&value.value, value.span)
    }

    /// The value of a key, or what holds without it.
    pub fn field_or<T: Scalar>(&mut self, field: &Field<Tmpl<T>>, default: T) -> T {
        self.field(field).unwrap_or(default)
    }

    /// A duration.
    pub fn period(&mut self, field: &Field<Tmpl<Period>>) -> Option<Duration> {
        self.field(field).map(|Period(duration)| duration)
    }

    /// The texts of a list.
    pub fn texts(&mut self, items: &[Spanned<Tmpl<String>>]) -> Vec<String> {
        items.iter().filter_map(|item| self.scalar(&item.value, item.span)).collect()
    }

    /// The texts of a list key that may be late; empty without it.
    pub fn late_list(&mut self, field: &Field<List<Tmpl<String>>>) -> Vec<Text> {
        field.value().map_or_else(Vec::new, |list| self.late_texts(&list.0))
    }

    /// The values of a key that takes one or many, each with its place.
    pub fn many<T: Scalar>(&mut self, field: &Field<OneOrMany<Tmpl<T>>>) -> Vec<Spanned<T>> {
        let Some(many) = field.value() else { return Vec::new() };
        many.0.iter().filter_map(|item| self.scalar(&item.value, item.span).map(|value| Spanned::new(value, item.span))).collect()
    }
}
