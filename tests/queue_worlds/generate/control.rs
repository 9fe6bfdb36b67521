//! When processes of random plans are started, begun anew and stopped, and what they hold meanwhile.

use std::time::Duration;

use flowrun::base::ids::{QueueId, ResourceId};
use flowrun::notice::Share;
use flowrun::plan::{Control, Restart, Retries, StepControl};
use flowrun::source::model::{Backoff, RestartPolicy};

use super::Maker;
use crate::parts::Takes;
use crate::shared::rng::Rng;

impl Maker {
    pub fn control(&mut self, number: usize, may_lock: bool) -> Control {
        let draft = &self.drafts[number];
        let for_each = if let Takes::Items(queue) = draft.takes { Some(QueueId(queue as u32)) } else { None };
        let (daemon, rng) = (draft.daemon, &mut self.rng);
        let lock = may_lock && rng.chance(self.locks);
        let request = if lock { vec![Share { resource: ResourceId(0), shared: rng.chance(15), permits: 1 }] } else { Vec::new() };
        let retries = !daemon && for_each.is_none() && rng.chance(self.retries);
        let mut step = StepControl { request: Vec::new(), timeout: None, only_waits: false };
        let mut steps = vec![step.clone()];
        if rng.chance(20) {
            if may_lock && !lock && rng.chance(self.locks) {
                step.request = vec![Share { resource: ResourceId(1), shared: false, permits: 1 }];
            }
            steps.push(step);
        }
        Control {
            daemon,
            disabled: rng.chance(4),
            for_each,
            acquire_timeout: (lock && rng.chance(self.bounds)).then(|| rng.tens(1, 12)),
            request,
            steps,
            timeout: (!daemon && rng.chance(self.bounds)).then(|| rng.tens(2, 25)),
            retries: if retries { retry(rng) } else { Retries::default() },
            stop_command: rng.chance(10),
            grace: rng.tens(1, 10),
            allow_failure: rng.chance(20),
            restart: if daemon && rng.chance(60) { restart(rng) } else { Restart::default() },
            ..Control::default()
        }
    }
}

fn retry(rng: &mut Rng) -> Retries {
    Retries { count: 1 + rng.below(2) as u32, delay: rng.pick(&[Duration::ZERO, Duration::from_millis(20)]), ..Retries::default() }
}

fn restart(rng: &mut Rng) -> Restart {
    Restart {
        policy: rng.pick(&[RestartPolicy::OnFailure, RestartPolicy::Always]),
        max: 1 + rng.below(2) as u32,
        within: Duration::from_secs(60),
        delay: rng.tens(1, 3),
        backoff: Backoff::Constant,
        max_delay: None,
    }
}
