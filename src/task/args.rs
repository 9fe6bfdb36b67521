//! What tasks ask of their arguments besides types: which must be there, and which exclude each other.
//!
//! Looks at the keys as they were written, not only at what could be read, so that a value that was
//! refused is not also called missing.

use super::TaskError;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::Span;
use crate::source::hints;
use crate::source::read::{Field, Mapping, OneOrMany, Reader, Tmpl};
use crate::source::tree::Entry;

/// The arguments of one task as they were written.
pub(super) struct Given<'e> {
    entries: &'e [Entry],
    place: Span,
    before: usize,
}

impl<'e> Given<'e> {
    /// Reads the arguments; `place` is where the task stands.
    pub(super) fn read<T: Mapping>(entries: &'e [Entry], place: Span, reader: &mut Reader<'_>) -> (Self, T) {
        let before = reader.diagnostics.len();
        let args = T::read_entries(entries, reader);
        (Self { entries, place, before }, args)
    }

    /// Whether a key is there, with a value or null.
    pub(super) fn mentions(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key.value == key)
    }

    /// Whether a key is there and not null.
    pub(super) fn has(&self, key: &str, reader: &Reader<'_>) -> bool {
        self.entries.iter().any(|entry| entry.key.value == key && !reader.document.is_null(entry.value))
    }

    /// Where a key stands.
    fn span(&self, key: &str) -> Span {
        self.entries.iter().find(|entry| entry.key.value == key).map_or(self.place, |entry| entry.key.span)
    }

    /// Whether a key was refused as unknown, which is likely a misspelling of the one that seems to be missing.
    fn misspelt(&self, reader: &Reader<'_>) -> bool {
        reader.diagnostics.iter().skip(self.before).any(|found| found.code == "unknown-key")
    }

    /// The value of a key that must be there.
    pub(super) fn require<T: Clone>(&self, field: &Field<Tmpl<T>>, key: &str, reader: &mut Reader<'_>) -> Option<T> {
        self.must_have(key, reader);
        field.known()
    }

    /// The values of a key that must be there, and not be an empty list.
    pub(super) fn require_some<T: Clone>(&self, field: &Field<OneOrMany<Tmpl<T>>>, key: &str, reader: &mut Reader<'_>) -> Vec<T> {
        self.must_have(key, reader);
        let Some(values) = field.get() else { return Vec::new() };
        if values.value.0.is_empty() && self.accepted(reader).is_some() {
            reader.report(
                Diagnostic::error("bad-value", values.span, format!("`{key}` is an empty list")).help("write one value, or a list of them"),
            );
        }
        let known =
            values.value.0.iter().filter_map(|value| if let Tmpl::Known(value) = &value.value { Some(value.clone()) } else { None });
        known.collect()
    }

    /// Records that a key is missing, unless it is there.
    pub(super) fn must_have(&self, key: &str, reader: &mut Reader<'_>) {
        if !self.has(key, reader) && !self.misspelt(reader) {
            reader.report(
                Diagnostic::error("missing-key", self.place, format!("`{key}` is missing")).help(format!("add `{key}: …` to `with`")),
            );
        }
    }

    /// Which one of `keys` is there; records when there is none, or more than one. `says` is what the key decides.
    pub(super) fn exactly_one(&self, keys: &[&'static str], says: &str, reader: &mut Reader<'_>) -> Option<&'static str> {
        let mut there = keys.iter().copied().filter(|key| self.has(key, reader));
        let first = there.next();
        let others: Vec<&str> = there.collect();
        let Some(first) = first else {
            if !self.misspelt(reader) {
                let message = format!("one of {} is missing", hints::list(keys));
                reader
                    .report(Diagnostic::error("missing-key", self.place, message).help(format!("add to `with` the one that says {says}")));
            }
            return None;
        };
        for other in &others {
            self.conflict(first, other, &format!("keep the one that says {says}; write a step for each if it is both"), reader);
        }
        others.is_empty().then_some(first)
    }

    /// Records that two keys exclude each other.
    pub(super) fn conflict(&self, first: &str, second: &str, help: &str, reader: &mut Reader<'_>) {
        reader.report(
            Diagnostic::error("bad-value", self.span(second), format!("`{second}` cannot stand beside `{first}`"))
                .label(self.span(first), "the other one")
                .help(help),
        );
    }

    /// Records each of `keys` that is there although it means nothing beside `kind`.
    pub(super) fn refuse_beside(&self, kind: &str, keys: &[&str], help: &str, reader: &mut Reader<'_>) {
        for key in keys {
            if self.has(key, reader) {
                self.conflict(kind, key, help, reader);
            }
        }
    }

    /// `None` when anything in the arguments was wrong.
    pub(super) fn accepted(&self, reader: &Reader<'_>) -> Option<()> {
        reader.diagnostics.iter().skip(self.before).all(|found| found.severity != Severity::Error).then_some(())
    }
}

/// Writes a text as a line of output: with a line break behind it if it does not end with one.
pub(super) fn print_line(output: &mut dyn std::io::Write, text: &str) -> Result<(), TaskError> {
    let mut line = text.to_owned();
    if !line.ends_with('\n') {
        line.push('\n');
    }
    // In one piece, so that lines of several processes are not mixed.
    output
        .write_all(line.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| TaskError::failed(format!("cannot write the output: {}", super::files::reason(&error))))
}
