//! Simulated worlds: random workflows and ill-behaved programs on a virtual clock, every rule of the
//! language watched after every step.
//!
//! `WORLDS=100000` runs more of them, `WORLD_SEED=17` one again (`TEXT_SEED=17` one that goes through YAML).

mod anew_cases;
mod by_hand;
mod cases;
mod checks;
mod clients;
mod generate;
mod health_cases;
mod host_cases;
mod hosts;
mod pipe_cases;
mod programs;
mod restart_cases;
mod section_cases;
#[path = "../common/worlds/mod.rs"]
mod shared;
mod simulate;
mod upkeep;
mod watch;
mod world;
mod yaml;

use std::collections::BTreeMap;

use flowrun::base::diagnostic::Severity;
use flowrun::plan::{self, NoHost, Options, Plan};
use flowrun::source;

use generate::Care;
use shared::{keep_every_rule, report, seeds};
use watch::met::THINGS;
use world::World;

/// As many as a debug build does in a few seconds.
const DIRECT_WORLDS: u64 = 6_000;
const TEXT_WORLDS: u64 = 1_000;

#[test]
fn worlds_of_plans_keep_every_rule() {
    keep_every_rule(DIRECT_WORLDS, THINGS, |seed| World::around(generate::plan(seed, Care::default()), seed));
}

#[test]
fn worlds_of_texts_keep_every_rule() {
    let mut refused: BTreeMap<&'static str, u64> = BTreeMap::new();
    let seeds = seeds("TEXT_SEED", TEXT_WORLDS);
    let all = seeds.end - seeds.start;
    let mut accepted = 0;
    for seed in seeds {
        let plain = Care { plain: true, ..Care::default() };
        let care = if seed % 3 == 0 { plain } else { Care { joins_anywhere: 5, nests_anyhow: 60, keeps_for_life: 30, ..plain } };
        let wanted = generate::plan(seed ^ 0x7e87, care);
        let text = yaml::text(&wanted);
        match planned(&text) {
            Ok(plan) => {
                accepted += 1;
                assert_eq!(yaml::essence(&plan), yaml::essence(&wanted), "TEXT_SEED={seed}: planning changed the workflow\n{text}");
                let world = World { checked: true, ..World::around(plan, seed) };
                report::run(&world, &format!("TEXT_SEED={seed}"));
            }
            Err(codes) => {
                assert_ne!(seed % 3, 0, "TEXT_SEED={seed}: a careful workflow is refused with {codes:?}\n{text}");
                for code in codes {
                    *refused.entry(code).or_default() += 1;
                }
            }
        }
    }
    if all > 100 {
        assert!(accepted * 2 > all, "only {accepted} of {all} are accepted, refused are {refused:?}");
        for code in ["lock-ring", "join-cycle", "held-for-life"] {
            assert!(refused.get(code).is_some_and(|count| *count > 5), "`{code}` hardly occurs: {refused:?}");
        }
    }
}

/// The plan of a text, or the codes of its errors.
fn planned(text: &str) -> Result<Plan, Vec<&'static str>> {
    let outcome = plan::build(&source::parse(text), &Options::in_folder("/"), &NoHost::default());
    let errors = outcome.diagnostics.iter().filter(|found| found.severity == Severity::Error).map(|found| found.code).collect();
    outcome.plan.ok_or(errors)
}
