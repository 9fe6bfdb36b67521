//! What users of other tools type first, and what it is called here.

use super::model::{Process, Workflow};
use super::probe_hints;
use super::read::Mapping;
use super::tree::{Document, Entry, Kind, NodeId};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::base::suggest::nearest;

/// Keys of this language that this version does not have yet: where they stand, and what does some of it until then.
const NOT_YET: &[(&str, &[&str], Option<&str>)] = &[
    ("a process", &["resources"], Some("until then, a semaphore bounds what runs at once")),
    ("a process", &["sources", "generates"], None),
];

/// A key of a peer: its name, the exact form here, and the key that takes a value of the same form, if there is one.
pub(super) type Peer = (&'static str, &'static str, Option<&'static str>);

const JOIN: &str = "write `join: other`, or `join: [a, b]` for several";
const COMMAND: &str = "write `command: …`; a text goes to the shell, a list is run as it is";
const CWD: &str = "write `cwd: path`";
const ENV: &str = "write `env:` with `NAME: value` below it";
const ALLOW: &str = "write `allow_failure: true`";
const INHERIT: &str = "write `stdin: inherit`: it has flowrun's own terminal, one process at a time";
const NO_CONTAINER: &str = "there is no form of it: flowrun runs programs of this machine; use `command: [docker, run, …]`";
const READY: &str = "write `ready:` with one condition, as in `{tcp: 5432}`, `{exec: [pg_isready]}` or `{log: \"listening\"}`; \
     what is asked again and again after that is `live`";
const LIVE: &str = "write `live:` with one condition, as in `{http: \"http://127.0.0.1:8080/health\", interval: 10s, failures: 3}`";
const RESTART: &str = "write `restart: on-failure` or `restart: always` for daemons, `retries: 3` for finite processes";
const SCHEDULE: &str = "there is no scheduling: call flowrun from cron or a timer of systemd";

/// Keys of peers in a process.
const IN_PROCESS: &[Peer] = &[
    (
        "depends_on",
        "write `join: other`, or `join: {other: exit}` with a condition; a daemon is waited for until it is `ready`",
        Some("join"),
    ),
    ("needs", JOIN, Some("join")),
    ("deps", JOIN, Some("join")),
    ("requires", JOIN, Some("join")),
    ("after", JOIN, Some("join")),
    ("dependencies", JOIN, Some("join")),
    ("wait_for", JOIN, Some("join")),
    ("run", COMMAND, Some("command")),
    ("cmd", COMMAND, Some("command")),
    ("cmds", "write `steps:` with one `command` in each step", None),
    ("commands", "write `steps:` with one `command` in each step", None),
    ("exec", "write `command: [program, argument]`; a list is run without a shell", Some("command")),
    ("script", "write `command: |` and the script below it, indented", None),
    ("entrypoint", "write `command: [program, argument]`", Some("command")),
    ("environment", ENV, Some("env")),
    ("environ", ENV, Some("env")),
    ("env_vars", ENV, Some("env")),
    ("working_dir", CWD, Some("cwd")),
    ("working-directory", CWD, Some("cwd")),
    ("working_directory", CWD, Some("cwd")),
    ("workingDir", CWD, Some("cwd")),
    ("dir", CWD, Some("cwd")),
    ("workdir", CWD, Some("cwd")),
    ("healthcheck", READY, Some("ready")),
    ("health_check", READY, Some("ready")),
    ("readiness_probe", READY, Some("ready")),
    ("readinessProbe", READY, Some("ready")),
    ("readiness", READY, Some("ready")),
    ("startup_probe", READY, Some("ready")),
    ("startupProbe", READY, Some("ready")),
    ("ready_log_line", "write `ready: {log: \"…\"}`", None),
    ("wait_for_log", "write `ready: {log: \"…\"}`", None),
    ("liveness_probe", LIVE, Some("live")),
    ("livenessProbe", LIVE, Some("live")),
    ("liveness", LIVE, Some("live")),
    ("shutdown", "write `stop: {signal: SIGTERM, grace: 10s}`", Some("stop")),
    ("stop_signal", "write `stop: {signal: SIGTERM}`", None),
    ("stop_grace_period", "write `stop: {grace: 10s}`", None),
    ("continue-on-error", ALLOW, Some("allow_failure")),
    ("continue_on_error", ALLOW, Some("allow_failure")),
    ("ignore_error", ALLOW, Some("allow_failure")),
    ("ignore_errors", ALLOW, Some("allow_failure")),
    ("schedule", SCHEDULE, None),
    ("every", SCHEDULE, None),
    ("cron", SCHEDULE, None),
    ("silent", "remove it: `flowrun run -q` shows less", None),
    ("dotenv", "write `env_file: .env`", Some("env_file")),
    ("duration", "as an argument of `task: sleep`, write `with: {duration: 3s}`", None),
    ("always()", "for cleaning up, write `join: {other: exit}`", None),
    ("when", "write `if: ${{ … }}`, or `join: {other: exit}` for cleaning up", None),
    ("image", NO_CONTAINER, None),
    ("container", NO_CONTAINER, None),
    ("ports", "there is no form of it: a process opens its ports itself", None),
    ("volumes", "there is no form of it: a process sees the files of this machine", None),
    ("stdin_open", INHERIT, None),
    ("interactive", INHERIT, None),
    ("is_interactive", INHERIT, None),
    ("is_foreground", INHERIT, None),
    ("is_tty", "write `tty: true`", Some("tty")),
    ("runs-on", "remove it: everything runs on this machine", None),
    ("uses", "there are no actions: write what it does as a `command`", None),
    ("is_daemon", "write `daemon: true`", Some("daemon")),
    ("background", "write `daemon: true`", Some("daemon")),
    ("availability", RESTART, None),
    ("restart_policy", RESTART, Some("restart")),
    ("restartPolicy", RESTART, Some("restart")),
    ("autorestart", RESTART, None),
    ("retry", "write `retries: 3`, or `retries: {count: 3, delay: 1s, backoff: exponential}`", Some("retries")),
    ("timeout_minutes", "write `timeout: 5m`", None),
    ("timeout-minutes", "write `timeout: 5m`", None),
    ("parallel", "write `replicas: 10` for copies; processes without a join between them run at once anyway", None),
    ("scale", "write `replicas: 10`", Some("replicas")),
    ("count", "write `replicas: 10`", Some("replicas")),
    ("strategy", "write `matrix:` directly in the process", None),
    ("mutex", "write `lock: name`, and name it at the top: `locks: [name]`", Some("lock")),
    ("locks", "write `lock: [a, b]` in a process; `locks` stands at the top and declares them", Some("lock")),
    ("semaphores", "write `semaphore: name` in a process; `semaphores` stands at the top and declares them", Some("semaphore")),
    ("queue", QUEUE, None),
    ("queues", QUEUE, None),
    ("foreach", FOR_EACH, Some("for_each")),
    ("forEach", FOR_EACH, Some("for_each")),
    ("for-each", FOR_EACH, Some("for_each")),
    ("workers", "write `for_each: {queue: name, workers: 3}`, or `replicas: 3` for copies without a queue", None),
    ("with_items", LOOP, None),
    ("with_sequence", LOOP, None),
    ("loop", LOOP, None),
    ("for", LOOP, None),
    ("consume", CONSUMES, Some("consumes")),
    ("consumer", CONSUMES, Some("consumes")),
    ("subscribe", CONSUMES, Some("consumes")),
    ("produce", PRODUCES, Some("produces")),
    ("producer", PRODUCES, Some("produces")),
    ("publish", PRODUCES, Some("produces")),
    ("name", "the name of a process is its key under `processes`; use `description` for people", None),
    ("on_failure", "write it at the top; in a process there are `allow_failure: true` and `retries`", None),
];

const QUEUE: &str =
    "write `for_each: name`, `stdin: {queue: name}` or `stdout: {queue: name}` in a process; `queues` stands at the top and declares them";
const FOR_EACH: &str = "write `for_each: name`, or `for_each: {queue: name, workers: 3}`: once for each item of a queue";
const LOOP: &str = "write `matrix:` for values that are known, or `for_each: name` for the items of a queue";
const CONSUMES: &str =
    "write `consumes: name`, and `flowrun queue get name` in its command; for a run for each item write `for_each: name`";
const PRODUCES: &str =
    "write `produces: name`, and `flowrun queue put name` in its command; for a line an item write `stdout: {queue: name}`";

const PROCESSES: &str = "write `processes:`";
const NO_INCLUDE: &str = "there is no form of it yet: YAML anchors, `templates` and `extends` share text within one file";

/// Keys of peers at the top level.
const AT_TOP: &[Peer] = &[
    ("services", "write `processes:`, and `daemon: true` in those that serve others", Some("processes")),
    ("tasks", PROCESSES, Some("processes")),
    ("process", PROCESSES, Some("processes")),
    ("environment", "write `env:`", Some("env")),
    ("variables", "write `vars:`, read as `${{ vars.name }}`", Some("vars")),
    ("include", NO_INCLUDE, None),
    ("includes", NO_INCLUDE, None),
    ("dotenv", "write `env_file: .env`", Some("env_file")),
    ("version", "there is no version key: remove it", None),
    ("parallelism", "write `jobs: 4`", Some("jobs")),
    ("schedule", SCHEDULE, None),
    ("every", SCHEDULE, None),
    ("cron", SCHEDULE, None),
    ("silent", "remove it: `flowrun run -q` shows less", None),
    ("on", "there are no triggers: flowrun runs the file when it is called", None),
    ("mutexes", "write `locks: [name]`", Some("locks")),
    ("lock", "write `locks: [name]` at the top to declare, and `lock: name` in a process to hold it", None),
    ("queue", "write `queues: [name]` at the top to declare, and `for_each: name` or `stdout: {queue: name}` in a process", None),
    ("semaphore", "write `semaphores: {name: 4}` at the top to declare, and `semaphore: name` in a process", None),
    ("command", "a command belongs to a process: write `processes: {main: {command: …}}`", None),
];

/// Keys of peers in a queue.
const QUEUE_KEYS: &[Peer] = &[
    ("size", "write `maxsize: 3`", Some("maxsize")),
    ("max_size", "write `maxsize: 3`", Some("maxsize")),
    ("capacity", "write `maxsize: 3`", Some("maxsize")),
    ("max_length", "write `maxsize: 3`", Some("maxsize")),
    ("max_attempts", "write `max_deliveries: 3`: how often an item is delivered in all", Some("max_deliveries")),
    ("max_receive_count", "write `max_deliveries: 3`: how often an item is delivered in all", Some("max_deliveries")),
    ("retries", "write `max_deliveries: 3`: how often an item is delivered in all", None),
    ("scope", "there is no form of it: a queue belongs to one run", None),
];

/// Keys of peers in what stands under a key here.
const INSIDE: &[(&str, &[Peer])] = &[
    (
        "a join",
        &[("condition", "write `until: …`, or the word itself as in `db: ready`: `success`, `exit`, `failure`, `start` or `ready`", None)],
    ),
    ("the task `wait`", &[("port", "write `tcp: \"127.0.0.1:8080\"`", None)]),
    (
        "`stop`",
        &[
            ("timeout", "write `grace: 10s`", Some("grace")),
            ("timeout_seconds", "write `grace: 10s`", Some("grace")),
            ("timeout-seconds", "write `grace: 10s`", Some("grace")),
        ],
    ),
    ("`ready`", probe_hints::KEYS),
    ("`live`", probe_hints::KEYS),
    (
        "`restart`",
        &[
            ("restart", "write `policy: on-failure`", Some("policy")),
            ("condition", "write `policy: on-failure`", Some("policy")),
            ("max_restarts", "write `max: 5`, and `within: 1m` for the time in which they are counted", Some("max")),
            ("max_attempts", "write `max: 5`, and `within: 1m` for the time in which they are counted", Some("max")),
            ("window", "write `within: 1m`", Some("within")),
            ("backoff_seconds", "write `delay: 1s`", Some("delay")),
        ],
    ),
    (
        "`listen`",
        &[
            ("address", "write `tcp: \"127.0.0.1:7000\"`, or `unix: path`", Some("tcp")),
            ("port", "write `tcp: 7000`", Some("tcp")),
            ("host", "write `tcp: \"127.0.0.1:7000\"`", None),
            ("path", "write `unix: path`", Some("unix")),
            ("socket", "write `unix: path`", Some("unix")),
            ("max_connections", "write `max: 20`", Some("max")),
        ],
    ),
    ("a queue", QUEUE_KEYS),
    (
        "`for_each`",
        &[
            ("replicas", "write `workers: 3`", Some("workers")),
            ("concurrency", "write `workers: 3`", Some("workers")),
            ("parallel", "write `workers: 3`", Some("workers")),
            ("retries", "write `max_deliveries: 3` of the queue, at the top: how often an item is delivered in all", None),
            ("max_deliveries", "it stands at the top, with the queue: `queues: {name: {max_deliveries: 3}}`", None),
            ("maxsize", "it stands at the top, with the queue: `queues: {name: {maxsize: 3}}`", None),
        ],
    ),
    ("`retries`", &[("max_attempts", "write `count: 3`: how many attempts may follow the first", Some("count"))]),
];

/// The finding for a key that is not known where it stands, and the key that was meant, if that is known.
pub fn unknown_key(key: &Spanned<String>, of: &str, known: &'static [&'static str]) -> (Diagnostic, Option<&'static str>) {
    let word = key.value.as_str();
    if let Some((_, _, until_then)) = NOT_YET.iter().find(|(place, keys, _)| *place == of && keys.contains(&word)) {
        return (not_yet(key.span, word, *until_then), None);
    }
    let found = Diagnostic::error("unknown-key", key.span, format!("`{word}` is not a key of {of}"));
    let peers = match of {
        "the workflow" => AT_TOP,
        "a process" | "a step" => IN_PROCESS,
        _ => INSIDE.iter().find(|(place, _)| *place == of).map_or(&[][..], |(_, peers)| *peers),
    };
    if let Some((_, form, meant)) = peers.iter().find(|(peer, _, _)| *peer == word) {
        let meant = meant.filter(|meant| known.contains(meant));
        return (found.help(if of == "a step" && meant.is_none() { elsewhere(word, of, form) } else { (*form).to_owned() }), meant);
    }
    if let Some(form) = misplaced(word, of) {
        return (found.help(form), None);
    }
    if let Some(meant) = nearest(word, known.iter().copied()) {
        return (found.help(format!("did you mean `{meant}`?")), Some(meant));
    }
    let keys = match known {
        [] => "it has no keys".to_owned(),
        [only] => format!("its only key is `{only}`"),
        _ => format!("its keys are {}", list(known)),
    };
    (found.help(keys), None)
}

/// A form of a process that was looked for in a step.
fn elsewhere(word: &str, of: &str, form: &str) -> String {
    misplaced(word, of)
        .unwrap_or_else(|| if form.starts_with("write") { format!("in the process, beside `steps`: {form}") } else { form.to_owned() })
}

/// A key that is right in another place.
fn misplaced(word: &str, of: &str) -> Option<String> {
    let of_process = Process::KEYS.contains(&word);
    match of {
        "the workflow" if of_process => {
            Some(format!("`{word}` is a key of a process: write it there, or under `defaults` for all where that is allowed"))
        }
        "a step" if of_process => Some(format!("`{word}` belongs to the whole process: write it beside `steps`")),
        "a process" | "a step" if Workflow::KEYS.contains(&word) => Some(format!("`{word}` stands at the top of the file, not in {of}")),
        _ => None,
    }
}

/// A known key whose value shows that another was meant, or an unknown one whose value says more than its name.
pub fn instead(
    key: &Spanned<String>,
    value: NodeId,
    of: &str,
    known: &[&str],
    document: &Document,
) -> Option<(Diagnostic, Option<&'static str>)> {
    let Kind::Map(entries) = &document.node(value).kind else { return None };
    let runs = |entry: &Entry| matches!(entry.key.value.as_str(), "command" | "task" | "steps" | "run" | "cmd" | "cmds");
    if of == "a process" && !known.contains(&key.value.as_str()) && entries.iter().any(runs) {
        let found = Diagnostic::error("unknown-key", key.span, format!("`{}` is not a key of a process", key.value))
            .help("if it is a process of its own, indent it less: as much as the one above");
        return Some((found, None));
    }
    if of != "the workflow" {
        return None;
    }
    if key.value == "jobs" {
        let found = Diagnostic::error("wrong-type", key.span, "`jobs` is the most processes at once, not what is run")
            .help("write `processes:` for what is run; `jobs: 4` bounds how many run at once");
        return Some((found, Some("processes")));
    }
    if !known.contains(&key.value.as_str()) && entries.iter().any(runs) {
        let found = Diagnostic::error("unknown-key", key.span, format!("`{}` is not a key of the workflow", key.value))
            .help(format!("if `{}` is a process, indent it, so that it stands below `processes:`", key.value));
        return Some((found, None));
    }
    None
}

/// The right form of what must be a mapping, a list or a single value, and is not.
pub fn form(of: &str, node: NodeId, document: &Document) -> Option<String> {
    if let Kind::Scalar { text, .. } = &document.node(node).kind
        && let Some(form) = form_of_text(of, text.trim())
    {
        return Some(form);
    }
    let form = match of {
        "the workflow" => "begin with `processes:` and a process below it, or let `flowrun init` write an example",
        "a process" => "write `command: …` below its name, indented",
        "a step" => "write `- command: …`",
        "`stop`" => "write `{signal: SIGTERM, grace: 10s}`",
        "`retries`" => "write `3`, or `{count: 3, delay: 1s}`",
        "`restart`" => "write `on-failure`, or `{policy: on-failure, max: 5, within: 1m}`",
        "`ready`" | "`live`" => "write one condition, as in `{tcp: 5432}`, `{exec: [pg_isready]}` or `{log: \"listening\"}`",
        "a join" => "write a condition such as `success`, or `{until: exit, timeout: 5m}`",
        "a semaphore" => "write its number of permits, as in `{gpu: 4}`",
        "a lock" => "write `locks: [name]`, or `{scope: host}` for one that other runs share",
        "`listen`" => "write an address, as in `127.0.0.1:7000` or `unix:run/my.sock`, or `{tcp: 7000, accept: true}`",
        "a queue" => "write `queues: [name]`, or `{maxsize: 3}` for one that holds its producers back",
        "`for_each`" => "write the name of a queue, or `{queue: name, workers: 3}`",
        "`stdin`" => "write `none`, `inherit`, `{text: …}`, `{file: path}`, `{process: other}` or `{queue: name}`",
        "`stdout` or `stderr`" => "write `{file: path}` or `{queue: name}`",
        _ => return None,
    };
    Some(form.to_owned())
}

/// Whether a text may be shown within a form: short, and of the same meaning in any place of YAML.
pub(super) fn is_simple(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && !text.contains(|c: char| c.is_control() || matches!(c, ',' | ':' | '#' | '{' | '}' | '[' | ']' | '"' | '\'' | '`' | '&' | '*'))
}

/// The right form of a single value where a mapping must stand.
fn form_of_text(of: &str, text: &str) -> Option<String> {
    if matches!(of, "a process" | "a step")
        && let Some((key @ ("command" | "task"), rest)) = text.split_once(':')
        && is_simple(rest)
    {
        return Some(format!("put a space after the colon: `{key}: {rest}`"));
    }
    if matches!(of, "`ready`" | "`live`") {
        return probe_hints::form(text);
    }
    if !is_simple(text) {
        return None;
    }
    match of {
        "a process" => Some(format!("write `{{command: {text}}}`")),
        "a step" => Some(format!("write `- command: {text}`, or `[{{command: {text}}}]` in one line")),
        "a queue" if text.bytes().all(|b| b.is_ascii_digit()) => Some(format!("write `{{maxsize: {text}}}`")),
        "`stop`" if text.starts_with(|c: char| c.is_ascii_digit()) => Some(format!("write `{{grace: {text}}}`")),
        "`stop`" => Some(format!("write `{{signal: {text}}}`")),
        _ => None,
    }
}

/// The right form of what must be a mapping with keys of the user's choice, and is not.
pub fn mapping_form(node: NodeId, sample: &str, document: &Document) -> Option<String> {
    let (first, more) = match &document.node(node).kind {
        Kind::List(items) => (*items.first()?, if items.len() > 1 { ", …" } else { "" }),
        _ => (node, ""),
    };
    match &document.node(first).kind {
        Kind::Scalar { text, .. } => match text.split_once('=') {
            Some((name, value)) if is_simple(name) && is_simple(value) => Some(format!("write `{{{name}: {value}{more}}}`")),
            None if first != node && is_simple(text) && !text.contains(' ') => Some(format!("write `{{{text}: {sample}{more}}}`")),
            _ => None,
        },
        Kind::Map(entries) => {
            let named = entries.iter().find(|entry| entry.key.value == "name");
            let name = named.and_then(|entry| match &document.node(entry.value).kind {
                Kind::Scalar { text, .. } if is_simple(text) && !text.contains(' ') => Some(text.as_str()),
                _ => None,
            });
            name.map(|name| format!("write the name as a key, without `- ` before it: `{name}:` with the rest below it, indented"))
        }
        Kind::List(_) => None,
    }
}

/// The finding for what the language has and this version does not.
pub fn not_yet(span: Span, what: &str, until_then: Option<&str>) -> Diagnostic {
    let rest = until_then.map_or(String::new(), |until_then| format!("; {until_then}"));
    Diagnostic::error("not-supported-yet", span, format!("`{what}` is not supported yet"))
        .help(format!("remove it: this version refuses it, so that nothing is silently ignored{rest}"))
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
