//! `join`: what must have happened before a process starts.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalars::{Period, words};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::mapping;
use crate::source::read::{Field, Merge, Read, Reader, Tmpl, merge_by_name};
use crate::source::tree::{Kind, NodeId};

words! {
    /// What a join waits for.
    Condition as "a join condition" {
        /// Ended with a success code, or skipped by its own `if`.
        #[default]
        Success = "success",
        /// Started and ended, however it ended.
        Exit = "exit",
        /// Has failed.
        Failure = "failure",
        /// Has been started.
        Start = "start",
        /// Is ready; without a readiness condition: its last step has been started.
        Ready = "ready",
    }
}

words! {
    /// What happens when a join takes longer than its `timeout`.
    OnTimeout as "what to do on a timeout" {
        /// The waiting process fails.
        #[default]
        Fail = "fail",
        /// It stops waiting and starts.
        Continue = "continue",
    }
}

mapping! {
    /// One join in full.
    pub struct JoinSpec as "a join" {
        /// The condition: `success` (default for finite processes), `ready` (default for daemons), `exit`, `failure` or `start`.
        until: Tmpl<Condition>,
        /// Wait no longer than this, counted from when the other joins hold.
        timeout: Tmpl<Period>,
        /// `fail` (default) or `continue`: stop waiting and start, as Python's `join(timeout)` does.
        on_timeout: Tmpl<OnTimeout>,
    }
}

/// One process that is waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinEntry {
    /// Its name: a process, all instances of one, or one instance such as `buyer[3]`.
    pub target: Spanned<Tmpl<String>>,
    /// How it is waited for; `Null` takes the join of a template away.
    pub spec: Field<JoinSpec>,
}

/// All joins of one process, in long form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Join(pub Vec<JoinEntry>);

impl Merge for Join {
    fn merge(mut self, over: Self) -> Self {
        merge_by_name(
            &mut self.0,
            over.0,
            |entry| entry.target.value.text(),
            |inherited, entry| {
                inherited.spec = match (std::mem::take(&mut inherited.spec), entry.spec) {
                    // Taken away; a null that takes nothing away stays, and is refused.
                    (Field::Set(_), Field::Null(_)) => Field::Absent,
                    (base, over) => base.merge(over),
                };
                inherited.target = entry.target;
            },
        );
        self.0.retain(|entry| entry.spec.is_given());
        self
    }
}

impl Read for Join {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        if let Some(items) = reader.items(node) {
            let mut join = Self::default();
            let mut seen = HashMap::new();
            if let Some(item) = items.iter().find(|item| matches!(reader.document.node(**item).kind, Kind::Map(_))) {
                reader.wrong_type(*item, "a name", Some("for conditions, write one mapping: `join: {a: success, b: success}`"));
                return None;
            }
            for item in items {
                let span = reader.document.span(*item);
                if let Some(name) = read_name(*item, span, reader) {
                    join.push_once(name, span, &mut seen, reader);
                }
            }
            return Some(join);
        }
        if reader.scalar(node).is_some() {
            let name = read_name(node, span, reader)?;
            return Some(Self(vec![short(name, span)]));
        }
        let mut join = Self::default();
        for entry in reader.entries(node, "a process name, a list of names, or a mapping from names to conditions", None)? {
            let target = Spanned::new(Tmpl::Known(entry.key.value.clone()), entry.key.span);
            join.0.push(JoinEntry { target, spec: read_spec(entry.value, reader) });
        }
        Some(join)
    }
}

impl Join {
    /// Adds a name of the short form; the same name twice is reported.
    fn push_once(&mut self, name: Tmpl<String>, span: Span, seen: &mut HashMap<String, Span>, reader: &mut Reader<'_>) {
        match (seen.insert(name.text().to_owned(), span), &name) {
            (Some(first), Tmpl::Known(word)) => reader.report(
                Diagnostic::error("join-twice", span, format!("`{word}` is joined twice"))
                    .main_label("again here")
                    .label(first, "first here")
                    .help("name each process once"),
            ),
            _ => self.0.push(short(name, span)),
        }
    }
}

fn short(name: Tmpl<String>, span: Span) -> JoinEntry {
    JoinEntry { target: Spanned::new(name, span), spec: Field::Set(Spanned::new(JoinSpec::default(), span)) }
}

fn read_name(node: NodeId, span: Span, reader: &mut Reader<'_>) -> Option<Tmpl<String>> {
    let name = Tmpl::<String>::read(node, reader)?;
    if matches!(&name, Tmpl::Known(text) if text == "always()") {
        reader.report(
            Diagnostic::error("bad-value", span, "`always()` is not a process")
                .help("for cleaning up, write `join: {other: exit}`: it starts however `other` ended"),
        );
        return None;
    }
    Some(name)
}

/// A condition word, or the full form.
fn read_spec(node: NodeId, reader: &mut Reader<'_>) -> Field<JoinSpec> {
    let span = reader.document.span(node);
    if let Some((text, _)) = reader.scalar(node) {
        let peer = match text {
            "service_healthy" | "healthy" | "process_healthy" | "process_log_ready" => Some("ready"),
            "service_started" | "started" | "process_started" => Some("start"),
            "service_completed_successfully" | "process_completed_successfully" | "completed" | "success()" => Some("success"),
            "process_completed" | "always()" | "always" | "end" | "ended" | "exited" => Some("exit"),
            "failed" | "failure()" => Some("failure"),
            _ => None,
        };
        if let Some(word) = peer {
            let help = format!("here it is called `{word}`");
            let help = if word == "ready" { format!("{help}; its condition stands in the other process, under `ready`") } else { help };
            reader.report(Diagnostic::error("bad-value", span, format!("`{text}` is not a join condition")).help(help));
            return Field::Broken(span);
        }
        let Some(until) = Tmpl::read(node, reader) else { return Field::Broken(span) };
        let spec = JoinSpec { until: Field::Set(Spanned::new(until, span)), ..JoinSpec::default() };
        return Field::Set(Spanned::new(spec, span));
    }
    Field::read_from(node, reader)
}

impl JsonSchema for Join {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Join".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<JoinSpec>();
        let word = Tmpl::<Condition>::json_schema(generator);
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
                { "type": "object", "additionalProperties": { "anyOf": [word, full, { "type": "null" }] } }
            ],
            "examples": ["build", ["build", "lint"], { "build": "success", "db": "ready" }]
        })
    }
}
