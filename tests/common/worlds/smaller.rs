//! Plans and inputs with one thing less.

use std::time::Duration;

use flowrun::base::ids::{DenseMap, Id, ProcessId};
use flowrun::plan::{Control, Plan, Process, Restart, Retries};
use flowrun::sched::Input;

/// The shortest grace that is told apart.
const SHORT_GRACE: Duration = Duration::from_millis(10);

/// All lists that lack one thing of this.
pub fn lists<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    let without = |number| all.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, thing)| thing.clone()).collect();
    (0..all.len()).map(without).collect()
}

/// The same plan with one thing less, but all processes.
pub fn plans(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    let mut add = |needed: bool, change: &dyn Fn(&mut Plan)| {
        let mut other = plan.clone();
        change(&mut other);
        all.extend(needed.then_some(other));
    };
    add(plan.timeout.is_some(), &|plan| plan.timeout = None);
    add(plan.jobs.is_some(), &|plan| plan.jobs = None);
    for (id, queue) in plan.queues.entries() {
        add(queue.maxsize.is_some(), &|plan| plan.queues[id].maxsize = None);
    }
    for (id, process) in plan.processes.entries() {
        for control in controls(&process.control) {
            add(true, &|plan| plan.processes[id].control = control.clone());
        }
    }
    all
}

/// The same with one thing less.
fn controls(control: &Control) -> Vec<Control> {
    let mut all = Vec::new();
    let mut add = |needed: bool, change: &dyn Fn(&mut Control)| {
        if needed {
            let mut other = control.clone();
            change(&mut other);
            all.push(other);
        }
    };
    for number in 0..control.joins.len() {
        add(true, &|control| _ = control.joins.remove(number));
    }
    add(control.request.len() > 1, &|control| control.request.clear());
    for number in 0..control.request.len() {
        add(true, &|control| _ = control.request.remove(number));
    }
    for (number, step) in control.steps.iter().enumerate() {
        add(control.steps.len() > 1, &|control| _ = control.steps.remove(number));
        for share in 0..step.request.len() {
            add(true, &|control| _ = control.steps[number].request.remove(share));
        }
        add(step.timeout.is_some(), &|control| control.steps[number].timeout = None);
    }
    add(control.retries.count > 0, &|control| control.retries = Retries::default());
    add(control.timeout.is_some(), &|control| control.timeout = None);
    add(control.acquire_timeout.is_some(), &|control| control.acquire_timeout = None);
    add(control.stop_command, &|control| control.stop_command = false);
    add(control.allow_failure, &|control| control.allow_failure = false);
    add(control.disabled, &|control| control.disabled = false);
    add(control.ready.is_some(), &|control| control.ready = None);
    add(control.live.is_some(), &|control| control.live = None);
    add(control.restart != Restart::default(), &|control| control.restart = Restart::default());
    add(control.wanted, &|control| control.wanted = false);
    add(control.stop_unused, &|control| control.stop_unused = false);
    add(control.grace > SHORT_GRACE, &|control| control.grace = SHORT_GRACE);
    all
}

/// All processes but one, and what they say of each other.
pub fn without_process(plan: &Plan, gone: ProcessId) -> DenseMap<ProcessId, Process> {
    let mut processes: DenseMap<ProcessId, Process> =
        plan.processes.entries().filter(|(id, _)| *id != gone).map(|(_, process)| process.clone()).collect();
    for control in processes.iter_mut().map(|process| &mut process.control) {
        control.joins.retain(|join| join.process != gone);
        control.joins.iter_mut().for_each(|join| join.process = moved(join.process, gone));
        control.pipe_from = control.pipe_from.filter(|source| *source != gone).map(|source| moved(source, gone));
    }
    processes
}

/// What is said to the run when a process is gone; nothing, where it was about that one.
pub fn input_without(mut input: Input, gone: ProcessId) -> Option<Input> {
    if let Input::StopProcess { process } | Input::RestartProcess { process } | Input::Decided { process, .. } = &mut input {
        if *process == gone {
            return None;
        }
        *process = moved(*process, gone);
    }
    Some(input)
}

/// The number of a process when another one is gone.
pub fn moved(id: ProcessId, gone: ProcessId) -> ProcessId {
    ProcessId::from_index(id.index() - usize::from(id > gone))
}
