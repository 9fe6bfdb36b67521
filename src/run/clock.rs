//! The run's own time, from the system's steady clock: a wall clock that jumps changes nothing.
//!
//! It stands still while the run is suspended, and with it every timeout.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::time::RunTime;

/// Counts from when it was made, pauses left out. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct RunClock(Arc<Mutex<Dial>>);

#[derive(Debug)]
struct Dial {
    /// When it would have been started, had there been no pauses.
    started: Instant,
    paused: Option<Instant>,
}

impl RunClock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Arc::new(Mutex::new(Dial { started: Instant::now(), paused: None })))
    }

    /// The run's time now.
    pub fn now(&self) -> RunTime {
        let dial = self.dial();
        let now = dial.paused.unwrap_or_else(Instant::now);
        RunTime(now.saturating_duration_since(dial.started))
    }

    /// How long until a moment, if the clock goes on; zero when it has come.
    pub fn until(&self, moment: RunTime) -> Duration {
        moment - self.now()
    }

    /// Stops the clock. A clock that stands still stays as it is.
    pub fn pause(&self) {
        self.dial().paused.get_or_insert_with(Instant::now);
    }

    /// Lets the clock go on from where it stopped.
    pub fn resume(&self) {
        let mut dial = self.dial();
        if let Some(paused) = dial.paused.take() {
            dial.started += paused.elapsed();
        }
    }

    fn dial(&self) -> MutexGuard<'_, Dial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_takes_no_time_and_clones_agree() {
        let clock = RunClock::start();
        let other = clock.clone();
        clock.pause();
        clock.pause();
        let stopped = clock.now();
        std::thread::yield_now();
        assert_eq!(other.now(), stopped);
        other.resume();
        let going = Instant::now();
        while clock.now() == stopped {
            assert!(going.elapsed() < Duration::from_secs(20), "the clock stands still");
        }
        other.dial().started -= Duration::from_secs(10);
        assert!(clock.now() - stopped >= Duration::from_secs(10));
        assert_eq!(clock.until(stopped), Duration::ZERO);
    }
}
