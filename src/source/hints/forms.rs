//! The right form of a value that has another than must stand there.

use super::probes;
use crate::source::model::Process;
use crate::source::read::Mapping;
use crate::source::tree::{Document, Kind, NodeId};

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
    if matches!(of, "a process" | "a step")
        && let Some(form) = without_colon(text)
    {
        return Some(form);
    }
    if matches!(of, "`ready`" | "`live`") {
        return probes::form(text);
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

/// A key of a process whose colon was forgotten. What is a program or a word of the shell too is no such key.
pub fn without_colon(text: &str) -> Option<String> {
    let (key, rest) = text.split_once(' ')?;
    if !Process::KEYS.contains(&key) || matches!(key, "env" | "if" | "timeout" | "umask") {
        return None;
    }
    let is_short = rest.len() <= 60 && !rest.contains(|c: char| c.is_control() || matches!(c, ':' | '#' | '`'));
    Some(if is_short { format!("write `{key}: {}`", rest.trim()) } else { format!("put a colon after the key: `{key}: …`") })
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

/// The right form of a mapping where only one value or a list may stand: a list of its keys, without their values.
pub fn list_of_keys(node: NodeId, document: &Document) -> Option<String> {
    let Kind::Map(entries) = &document.node(node).kind else { return None };
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.value.as_str()).collect();
    let fits = !keys.is_empty() && keys.len() <= 5 && keys.iter().all(|key| is_simple(key));
    Some(if fits { format!("write `[{}]`", keys.join(", ")) } else { "write a list: every entry begins with `- `".to_owned() })
}

/// `1..3` or `1-3`, as tools with ranges have it: all of its numbers, for a list.
pub fn range(text: &str) -> Option<String> {
    let (first, last) = text.split_once("..").or_else(|| text.split_once('-'))?;
    let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let is_short = first < last && last - first < 10;
    is_short.then(|| (first..=last).map(|number| number.to_string()).collect::<Vec<_>>().join(", "))
}
