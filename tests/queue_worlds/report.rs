//! Failing worlds: made smaller, and printed so that they can be run again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use flowrun::base::ids::{DenseMap, Id, ProcessId, QueueId};
use flowrun::plan::{Control, Plan, Process, Restart, Retries};
use flowrun::sched::Input;

use crate::met::Met;
use crate::parts::{text, tie_rings};
use crate::simulate::{Broken, Lived, Log, Outside, World};

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
            panic!("{replay}: {}\n\nmade smaller:\n{}\n{}", again.rule, text(&small.plan), small.replay(&again.log));
        }
    }
}

/// A panic of the core is a broken rule too.
fn attempt(world: &World) -> Result<Lived, Broken> {
    catch_unwind(AssertUnwindSafe(|| world.run()))
        .unwrap_or_else(|_| Err(Broken { rule: "the core panicked, see above".to_owned(), log: Log::new() }))
}

/// A rule without what differs from world to world: a world made smaller must still break the same one.
fn kind(rule: &str) -> String {
    rule.chars().filter(char::is_ascii_lowercase).take(40).collect()
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
    let calm = World { lag: 0, noise: 0, ..world.clone() };
    let kind = World { failing: 0, dying: 0, ..world.clone() };
    let steady = World { forgetting: 0, leaving: 0, deaf: 0, ..world.clone() };
    let differs = |other: &World| format!("{other:?}") != format!("{world:?}");
    all.extend([calm, kind, steady].into_iter().filter(differs));
    if world.plan.timeout.is_some() {
        all.push(with(Plan { timeout: None, ..Plan::clone(&world.plan) }));
    }
    if world.plan.jobs.is_some() {
        all.push(with(Plan { jobs: None, ..Plan::clone(&world.plan) }));
    }
    for queue in world.plan.queues.ids().filter(|queue| world.plan.queues[*queue].maxsize.is_some()) {
        let mut plan = Plan::clone(&world.plan);
        plan.queues[queue].maxsize = None;
        all.push(with(plan));
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
    let mut add = |needed: bool, change: &dyn Fn(&mut Control)| {
        let mut other = process.clone();
        change(&mut other.control);
        all.extend(needed.then_some(other));
    };
    for number in 0..control.joins.len() {
        add(true, &|control| _ = control.joins.remove(number));
    }
    add(!control.request.is_empty(), &|control| control.request.clear());
    add(control.steps.len() > 1, &|control| _ = control.steps.pop());
    add(control.retries.count > 0, &|control| control.retries = Retries::default());
    add(control.timeout.is_some(), &|control| control.timeout = None);
    add(control.acquire_timeout.is_some(), &|control| control.acquire_timeout = None);
    add(control.stop_command, &|control| control.stop_command = false);
    add(control.allow_failure, &|control| control.allow_failure = false);
    add(control.disabled, &|control| control.disabled = false);
    add(control.restart != Restart::default(), &|control| control.restart = Restart::default());
    all
}

/// The same world without a process; what nobody puts into or takes from any more goes with it.
fn without_process(world: &World, gone: ProcessId) -> Option<World> {
    let mut plan = Plan::clone(&world.plan);
    let mut queues = DenseMap::default();
    let mut kept: Vec<Option<QueueId>> = Vec::new();
    for queue in plan.queues.iter() {
        let without = |ids: &[ProcessId]| ids.iter().copied().filter(|id| *id != gone).map(|id| moved(id, gone)).collect::<Vec<_>>();
        let mut queue = queue.clone();
        (queue.producers, queue.consumers) = (without(&queue.producers), without(&queue.consumers));
        let lonely = queue.producers.is_empty() || queue.consumers.is_empty();
        if lonely && !(queue.producers.is_empty() && queue.consumers.is_empty()) {
            return None;
        }
        kept.push((!lonely).then(|| queues.push(queue)));
    }
    if queues.is_empty() || kept.contains(&None) {
        return None;
    }
    tie_rings(&mut queues);
    let only_fed =
        |queue: &flowrun::plan::Queue| queue.ring.iter().all(|id| queues[*id].producers.iter().all(|p| queues[*id].fed.contains(p)));
    if queues.iter().any(only_fed) {
        return None;
    }
    plan.processes = world.plan.processes.entries().filter(|(id, _)| *id != gone).map(|(_, process)| process.clone()).collect();
    for process in plan.processes.iter_mut() {
        process.control.joins.retain(|join| join.process != gone);
        process.control.joins.iter_mut().for_each(|join| join.process = moved(join.process, gone));
    }
    plan.queues = queues;
    let mut outside = world.outside.clone();
    outside.retain(|(_, outside)| of(outside) != Some(gone));
    for (_, outside) in &mut outside {
        if let Outside::Say(Input::StopProcess { process } | Input::RestartProcess { process }) = outside {
            *process = moved(*process, gone);
        }
    }
    Some(World { plan: Arc::new(plan), outside, ..world.clone() })
}

fn moved(id: ProcessId, gone: ProcessId) -> ProcessId {
    ProcessId::from_index(id.index() - usize::from(id > gone))
}

fn of(outside: &Outside) -> Option<ProcessId> {
    match outside {
        Outside::Say(Input::StopProcess { process } | Input::RestartProcess { process }) => Some(*process),
        _ => None,
    }
}
