//! The time before a line.
//!
//! Clock times are UTC, so that no table of time zones is needed and logs of several machines fit together.

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
            Self::Clock => clock(millis),
            Self::Relative => format!("{:>8}.{:03} ", millis / 1000, millis % 1000),
        }
    }
}

/// `2026-11-21T22:33:56.123Z `
fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z ", millis % 1000)
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar: years begin in March, so that the leap day
/// is the last one, and repeat every 400.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
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
