//! Simulated worlds of queues: random producers and consumers, ill-behaved as they are, on a virtual clock; what
//! the language promises of queues is watched after every step.
//!
//! `WORLDS=100000` runs more of them, `WORLD_SEED=17` one again. What has nothing to do with queues is watched in
//! the other simulated worlds.

mod clients;
mod generate;
mod met;
mod model;
mod parts;
mod programs;
mod report;
#[path = "../common/worlds/rng.rs"]
mod rng;
mod roles;
mod simulate;

use met::{Met, THINGS};
use simulate::World;

/// As many as a debug build does in a few seconds.
const WORLDS: u64 = 3_000;

#[test]
fn worlds_of_queues_keep_every_rule() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("WORLD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("WORLDS").unwrap_or(WORLDS),
    };
    let many = seeds.end - seeds.start >= WORLDS;
    let mut met = Met::new();
    for seed in seeds {
        let world = World::around(generate::plan(seed), seed);
        for (thing, times) in report::run(&world, &format!("WORLD_SEED={seed}")) {
            *met.entry(thing).or_default() += times;
        }
    }
    for thing in THINGS.iter().filter(|_| many) {
        assert!(met.get(thing).is_some_and(|times| *times > 20), "`{thing}` hardly occurs: {met:?}");
    }
}
