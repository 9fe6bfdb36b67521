//! What users of other tools write in conditions, and what it is called here.

use super::forms::is_simple;
use super::peers::Peer;
use crate::source::tree::{Document, Kind, NodeId};

const PROBE_EXEC: &str = "write `exec: [program, argument]`, or a text for the shell";
const PROBE_HTTP: &str = "write the whole URL, as in `http: \"http://127.0.0.1:8080/health\"`";
const PROBE_TCP: &str = "write `tcp: \"127.0.0.1:5432\"`, or the port alone";
const WITHIN: &str = "in `ready` write `within: 60s`: how long it may take until it is ready; in `live` write `failures: 3`";
const ONCE: &str = "remove it: one answer that is right is enough";

/// Keys of peers in conditions; `failures` and `within` each belong to one of the two only.
pub(super) const KEYS: &[Peer] = &[
    ("test", PROBE_EXEC, Some("exec")),
    ("command", PROBE_EXEC, Some("exec")),
    ("cmd", PROBE_EXEC, Some("exec")),
    ("http_get", PROBE_HTTP, None),
    ("httpGet", PROBE_HTTP, None),
    ("url", "write `http: …`", Some("http")),
    ("https", "write `http: \"https://…\"`", Some("http")),
    ("tcp_socket", PROBE_TCP, None),
    ("tcpSocket", PROBE_TCP, None),
    ("port", "write `tcp: 5432`", Some("tcp")),
    ("socket", "write `unix: path`, or `tcp: \"127.0.0.1:5432\"`", None),
    ("grpc", "there is no form of it: write `exec: [grpc_health_probe, …]`", None),
    ("ready_log_line", "write `log: \"…\"`", Some("log")),
    ("log_line", "write `log: \"…\"`", Some("log")),
    ("regex", "write `log: \"…\"`", Some("log")),
    ("status_code", "write `status: 200`, beside `http`", Some("status")),
    ("code", "write `status: 200`, beside `http`", Some("status")),
    ("verify", "write `insecure: true`, beside `http`, to leave a certificate unchecked", None),
    ("initial_delay_seconds", "write `initial_delay: 5s`", Some("initial_delay")),
    ("initialDelaySeconds", "write `initial_delay: 5s`", Some("initial_delay")),
    ("delay", "write `initial_delay: 5s`", Some("initial_delay")),
    ("start_period", "write `within: 60s` in `ready`: no failure counts until it is ready", None),
    ("start_interval", "write `interval: 1s` in `ready`; that of `live` is its own", None),
    ("period", "write `interval: 5s`", Some("interval")),
    ("period_seconds", "write `interval: 5s`", Some("interval")),
    ("periodSeconds", "write `interval: 5s`", Some("interval")),
    ("timeout_seconds", "write `timeout: 5s`", Some("timeout")),
    ("timeoutSeconds", "write `timeout: 5s`", Some("timeout")),
    ("retries", WITHIN, None),
    ("failure_threshold", WITHIN, None),
    ("failureThreshold", WITHIN, None),
    ("failures", "in `ready` write `within: 60s`: how long it may take until it is ready; `failures` belongs to `live`", None),
    ("within", "`within` belongs to `ready`; in `live` write `failures: 3`", None),
    ("success_threshold", ONCE, None),
    ("successThreshold", ONCE, None),
    ("disable", "remove the key: without it there is no condition", None),
];

/// The condition that a single value in the place of one seems to mean.
pub(super) fn form(text: &str) -> Option<String> {
    let is_url = text.starts_with("http://") || text.starts_with("https://");
    let address = text.rsplit(':').next().is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let shown = text.len() <= 80 && !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\' | '`' | ' '));
    match text {
        "notify" | "sd_notify" => Some("write `{notify: true}`".to_owned()),
        _ if !shown => None,
        _ if is_url => Some(format!("write `{{http: \"{text}\"}}`")),
        _ if address && !text.contains(':') => Some(format!("write `{{tcp: {text}}}`")),
        _ if address => Some(format!("write `{{tcp: \"{text}\"}}`")),
        _ => None,
    }
}

/// The right form of a condition's command that has the form of a peer; none for a command as it is written here.
pub fn command(node: NodeId, document: &Document) -> Option<String> {
    let text = |node: NodeId| match &document.node(node).kind {
        Kind::Scalar { text, .. } => Some(text.as_str()),
        Kind::List(_) | Kind::Map(_) => None,
    };
    match &document.node(node).kind {
        Kind::Map(entries) => {
            let command = entries.iter().find(|entry| matches!(entry.key.value.as_str(), "command" | "cmd" | "test"));
            let command = command.and_then(|entry| text(entry.value)).filter(|text| is_simple(text));
            Some(command.map_or_else(|| PROBE_EXEC.to_owned(), |command| format!("write `exec: {command}`")))
        }
        Kind::List(items) => match (text(*items.first()?)?, items.get(1).and_then(|item| text(*item))) {
            ("CMD", _) => Some("leave `CMD` out: a list is run without a shell".to_owned()),
            ("CMD-SHELL", Some(command)) if is_simple(command) => Some(format!("write `exec: {command}`: a text goes to the shell")),
            ("CMD-SHELL", _) => Some("write the command as one text: it goes to the shell".to_owned()),
            ("NONE", _) => Some("remove the key: without it there is no condition".to_owned()),
            _ => None,
        },
        Kind::Scalar { .. } => None,
    }
}
