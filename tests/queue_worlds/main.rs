//! Simulated worlds of queues: random producers and consumers, ill-behaved as they are, on a virtual clock; what
//! the language promises of queues is watched after every step.
//!
//! `WORLDS=100000` runs more of them, `WORLD_SEED=17` one again. What has nothing to do with queues is watched in
//! the other simulated worlds.

mod clients;
mod generate;
mod intake;
mod met;
mod model;
mod parts;
mod programs;
mod roles;
#[path = "../common/worlds/mod.rs"]
mod shared;
mod simulate;
mod world;

use met::THINGS;
use shared::keep_every_rule;
use world::World;

/// As many as a debug build does in a few seconds.
const WORLDS: u64 = 3_000;

#[test]
fn worlds_of_queues_keep_every_rule() {
    keep_every_rule(WORLDS, THINGS, |seed| World::around(generate::plan(seed), seed));
}
