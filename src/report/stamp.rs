//! The time before a line.
//!
//! Clock times are UTC, so that no table of time zones is needed and logs of several machines fit together.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

/// Which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Of the clock, as RFC 3339 has it.
    Clock,
    /// Since the run began.
    Relative,
}

impl Stamp {
    /// The time in milliseconds, since 1970 or since the run began, and the blank after it.
    pub fn text(self, millis: u64) -> String {
        match self {
            Self::Clock => clock(Duration::from_millis(millis)) + " ",
            Self::Relative => format!("{:>8}.{:03} ", millis / 1000, millis % 1000),
        }
    }
}

/// `2026-11-21T22:33:56.123Z`, of the time since 1970.
pub fn clock(since: Duration) -> String {
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let moment = DateTime::from_timestamp(seconds, since.subsec_nanos()).unwrap_or_default();
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_times_are_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.007Z "),
            (951_782_399, "2000-02-28T23:59:59.007Z "),
            (951_782_400, "2000-02-29T00:00:00.007Z "),
            (951_868_800, "2000-03-01T00:00:00.007Z "),
            (1_704_067_199, "2023-12-31T23:59:59.007Z "),
            (1_795_300_436, "2026-11-21T22:33:56.007Z "),
            (4_107_542_400, "2100-03-01T00:00:00.007Z "),
        ] {
            assert_eq!(Stamp::Clock.text(seconds * 1000 + 7), text);
        }
    }

    #[test]
    fn relative_times_stand_below_each_other() {
        assert_eq!(Stamp::Relative.text(7), "       0.007 ");
        assert_eq!(Stamp::Relative.text(90_250), "      90.250 ");
    }
}
