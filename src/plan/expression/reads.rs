//! What a text reads that is known only when its process starts: outputs of others, and the item it runs for.
//!
//! Such a text is evaluated twice: here with empty texts in place of what is not known, so that what is certain
//! to go wrong is found before anything runs, and once more when all is known.

use std::collections::BTreeMap;

use super::marks::next_expression;
use super::references::{self, ROOT};
use super::scope::Scope;
use super::{OF_VALUES, missing};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::plan::late::Written;

/// The name of the item that a process runs for.
pub(super) const ITEM: &str = "item";

/// What is read.
#[derive(Debug, Default)]
pub struct Reads {
    /// The outputs of processes: process, name and place.
    pub outputs: Vec<Spanned<(String, String)>>,
    /// The first place that reads the item.
    pub item: Option<Span>,
}

impl Reads {
    /// Whether nothing is read, so that the text can be evaluated now.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty() && self.item.is_none()
    }

    /// Adds what another text reads.
    pub fn append(&mut self, mut other: Self) {
        self.outputs.append(&mut other.outputs);
        self.item = self.item.or(other.item);
    }

    /// The finding for the first of them, where nothing can wait for it.
    pub fn not_here(&self) -> Option<Diagnostic> {
        let outputs = self.outputs.first().map(|read| missing::not_here(read.span));
        outputs.or_else(|| self.item.map(missing::item_not_here))
    }
}

impl Scope<'_> {
    /// What a text reads; nothing when it can be evaluated now.
    ///
    /// # Errors
    /// What is certain to go wrong when it is evaluated later.
    pub fn reads(&self, text: &str, span: Span) -> Result<Reads, Vec<Diagnostic>> {
        let mut read = Reads::default();
        let mut wrong = Vec::new();
        let mut known = Vec::new();
        let (mut at, mut index) = (0, 0);
        while (text.contains(ROOT) || self.awaits_item() && text.contains(ITEM))
            && let Some(found) = next_expression(&text[at..])
        {
            if !found.escaped && !found.open {
                let inner = text[at..][found.inner()].trim();
                let place = self.place(inner, self.nth(span, index));
                match self.reads_of_one(inner, place) {
                    Ok(one) if one.is_empty() => known.push((inner, place)),
                    Ok(one) => read.append(one),
                    Err(found) => wrong.push(found),
                }
                index += 1;
            }
            at += found.end;
        }
        // What is known in a text that is late must be right as well.
        if !read.is_empty() || !wrong.is_empty() {
            wrong.extend(known.into_iter().filter_map(|(inner, place)| self.single(inner, place, span).err()));
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }

    /// The same for one expression, without its braces.
    ///
    /// # Errors
    /// As of a text.
    pub fn reads_of_one(&self, expression: &str, span: Span) -> Result<Reads, Diagnostic> {
        let mut read = Reads::default();
        let mut assumed: BTreeMap<String, Written> = BTreeMap::new();
        for reference in references::references(expression) {
            let place = self.place(reference.text, span);
            let Some((process, name)) = reference.parts else { return Err(missing::not_whole(reference.text, place)) };
            let (process, name) = (self.part(process, place)?, self.part(name, place)?);
            assumed.entry(process.clone()).or_default().insert(name.clone(), String::new());
            read.outputs.push(Spanned::new((process, name), place));
        }
        read.item = (self.awaits_item() && self.names_item(expression)).then(|| self.place(ITEM, span));
        if read.is_empty() {
            return Ok(read);
        }
        let scope = if read.outputs.is_empty() { self.with(None, None) } else { self.with_outputs(&assumed) };
        let scope = if read.item.is_some() { scope.with_item("") } else { scope };
        match scope.evaluate(expression, span) {
            Err(found) if found.code != OF_VALUES => Err(found),
            _ => Ok(read),
        }
    }
}
