//! `vars` and `--set`: values in the order of the file, each seeing those before it.

use std::collections::{BTreeSet, HashMap};

use super::expression::{Engine, Scope, Values};
use super::{Host, Options};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::base::suggest;
use crate::source::model::{ScalarText, Workflow};
use crate::source::read::{Field, Render};

/// The values of all variables, and those of them that have mistakes, as `vars.name`.
pub fn evaluate(
    workflow: &Workflow,
    options: &Options,
    engine: &Engine,
    text: &str,
    host: &dyn Host,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Values, BTreeSet<String>) {
    let entries = workflow.vars.value().map_or(&[][..], |map| &map.entries);
    refuse_unknown(entries, &options.set, diagnostics);
    let declared: HashMap<&str, Span> = entries.iter().map(|(name, _)| (name.value.as_str(), name.span)).collect();
    let set: HashMap<&str, &str> = options.set.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let values = Values::default();
    let mut scope = Scope::new(engine, text, &values, host.env());
    if workflow.vars.is_broken() {
        scope.mark_broken("vars");
    }
    for (name, value) in entries {
        let scalar = match (set.get(name.value.as_str()), value) {
            (Some(text), _) => ScalarText { text: (*text).to_owned(), plain: true },
            (None, Field::Set(value)) if value.value.text.contains("${{") => match scope.render(&value.value.text, value.span) {
                Ok(rendered) => ScalarText { text: rendered.text, plain: value.value.plain },
                Err(found) => {
                    diagnostics.extend(found.into_iter().map(|found| declared_later(found, text, &declared)));
                    scope.mark_broken(format!("vars.{}", name.value));
                    continue;
                }
            },
            (None, Field::Set(value)) => value.value.clone(),
            (None, Field::Broken(_)) => {
                scope.mark_broken(format!("vars.{}", name.value));
                continue;
            }
            (None, _) => ScalarText { text: String::new(), plain: false },
        };
        values.insert(&name.value, &scalar);
    }
    let broken = scope.broken().clone();
    (values, broken)
}

/// `--set` of what the workflow does not declare.
fn refuse_unknown(entries: &[(Spanned<String>, Field<ScalarText>)], set: &[(String, String)], diagnostics: &mut Vec<Diagnostic>) {
    for (name, _) in set {
        if !entries.iter().any(|(known, _)| known.value == *name) {
            let known = entries.iter().map(|(known, _)| known.value.as_str());
            let help = suggest::did_you_mean(name, known).unwrap_or_else(|| "declare it under `vars`, with a default".to_owned());
            let found = Diagnostic::error("unknown-variable", Span::default(), format!("--set {name}: the workflow has no such variable"));
            diagnostics.push(Diagnostic { labels: Vec::new(), ..found }.help(help));
        }
    }
}

/// Variables see those before them: one that is declared further down is not unknown, but late.
fn declared_later(found: Diagnostic, text: &str, declared: &HashMap<&str, Span>) -> Diagnostic {
    let Some(name) = found.span().slice(text).strip_prefix("vars.").filter(|_| found.code == "unknown-variable") else { return found };
    let Some(place) = declared.get(name) else { return found };
    let later = Diagnostic::error("unknown-variable", found.span(), format!("`vars.{name}` has no value yet"));
    later.label(*place, "declared here").help(format!("variables see those above them: move `{name}` up"))
}
