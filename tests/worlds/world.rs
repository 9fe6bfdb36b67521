//! What a world is: a plan, how its programs are, and what people do; and what of it can be left out.

use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::ProcessId;
use flowrun::plan::Plan;
use flowrun::sched::{Input, Settings};

use crate::planned;
use crate::shared::rng::Rng;
use crate::shared::{self, Broken, Lived, settings, smaller};
use crate::simulate::Run;
use crate::yaml;

/// Everything that decides what happens.
#[derive(Clone, Debug)]
pub struct World {
    pub plan: Arc<Plan>,
    pub settings: Settings,
    /// Requests and signals from outside.
    pub outside: Vec<(Duration, Input)>,
    /// How ill-behaved programs are, in percent.
    pub failing: u64,
    pub deaf: u64,
    /// How often somebody asks for a stop of what is just being started or stopped, in percent.
    pub meddling: u64,
    /// How often a program has a client that asks for a section, in percent.
    pub asking: u64,
    /// How late a tick may come, in milliseconds.
    pub lag: usize,
    /// Whether its plan has passed `check`, as those of which it is made smaller then must too.
    pub checked: bool,
}

impl World {
    /// The world around a plan.
    pub fn around(plan: Plan, seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[2]);
        let mut outside = Vec::new();
        if rng.chance(35) {
            for _ in 0..=rng.below(3) {
                let process = ProcessId(rng.below(plan.processes.len()) as u32);
                outside.push((rng.tens(0, 40), Input::StopProcess { process }));
            }
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(3) {
                let process = ProcessId(rng.below(plan.processes.len()) as u32);
                outside.push((rng.tens(0, 40), Input::RestartProcess { process }));
            }
        }
        if rng.chance(40) {
            for _ in 0..=rng.below(3) {
                outside.push((rng.tens(0, 50), Input::Interrupt { signal: rng.pick(&[1, 2, 15]), at_once: rng.chance(15) }));
            }
        }
        if rng.chance(10) {
            let process = ProcessId(rng.below(plan.processes.len()) as u32);
            outside.push((rng.tens(0, 40), Input::Decided { process, holds: Ok(true) }));
        }
        if rng.chance(25) {
            for _ in 0..=rng.below(3) {
                outside.push((rng.tens(0, 40), rng.pick(&[Input::Suspend, Input::Suspend, Input::Suspend, Input::Resume])));
            }
        }
        let settings = settings(seed, &mut rng);
        Self {
            plan: Arc::new(plan),
            settings,
            outside,
            failing: rng.pick(&[0, 10, 30, 60]),
            deaf: rng.pick(&[0, 15, 40]),
            meddling: rng.pick(&[0, 0, 0, 3, 15]),
            asking: Rng::of(seed, &[6]).pick(&[0, 0, 40, 70]),
            lag: rng.pick(&[0, 0, 0, 15]),
            checked: false,
        }
    }

    fn without_process(&self, gone: ProcessId) -> Self {
        let plan = Plan { processes: smaller::without_process(&self.plan, gone), ..Plan::clone(&self.plan) };
        let outside = self.outside.iter().cloned().filter_map(|(at, input)| Some((at, smaller::input_without(input, gone)?)));
        Self { outside: outside.collect(), ..self.around_another(plan) }
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
        let several = self.plan.processes.len() > 1;
        let mut all: Vec<Self> = self.plan.processes.ids().filter(|_| several).map(|id| self.without_process(id)).collect();
        all.extend(smaller::lists(&self.outside).into_iter().map(|outside| Self { outside, ..self.clone() }));
        if self.asking > 0 {
            all.push(Self { asking: 0, ..self.clone() });
        }
        if self.lag > 0 {
            all.push(Self { lag: 0, ..self.clone() });
        }
        all.extend(smaller::plans(&self.plan).into_iter().map(|plan| self.around_another(plan)));
        all.retain(|world| !world.checked || planned(&yaml::text(&world.plan)).is_ok());
        all
    }

    fn kind(rule: &str) -> String {
        let words = rule.split_once(')').map_or(rule, |(_, words)| words);
        words.chars().filter(|letter| !letter.is_ascii_digit()).take(40).collect()
    }

    fn text(&self) -> String {
        format!("{}\nstop_timeout: {:?}, lag {} ms\n", yaml::text(&self.plan), self.settings.stop_timeout, self.lag)
    }
}
