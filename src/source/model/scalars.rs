//! Single values with a form of their own.

use std::time::Duration;

use schemars::{Schema, json_schema};

use crate::base::{duration, suggest};
use crate::source::read::{Merge, Read, Reader, Scalar};
use crate::source::tree::NodeId;

/// A length of time, more than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

impl Scalar for Period {
    const EXPECTED: &'static str = "a duration such as `250ms`, `3s` or `1m30s`";
    const HELP: Option<&'static str> = Some("write one of these forms; a bare number is seconds");
    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text)
            .map(Self)
            .map_err(|why| if why.starts_with("write") { format!("`{text}` is not a duration; {why}") } else { why })
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0 },
                { "type": "string", "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(d|h|ms|m|s))+$|^([0-9]+\\.?[0-9]*|\\.[0-9]+)$" }
            ],
            "examples": ["250ms", "3s", "1m30s"]
        })
    }
}

/// A length of time that may be nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay(pub Duration);

impl Scalar for Delay {
    const EXPECTED: &'static str = "a duration such as `250ms`, `3s` or `0`";
    const HELP: Option<&'static str> = Period::HELP;
    fn parse(text: &str) -> Result<Self, String> {
        match duration::parse_or_zero(text) {
            Ok(delay) => Ok(Self(delay)),
            Err(_) => Period::parse(text).map(|Period(delay)| Self(delay)),
        }
    }
    fn schema() -> Schema {
        let mut schema = Period::schema();
        schema.insert(
            "anyOf".to_owned(),
            serde_json::json!([{ "type": "number", "minimum": 0 }, Period::schema().get("anyOf").and_then(|forms| forms.get(1))]),
        );
        schema
    }
}

/// The most processes that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobLimit {
    /// That many.
    Count(u32),
    /// So many percent of the machine's processors, at least one.
    Percent(u32),
    /// One for each processor.
    Cpus,
}

impl JobLimit {
    /// The number of jobs on a machine with `cpus` processors; at least 1.
    pub fn resolve(self, cpus: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => u32::try_from(u64::from(cpus) * u64::from(percent) / 100).unwrap_or(u32::MAX),
            Self::Cpus => cpus,
        }
        .max(1)
    }
}

impl Scalar for JobLimit {
    const EXPECTED: &'static str = "a number of jobs, a percentage such as `50%`, or `cpus`";
    const HELP: Option<&'static str> = Some("write one of these forms, as in `jobs: 4`");
    fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = "write a number of at least 1, a percentage such as `50%`, or `cpus`";
        if text == "cpus" {
            return Ok(Self::Cpus);
        }
        let (number, percent) = text.strip_suffix('%').map_or((text, false), |number| (number, true));
        match u32::parse(number) {
            Ok(0) | Err(_) => Err(format!("`{text}` is not a number of jobs; {FORMS}")),
            Ok(number) if percent => Ok(Self::Percent(number)),
            Ok(number) => Ok(Self::Count(number)),
        }
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": "^([1-9][0-9]*%|cpus)$" }],
            "examples": [4, "50%", "cpus"]
        })
    }
}

/// Makes an enum of words with reading and schema from one list.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident as $expected:literal {
        // Within `default` nothing ever stands; it is what tells whether the mark itself is there.
        $($(#[doc = $doc:literal])+ $(#[default $($mark:literal)?])? $variant:ident = $word:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[doc = $doc])+ $(#[default $($mark)?])? $variant),* }

        impl $name {
            /// Every word, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($word),*];
            /// The word for this value.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl $crate::source::read::Scalar for $name {
            const EXPECTED: &'static str = $expected;
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::source::model::scalars::unknown_word(text, $expected, Self::WORDS)),
                }
            }
            fn schema() -> schemars::Schema {
                schemars::json_schema!({ "enum": [$($word),*], "markdownEnumDescriptions": [$(concat!($($doc),+).trim()),*] })
            }
        }
    };
}
pub(crate) use words;

/// The message for a word that is none of the known ones.
pub fn unknown_word(text: &str, expected: &str, known: &[&str]) -> String {
    let help =
        suggest::did_you_mean(text, known.iter().copied()).unwrap_or_else(|| format!("write one of {}", crate::source::hints::list(known)));
    format!("`{text}` is not {expected}; {help}")
}

words! {
    /// What a failure does to the rest of the run.
    OnFailure as "a failure policy" {
        /// Start nothing new, let what runs end.
        #[default]
        Finish = "finish",
        /// Run all that does not depend on the failure.
        Continue = "continue",
        /// Stop everything at once.
        Kill = "kill",
    }
}

words! {
    /// What becomes of processes that a finite process leaves running.
    Leftovers as "what becomes of leftovers" {
        /// They are stopped, and reported.
        #[default]
        Stop = "stop",
        /// They live on until the end of the run.
        Keep = "keep",
    }
}

/// A signal of the system, by name or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalName(pub i32);

/// Signals that may be named, with their numbers on this system.
const SIGNALS: [(&str, nix::sys::signal::Signal); 8] = [
    ("TERM", nix::sys::signal::Signal::SIGTERM),
    ("INT", nix::sys::signal::Signal::SIGINT),
    ("HUP", nix::sys::signal::Signal::SIGHUP),
    ("QUIT", nix::sys::signal::Signal::SIGQUIT),
    ("KILL", nix::sys::signal::Signal::SIGKILL),
    ("USR1", nix::sys::signal::Signal::SIGUSR1),
    ("USR2", nix::sys::signal::Signal::SIGUSR2),
    ("ABRT", nix::sys::signal::Signal::SIGABRT),
];

impl Scalar for SignalName {
    const EXPECTED: &'static str = "a signal such as `SIGTERM`";
    fn parse(text: &str) -> Result<Self, String> {
        let upper = text.to_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some((_, signal)) = SIGNALS.iter().find(|(known, signal)| *known == name || (*signal as i32).to_string() == name) {
            return Ok(Self(*signal as i32));
        }
        let names: Vec<String> = SIGNALS.iter().map(|(name, _)| format!("SIG{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Err(unknown_word(text, "a signal that can stop a process", &names))
    }
    fn schema() -> Schema {
        let names: Vec<String> = SIGNALS.iter().map(|(name, _)| format!("SIG{name}")).collect();
        let short: Vec<&str> = SIGNALS.iter().map(|(name, _)| *name).collect();
        let any = format!("^((SIG)?({}))$|^((sig)?({}))$", short.join("|"), short.join("|").to_lowercase());
        let numbers: Vec<i32> = SIGNALS.iter().map(|(_, signal)| *signal as i32).collect();
        json_schema!({ "anyOf": [
            { "enum": names },
            { "type": "string", "pattern": any },
            { "type": "integer", "minimum": numbers.iter().min(), "maximum": numbers.iter().max() }
        ] })
    }
}

/// A scalar of any type, kept as it was written: for variables and matrix values.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarText {
    /// The text.
    pub text: String,
    /// Whether it stood without quotes, so that `3` is a number and `true` a boolean.
    pub plain: bool,
}

impl Merge for ScalarText {}

impl Read for ScalarText {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        match reader.scalar(node) {
            Some((text, style)) => Some(Self { text: text.to_owned(), plain: style == crate::source::tree::Style::Plain }),
            None if reader.document.is_null(node) => Some(Self { text: String::new(), plain: false }),
            None => {
                reader.wrong_type(
                    node,
                    "a single value: a text, a number, `true` or `false`",
                    Some("write one value; a list or a mapping cannot stand here"),
                );
                None
            }
        }
    }
}

impl schemars::JsonSchema for ScalarText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ScalarText".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "null"] })
    }
}
