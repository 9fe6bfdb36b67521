//! Outputs and the item where an expression cannot have them: why, and what is said of it.

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::hints;

/// Why there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The process does not run for the items of a queue.
    Nowhere,
    /// It comes when the process runs.
    Later,
    /// It is no text.
    NotText,
}

/// The finding for outputs where nothing can wait for them.
pub fn not_here(span: Span) -> Diagnostic {
    Diagnostic::error("outputs-not-here", span, "outputs cannot be read here: they are known only when a process starts").help(
        "read them in `command`, `args`, `env`, `cwd`, `stdin` or `with` of a process that joins the one that writes them, or in its `if`",
    )
}

impl Item {
    /// The finding for an expression that reads it.
    pub fn missing(self, span: Span) -> Diagnostic {
        match self {
            Self::Nowhere => {
                Diagnostic::error("no-item", span, "there is no `item` here: this process does not run for the items of a queue")
                    .help("write `for_each: queue` in the process; with `stdin: {queue: name}` items are lines of its input")
            }
            Self::Later => item_not_here(span),
            Self::NotText => Diagnostic::error("no-item", span, "the item is not UTF-8, and no expression can have it")
                .help("read it from the environment: \"$FLOWRUN_ITEM\""),
        }
    }
}

/// The finding for the item where nothing can wait for it.
pub fn item_not_here(span: Span) -> Diagnostic {
    Diagnostic::error("item-not-here", span, "`item` cannot be read here: it is known only when it has come")
        .help("read it in `command`, `args`, `env`, `cwd`, `stdin` or `with`; a command can end early for an item that is not for it")
}

/// The finding for a reference in another form.
pub fn not_whole(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error("expression", span, format!("`{text}` does not name one output of one process"))
        .help("write `outputs.process.name`, or `outputs[\"my-process\"].name` for names with other marks than letters, digits and `_`")
}

/// The finding for an output that was not written.
pub fn unwritten(process: &str, name: &str, others: &[String], span: Span) -> Diagnostic {
    let wrote = match others {
        [] => "it wrote none".to_owned(),
        others => format!("it wrote {}", hints::list(&others.iter().map(String::as_str).collect::<Vec<_>>())),
    };
    Diagnostic::error("unwritten-output", span, format!("`{process}` has written no output `{name}`: {wrote}"))
        .help(format!("let it append `{name}=value` to \"$FLOWRUN_OUTPUTS\", or give a default: `| default(\"…\")`"))
}
