//! What is said of a key that is not known, or that is known and cannot have been meant.

use super::forms::is_simple;
use super::list;
use super::peers::{EXAMPLES, IN_PROCESS};
use super::peers_elsewhere::{AT_TOP, INSIDE};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::base::suggest::nearest;
use crate::source::model::names::is_name;
use crate::source::model::{Process, Workflow};
use crate::source::read::Mapping;
use crate::source::tree::{Document, Entry, Kind, NodeId};

/// Keys of this language that this version does not have yet: where they stand, and what does some of it until then.
const NOT_YET: &[(&str, &[&str], Option<&str>)] = &[
    ("a process", &["resources"], Some("until then, a semaphore bounds what runs at once")),
    ("a process", &["sources", "generates"], None),
];

/// The finding for a key that is not known where it stands, and the key that was meant, if that is known.
pub fn unknown_key(entry: &Entry, of: &str, known: &'static [&'static str], document: &Document) -> (Diagnostic, Option<&'static str>) {
    let key = &entry.key;
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
        let form = with_value(word, form, entry.value, document);
        return (found.help(if of == "a step" && meant.is_none() { elsewhere(word, of, &form) } else { form }), meant);
    }
    if word.contains('\u{a0}') {
        return (
            found.help("there is a non-breaking space before or in it, as copying from a web page leaves it: write plain spaces"),
            None,
        );
    }
    if let Some(form) = misplaced(word, of) {
        return (found.help(form), None);
    }
    if let Some(meant) = nearest(word, known.iter().copied()) {
        return (found.help(format!("did you mean `{meant}`?")), Some(meant));
    }
    if let Some(form) = process_at_top(entry, of, document) {
        return (found.help(form), None);
    }
    let keys = match known {
        [] => "it has no keys".to_owned(),
        [only] => format!("its only key is `{only}`"),
        _ => format!("its keys are {}", list(known)),
    };
    (found.help(keys), None)
}

/// A form with the value that is there in place of the one that it has as an example.
fn with_value(word: &str, form: &str, value: NodeId, document: &Document) -> String {
    let text = match &document.node(value).kind {
        Kind::Scalar { text, .. } => Some(text),
        Kind::Map(entries) => {
            entries.iter().find(|entry| entry.key.value == "replicas").and_then(|entry| match &document.node(entry.value).kind {
                Kind::Scalar { text, .. } => Some(text),
                Kind::List(_) | Kind::Map(_) => None,
            })
        }
        Kind::List(_) => None,
    };
    let example = EXAMPLES.iter().find(|(peer, _)| *peer == word).map(|(_, example)| *example);
    match (example, text) {
        (Some(example), Some(text)) if is_simple(text) && is_number(example) == is_number(text) => form.replace(example, text),
        _ => form.to_owned(),
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// `web: npm start` at the top of the file.
fn process_at_top(entry: &Entry, of: &str, document: &Document) -> Option<String> {
    let Kind::Scalar { text, .. } = &document.node(entry.value).kind else { return None };
    let name = &entry.key.value;
    let is_command = of == "the workflow" && is_simple(text) && text.contains(' ') && is_name(name);
    is_command.then(|| format!("if it is a process, write it below `processes:` as `{name}: {{command: {text}}}`"))
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
    let Kind::Map(entries) = &document.node(value).kind else { return cut_by_comma(key, value, of, known, document) };
    let is_of_workflow = Workflow::KEYS.contains(&key.value.as_str());
    if of == "a process" && !is_of_workflow && !known.contains(&key.value.as_str()) && entries.iter().any(runs) {
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
    if !known.contains(&key.value.as_str()) && !key.value.contains('\u{a0}') && entries.iter().any(runs) {
        let found = Diagnostic::error("unknown-key", key.span, format!("`{}` is not a key of the workflow", key.value))
            .help(format!("if `{}` is a process, indent it, so that it stands below `processes:`", key.value));
        return Some((found, None));
    }
    None
}

/// Whether an entry says what a process runs.
fn runs(entry: &Entry) -> bool {
    matches!(entry.key.value.as_str(), "command" | "task" | "steps" | "run" | "cmd" | "cmds")
}

/// `{ command: echo a, b }`: the rest of a text, read as a key without a value.
fn cut_by_comma(
    key: &Spanned<String>,
    value: NodeId,
    of: &str,
    known: &[&str],
    document: &Document,
) -> Option<(Diagnostic, Option<&'static str>)> {
    let after = document.text.get(key.span.end as usize..)?.trim_start();
    if known.contains(&key.value.as_str()) || !document.is_null(value) || !after.starts_with([',', '}']) {
        return None;
    }
    let what = if matches!(of, "a process" | "a step") { "command" } else { "text" };
    let found = Diagnostic::error("unknown-key", key.span, format!("`{}` is not a key of {of}", key.value))
        .help(format!("a `,` inside `{{…}}` ends the text: quote the whole {what}"));
    Some((found, None))
}

/// The finding for a key of a process that stands beside the name of an empty one instead of below it.
pub fn not_indented(entry: &Entry, name: &str, of: &str, document: &Document) -> Option<Diagnostic> {
    let key = entry.key.value.as_str();
    let is_process = matches!(&document.node(entry.value).kind, Kind::Map(entries) if entries.iter().any(runs));
    if of != "a process" || is_process || !Process::KEYS.contains(&key) {
        return None;
    }
    let found = Diagnostic::error("not-indented", entry.key.span, format!("`{key}` is a key of a process, and `{name}` is empty"));
    Some(found.help(format!("indent it, so that it stands below `{name}:`")))
}

/// The finding for what the language has and this version does not.
fn not_yet(span: Span, what: &str, until_then: Option<&str>) -> Diagnostic {
    let rest = until_then.map_or(String::new(), |until_then| format!("; {until_then}"));
    Diagnostic::error("not-supported-yet", span, format!("`{what}` is not supported yet"))
        .help(format!("remove it: this version refuses it, so that nothing is silently ignored{rest}"))
}
