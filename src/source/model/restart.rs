//! `restart`: whether a daemon that ended is started again.

use schemars::Schema;
use serde_json::{Value, json};

use super::retries::Backoff;
use super::scalars::{Delay, Period, words};
use crate::mapping;
use crate::source::read::{Field, Full, Scalar, Shorthand, Tmpl};

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

/// A policy, or the full form.
pub type Restart = Full<RestartSpec>;

impl Shorthand for RestartSpec {
    type Short = PolicyWord;
    fn in_full(policy: Field<Tmpl<PolicyWord>>) -> Self {
        Self { policy, ..Self::default() }
    }
    fn examples() -> Value {
        json!(["on-failure", { "policy": "always", "max": 3, "within": "5m" }])
    }
}
