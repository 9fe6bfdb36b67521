//! `secrets`: the names of environment variables whose values must not be shown.
//!
//! Names only: what their values are is known where the environment of a process is made. Findings, descriptions and what
//! `ready` waits for are the exception: they may quote what an expression gave, and are told before anything runs or stored
//! as they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::{Plan, Step};
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::secret::Secrets;
use crate::base::suggest;
use crate::source::model::EnvName;
use crate::source::read::{Field, KeyRule, OneOrMany, Tmpl};

/// Those that are written here, after the `inherited` ones.
pub fn names(written: &Field<OneOrMany<Tmpl<String>>>, inherited: &Arc<[String]>, resolver: &mut Resolver<'_>) -> Arc<[String]> {
    if !written.is_set() {
        return Arc::clone(inherited);
    }
    let mut names = inherited.to_vec();
    for name in resolver.many(written) {
        match EnvName::refuse(&name.value) {
            None => names.push(name.value),
            // The value may be the secret itself: it is not repeated.
            Some(_) => resolver.report(Diagnostic::error("bad-value", name.span, "this cannot name an environment variable").help(
                "write names only, as in `secrets: [TOKEN]`; a value belongs into the environment of flowrun, or into an `env_file`",
            )),
        }
    }
    names.into()
}

/// Warns of each name that nothing of these steps finds in its environment, while a similar one is there: nothing would be
/// masked. A name that is like no other may be set elsewhere, as in the settings of a CI system.
pub fn warn_unset<'s>(
    written: &Field<OneOrMany<Tmpl<String>>>,
    steps: impl Iterator<Item = &'s Step> + Clone,
    host: &BTreeMap<String, String>,
    resolver: &mut Resolver<'_>,
) {
    for item in written.value().map_or(&[][..], |many| &many.0) {
        let Tmpl::Known(name) = &item.value else { continue };
        let is_late = |step: &Step| step.late.as_ref().is_some_and(|late| late.hides_variable(name));
        if host.contains_key(name) || steps.clone().any(|step| step.env.contains_key(name) || is_late(step)) {
            continue;
        }
        let own = steps.clone().flat_map(|step| step.env.keys());
        if let Some(help) = suggest::did_you_mean(name, own.chain(host.keys()).map(String::as_str)) {
            let message = format!("`{name}` is not set, so nothing is masked for it");
            resolver.report(Diagnostic::warning("unset-secret", item.span, message).help(help));
        }
    }
}

/// Hides the values of all secrets in what was found, also when the plan is of no use, and in what the plan says for
/// people: once here, so that no reporter and no report needs to. Names stay, as they are what things are found by.
pub fn hide(found: &mut [Diagnostic], plan: &mut Plan, host: &BTreeMap<String, String>) {
    let mut secrets = Secrets::default();
    for step in plan.processes.iter().flat_map(|process| &process.work.steps) {
        step.secrets.iter().filter_map(|name| value(step, name, host)).for_each(|value| {
            secrets.add(value.as_bytes());
        });
    }
    if secrets.is_empty() {
        return;
    }
    plan.description.iter_mut().for_each(|text| secrets.hide_text(text));
    for process in plan.processes.iter_mut() {
        process.description.iter_mut().for_each(|text| secrets.hide_text(text));
        if let Some(written) = &process.work.awaited {
            let mut shown = written.clone();
            secrets.hide_text(&mut shown);
            if shown != *written {
                Arc::make_mut(&mut process.work).awaited = Some(shown);
            }
        }
    }
    for found in found {
        secrets.hide_text(&mut found.message);
        found.help.iter_mut().for_each(|help| secrets.hide_text(help));
        found.labels.iter_mut().for_each(|label| secrets.hide_text(&mut label.text));
    }
}

fn value<'v>(step: &'v Step, name: &str, host: &'v BTreeMap<String, String>) -> Option<&'v String> {
    let known = !step.late.as_ref().is_some_and(|late| late.hides_variable(name));
    step.env.get(name).map_or_else(|| host.get(name), Option::as_ref).filter(|_| known)
}
