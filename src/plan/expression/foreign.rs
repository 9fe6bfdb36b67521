//! Names that stand for something in other tools, or in another place of this one, and how the same is read here.

use super::Value;

/// What to write for a name that expressions of other tools know; `path` is the name with what is looked up in it.
pub(super) fn name_of_peers(path: &str) -> Option<String> {
    let (root, name) = path.split_once('.').unwrap_or((path, "NAME"));
    let help = match root {
        "secrets" => format!("write `env.{name}`, or `$NAME` in a command, and `secrets: [{name}]` in the process, which masks its value"),
        "github" | "gitlab" | "runner" | "CI" => {
            "what a CI tells is in the environment: write `env.GITHUB_SHA`, or as it calls it".to_owned()
        }
        "inputs" | "params" | "parameters" | "values" => {
            format!("write `vars.{name}`, declared under `vars:`; `--set {name}=…` gives it another value")
        }
        "needs" | "steps" | "jobs" | "processes" => {
            "write `outputs.process.name`, join that process, and let it append `name=value` to \"$FLOWRUN_OUTPUTS\"".to_owned()
        }
        "strategy" => "write `matrix.name`, or `index` for the number of a copy".to_owned(),
        _ => return None,
    };
    Some(help.replace("$NAME", &format!("${name}")))
}

/// What to write for a filter that other tools have.
pub(super) fn filter_of_peers(name: &str) -> Option<String> {
    name.contains("quote").then(|| "write `sh`: it makes one word of the value, quoted where it must be".to_owned())
}

/// What to write for a bare name that is one of `vars` or `env`.
pub(super) fn without_root(name: &str, vars: Option<&Value>, env: Option<&Value>) -> Option<String> {
    let has = |values: Option<&Value>| values.is_some_and(|values| values.get_attr(name).is_ok_and(|value| !value.is_undefined()));
    let root = if has(vars) { "vars" } else { has(env).then_some("env")? };
    Some(format!("write `{root}.{name}`"))
}

/// What to say of a variable that only a process sets, if one does.
pub(super) fn of_process(name: &str, text: &str) -> Option<String> {
    let key = format!("{name}:");
    let is_key = |at: usize| text[..at].ends_with([' ', '{', ',', '\n']) && text[at + key.len()..].starts_with([' ', '\n', '\r']);
    text.match_indices(&key).any(|(at, _)| is_key(at)).then(|| {
        format!("expressions know the host's environment and the `env` at the top: write `${name}` in a command, or set it at the top")
    })
}
