//! `restart`: whether a daemon that ended is started again.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::retries::Backoff;
use super::scalars::{Delay, Period, words};
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::read::{Field, Merge, Read, Reader, Scalar, Tmpl};
use crate::source::tree::NodeId;

words! {
    /// After which ends a daemon is started again.
    RestartPolicy as "a restart policy" {
        /// After none.
        #[default]
        No = "no",
        /// After a failure.
        OnFailure = "on-failure",
        /// After any end that nobody asked for.
        Always = "always",
    }
}

/// A restart policy as it is written, with the words of peers told by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyWord(pub RestartPolicy);

impl Scalar for PolicyWord {
    const EXPECTED: &'static str = "a restart policy";
    const HELP: Option<&'static str> = Some("write `no`, `on-failure` or `always`");
    fn parse(text: &str) -> Result<Self, String> {
        let meant = match text {
            "unless-stopped" | "unless_stopped" | "true" => "write `always`; a daemon that was asked to stop stays stopped in any case",
            "on_failure" | "onfailure" | "OnFailure" => "write `on-failure`",
            "Always" => "write `always`",
            "never" | "Never" | "none" | "false" => "write `no`",
            "exit_on_failure" => "write `no`: a daemon that fails fails the run, as `on_failure` at the top says",
            text if text.starts_with("on-failure:") => {
                let max = text.trim_start_matches("on-failure:");
                return Err(format!("`{text}` is not a restart policy; write `{{policy: on-failure, max: {max}}}`"));
            }
            text => return RestartPolicy::parse(text).map(Self),
        };
        Err(format!("`{text}` is not a restart policy; {meant}"))
    }
    fn schema() -> Schema {
        RestartPolicy::schema()
    }
}

mapping! {
    /// Restarts in full.
    pub struct RestartSpec as "`restart`" {
        /// After which ends: `no`, `on-failure` or `always`.
        policy: Tmpl<PolicyWord>,
        /// The most restarts within the window; one more fall is a failure. Default 5.
        max: Tmpl<u32>,
        /// The window in which restarts are counted; default 1 minute.
        within: Tmpl<Period>,
        /// Before the first restart in a window; default 1 second, `0` is at once.
        delay: Tmpl<Delay>,
        /// How the delay grows with each further restart in the window: `constant`, `linear` or `exponential` (default).
        backoff: Tmpl<Backoff>,
        /// The delay never grows beyond this.
        max_delay: Tmpl<Period>,
    }
}

/// A policy, or the full form; always kept in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restart(pub RestartSpec);

impl Merge for Restart {
    fn merge(self, over: Self) -> Self {
        Self(self.0.merge(over.0))
    }
}

impl Read for Restart {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            let policy = Field::Set(Spanned::new(Tmpl::read(node, reader)?, span));
            return Some(Self(RestartSpec { policy, ..RestartSpec::default() }));
        }
        RestartSpec::read(node, reader).map(Self)
    }
}

impl JsonSchema for Restart {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Restart".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = Tmpl::<PolicyWord>::json_schema(generator);
        let full = generator.subschema_for::<RestartSpec>();
        json_schema!({ "anyOf": [word, full], "examples": ["on-failure", { "policy": "always", "max": 3, "within": "5m" }] })
    }
}
