//! `stdin`, `stdout` and `stderr` of one process.

use super::late::{Lates, Target};
use super::model::{Output, Stdin};
use super::process::Builder;
use super::queues::Role;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Spanned;
use crate::source::model as written;
use crate::source::read::Field;

impl Builder<'_, '_> {
    /// The process whose output it reads.
    pub(super) fn source(&mut self) -> Option<Spanned<String>> {
        let Some(written::Stdin::From(source)) = self.process.stdin.value() else { return None };
        let place = source.process.span()?;
        self.resolver.field(&source.process).map(|name| Spanned::new(name, place))
    }

    pub(super) fn stdin(&mut self, lates: &mut Lates) -> Stdin {
        let source = match self.process.stdin.value() {
            Some(written::Stdin::From(source)) => source,
            Some(written::Stdin::Inherit) => return Stdin::Inherit,
            Some(written::Stdin::Nothing) | None => return Stdin::Null,
        };
        if let Some(text) = self.resolver.text_field(&source.text) {
            lates.set(Target::InputText, text.late);
            return Stdin::Text(text.now);
        }
        if source.process.is_set() {
            return Stdin::Pipe;
        }
        if let Some(name) = source.queue.get() {
            return self.queue(name, Role::Stdin).map_or(Stdin::Null, Stdin::Queue);
        }
        let Some(file) = self.resolver.text_field(&source.file) else { return Stdin::Null };
        lates.set(Target::InputFile, file.late);
        Stdin::File(self.around.folder.join(file.now))
    }

    pub(super) fn output(&mut self, output: &Field<written::Stdout>, is_stderr: bool) -> Output {
        match output.get() {
            None => Output::Captured,
            Some(Spanned { value: written::Stdout::SameAsStdout, .. }) if is_stderr => Output::SameAsStdout,
            Some(Spanned { value: written::Stdout::SameAsStdout, span }) => {
                self.resolver.report(
                    Diagnostic::error("bad-value", *span, "standard output cannot go to itself")
                        .help("`stdout` is a form of `stderr` only"),
                );
                Output::Captured
            }
            Some(Spanned { value: written::Stdout::Queue(name), .. }) => {
                self.queue(name, Role::Output).map_or(Output::Captured, Output::Queue)
            }
            Some(Spanned { value: written::Stdout::File(sink), .. }) => match self.resolver.field(&sink.file) {
                Some(path) => Output::File { path: self.around.folder.join(path), append: self.resolver.field_or(&sink.append, false) },
                None => Output::Captured,
            },
        }
    }
}
