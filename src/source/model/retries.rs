//! `retries`: how often and when a failed process is tried again.

use serde_json::{Value, json};

use super::scalars::{Period, words};
use crate::mapping;
use crate::source::read::{Field, Full, Shorthand, Tmpl};

words! {
    /// How the delay between attempts grows.
    Backoff as "a backoff" {
        /// Always the same.
        #[default]
        Constant = "constant",
        /// Once, twice, three times the delay.
        Linear = "linear",
        /// Doubled each time.
        Exponential = "exponential",
    }
}

mapping! {
    /// Retries in full.
    pub struct RetriesSpec as "`retries`" {
        /// How many attempts may follow the first.
        count: Tmpl<u32>,
        /// Time between the end of an attempt and the next; default none.
        delay: Tmpl<Period>,
        /// How the delay grows: `constant` (default), `linear` or `exponential`.
        backoff: Tmpl<Backoff>,
        /// The delay never grows beyond this.
        max_delay: Tmpl<Period>,
        /// `true` shortens each delay by a random part of up to a half, so that processes do not retry in step.
        jitter: Tmpl<bool>,
    }
}

/// A number of retries, or the full form.
pub type Retries = Full<RetriesSpec>;

impl Shorthand for RetriesSpec {
    type Short = u32;
    fn in_full(count: Field<Tmpl<u32>>) -> Self {
        Self { count, ..Self::default() }
    }
    fn examples() -> Value {
        json!([3, { "count": 3, "delay": "1s", "backoff": "exponential" }])
    }
}
