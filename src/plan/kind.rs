//! What a process does: exactly one of `command`, `task` and `steps`, and no key that fits another kind only.
//!
//! What comes from `defaults` and does not fit is left out elsewhere, without a word; knows nothing of values.

use super::extend::Extended;
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::model as written;

/// A file mask belongs to a process of the system.
pub const WHOSE_UMASK: &str = "a `command`; built-in tasks run within flowrun and share its file mask";

/// Exactly one of `command`, `task` and `steps`, and no key that fits another kind only.
pub fn check(name: &Spanned<String>, process: &Extended<'_>, misspelt: bool, resolver: &mut Resolver<'_>) {
    let whole = &*process.whole;
    let unreadable = whole.command.is_broken() || whole.task.is_broken() || whole.steps.is_broken();
    let kinds = [("command", whole.command.span()), ("task", whole.task.span()), ("steps", whole.steps.span())];
    let given: Vec<(&str, Span)> = kinds.iter().filter_map(|(key, span)| span.map(|span| (*key, span))).collect();
    match given.as_slice() {
        [] if unreadable || misspelt => return,
        [] => resolver.report(
            Diagnostic::error("nothing-to-run", name.span, format!("`{}` does not say what to run", name.value))
                .help("write exactly one of `command`, `task` and `steps`"),
        ),
        [_] => {}
        [(first, first_span), (second, second_span), rest @ ..] => {
            let mut found = Diagnostic::error("two-kinds", *second_span, format!("`{}` has both `{first}` and `{second}`", name.value))
                .main_label(format!("`{second}`"))
                .label(*first_span, format!("`{first}`"))
                .help("keep one; several commands one after another are `steps`");
            for (key, span) in rest {
                found = found.label(*span, format!("`{key}`"));
            }
            resolver.report(found);
        }
    }
    let only_for = |key: &str, span: Option<Span>, fits: bool, owner: &str| {
        span.filter(|_| !fits).map(|span| {
            Diagnostic::error("key-does-not-fit", span, format!("`{key}` means nothing here")).help(format!("it belongs to {owner}"))
        })
    };
    let own = process.given;
    let text_command = matches!(whole.command.value(), Some(written::Command::Shell(_)));
    let has_steps = whole.steps.is_set();
    if unreadable {
        return;
    }
    for found in [
        only_for("with", own.with, whole.task.is_set(), "a process with a `task`, or to a step with one"),
        only_for("args", own.args, whole.command.is_set(), "a `command`"),
        only_for("shell", own.shell, text_command || has_steps, "a `command` that is a text"),
        only_for("umask", own.umask, !whole.task.is_set(), WHOSE_UMASK),
        only_for("tty", own.tty, !whole.task.is_set(), "a `command`; built-in tasks write to no terminal"),
        only_for("listen", own.listen, !whole.task.is_set(), "a `command`; built-in tasks take no connections"),
        only_for("stdin", own.stdin, !whole.task.is_set(), "a `command`; built-in tasks read no input"),
    ]
    .into_iter()
    .flatten()
    {
        resolver.report(found);
    }
}
