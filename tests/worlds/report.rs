//! Failing worlds: made smaller, and printed so that they can be run again.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, Id, ProcessId};
use flowrun::plan::{Plan, Process, Restart, Retries};
use flowrun::sched::Input;

use crate::simulate::{Broken, Lived, Log, World};
use crate::watch::met::Met;
use crate::yaml;

/// The most worlds tried to make one smaller.
const MAX_TRIES: usize = 3_000;

/// Runs a world, some of them twice: what it met. Panics with a report when a rule is broken.
pub fn run(world: &World, replay: &str) -> Met {
    match attempt(world) {
        Ok(Lived { log, met }) => {
            let again = || world.replay(&log);
            assert!(!world.seed.is_multiple_of(16) || again() == again(), "{replay}: the same inputs gave different outputs");
            met
        }
        Err(broken) => {
            let small = smaller(world.clone(), &kind(&broken.rule));
            let again = attempt(&small).err().unwrap_or(broken);
            panic!("{}", text(&small, &again, replay));
        }
    }
}

/// A panic of the core is a broken rule too.
fn attempt(world: &World) -> Result<Lived, Broken> {
    catch_unwind(AssertUnwindSafe(|| world.run()))
        .unwrap_or_else(|_| Err(Broken { rule: "the core panicked, see above".to_owned(), log: Log::new() }))
}

fn text(world: &World, broken: &Broken, replay: &str) -> String {
    let mut text = format!("{replay}: {}\n\nmade smaller:\n{}\n", broken.rule, yaml::text(&world.plan));
    let _ = writeln!(text, "stop_timeout: {:?}, lag {} ms\n", world.settings.stop_timeout, world.lag);
    text + &world.replay(&broken.log)
}

/// A rule without what differs from world to world: a world made smaller must still break the same one.
fn kind(rule: &str) -> String {
    let words = rule.split_once(')').map_or(rule, |(_, words)| words);
    words.chars().filter(|letter| !letter.is_ascii_digit()).take(40).collect()
}

fn smaller(mut world: World, broken: &str) -> World {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut tries = 0;
    loop {
        let found = candidates(&world).into_iter().find(|candidate| {
            tries += 1;
            tries < MAX_TRIES && attempt(candidate).is_err_and(|other| kind(&other.rule) == broken)
        });
        match found {
            Some(candidate) => world = candidate,
            None => break,
        }
    }
    std::panic::set_hook(hook);
    world
}

fn candidates(world: &World) -> Vec<World> {
    let mut all = Vec::new();
    let with = |plan: Plan| World { plan: Arc::new(plan), ..world.clone() };
    for id in world.plan.processes.ids() {
        all.extend(without_process(world, id));
    }
    for number in 0..world.outside.len() {
        let mut other = world.clone();
        other.outside.remove(number);
        all.push(other);
    }
    if world.asking > 0 {
        all.push(World { asking: 0, ..world.clone() });
    }
    if world.lag > 0 {
        all.push(World { lag: 0, ..world.clone() });
    }
    if world.plan.timeout.is_some() {
        all.push(with(Plan { timeout: None, ..Plan::clone(&world.plan) }));
    }
    if world.plan.jobs.is_some() {
        all.push(with(Plan { jobs: None, ..Plan::clone(&world.plan) }));
    }
    for id in world.plan.processes.ids() {
        for change in changes(&world.plan.processes[id]) {
            let mut plan = Plan::clone(&world.plan);
            plan.processes[id] = change;
            all.push(with(plan));
        }
    }
    all
}

/// The same process with one thing less.
fn changes(process: &Process) -> Vec<Process> {
    let mut all = Vec::new();
    let control = &process.control;
    let mut add = |change: &dyn Fn(&mut flowrun::plan::Control)| {
        let mut other = process.clone();
        change(&mut other.control);
        all.push(other);
    };
    for number in 0..control.joins.len() {
        add(&|control| _ = control.joins.remove(number));
    }
    for number in 0..control.request.len() {
        add(&|control| _ = control.request.remove(number));
    }
    for (number, step) in control.steps.iter().enumerate() {
        if control.steps.len() > 1 {
            add(&|control| _ = control.steps.remove(number));
        }
        for share in 0..step.request.len() {
            add(&|control| _ = control.steps[number].request.remove(share));
        }
        if step.timeout.is_some() {
            add(&|control| control.steps[number].timeout = None);
        }
    }
    if control.retries.count > 0 {
        add(&|control| control.retries = Retries::default());
    }
    if control.timeout.is_some() {
        add(&|control| control.timeout = None);
    }
    if control.acquire_timeout.is_some() {
        add(&|control| control.acquire_timeout = None);
    }
    if control.stop_command {
        add(&|control| control.stop_command = false);
    }
    if control.allow_failure {
        add(&|control| control.allow_failure = false);
    }
    if control.disabled {
        add(&|control| control.disabled = false);
    }
    if control.ready.is_some() {
        add(&|control| control.ready = None);
    }
    if control.live.is_some() {
        add(&|control| control.live = None);
    }
    if control.restart != Restart::default() {
        add(&|control| control.restart = Restart::default());
    }
    if control.wanted {
        add(&|control| control.wanted = false);
    }
    if control.stop_unused {
        add(&|control| control.stop_unused = false);
    }
    if control.grace > Duration::from_millis(10) {
        add(&|control| control.grace = Duration::from_millis(10));
    }
    all
}

fn without_process(world: &World, gone: ProcessId) -> Option<World> {
    if world.plan.processes.len() == 1 {
        return None;
    }
    let moved = |id: ProcessId| ProcessId::from_index(id.index() - usize::from(id > gone));
    let mut processes: DenseMap<ProcessId, Process> = DenseMap::default();
    for (id, process) in world.plan.processes.entries() {
        let mut process = process.clone();
        process.control.joins.retain(|join| join.process != gone);
        for join in &mut process.control.joins {
            join.process = moved(join.process);
        }
        process.control.pipe_from = process.control.pipe_from.filter(|source| *source != gone).map(moved);
        if id != gone {
            processes.push(process);
        }
    }
    let mut outside = world.outside.clone();
    let of = |input: &Input| match input {
        Input::StopProcess { process } | Input::RestartProcess { process } => Some(*process),
        _ => None,
    };
    outside.retain(|(_, input)| of(input) != Some(gone));
    for (_, input) in &mut outside {
        if let Input::StopProcess { process } | Input::RestartProcess { process } = input {
            *process = moved(*process);
        }
    }
    Some(World { plan: Arc::new(Plan { processes, ..Plan::clone(&world.plan) }), outside, ..world.clone() })
}
