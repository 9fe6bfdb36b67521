//! What names may look like.

use crate::source::read::KeyRule;

/// The rule for names of processes, locks, semaphores, templates and variables.
#[derive(Clone, Copy, Debug)]
pub struct Name;

/// Whether a text is a name: a letter or `_`, then letters, digits, `_`, `.` and `-`.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

impl KeyRule for Name {
    // Without look-ahead, which not every reader of schemas has: a name that begins with `x` does not go on with `-`.
    const PATTERN: &'static str = "^([A-Za-wyz_][A-Za-z0-9_.-]*|x([A-Za-z0-9_.][A-Za-z0-9_.-]*)?)$";
    const FORM: &'static str = "write `name: …`, one in each line, without `- ` before it";
    fn refuse(key: &str) -> Option<String> {
        if key.starts_with("x-") {
            return Some(format!("`{key}` cannot be a name; names that begin with `x-` are kept for keys that flowrun ignores"));
        }
        if is_name(key) {
            return None;
        }
        if key.contains("${{") {
            return Some("an expression cannot stand in a name; expressions may stand in values only".to_owned());
        }
        if key.is_empty() {
            return Some("a name cannot be empty; a name begins with a letter or `_`".to_owned());
        }
        if key.ends_with(']') && key.split('[').next().is_some_and(is_name) {
            return Some(format!("`{key}` is not a name; copies are made by `replicas` or `matrix` and get their brackets from them"));
        }
        let instead = name_of(key).map_or(String::new(), |name| format!(", as in `{name}`"));
        Some(format!(
            "`{key}` is not a name; a name begins with a letter or `_` and goes on with letters, digits, `_`, `.` and `-`{instead}"
        ))
    }
}

/// A name that is like a text in which single other marks stand between words.
fn name_of(text: &str) -> Option<String> {
    let name: String = text.chars().map(|c| if matches!(c, ' ' | '/' | ':' | '@' | '+') { '-' } else { c }).collect();
    (name.len() <= 40 && is_name(&name)).then_some(name)
}

/// The rule for names of environment variables.
#[derive(Clone, Copy, Debug)]
pub struct EnvName;

impl KeyRule for EnvName {
    const PATTERN: &'static str = "^[^=\\u0000]+$";
    const FORM: &'static str = "write `NAME: value`, one in each line, without `- ` before it";
    fn refuse(key: &str) -> Option<String> {
        if key.is_empty() {
            return Some("the name of an environment variable cannot be empty; write `NAME: value`".to_owned());
        }
        if key.contains("${{") {
            return Some("an expression cannot stand in a name; expressions may stand in values only".to_owned());
        }
        let bad = key.contains(['=', '\0']);
        bad.then(|| format!("`{key}` cannot name an environment variable; a name has no `=` in it"))
    }
}

/// A name as it stands in the names of environment variables: upper case, `_` for what is no letter or digit.
pub fn env_form(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
