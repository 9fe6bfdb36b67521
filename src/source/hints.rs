//! What users of other tools type first, and what it is called here.

use super::read::suggest_key;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Spanned;

/// Keys of this language that this version does not have yet, and where they stand.
const NOT_YET: &[(&str, &[&str])] = &[
    ("the workflow", &["queues"]),
    (
        "a process",
        &[
            "for_each",
            "produces",
            "ready",
            "live",
            "restart",
            "tty",
            "umask",
            "listen",
            "leftovers",
            "resources",
            "sources",
            "generates",
            "secrets",
        ],
    ),
    ("a lock", &["scope", "name"]),
    ("a semaphore", &["scope", "name"]),
    ("`stop`", &["when"]),
    ("`stdin`", &["process", "queue"]),
    ("`stdout`", &["queue"]),
    ("`stderr`", &["queue"]),
];

/// Keys of peers in a process, and the exact form here.
const IN_PROCESS: &[(&str, &str)] = &[
    ("depends_on", "write `join: other`, or `join: {db: ready}` with a condition"),
    ("needs", "write `join: other`, or `join: [a, b]` for several"),
    ("deps", "write `join: other`, or `join: [a, b]` for several"),
    ("requires", "write `join: other`, or `join: [a, b]` for several"),
    ("after", "write `join: other`, or `join: [a, b]` for several"),
    ("dependencies", "write `join: other`, or `join: [a, b]` for several"),
    ("wait_for", "write `join: other`, or `join: [a, b]` for several"),
    ("run", "write `command: …`; a text goes to the shell, a list is run as it is"),
    ("cmd", "write `command: …`; a text goes to the shell, a list is run as it is"),
    ("cmds", "write `steps:` with one `command` in each step"),
    ("exec", "write `command: [program, argument]`; a list is run without a shell"),
    ("script", "write `command: |` and the script below it, indented"),
    ("entrypoint", "write `command: [program, argument]`"),
    ("environment", "write `env:` with `NAME: value` below it"),
    ("environ", "write `env:` with `NAME: value` below it"),
    ("working_dir", "write `cwd: path`"),
    ("working-directory", "write `cwd: path`"),
    ("working_directory", "write `cwd: path`"),
    ("dir", "write `cwd: path`"),
    ("workdir", "write `cwd: path`"),
    ("healthcheck", "readiness conditions are not supported yet; a built-in task waits for a port or file: `task: wait`"),
    ("readiness_probe", "readiness conditions are not supported yet; a built-in task waits for a port or file: `task: wait`"),
    ("liveness_probe", "liveness conditions are not supported yet"),
    ("shutdown", "write `stop: {signal: SIGTERM, grace: 10s}`"),
    ("stop_signal", "write `stop: {signal: SIGTERM}`"),
    ("stop_grace_period", "write `stop: {grace: 10s}`"),
    ("continue-on-error", "write `allow_failure: true`"),
    ("continue_on_error", "write `allow_failure: true`"),
    ("ignore_error", "write `allow_failure: true`"),
    ("always()", "for cleaning up, write `join: {other: exit}`"),
    ("when", "write `if: ${{ … }}`, or `join: {other: exit}` for cleaning up"),
    ("image", "there is no form of it: flowrun runs programs of this machine; use `command: [docker, run, …]`"),
    ("container", "there is no form of it: flowrun runs programs of this machine; use `command: [docker, run, …]`"),
    ("ports", "there is no form of it: a process opens its ports itself"),
    ("volumes", "there is no form of it: a process sees the files of this machine"),
    ("is_daemon", "write `daemon: true`"),
    ("background", "write `daemon: true`"),
    ("availability", "write `retries: 3` for finite processes; restarting daemons is not supported yet"),
    ("retry", "write `retries: 3`, or `retries: {count: 3, delay: 1s, backoff: exponential}`"),
    ("timeout_minutes", "write `timeout: 5m`"),
    ("timeout-minutes", "write `timeout: 5m`"),
    ("parallel", "write `replicas: 10` for copies; processes without a join between them run at once anyway"),
    ("scale", "write `replicas: 10`"),
    ("count", "write `replicas: 10`"),
    ("strategy", "write `matrix:` directly in the process"),
    ("mutex", "write `lock: name`, and name it at the top: `locks: [name]`"),
    ("locks", "write `lock: [a, b]` in a process; `locks` stands at the top and declares them"),
    ("semaphores", "write `semaphore: name` in a process; `semaphores` stands at the top and declares them"),
    ("name", "the name of a process is its key under `processes`; use `description` for people"),
    ("on_failure", "write it at the top; in a process there are `allow_failure: true` and `retries`"),
];

/// Keys of peers at the top level, and the exact form here.
const AT_TOP: &[(&str, &str)] = &[
    ("services", "write `processes:`, and `daemon: true` in those that serve others"),
    ("tasks", "write `processes:`"),
    ("jobs", "write `processes:` for what is run; `jobs: 4` is the most processes at once"),
    ("environment", "write `env:`"),
    ("variables", "write `vars:`, read as `${{ vars.name }}`"),
    ("include", "there is no form of it yet: YAML anchors, `templates` and `extends` share text within one file"),
    ("includes", "there is no form of it yet: YAML anchors, `templates` and `extends` share text within one file"),
    ("dotenv", "write `env_file: .env`"),
    ("version", "there is no version key: remove it"),
    ("parallelism", "write `jobs: 4`"),
    ("on", "there are no triggers: flowrun runs the file when it is called"),
    ("mutexes", "write `locks: [name]`"),
    ("lock", "write `locks: [name]` at the top to declare, and `lock: name` in a process to hold it"),
    ("semaphore", "write `semaphores: {name: 4}` at the top to declare, and `semaphore: name` in a process"),
    ("command", "a command belongs to a process: write `processes: {main: {command: …}}`"),
    ("process", "write `processes:`"),
];

/// The finding for a key that is not known where it stands.
pub fn unknown_key(key: &Spanned<String>, of: &str, known: &[&str]) -> Diagnostic {
    let word = key.value.as_str();
    if NOT_YET.iter().any(|(place, keys)| *place == of && keys.contains(&word)) {
        return not_yet(key.span, word);
    }
    let message = format!("`{word}` is not a key of {of}");
    let table = match of {
        "the workflow" => AT_TOP,
        "a process" | "a step" => IN_PROCESS,
        _ => &[],
    };
    let peer = table.iter().find(|(peer, _)| *peer == word).map(|(_, form)| (*form).to_owned());
    let help = peer
        .or_else(|| suggest_key(word, known))
        .unwrap_or_else(|| if known.is_empty() { "it has no keys".to_owned() } else { format!("its keys are {}", list(known)) });
    Diagnostic::error("unknown-key", key.span, message).help(help)
}

/// The finding for what the language has and this version does not.
pub fn not_yet(span: crate::base::span::Span, what: &str) -> Diagnostic {
    Diagnostic::error("not-supported-yet", span, format!("`{what}` is not supported yet"))
        .help("this version refuses it, so that nothing is silently ignored: remove it")
}

/// Words as `a`, `b` and `c`.
pub fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [init @ .., last] => {
            let init: Vec<String> = init.iter().map(|word| format!("`{word}`")).collect();
            format!("{} and `{last}`", init.join(", "))
        }
    }
}
