//! The run's own time, from the system's steady clock: a wall clock that jumps changes nothing.

use std::time::{Duration, Instant};

use crate::base::time::RunTime;

/// Counts from when it was made. Copies agree.
#[derive(Clone, Copy, Debug)]
pub struct RunClock(Instant);

impl RunClock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The run's time now.
    pub fn now(self) -> RunTime {
        RunTime(self.0.elapsed())
    }

    /// How long until a moment; zero when it has come.
    pub fn until(self, moment: RunTime) -> Duration {
        moment - self.now()
    }
}
