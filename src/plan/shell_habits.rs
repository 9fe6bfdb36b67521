//! What people write by habit and what a shell would do with it, but not here: `server &`, `[make, "&&", make, test]`.
//!
//! Looks at the text of the workflow, so that each place is told once. Warnings only: a text that is no mistake can
//! look like one. Steps are left alone: what one leaves in the background lives until the last has ended.

use crate::base::diagnostic::Diagnostic;
use crate::source::model::{Command, Process, Workflow};
use crate::source::read::Tmpl;

/// Marks of the shell that are hardly ever meant as an argument.
const OPERATORS: &[&str] = &["&&", "||", ">>", "2>&1", "&"];

/// Warns of such commands.
pub fn check(workflow: &Workflow, diagnostics: &mut Vec<Diagnostic>) {
    let maps = [&workflow.templates, &workflow.processes];
    let declared = || {
        let entries = maps.into_iter().flat_map(|map| map.value().map_or(&[][..], |map| &map.entries));
        entries.filter_map(|(_, process)| process.value()).chain(workflow.defaults.value())
    };
    // Who keeps leftovers may get the command, or the key, from elsewhere.
    let keeps = declared().any(|process| process.leftovers.is_given());
    for process in declared() {
        diagnostics.extend(background(process).filter(|_| !keeps));
        diagnostics.extend(operator(process));
    }
}

/// A command that ends in `&`.
fn background(process: &Process) -> Option<Diagnostic> {
    let Some(Command::Shell(command)) = process.command.value() else { return None };
    let Tmpl::Known(text) = &command.value else { return None };
    let rest = text.trim_end().strip_suffix('&')?;
    let is_background = !rest.ends_with(['&', '\\', '>', '<']) && !rest.contains('\n');
    is_background.then(|| {
        let message = "what this command leaves in the background is stopped when the command has ended, which is at once";
        Diagnostic::warning("background-command", command.span, message)
            .help("remove the `&` at the end; for a service that others need, write `daemon: true`")
    })
}

/// A list with `&&` or the like in it.
fn operator(process: &Process) -> Option<Diagnostic> {
    let Some(Command::Argv(words)) = process.command.value() else { return None };
    let is_operator = |word: &Tmpl<String>| matches!(word, Tmpl::Known(text) if OPERATORS.contains(&text.as_str()));
    let word = words.iter().skip(1).find(|word| is_operator(&word.value))?;
    let message = format!("`{}` is an argument here: no shell reads a list", word.value.text());
    Some(Diagnostic::warning("operator-in-a-list", word.span, message).help("write the command as one text, without the brackets"))
}
