//! `ready` and `live`: conditions that say whether a process serves.
//!
//! Both take the same conditions. Whether there is exactly one is a matter of the whole process: templates
//! may give the rest, and a condition of one's own replaces that of a template, as a command does.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::command::Command;
use super::endpoint::Endpoint;
use super::http::{HeaderName, HeaderValue, HttpMethod, StatusForm, Url};
use super::path::PathText;
use super::scalars::{Delay, Period};
use crate::base::diagnostic::Diagnostic;
use crate::base::pattern::Pattern;
use crate::base::span::{Span, Spanned};
use crate::mapping;
use crate::source::hints;
use crate::source::read::{Field, Map, Merge, OneOrMany, Read, Reader, Scalar, Tmpl};
use crate::source::tree::{Kind, NodeId};

/// The keys of which there is exactly one.
pub const CONDITIONS: [&str; 7] = ["tcp", "unix", "http", "exec", "log", "file", "notify"];

/// Makes a mapping of the conditions and more keys, and a long form around it that knows how to merge.
macro_rules! probe {
    ($(#[$meta:meta])* $name:ident($spec:ident) as $what:literal {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty,)*
    }) => {
        mapping! {
            $(#[$meta])*
            pub struct $spec as $what {
                /// A connection to `host:port` is accepted; a port alone is one of this machine.
                tcp: Tmpl<Endpoint>,
                /// A connection to this Unix socket is accepted.
                unix: Tmpl<PathText>,
                /// This URL answers with one of the statuses; redirects are not followed.
                http: Tmpl<Url>,
                /// With `http`: the statuses that are right, as `200`, `2xx` or a list; default 200 to 399.
                status: OneOrMany<Tmpl<StatusForm>>,
                /// With `http`: the method; default `GET`.
                method: Tmpl<HttpMethod>,
                /// With `http`: headers that are sent.
                headers: Map<HeaderName, Tmpl<HeaderValue>>,
                /// With `http`: `true` does not check the certificate of an `https` server.
                insecure: Tmpl<bool>,
                /// This command succeeds: a text for the shell, or a list of a program and its arguments.
                exec: ProbeCommand,
                /// A line of its output matches this regular expression.
                log: Tmpl<Pattern>,
                /// This file or folder exists.
                file: Tmpl<PathText>,
                /// `true`: it says so itself, as `sd_notify` does.
                notify: Tmpl<bool>,
                $($(#[$field_meta])* $field: $ty,)*
            }
        }

        #[doc = concat!($what, " in full; always kept so.")]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name(pub $spec);

        impl $spec {
            /// The conditions that are there.
            pub fn asked(&self) -> Asked<'_> {
                Asked {
                    tcp: &self.tcp,
                    unix: &self.unix,
                    http: &self.http,
                    status: &self.status,
                    method: &self.method,
                    headers: &self.headers,
                    insecure: &self.insecure,
                    exec: &self.exec,
                    log: &self.log,
                    file: &self.file,
                    notify: &self.notify,
                    initial_delay: &self.initial_delay,
                    interval: &self.interval,
                    timeout: &self.timeout,
                }
            }

            /// Without any condition, unless it is the one that `over` has too.
            fn without_other_condition_than(self, over: &Self) -> Self {
                let (inherited, own) = (self.asked().first(), over.asked().first());
                if own.is_none() || own == inherited {
                    return self;
                }
                Self {
                    $($field: self.$field,)*
                    ..Self::default()
                }
            }
        }

        impl Merge for $name {
            fn merge(self, over: Self) -> Self {
                Self(self.0.without_other_condition_than(&over.0).merge(over.0))
            }
        }

        impl Read for $name {
            fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
                $spec::read(node, reader).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let full = generator.subschema_for::<$spec>();
                json_schema!({ "anyOf": [full], "examples": [{ "tcp": "127.0.0.1:5432" }, { "log": "listening on" }] })
            }
        }
    };
}

probe! {
    /// When a process counts as ready. Exactly one of `tcp`, `unix`, `http`, `exec`, `log`, `file` and `notify` says how it is seen.
    Ready(ReadySpec) as "`ready`" {
        /// Between the start and the first probe; default none.
        initial_delay: Tmpl<Delay>,
        /// Between an answer and the next probe; default 20 ms, doubled with each probe up to 500 ms.
        interval: Tmpl<Period>,
        /// The longest wait for one answer; default 5 seconds.
        timeout: Tmpl<Period>,
        /// The process has failed when it is not ready within this time from its start; default 60 seconds.
        within: Tmpl<Period>,
    }
}

probe! {
    /// What is asked again and again once a process is ready. The same conditions as in `ready`.
    Live(LiveSpec) as "`live`" {
        /// Between being ready and the first probe; default none, for `log` and `notify` one interval.
        initial_delay: Tmpl<Delay>,
        /// Between an answer and the next probe; default 10 seconds.
        interval: Tmpl<Period>,
        /// The longest wait for one answer; default 5 seconds.
        timeout: Tmpl<Period>,
        /// So many failed probes in a row are a failure of the process; default 3.
        failures: Tmpl<u32>,
    }
}

/// The keys that `ready` and `live` share, as they were written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "each is the key of its name")]
pub struct Asked<'a> {
    pub tcp: &'a Field<Tmpl<Endpoint>>,
    pub unix: &'a Field<Tmpl<PathText>>,
    pub http: &'a Field<Tmpl<Url>>,
    pub status: &'a Field<OneOrMany<Tmpl<StatusForm>>>,
    pub method: &'a Field<Tmpl<HttpMethod>>,
    pub headers: &'a Field<Map<HeaderName, Tmpl<HeaderValue>>>,
    pub insecure: &'a Field<Tmpl<bool>>,
    pub exec: &'a Field<ProbeCommand>,
    pub log: &'a Field<Tmpl<Pattern>>,
    pub file: &'a Field<Tmpl<PathText>>,
    pub notify: &'a Field<Tmpl<bool>>,
    pub initial_delay: &'a Field<Tmpl<Delay>>,
    pub interval: &'a Field<Tmpl<Period>>,
    pub timeout: &'a Field<Tmpl<Period>>,
}

impl Asked<'_> {
    /// The conditions that have a value, in the order of their documentation.
    pub fn conditions(&self) -> Vec<(&'static str, Span)> {
        let places =
            [self.tcp.span(), self.unix.span(), self.http.span(), self.exec.span(), self.log.span(), self.file.span(), self.notify.span()];
        CONDITIONS.into_iter().zip(places).filter_map(|(key, place)| Some((key, place?))).collect()
    }

    /// Whether a condition is there that could not be read.
    pub fn is_broken(&self) -> bool {
        let broken = [self.tcp.is_broken(), self.unix.is_broken(), self.http.is_broken(), self.exec.is_broken()];
        broken.contains(&true) || self.log.is_broken() || self.file.is_broken() || self.notify.is_broken()
    }

    /// The first condition that is there.
    fn first(&self) -> Option<&'static str> {
        self.conditions().first().map(|(key, _)| *key)
    }

    /// Keys that belong to `http` and are there.
    pub fn of_http(&self) -> Vec<(&'static str, Span)> {
        let places = [
            ("status", self.status.span()),
            ("method", self.method.span()),
            ("headers", self.headers.span()),
            ("insecure", self.insecure.span()),
        ];
        places.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
    }

    /// Keys that say when it is asked and are there.
    pub fn of_asking(&self) -> [Option<(&'static str, Span)>; 3] {
        let places = [("initial_delay", self.initial_delay.span()), ("interval", self.interval.span()), ("timeout", self.timeout.span())];
        places.map(|(key, place)| Some((key, place?)))
    }
}

/// The command of a condition; the forms of peers are told apart from commands of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeCommand(pub Command);

impl Merge for ProbeCommand {}

impl Read for ProbeCommand {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.document.span(node);
        if let Some(help) = hints::probe_command(node, reader.document) {
            let is = if matches!(reader.document.node(node).kind, Kind::Map(_)) { "a mapping" } else { "a word of docker's first" };
            reader.report(Diagnostic::error("wrong-type", span, format!("expected a command, but there is {is}")).help(help));
            return None;
        }
        Command::read(node, reader).map(Self)
    }
}

impl ProbeCommand {
    /// The command with its place.
    pub fn placed(field: &Field<Self>) -> Option<Spanned<Command>> {
        field.get().map(|command| Spanned::new(command.value.0.clone(), command.span))
    }
}

impl JsonSchema for ProbeCommand {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProbeCommand".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Command::json_schema(generator);
        schema.insert("examples".to_owned(), serde_json::json!([["pg_isready", "-q"], "test -s server.pid"]));
        schema
    }
}

impl Scalar for Pattern {
    const EXPECTED: &'static str = "a regular expression";
    const HELP: Option<&'static str> = Some("write one text, as in `log: \"listening on\"`; `a|b` matches either");
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty regular expression matches every line; write a part of the line that is waited for".to_owned());
        }
        Self::new(text)
            .map_err(|why| format!("`{text}` is not a regular expression: {why}; a `\\` before a character takes its meaning away"))
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "minLength": 1, "examples": ["listening on .*:8080"] })
    }
}
