//! A flag that wakes who sleeps on it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::TaskError;

/// Tells a task to end. Clones share one flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<(Mutex<bool>, Condvar)>);

impl Cancel {
    /// Sets the flag and wakes all sleepers; it is never taken back.
    pub fn cancel(&self) {
        let (flag, wake) = &*self.0;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
    }

    /// Whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `duration`.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] as soon as the flag is set.
    pub fn sleep(&self, duration: Duration) -> Result<(), TaskError> {
        let (flag, wake) = &*self.0;
        let end = Instant::now().checked_add(duration);
        let mut set = flag.lock().unwrap_or_else(PoisonError::into_inner);
        while !*set {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(());
            }
            // Some systems overflow on absurd waits; an hour at a time is no cost.
            set = wake.wait_timeout(set, left.min(Duration::from_secs(3600))).unwrap_or_else(PoisonError::into_inner).0;
        }
        Err(TaskError::Cancelled)
    }
}
