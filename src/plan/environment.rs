//! What differs from the host's environment, layer over layer: `env_file`, then `env`.

use std::collections::BTreeMap;
use std::path::Path;

use super::dotenv;
use super::host::Host;
use super::late::{Lates, Target};
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::model::EnvName;
use crate::source::read::{Field, Map, OneOrMany, Tmpl};

/// Values over the host's; none unsets.
pub type Overlay = BTreeMap<String, Option<String>>;

/// Adds the variables of `.env` files.
pub fn add_files(
    overlay: &mut Overlay,
    files: &Field<OneOrMany<Tmpl<String>>>,
    folder: &Path,
    host: &dyn Host,
    resolver: &mut Resolver<'_>,
) {
    for file in resolver.many(files) {
        if let Err(found) = add_file(overlay, &folder.join(&file.value), &file, host) {
            resolver.report(found);
            // What it would have set is not known.
            resolver.scope.mark_broken("env");
        }
    }
}

fn add_file(overlay: &mut Overlay, path: &Path, written: &Spanned<String>, host: &dyn Host) -> Result<(), Diagnostic> {
    let values = read_file(path, &written.value, host).map_err(|why| {
        Diagnostic::error("env-file", written.span, why).help("the path is relative to the workflow file; a line is `NAME=value`")
    })?;
    overlay.extend(values.into_iter().map(|(name, value)| (name, Some(value))));
    Ok(())
}

/// The variables of one `.env` file; `name` is how it was written.
///
/// # Errors
/// A sentence that names the file and, for a wrong line, its number.
pub fn read_file(path: &Path, name: &str, host: &dyn Host) -> Result<Vec<(String, String)>, String> {
    let text = host.read_file(path).map_err(|reason| format!("cannot read the env file {name}: {reason}"))?;
    dotenv::parse(&text).map_err(|bad| format!("line {} of the env file {name}: {}", bad.line, bad.why))
}

/// Adds the entries of an `env` mapping; null unsets.
pub fn add_entries(overlay: &mut Overlay, entries: &Field<Map<EnvName, Tmpl<String>>>, resolver: &mut Resolver<'_>) {
    add_with(overlay, entries, resolver, |value, resolver| resolver.scalar(&value.value, value.span), |_, value| value);
}

/// The same for a process or a step, where values may be late.
pub fn add_late_entries(
    overlay: &mut Overlay,
    entries: &Field<Map<EnvName, Tmpl<String>>>,
    lates: &mut Lates,
    resolver: &mut Resolver<'_>,
) {
    add_with(
        overlay,
        entries,
        resolver,
        |value, resolver| resolver.text(&value.value, value.span),
        |name, text| {
            let (now, late) = text.map_or((None, None), |text| (Some(text.now), text.late));
            lates.set(Target::Variable(name.to_owned()), late);
            now
        },
    );
}

fn add_with<T>(
    overlay: &mut Overlay,
    entries: &Field<Map<EnvName, Tmpl<String>>>,
    resolver: &mut Resolver<'_>,
    resolve: impl Fn(&Spanned<Tmpl<String>>, &mut Resolver<'_>) -> Option<T>,
    mut value_of: impl FnMut(&str, Option<T>) -> Option<String>,
) {
    let Some(map) = entries.value() else { return };
    for (name, value) in &map.entries {
        let value = match value {
            Field::Set(value) => match resolve(value, resolver) {
                Some(value) => Some(value),
                None => {
                    resolver.scope.mark_broken(format!("env.{}", name.value));
                    continue;
                }
            },
            Field::Null(_) => None,
            Field::Absent | Field::Broken(_) => {
                resolver.scope.mark_broken(format!("env.{}", name.value));
                continue;
            }
        };
        let value = value_of(&name.value, value);
        overlay.insert(name.value.clone(), value);
    }
}

/// The host's environment under an overlay.
pub fn effective(host: &BTreeMap<String, String>, overlay: &Overlay) -> BTreeMap<String, String> {
    let mut env = host.clone();
    for (name, value) in overlay {
        match value {
            Some(value) => env.insert(name.clone(), value.clone()),
            None => env.remove(name),
        };
    }
    env
}

/// What the number of a permit is called in the environment, before the name.
pub const SLOT: &str = "FLOWRUN_SLOT_";

/// Reports names that become the same in the names of environment variables.
pub fn refuse_clashes<'a>(names: impl IntoIterator<Item = &'a Spanned<String>>, prefix: &str) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        let form = crate::source::model::names::env_form(&name.value);
        match seen.get(&form) {
            Some((_, place)) if *place == name.span => {}
            Some((first, place)) if *first == name.value && prefix == SLOT => found.push(
                Diagnostic::error(
                    "env-name-clash",
                    name.span,
                    format!("`{first}` is a lock and a semaphore: both would be {prefix}{form}"),
                )
                .label(*place, "the other")
                .help("rename one of them"),
            ),
            Some((first, place)) if *first != name.value => found.push(
                Diagnostic::error("env-name-clash", name.span, format!("`{}` and `{first}` would both be {prefix}{form}", name.value))
                    .label(*place, "the other")
                    .help("rename one of them: upper and lower case, `-`, `.` and `_` do not tell names apart there"),
            ),
            Some(_) => {}
            None => {
                seen.insert(form, (&name.value, name.span));
            }
        }
    }
    found
}
