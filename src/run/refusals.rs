//! Why a section was refused, in words for its client.

use std::collections::BTreeSet;

use crate::base::duration::human;
use crate::base::ids::ResourceId;
use crate::control::message::Code;
use crate::notice::Owner;
use crate::plan::Plan;
use crate::sched::{Link, Obstacle, Refused};

/// The most names in one sentence.
const NAMES: usize = 10;

/// The kind of a refusal, and a sentence.
pub fn told(plan: &Plan, why: &Refused) -> (Code, String) {
    match why {
        Refused::NotFree(obstacles) => (Code::NotNow, all(plan, obstacles)),
        Refused::Timeout { bound, obstacles } => (Code::Timeout, format!("not had within {}: {}", human(*bound), all(plan, obstacles))),
        Refused::HeldAround { resource, by } => (
            Code::Deadlock,
            format!("{} is held by {}, which waits for this command: take it once", named(plan, *resource), owner(plan, *by)),
        ),
        Refused::HeldForLife { resource, by } => {
            let daemons: Vec<String> = by.iter().map(|id| format!("`{}`", plan.processes[*id].name)).collect();
            let (verb, they) = if let [_] = by[..] { ("is a daemon", "it is") } else { ("are daemons", "they are") };
            let help = "let it hold that only in a step before the last, or ask for it before the daemon starts";
            let why = format!("is held by {}, which {verb}: {they} stopped only when the work has ended", daemons.join(", "));
            (Code::Deadlock, format!("refused, because {} {why}; {help}", named(plan, *resource)))
        }
        Refused::Ring(links) => {
            let names: BTreeSet<&str> = links.iter().map(|link| plan.resources[link.obstacle.resource].name.as_str()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(" ");
            let links: Vec<String> = links.iter().map(|link| one(plan, link)).collect();
            let help = format!("take what is needed together, as in `flowrun lock {names} -- …`, or in the same order everywhere");
            (Code::Deadlock, format!("refused, because these would wait for each other for ever: {}; {help}", links.join("; ")))
        }
        Refused::RunEnded => (Code::Ending, "the run has ended".to_owned()),
    }
}

fn one(plan: &Plan, Link { who, obstacle }: &Link) -> String {
    format!("{} waits for {}", owner(plan, *who), obstacle_told(plan, obstacle, ", "))
}

fn all(plan: &Plan, obstacles: &[Obstacle]) -> String {
    let mut told: Vec<String> = obstacles.iter().map(|obstacle| obstacle_told(plan, obstacle, " is ")).collect();
    told.dedup();
    let more = told.len().saturating_sub(NAMES);
    told.truncate(NAMES);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", told.join("; "))
}

fn obstacle_told(plan: &Plan, obstacle: &Obstacle, is: &str) -> String {
    let how = if obstacle.holds { "held by" } else { "asked for before by" };
    format!("{}{is}{how} {}", named(plan, obstacle.resource), owner(plan, obstacle.owner))
}

fn named(plan: &Plan, resource: ResourceId) -> String {
    let resource = &plan.resources[resource];
    format!("{} `{}`", resource.kind.word(), resource.name)
}

fn owner(plan: &Plan, owner: Owner) -> String {
    let section = if owner.section.is_some() { " (flowrun lock)" } else { "" };
    format!("`{}`{section}", plan.processes[owner.process].name)
}
