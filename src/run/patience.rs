//! How long a client is willing to wait.

use std::time::{Duration, Instant};

use super::server::refusal;
use crate::control::message::{Body, Code};

/// The `timeout` of a request, in seconds. What is too long to be a time is as good as for ever.
///
/// # Errors
/// It is negative.
pub fn seconds(timeout: Option<f64>) -> Result<Option<Duration>, Body> {
    match timeout {
        Some(seconds) if seconds.is_sign_negative() && seconds != 0.0 => {
            Err(refusal(Code::BadRequest, "`timeout` must be a number of seconds, not negative"))
        }
        Some(seconds) => Ok(Duration::try_from_secs_f64(seconds).ok()),
        None => Ok(None),
    }
}

/// The moment at which it ends, counted from now; none for never.
///
/// # Errors
/// It is negative.
pub fn until(timeout: Option<f64>) -> Result<Option<Instant>, Body> {
    Ok(seconds(timeout)?.and_then(|timeout| Instant::now().checked_add(timeout)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_for_ever_and_only_what_is_negative_is_wrong() {
        assert_eq!(seconds(Some(1.5)), Ok(Some(Duration::from_millis(1500))));
        assert_eq!(seconds(Some(0.0)), Ok(Some(Duration::ZERO)));
        assert_eq!(seconds(Some(1e300)), Ok(None));
        assert_eq!(seconds(None), Ok(None));
        assert!(seconds(Some(-0.1)).is_err());
    }
}
