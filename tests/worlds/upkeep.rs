//! Random conditions for being ready and alive, and what becomes of daemons that end.

use std::time::Duration;

use flowrun::plan::{Liveness, Readiness, Restart, Rhythm};
use flowrun::source::model::{Backoff, RestartPolicy};

use crate::shared::rng::Rng;

fn rhythm(rng: &mut Rng) -> Rhythm {
    let first_interval = rng.tens(1, 3);
    Rhythm { initial_delay: rng.tens(0, 3), first_interval, interval: first_interval + rng.tens(0, 8), timeout: rng.tens(1, 5) }
}

pub fn ready(rng: &mut Rng) -> Readiness {
    Readiness { polled: rng.chance(60), rhythm: rhythm(rng), within: rng.tens(1, 25) }
}

pub fn live(rng: &mut Rng) -> Liveness {
    Liveness { rhythm: rhythm(rng), failures: 1 + rng.below(3) as u32 }
}

pub fn restart(rng: &mut Rng) -> Restart {
    Restart {
        policy: rng.pick(&[RestartPolicy::OnFailure, RestartPolicy::OnFailure, RestartPolicy::Always]),
        max: rng.pick(&[0, 1, 1, 2, 3]),
        within: rng.tens(2, 60),
        delay: if rng.chance(20) { Duration::ZERO } else { rng.tens(1, 6) },
        backoff: rng.pick(&[Backoff::Constant, Backoff::Linear, Backoff::Exponential]),
        max_delay: rng.chance(30).then(|| rng.tens(1, 8)),
    }
}
