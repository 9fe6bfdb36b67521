//! Durations as people write and read them.

use std::time::Duration;

/// Longest duration that a workflow may name: about a hundred years.
const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// Reads `250ms`, `3s`, `1m30s`, `2h`, `1.5s`, or a bare number of seconds.
///
/// # Errors
/// Zero, negatives, clock notation (`1:30`) and unknown units, each with the right form.
pub fn parse(text: &str) -> Result<Duration, String> {
    const FORMS: &str = "write a duration as `250ms`, `3s`, `1m30s` or `2h`; a bare number is seconds";
    let text = text.trim();
    if text.starts_with('-') {
        return Err(format!("a duration cannot be negative; {FORMS}"));
    }
    if let Some((minutes, seconds)) = text.split_once(':') {
        let form = match (minutes.trim_start_matches('0'), seconds.trim_start_matches('0')) {
            ("", "") => "0s".to_owned(),
            ("", seconds) => format!("{seconds}s"),
            (minutes, "") => format!("{minutes}m"),
            (minutes, seconds) => format!("{minutes}m{seconds}s"),
        };
        return Err(format!("`{text}` is clock notation; for minutes and seconds write `{form}`"));
    }
    let total = if let Ok(seconds) = plain_number(text) {
        seconds
    } else {
        units(text).ok_or_else(|| meant(text).map_or_else(|| FORMS.to_owned(), |form| format!("write `{form}`")))?
    };
    if total == 0.0 {
        return Err("a duration must be more than zero; for no timeout, leave the key out".to_owned());
    }
    if total > MAX_SECONDS {
        return Err("a duration may be at most a hundred years".to_owned());
    }
    let duration = Duration::from_secs_f64(total);
    if duration.is_zero() { Err(format!("`{text}` is less than a nanosecond; {FORMS}")) } else { Ok(duration) }
}

/// The same, but nothing at all may be written too: `0`, `0s`.
///
/// # Errors
/// As [`parse`], zero excepted.
pub fn parse_or_zero(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let total = plain_number(trimmed).ok().or_else(|| units(trimmed));
    if total == Some(0.0) { Ok(Duration::ZERO) } else { parse(text) }
}

/// A decimal number without sign or exponent.
fn plain_number(text: &str) -> Result<f64, ()> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if digits && text.bytes().any(|b| b.is_ascii_digit()) { text.parse().map_err(|_| ()) } else { Err(()) }
}

/// Numbers with units, largest unit first, each at most once.
fn units(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 5] = [("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];
    let mut rest = text;
    let mut total = 0.0;
    let mut allowed = &UNITS[..];
    while !rest.is_empty() {
        let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_len);
        let unit_len = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let place = allowed.iter().position(|(name, _)| *name == unit)?;
        total += plain_number(number).ok()? * allowed[place].1;
        allowed = &allowed[place + 1..];
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// The right form of a duration with blanks, capitals or words for its units.
fn meant(text: &str) -> Option<String> {
    const WORDS: [(&str, &[&str]); 5] = [
        ("d", &["d", "day", "days"]),
        ("h", &["h", "hr", "hrs", "hour", "hours"]),
        ("m", &["m", "min", "mins", "minute", "minutes"]),
        ("s", &["s", "sec", "secs", "second", "seconds"]),
        ("ms", &["ms", "msec", "msecs", "millisecond", "milliseconds"]),
    ];
    let lower: String = text.to_ascii_lowercase().split_ascii_whitespace().collect();
    let mut form = String::new();
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let word = rest[number..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |length| number + length);
        let (unit, _) = WORDS.iter().find(|(_, words)| words.contains(&&rest[number..word]))?;
        form.push_str(&rest[..number]);
        form.push_str(unit);
        rest = &rest[word..];
    }
    units(&form).map(|_| form)
}

/// A duration for people: `0.42 s`, `12.3 s`, `3 m 05 s`, `2 h 04 m`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.0995 {
        return format!("{} ms", (seconds * 1000.0).round());
    }
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return format!("{} m {:02} s", whole / 60, whole % 60);
    }
    let minutes = whole / 60;
    format!("{} h {:02} m", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, millis) in [
            ("250ms", 250),
            ("3s", 3000),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
            ("1.5s", 1500),
            ("5", 5000),
            ("0.25", 250),
            ("1d2h3m4s5ms", 93_784_005),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn wrong_forms_say_the_right_one() {
        for (text, says) in [
            ("0", "more than zero"),
            ("0s", "more than zero"),
            ("-1s", "negative"),
            ("1:30", "`1m30s`"),
            ("01:05", "`1m5s`"),
            ("3 s", "write `3s`"),
            ("10sec", "write `10s`"),
            ("5min", "write `5m`"),
            ("5m 3s", "write `5m3s`"),
            ("30S", "write `30s`"),
            ("1 Hour 2 minutes", "write `1h2m`"),
            ("3 weeks", "`250ms`"),
            ("00:30", "write `30s`"),
            ("1s1m", "`250ms`"),
            ("1s1s", "`250ms`"),
            ("", "`250ms`"),
            (".", "`250ms`"),
            ("1..2", "`250ms`"),
            ("1e3", "`250ms`"),
            ("999999999999999h", "hundred years"),
            ("0.0000000000001s", "nanosecond"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_at_all_may_be_written_where_it_makes_sense() {
        for text in ["0", "0s", "0ms", "0.0", " 0 "] {
            assert_eq!(parse_or_zero(text), Ok(Duration::ZERO), "{text}");
        }
        assert_eq!(parse_or_zero("20ms"), Ok(Duration::from_millis(20)));
        assert!(parse_or_zero("-1").is_err() && parse_or_zero("").is_err() && parse_or_zero("0:00").is_err());
    }

    #[test]
    fn people_can_read_them() {
        for (millis, text) in
            [(3, "3 ms"), (420, "0.42 s"), (12_340, "12.3 s"), (59_960, "1 m 00 s"), (185_000, "3 m 05 s"), (7_440_000, "2 h 04 m")]
        {
            assert_eq!(human(Duration::from_millis(millis)), text);
        }
    }
}
