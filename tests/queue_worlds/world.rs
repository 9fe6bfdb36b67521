//! What a world is: a plan, how its programs are, and what people do; and what of it can be left out.

use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, ProcessId, QueueId};
use flowrun::plan::{Plan, Queue};
use flowrun::sched::{Input, Settings};

use crate::parts::{text, tie_rings};
use crate::shared::rng::Rng;
use crate::shared::{self, Broken, Lived, settings, smaller};
use crate::simulate::Run;

/// Everything that decides what happens.
#[derive(Clone, Debug)]
pub struct World {
    pub plan: Arc<Plan>,
    pub settings: Settings,
    /// Requests and signals from outside.
    pub outside: Vec<(Duration, Outside)>,
    /// How ill-behaved programs are, in percent.
    pub failing: u64,
    pub dying: u64,
    pub deaf: u64,
    pub forgetting: u64,
    pub leaving: u64,
    /// How often news comes late, twice, or of what is not so, in percent.
    pub noise: u64,
    /// How many items crawlers find in all.
    pub finds: u32,
    /// How late a tick may come, in milliseconds.
    pub lag: usize,
}

/// What people do from outside.
#[derive(Clone, Debug)]
pub enum Outside {
    Say(Input),
    Put { queue: QueueId, count: u32, patience: Option<Duration> },
    Get { queue: QueueId, patience: Option<Duration> },
}

impl Outside {
    /// What is done when a process is gone.
    fn without(self, gone: ProcessId) -> Option<Self> {
        match self {
            Self::Say(input) => smaller::input_without(input, gone).map(Self::Say),
            Self::Put { .. } | Self::Get { .. } => Some(self),
        }
    }
}

impl World {
    /// The world around a plan.
    pub fn around(plan: Plan, seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[2]);
        let mut outside = Vec::new();
        let process = |rng: &mut Rng| ProcessId(rng.below(plan.processes.len()) as u32);
        let queue = |rng: &mut Rng| QueueId(rng.below(plan.queues.len()) as u32);
        if rng.chance(20) {
            for _ in 0..=rng.below(2) {
                outside.push((rng.tens(0, 50), Outside::Say(Input::StopProcess { process: process(&mut rng) })));
            }
        }
        if rng.chance(20) {
            outside.push((rng.tens(0, 50), Outside::Say(Input::RestartProcess { process: process(&mut rng) })));
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(2) {
                outside.push((rng.tens(0, 60), Outside::Say(Input::Interrupt { signal: rng.pick(&[1, 2, 15]), at_once: rng.chance(15) })));
            }
        }
        if rng.chance(8) {
            outside.push((rng.tens(0, 50), Outside::Say(Input::CloseQueue { queue: queue(&mut rng) })));
        }
        if rng.chance(30) {
            for _ in 0..=rng.below(4) {
                let (queue, patience) = (queue(&mut rng), rng.chance(60).then(|| rng.tens(0, 20)));
                let put = Outside::Put { queue, count: 1 + rng.below(4) as u32, patience };
                outside.push((rng.tens(0, 50), rng.pick(&[put, Outside::Get { queue, patience }])));
            }
        }
        let settings = settings(seed, &mut rng);
        Self {
            plan: Arc::new(plan),
            settings,
            outside,
            failing: rng.pick(&[0, 10, 30, 60]),
            dying: rng.pick(&[0, 0, 10, 30]),
            deaf: rng.pick(&[0, 15, 40]),
            forgetting: rng.pick(&[0, 0, 10, 40]),
            leaving: rng.pick(&[0, 0, 10, 30]),
            noise: rng.pick(&[0, 0, 5, 20]),
            finds: rng.pick(&[0, 3, 12]),
            lag: rng.pick(&[0, 0, 0, 15]),
        }
    }

    fn without_process(&self, gone: ProcessId) -> Option<Self> {
        let queues = queues_without(&self.plan.queues, gone)?;
        let plan = Plan { processes: smaller::without_process(&self.plan, gone), queues, ..Plan::clone(&self.plan) };
        let outside = self.outside.iter().cloned().filter_map(|(at, outside)| Some((at, outside.without(gone)?)));
        Some(Self { outside: outside.collect(), ..self.around_another(plan) })
    }

    fn around_another(&self, plan: Plan) -> Self {
        Self { plan: Arc::new(plan), ..self.clone() }
    }
}

impl shared::World for World {
    fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn settings(&self) -> Settings {
        self.settings
    }

    fn run(&self) -> Result<Lived, Broken> {
        Run::new(self).play()
    }

    fn smaller(&self) -> Vec<Self> {
        let mut all: Vec<Self> = self.plan.processes.ids().filter_map(|id| self.without_process(id)).collect();
        all.extend(smaller::lists(&self.outside).into_iter().map(|outside| Self { outside, ..self.clone() }));
        let calm = Self { lag: 0, noise: 0, ..self.clone() };
        let kind = Self { failing: 0, dying: 0, ..self.clone() };
        let steady = Self { forgetting: 0, leaving: 0, deaf: 0, ..self.clone() };
        let differs = |other: &Self| format!("{other:?}") != format!("{self:?}");
        all.extend([calm, kind, steady].into_iter().filter(differs));
        all.extend(smaller::plans(&self.plan).into_iter().map(|plan| self.around_another(plan)));
        all
    }

    fn kind(rule: &str) -> String {
        rule.chars().filter(char::is_ascii_lowercase).take(40).collect()
    }

    fn text(&self) -> String {
        text(&self.plan)
    }
}

/// Queues of which a process is gone. None, where a queue would lose all who put or all who take.
fn queues_without(all: &DenseMap<QueueId, Queue>, gone: ProcessId) -> Option<DenseMap<QueueId, Queue>> {
    let left = |ids: &[ProcessId]| ids.iter().filter(|id| **id != gone).map(|id| smaller::moved(*id, gone)).collect::<Vec<_>>();
    let without = |queue: &Queue| Queue { producers: left(&queue.producers), consumers: left(&queue.consumers), ..queue.clone() };
    let mut queues: DenseMap<QueueId, Queue> = all.iter().map(without).collect();
    if queues.iter().any(|queue| queue.producers.is_empty() || queue.consumers.is_empty()) {
        return None;
    }
    tie_rings(&mut queues);
    // In a ring of which all are fed by each other, nobody would begin.
    let fed = |id: &QueueId| queues[*id].producers.iter().all(|producer| queues[*id].fed.contains(producer));
    let begins = queues.iter().all(|queue| !queue.ring.iter().all(fed));
    begins.then_some(queues)
}
