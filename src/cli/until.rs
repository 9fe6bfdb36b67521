//! How long one may wait, and waiting for one's turn at a run that has as many clients as it takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::control::client::{Client, Trouble};
use crate::control::message::Code;

/// Between two tries to reach a run that has too many clients.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// Until when one may wait.
#[derive(Clone, Copy, Debug)]
pub struct Until(Option<Instant>);

impl Until {
    /// For so long from now; none is unbounded, and what is too far away to be a time is as good as that.
    pub fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// What is left, in seconds; none is unbounded. Never 0, which would mean not to wait at all.
    pub fn left(self) -> Option<f64> {
        self.duration().map(|left| left.max(Duration::from_nanos(1)).as_secs_f64())
    }

    fn duration(self) -> Option<Duration> {
        self.0.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Connects. Where the run has too many clients, waits for its turn, and tries at least once. Also whether it has waited.
    ///
    /// # Errors
    /// As connecting has them; `busy` when there was no turn in time.
    pub fn connect(self, connect: impl Fn() -> Result<Client, Trouble>) -> Result<(Client, bool), Trouble> {
        let mut waited = false;
        loop {
            match connect() {
                Err(Trouble::Refused(refusal)) if refusal.code == Code::Busy => match self.duration() {
                    Some(Duration::ZERO) => return Err(Trouble::Refused(refusal)),
                    left => sleep(left.map_or(TRY_AGAIN, |left| left.min(TRY_AGAIN))),
                },
                other => return other.map(|client| (client, waited)),
            }
            waited = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::message::Refusal;
    use std::cell::Cell;

    #[test]
    fn a_run_without_room_is_tried_again_until_the_time_is_over() {
        let tries = Cell::new(0);
        let busy = || Trouble::Refused(Refusal { code: Code::Busy, message: String::new() });
        let connect = |last: Trouble| {
            tries.set(tries.get() + 1);
            Err(if tries.get() % 3 == 0 { last } else { busy() })
        };
        let unbounded = Until::after(None).connect(|| connect(Trouble::NotAccepted));
        assert!(matches!(unbounded, Err(Trouble::NotAccepted)) && tries.get() == 3);
        let over = Until::after(Some(Duration::ZERO)).connect(|| connect(Trouble::NotAccepted));
        assert!(matches!(over, Err(Trouble::Refused(_))) && tries.get() == 4);
        assert!(Until::after(Some(Duration::MAX)).left().is_none());
        assert!(Until::after(Some(Duration::ZERO)).left().is_some_and(|left| left > 0.0));
    }
}
