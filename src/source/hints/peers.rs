//! Keys that users of other tools type first in a process, and what they are called here.
//!
//! A list that `keys` looks things up in; those of other places are in `peers_elsewhere`.

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
const NO_USER: &str = "there is no form of it: all runs as the user who calls flowrun; use `command: sudo -u NAME …`";
const LOG: &str = "write `stdout: {file: path}`, and `stderr: stdout`; `flowrun --log-dir DIR` writes a file for each process";
const CODES: &str = "write `success_codes: [0, 1]`: the exit codes that mean success";
const DESCRIPTION: &str = "write `description: …`";
pub(super) const CONCURRENCY: &str =
    "write `lock: name`, and at the top `locks: {name: {scope: host}}`: one at a time in all runs on this machine";
const LABEL: &str = "there is no form of it: processes are named one by one; `description` is for people";
pub(super) const NO_HOST: &str = "there is no form of it: what belongs to the CI stays in its own file, which calls flowrun";
pub(super) const SCHEDULE: &str = "there is no scheduling: call flowrun from cron or a timer of systemd";

/// Values in forms that are only examples: of which key, and which; a value of the user takes their place.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("stop_signal", "SIGTERM"),
    ("stop_grace_period", "10s"),
    ("timeout", "10s"),
    ("scale", "10"),
    ("count", "10"),
    ("deploy", "10"),
    ("dotenv", ".env"),
    ("parallelism", "4"),
    ("capacity", "3"),
    ("max_size", "3"),
    ("size", "3"),
    ("window", "1m"),
];

/// Keys of peers in a process.
pub(super) const IN_PROCESS: &[Peer] = &[
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
    ("user", NO_USER, None),
    ("become", NO_USER, None),
    (
        "outputs",
        "remove it: a process appends `name=value` to \"$FLOWRUN_OUTPUTS\", and who joins it reads `${{ outputs.process.name }}`",
        None,
    ),
    ("log_location", LOG, None),
    ("log_file", LOG, None),
    ("logfile", LOG, None),
    ("log", LOG, None),
    ("logging", LOG, None),
    ("runs-on", "remove it: everything runs on this machine", None),
    ("uses", "there are no actions: write what it does as a `command`", None),
    ("is_daemon", "write `daemon: true`", Some("daemon")),
    ("background", "write `daemon: true`", Some("daemon")),
    ("availability", RESTART, None),
    ("restart_policy", RESTART, Some("restart")),
    ("restartPolicy", RESTART, Some("restart")),
    ("autorestart", RESTART, None),
    ("exit_codes", CODES, Some("success_codes")),
    ("success_exit_codes", CODES, Some("success_codes")),
    ("retry", "write `retries: 3`, or `retries: {count: 3, delay: 1s, backoff: exponential}`", Some("retries")),
    ("timeout_minutes", "write `timeout: 5m`", None),
    ("timeout-minutes", "write `timeout: 5m`", None),
    ("parallel", "write `replicas: 10` for copies; processes without a join between them run at once anyway", None),
    ("scale", "write `replicas: 10`", Some("replicas")),
    ("count", "write `replicas: 10`", Some("replicas")),
    ("deploy", "write `replicas: 10` in the process itself; there is no form of the rest", None),
    (
        "profiles",
        "write `if: vars.debug`, and `vars: {debug: false}` at the top: `--set debug=true` lets it run; or name what is to run",
        None,
    ),
    ("disabled", "write `if: false`", None),
    ("enabled", "write `if: false` in what is not to run", None),
    ("desc", DESCRIPTION, Some("description")),
    ("summary", DESCRIPTION, Some("description")),
    ("preconditions", "let a process of its own check it, and join that: `join: check`", None),
    ("status", "there is no form of it yet: all that is selected runs", None),
    ("services", "write each as a process of its own with `daemon: true`, and join it", None),
    ("concurrency", CONCURRENCY, None),
    ("id", "remove it: outputs are read by the name of the process, as in `${{ outputs.process.name }}`", None),
    ("namespace", LABEL, None),
    ("tags", LABEL, None),
    ("labels", LABEL, None),
    ("stage", "remove it, and write `join: other` where something must come before", None),
    ("permissions", NO_HOST, None),
    ("artifacts", NO_HOST, None),
    ("cache", NO_HOST, None),
    ("build", "let a process of its own build it, and join that: `join: build`", None),
    ("networks", "there is no form of it: processes share the network of this machine", None),
    ("links", JOIN, Some("join")),
    ("container_name", "remove it: the name of a process is its key under `processes`", None),
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
