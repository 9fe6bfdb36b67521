//! `vars` and `--set`: values in the order of the file, each seeing those before it.

use super::expression::{Engine, Scope, Values};
use super::{Host, Options};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::suggest;
use crate::source::model::{ScalarText, Workflow};
use crate::source::read::{Field, Render};

/// The values of all variables.
pub fn evaluate(
    workflow: &Workflow,
    options: &Options,
    engine: &Engine,
    text: &str,
    host: &dyn Host,
    diagnostics: &mut Vec<Diagnostic>,
) -> Values {
    let entries = workflow.vars.value().map_or(&[][..], |map| &map.entries);
    for (name, _) in &options.set {
        if !entries.iter().any(|(known, _)| known.value == *name) {
            let known = entries.iter().map(|(known, _)| known.value.as_str());
            let help = suggest::did_you_mean(name, known).unwrap_or_else(|| "declare it under `vars`, with a default".to_owned());
            let found = Diagnostic::error("unknown-variable", Span::default(), format!("--set {name}: the workflow has no such variable"));
            diagnostics.push(Diagnostic { labels: Vec::new(), ..found }.help(help));
        }
    }
    let mut values = Values::default();
    for (name, value) in entries {
        let set = options.set.iter().rev().find(|(set, _)| *set == name.value);
        let scalar = match (set, value) {
            (Some((_, text)), _) => ScalarText { text: text.clone(), plain: true },
            (None, Field::Set(value)) if value.value.text.contains("${{") => {
                // Few variables have expressions, so a scope for each costs nothing that matters.
                match Scope::new(engine, text, &values, host.env()).render(&value.value.text, value.span) {
                    Ok(text) => ScalarText { text, plain: value.value.plain },
                    Err(found) => {
                        diagnostics.push(found);
                        continue;
                    }
                }
            }
            (None, Field::Set(value)) => value.value.clone(),
            (None, _) => ScalarText { text: String::new(), plain: false },
        };
        values.insert(&name.value, &scalar);
    }
    values
}
