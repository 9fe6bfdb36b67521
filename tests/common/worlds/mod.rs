//! What all simulated worlds share: repeatable chance, a stage with a virtual clock, reports of failing worlds that
//! were made smaller first. Nothing here knows what a world watches, nor what its programs do.
//!
//! `WORLDS=100000` runs more of them, `WORLD_SEED=17` one again.

pub mod report;
pub mod rng;
pub mod smaller;
pub mod stage;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::time::RunTime;
use flowrun::plan::Plan;
use flowrun::sched::{Input, Settings};

use rng::Rng;

/// Fails with a formatted rule unless something holds.
macro_rules! ensure {
    ($holds:expr, $($rule:tt)+) => {
        if !$holds {
            return Err(format!($($rule)+));
        }
    };
}
pub(crate) use ensure;

/// What was told to the core, and when.
pub type Log = Vec<(RunTime, Input)>;

/// How often each thing happened, so that a rule that is never put to the test does not go unnoticed.
pub type Met = BTreeMap<&'static str, u64>;

/// A world that came to its end.
pub struct Lived {
    pub log: Log,
    pub met: Met,
}

/// A rule that was broken, and how it came to that.
#[derive(Debug)]
pub struct Broken {
    pub rule: String,
    pub log: Log,
}

/// Everything that decides what happens.
pub trait World: Clone {
    fn plan(&self) -> &Arc<Plan>;

    /// The seed in it is that of the world.
    fn settings(&self) -> Settings;

    /// Runs the world to its end and watches every step.
    fn run(&self) -> Result<Lived, Broken>;

    /// The same world with one thing less, in the order in which that is tried.
    fn smaller(&self) -> Vec<Self>;

    /// A rule without what differs from world to world: a world made smaller must still break the same one.
    fn kind(rule: &str) -> String;

    /// The world for people.
    fn text(&self) -> String;
}

/// Settings as people may choose them.
pub fn settings(seed: u64, rng: &mut Rng) -> Settings {
    let stop_timeout = rng.pick(&[rng.clone().tens(1, 10), Duration::from_millis(300), Duration::from_secs(5)]);
    Settings { stop_timeout, seed }
}

/// The seed that the variable of this name asks for, or as many as are asked for.
pub fn seeds(one: &str, default: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number(one) {
        Some(seed) => seed..seed + 1,
        None => 0..number("WORLDS").unwrap_or(default),
    }
}

/// Runs a world for each seed. Where that are as many as usual, they have to meet all things.
pub fn keep_every_rule<W: World>(default: u64, things: &[&str], world: impl Fn(u64) -> W) {
    let seeds = seeds("WORLD_SEED", default);
    let many = seeds.end - seeds.start >= default;
    let mut met = Met::new();
    for seed in seeds {
        for (thing, times) in report::run(&world(seed), &format!("WORLD_SEED={seed}")) {
            *met.entry(thing).or_default() += times;
        }
    }
    for thing in things.iter().filter(|_| many) {
        assert!(met.get(thing).is_some_and(|times| *times > 20), "`{thing}` hardly occurs: {met:?}");
    }
}
