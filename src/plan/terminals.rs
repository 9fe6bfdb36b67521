//! `tty` and `stdin: inherit`: who writes to a terminal of its own, and who has flowrun's.
//!
//! Two keys that fit one process only apart from each other are told where they stand; what stands in
//! `defaults` gives way to what a process says itself, as everywhere.

use super::extend::Given;
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::{self as written, Stdin};

/// Where a process asks for flowrun's own standard input, if it runs any command that could read it.
pub fn inherits(process: &written::Process) -> Option<Span> {
    let inherits = matches!(process.stdin.value(), Some(Stdin::Inherit)) && runs_commands(process);
    process.stdin.span().filter(|_| inherits)
}

/// Whether a process runs any command, rather than built-in tasks only.
pub fn runs_commands(process: &written::Process) -> bool {
    process.command.is_set() || process.steps.value().is_some_and(|steps| steps.0.iter().any(|step| step.value.command.is_set()))
}

/// Whether a process gets a terminal of its own.
pub fn tty(process: &written::Process, given: Given, resolver: &mut Resolver<'_>) -> bool {
    if !resolver.field_or(&process.tty, false) || process.task.is_set() {
        return false;
    }
    let inherits = inherits(process);
    let Some(own) = given.tty else {
        return inherits.is_none() && !process.stdout.is_set() && !process.stderr.is_set();
    };
    let terminal = "gets a terminal of its own here";
    if let Some(span) = given.stderr {
        resolver.report(
            Diagnostic::error("key-does-not-fit", span, "a process with `tty: true` has no standard error of its own")
                .label(own, terminal)
                .help("remove one of the two: on a terminal both outputs are the same"),
        );
    }
    if let Some(span) = given.stdout {
        resolver.report(
            Diagnostic::error("key-does-not-fit", span, "a process with `tty: true` writes to its terminal and nowhere else")
                .label(own, terminal)
                .help("remove one of the two: what goes into a file or a queue needs no terminal"),
        );
    }
    if let Some(span) = inherits {
        resolver.report(
            Diagnostic::error("key-does-not-fit", span, "a process with `tty: true` cannot have flowrun's own terminal as well")
                .label(own, terminal)
                .help("remove `tty`: with `stdin: inherit` a program has the terminal that flowrun was called from"),
        );
    }
    true
}
