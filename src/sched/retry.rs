//! How long to wait before the next attempt.

use std::time::Duration;

use crate::base::ids::JobId;
use crate::plan::Retries;
use crate::source::model::Backoff;

/// The delay after an attempt that failed. The same seed and job give the same delay.
pub fn delay(retries: &Retries, job: JobId, seed: u64) -> Duration {
    let grown = grown(retries.delay, retries.backoff, job.attempt, retries.max_delay);
    let part = if retries.jitter { 1.0 - random(seed, job) / 2.0 } else { 1.0 };
    grown.mul_f64(part)
}

/// The `nth` delay (from 1) of a row that begins with `first`. Without a limit it grows up to a day.
pub fn grown(first: Duration, backoff: Backoff, nth: u32, limit: Option<Duration>) -> Duration {
    let factor = match backoff {
        Backoff::Constant => 1.0,
        Backoff::Linear => f64::from(nth),
        Backoff::Exponential => 2f64.powi(i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX).min(64)),
    };
    let longest = limit.unwrap_or(first.max(Duration::from_secs(86_400)));
    Duration::from_secs_f64((first.as_secs_f64() * factor).min(longest.as_secs_f64()))
}

/// A number from 0 to 1 that depends on the seed and the job alone (the mixing steps of SplitMix64).
fn random(seed: u64, job: JobId) -> f64 {
    let mut bits = seed ^ (u64::from(job.process.0) << 32 | u64::from(job.attempt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ProcessId;

    fn delays(retries: Retries) -> Vec<u128> {
        (1..=4).map(|attempt| delay(&retries, JobId { process: ProcessId(3), attempt }, 7).as_millis()).collect()
    }

    #[test]
    fn delays_grow_as_asked() {
        let base = Retries { count: 4, delay: Duration::from_secs(1), ..Retries::default() };
        assert_eq!(delays(base), [1000, 1000, 1000, 1000]);
        assert_eq!(delays(Retries { backoff: Backoff::Linear, ..base }), [1000, 2000, 3000, 4000]);
        assert_eq!(delays(Retries { backoff: Backoff::Exponential, ..base }), [1000, 2000, 4000, 8000]);
        let capped = Retries { backoff: Backoff::Exponential, max_delay: Some(Duration::from_secs(3)), ..base };
        assert_eq!(delays(capped), [1000, 2000, 3000, 3000]);
    }

    #[test]
    fn jitter_shortens_by_up_to_half_and_repeats_with_its_seed() {
        let retries = Retries { count: 4, delay: Duration::from_secs(1), jitter: true, ..Retries::default() };
        let first = delays(retries);
        assert!(first.iter().all(|millis| (500..=1000).contains(millis)), "{first:?}");
        assert_eq!(first, delays(retries));
        assert!(first.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
