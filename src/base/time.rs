//! The run's own time.

use std::borrow::Cow;
use std::ops::{Add, Sub};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A moment, counted from the start of the run; pauses of the whole run are not counted.
///
/// Resolution: one nanosecond. Serialised as seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunTime(pub Duration);

impl RunTime {
    /// The start of the run.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// How long before this moment `earlier` was; zero when it was not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for RunTime {
    type Output = Self;
    /// Saturates instead of overflowing, so that an absurd timeout means "never".
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub for RunTime {
    type Output = Duration;
    fn sub(self, other: Self) -> Duration {
        self.since(other)
    }
}

impl Serialize for RunTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for RunTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(|error| D::Error::custom(format!("{seconds} is no time: {error}")))
    }
}

impl JsonSchema for RunTime {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "RunTime".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0 })
    }
}
