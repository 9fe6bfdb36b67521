//! `env: {PORT: ${PORT:-3000}}`, `cwd: $HOME/shop`: variables of the shell in values that no shell reads.
//!
//! Looks at the text of the workflow, so that each place is told once, however many processes start from it. A
//! value with blanks is left alone: it may be a command for a shell.

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::{EnvName, Process, Workflow};
use crate::source::read::{Field, Map, OneOrMany, Tmpl};

/// Warns of such values.
pub fn check(workflow: &Workflow, diagnostics: &mut Vec<Diagnostic>) {
    warn(&workflow.env, diagnostics);
    paths("env_file", &workflow.env_file, diagnostics);
    if let Some(defaults) = workflow.defaults.value() {
        of_process(defaults, diagnostics);
    }
    for map in [&workflow.templates, &workflow.processes] {
        for (_, process) in map.value().map_or(&[][..], |map| &map.entries) {
            if let Some(process) = process.value() {
                of_process(process, diagnostics);
            }
        }
    }
}

fn of_process(process: &Process, diagnostics: &mut Vec<Diagnostic>) {
    warn(&process.env, diagnostics);
    path("cwd", &process.cwd, diagnostics);
    paths("env_file", &process.env_file, diagnostics);
    for step in process.steps.value().map_or(&[][..], |steps| &steps.0) {
        warn(&step.value.env, diagnostics);
        path("cwd", &step.value.cwd, diagnostics);
    }
}

fn path(key: &str, field: &Field<Tmpl<String>>, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(field.get().and_then(|value| literal(key, &value.value, value.span)));
}

fn paths(key: &str, field: &Field<OneOrMany<Tmpl<String>>>, diagnostics: &mut Vec<Diagnostic>) {
    let all = field.value().map_or(&[][..], |many| &many.0);
    diagnostics.extend(all.iter().filter_map(|value| literal(key, &value.value, value.span)));
}

fn warn(env: &Field<Map<EnvName, Tmpl<String>>>, diagnostics: &mut Vec<Diagnostic>) {
    for (_, value) in env.value().map_or(&[][..], |env| &env.entries) {
        diagnostics.extend(value.get().and_then(|value| literal("env", &value.value, value.span)));
    }
}

/// The warning for a value, if it needs one; `~/` is a variable of the shell in all but its form.
fn literal(key: &str, value: &Tmpl<String>, span: Span) -> Option<Diagnostic> {
    let Tmpl::Known(text) = value else { return None };
    let home = text.strip_prefix("~/").filter(|_| key != "env").map(|rest| format!("$HOME/{rest}"));
    let expression = expression(home.as_deref().unwrap_or(text))?;
    let message = format!("`{text}` stays as it is: no shell reads the values of `{key}`");
    Some(Diagnostic::warning("literal-variable", span, message).help(format!("write `{expression}`")))
}

/// The text with each variable of the shell as an expression; none if there is no variable, or one of another form.
fn expression(text: &str) -> Option<String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) || text.len() > 80 {
        return None;
    }
    let (first, rest) = text.split_once('$')?;
    let mut out = first.to_owned();
    for part in rest.split('$') {
        let braced = part.strip_prefix('{').and_then(|part| part.split_once('}'));
        let plain = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        let (inner, after) = braced.unwrap_or_else(|| part.split_at(plain));
        let (name, default) =
            inner.split_once(":-").or_else(|| inner.split_once('-')).map_or((inner, None), |(name, value)| (name, Some(value)));
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || default.is_some_and(|value| value.contains(['"', '\\', '{'])) {
            return None;
        }
        let default = default.map_or_else(String::new, |value| format!(" | default(\"{value}\")"));
        out = format!("{out}${{{{ env.{name}{default} }}}}{after}");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_shell_become_expressions() {
        for (text, written) in [
            ("${PORT:-3000}", Some("${{ env.PORT | default(\"3000\") }}")),
            ("$HOME", Some("${{ env.HOME }}")),
            ("$HOME/bin:$PATH", Some("${{ env.HOME }}/bin:${{ env.PATH }}")),
            ("${A}-${B-x}", Some("${{ env.A }}-${{ env.B | default(\"x\") }}")),
            ("plain", None),
            ("a$", None),
            ("$1", None),
            ("^a$|b", None),
            ("echo $HOME", None),
            ("${A:?x}", None),
        ] {
            assert_eq!(expression(text).as_deref(), written, "{text}");
        }
    }
}
