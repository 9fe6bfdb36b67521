//! The top level of a workflow file.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::names::{EnvName, Name};
use super::process::Process;
use super::queue::Queues;
use super::scalars::{JobLimit, OnFailure, Period, ScalarText, words};
use crate::base::span::{Span, Spanned};
use crate::mapping;
use crate::source::read::{Field, KeyRule, List, Map, Merge, OneOrMany, Read, Reader, Tmpl};
use crate::source::tree::NodeId;

mapping! {
    /// A flowrun workflow: processes, and what they share.
    pub struct Workflow as "the workflow", extensible {
        /// A name for people; default the file's own.
        name: String,
        /// For people.
        description: String,
        /// Values for expressions, read as `${{ vars.name }}`; `--set name=value` overrides one.
        vars: Map<Name, ScalarText>,
        /// Environment variables for every process.
        env: Map<EnvName, Tmpl<String>>,
        /// A file of `NAME=value` lines for every process, or a list of such files.
        env_file: OneOrMany<Tmpl<String>>,
        /// Process keys that every process starts from.
        defaults: Process,
        /// The most processes that run at once: a number, a percentage of the processors, or `cpus`. Default unlimited.
        jobs: Tmpl<JobLimit>,
        /// The run is stopped when it takes longer.
        timeout: Tmpl<Period>,
        /// After a failure: `finish` (default) starts nothing new, `continue` runs what does not depend on it, `kill` stops everything.
        on_failure: Tmpl<OnFailure>,
        /// Locks, held by one process at a time: a list of names, or a mapping such as `{db: {scope: host}}`.
        locks: Locks,
        /// Semaphores with their numbers of permits.
        semaphores: Map<Name, Permits>,
        /// Queues between processes: a list of names, or a mapping such as `{buns: {maxsize: 3}}`.
        queues: Queues,
        /// Processes that are not run, only extended.
        templates: Map<Name, Process>,
        /// The processes, by name.
        processes: Map<Name, Process>,
    }
}

words! {
    /// Who shares a lock or semaphore.
    Scope as "a scope" {
        /// The processes of one run.
        #[default]
        Run = "run",
        /// All runs of the same user on this machine.
        Host = "host",
    }
}

mapping! {
    /// A lock in full.
    pub struct LockSpec as "a lock" {
        /// Who shares it: `run` (default), or `host` for all runs of the same user on this machine.
        scope: Tmpl<Scope>,
        /// With `scope: host`, its name on this machine; default the workflow's name and the lock's, as in `shop/db`.
        name: Tmpl<String>,
    }
}

/// The declared locks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Locks(pub Vec<(Spanned<String>, LockSpec)>);

impl Merge for Locks {}

impl Read for Locks {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let mut locks = Self::default();
        let mut seen: HashMap<String, Span> = HashMap::new();
        if reader.items(node).is_some() {
            for name in List::<String>::read(node, reader)?.0 {
                if let Some(first) = seen.insert(name.value.clone(), name.span) {
                    reader.report(super::super::read::duplicate_name(&name, first));
                    continue;
                }
                if let Some(why) = Name::refuse(&name.value) {
                    reader.report(super::super::read::bad_value(name.span, &why, None));
                }
                locks.0.push((name, LockSpec::default()));
            }
            return Some(locks);
        }
        let help = reader.scalar(node).map(|(name, _)| format!("write `[{name}]`"));
        for entry in reader.entries(node, "a list of names such as `[db, audit]`", help.as_deref())? {
            if let Some(why) = Name::refuse(&entry.key.value) {
                reader.report(super::super::read::bad_value(entry.key.span, &why, None));
            }
            let spec: Field<LockSpec> = Field::read_from(entry.value, reader);
            locks.0.push((entry.key.clone(), spec.value().cloned().unwrap_or_default()));
        }
        Some(locks)
    }
}

impl JsonSchema for Locks {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Locks".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<LockSpec>();
        json_schema!({
            "anyOf": [
                { "type": "array", "items": { "type": "string", "pattern": Name::PATTERN }, "uniqueItems": true },
                { "type": "object", "propertyNames": { "pattern": Name::PATTERN }, "additionalProperties": { "anyOf": [full, { "type": "null" }] } }
            ],
            "examples": [["db", "audit"], { "db": { "scope": "host" } }]
        })
    }
}

mapping! {
    /// A semaphore in full.
    pub struct PermitsSpec as "a semaphore" {
        /// How many permits it has, at least 1.
        permits: Tmpl<u32>,
        /// Who shares it: `run` (default), or `host` for all runs of the same user on this machine.
        scope: Tmpl<Scope>,
        /// With `scope: host`, its name on this machine; default the workflow's name and the semaphore's.
        name: Tmpl<String>,
    }
}

/// A number of permits, or the full form; always kept in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Permits(pub PermitsSpec);

impl Merge for Permits {}

impl Read for Permits {
    const SAMPLE: &'static str = "4";
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            let permits = Field::Set(Spanned::new(Tmpl::read(node, reader)?, span));
            return Some(Self(PermitsSpec { permits, ..PermitsSpec::default() }));
        }
        PermitsSpec::read(node, reader).map(Self)
    }
}

impl JsonSchema for Permits {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Permits".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = Tmpl::<u32>::json_schema(generator);
        let full = generator.subschema_for::<PermitsSpec>();
        json_schema!({ "anyOf": [number, full], "examples": [4, { "permits": 8, "scope": "host" }] })
    }
}
