//! What is said of an expression that does not work: what is wrong, where, and what was probably meant.

use std::collections::HashSet;

use super::marks::{FILTERS, foreign_mark};
use super::reads::ITEM;
use super::references::{self, ROOT};
use super::scope::Scope;
use super::{Fault, FaultKind, foreign, missing};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::hints;

impl Scope<'_> {
    /// The first output of an expression that nobody has written.
    pub(super) fn unwritten(&self, expression: &str, span: Span) -> Option<Diagnostic> {
        let outputs = self.typed.names.get(ROOT)?;
        references::references(expression).into_iter().find_map(|reference| {
            let (process, name) = reference.parts?;
            let (process, name) = (self.part(process, span).ok()?, self.part(name, span).ok()?);
            let written = outputs.get_attr(&process).ok()?;
            if written.get_attr(&name).is_ok_and(|value| !value.is_undefined()) {
                return None;
            }
            let others: Vec<String> = written.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
            Some(missing::unwritten(&process, &name, &others, self.place(reference.text, span)))
        })
    }

    /// `vars.my-name` subtracts; the name was meant.
    pub(super) fn dashed_name(&self, expression: &str, span: Span) -> Option<Diagnostic> {
        if self.engine.suggest.is_spent() {
            return None;
        }
        for root in ["vars", "matrix", "env"] {
            let Some(values) = self.typed.names.get(root).filter(|_| expression.contains(root)) else { continue };
            for key in values.try_iter().ok()? {
                let key = key.to_string();
                let path = format!("{root}.{key}");
                if key.contains(['-', '.']) && expression.contains(&path) {
                    let message = format!("`{path}` does not mean the name `{key}`: `-` subtracts and `.` looks inside");
                    let found = Diagnostic::error("expression", self.place(&path, span), message);
                    return Some(found.help(format!("write `{root}[\"{key}\"]`")));
                }
            }
        }
        None
    }

    pub(super) fn failed(&self, expression: &str, span: Span, fault: &Fault) -> Diagnostic {
        if let Some(found) = self.unknown_helper(fault, expression, span) {
            return found;
        }
        if fault.kind == FaultKind::Syntax
            && let Some((mark, write)) = foreign_mark(expression)
        {
            let message = format!("`{mark}` means nothing in an expression");
            return Diagnostic::error("expression", self.place(mark, span), message).help(format!("write {write}"));
        }
        let narrow = fault.range.clone().and_then(|range| expression.get(range)).filter(|part| !part.is_empty());
        let span = narrow.map_or(span, |part| self.place(part, span));
        Diagnostic::error("expression", span, format!("this expression does not work: {}", fault.reason))
            .help("names are `vars.…`, `env.…`, `matrix.…` and `index`; texts need quotes")
    }

    /// A filter, function or test that the engine does not know.
    fn unknown_helper(&self, fault: &Fault, expression: &str, span: Span) -> Option<Diagnostic> {
        let FaultKind::NoHelper(word, name) = &fault.kind else { return None };
        let help = if *word == "filter" {
            foreign::filter_of_peers(name)
                .or_else(|| self.engine.suggest.did_you_mean(name, FILTERS.iter().copied()))
                .unwrap_or_else(|| format!("the usual ones are {}", hints::list(FILTERS)))
        } else {
            "names are `vars.…`, `env.…`, `matrix.…` and `index`; a text needs quotes".to_owned()
        };
        let place = fault
            .range
            .clone()
            .and_then(|range| expression.get(range))
            .filter(|part| part.contains(name.as_str()))
            .map_or(span, |_| self.place(name, span));
        Some(Diagnostic::error("expression", place, format!("there is no {word} `{name}`")).help(help))
    }

    /// `port` where `vars.port` was meant.
    fn without_root(&self, path: &str) -> Option<String> {
        foreign::without_root(path, self.typed.names.get("vars"), self.typed.names.get("env"))
    }

    /// The first name in `used` that has no value.
    pub(super) fn unknown_name(&self, used: &HashSet<String>, span: Span) -> Option<Diagnostic> {
        let mut used: Vec<&String> = used.iter().collect();
        used.sort();
        for path in used {
            let (root, rest) = path.split_once('.').map_or((path.as_str(), None), |(root, rest)| (root, Some(rest)));
            let Some(values) = self.typed.names.get(root) else {
                let item = self.awaits_item().then_some(ITEM);
                let known: Vec<&str> = self.typed.names.keys().copied().chain(item).collect();
                let help = match root {
                    "matrix" => "this process has no `matrix`".to_owned(),
                    "index" => "this process has no `replicas`".to_owned(),
                    _ => foreign::name_of_peers(path)
                        .or_else(|| self.without_root(path))
                        .or_else(|| self.engine.suggest.did_you_mean(root, known.iter().copied()))
                        .unwrap_or_else(|| {
                            let quoted = if path == root { format!(": `\"{root}\"`") } else { String::new() };
                            format!("known here are {}; a text needs quotes{quoted}", hints::list(&known))
                        }),
                };
                return Some(Diagnostic::error("unknown-variable", self.place(path, span), format!("`{root}` is not known")).help(help));
            };
            let Some(name) = rest.map(|rest| rest.split('.').next().unwrap_or(rest)) else { continue };
            if values.get_attr(name).is_ok_and(|value| !value.is_undefined()) {
                continue;
            }
            let keys: Vec<String> = if self.engine.suggest.is_spent() {
                Vec::new()
            } else {
                values.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default()
            };
            if root == ITEM {
                let message = format!("`{path}` is nothing: an item is a text and has no parts");
                return Some(Diagnostic::error("expression", self.place(path, span), message).help("take it apart in the command"));
            }
            let message = if root == "env" {
                format!("the environment variable `{name}` is not set")
            } else {
                format!("`{root}.{name}` is not known")
            };
            let default = format!("set it, or give a default: `${{{{ {root}.{name} | default(\"…\") }}}}`");
            let of_process = (root == "env").then(|| foreign::of_process(name, self.text)).flatten();
            let help = of_process
                .or_else(|| self.engine.suggest.did_you_mean(name, keys.iter().map(String::as_str)))
                .unwrap_or_else(|| if root == "env" { default } else { format!("declare `{name}` under `{root}`") });
            return Some(Diagnostic::error("unknown-variable", self.place(path, span), message).help(help));
        }
        None
    }
}
