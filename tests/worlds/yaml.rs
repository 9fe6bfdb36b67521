//! A plan as the text of a workflow, so that reading, planning and checking are in the loop.

use std::fmt::Write;
use std::time::Duration;

use flowrun::base::ids::Id;
use flowrun::notice::Share;
use flowrun::plan::{Control, Plan, ResourceKind, Restart, StepControl};

/// The text of a workflow that means this plan.
pub fn text(plan: &Plan) -> String {
    let mut top = vec![format!("name: {}", plan.name)];
    top.extend(plan.jobs.map(|jobs| format!("jobs: {jobs}")));
    top.extend(plan.timeout.map(|timeout| format!("timeout: {}", period(timeout))));
    top.push(format!("on_failure: {}", plan.on_failure.word()));
    let mut locks = Vec::new();
    let mut semaphores = Vec::new();
    for resource in plan.resources.iter() {
        let scope = resource.host.as_ref().map(|name| format!("scope: host, name: {name}"));
        match (resource.kind, scope) {
            (ResourceKind::Lock, scope) => locks.push(format!("{}: {{{}}}", resource.name, scope.unwrap_or_default())),
            (ResourceKind::Semaphore { permits }, None) => semaphores.push(format!("{}: {permits}", resource.name)),
            (ResourceKind::Semaphore { permits }, Some(scope)) => {
                semaphores.push(format!("{}: {{permits: {permits}, {scope}}}", resource.name));
            }
        }
    }
    if !locks.is_empty() {
        top.push(format!("locks: {{{}}}", locks.join(", ")));
    }
    if !semaphores.is_empty() {
        top.push(format!("semaphores: {{{}}}", semaphores.join(", ")));
    }
    top.push("processes:".to_owned());
    let mut text = top.join("\n") + "\n";
    for process in plan.processes.iter() {
        let _ = writeln!(text, "  {}:", process.name);
        for line in lines(plan, &process.control) {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

fn lines(plan: &Plan, control: &Control) -> Vec<String> {
    let mut lines = Vec::new();
    match control.steps.as_slice() {
        [StepControl { request, timeout: None, .. }] if request.is_empty() => lines.push("command: [work]".to_owned()),
        steps => {
            lines.push("steps:".to_owned());
            for step in steps {
                let mut keys = vec!["command: [work]".to_owned()];
                keys.extend(step.timeout.map(|timeout| format!("timeout: {}", period(timeout))));
                keys.extend(request(plan, &step.request));
                lines.push(format!("  - {{{}}}", keys.join(", ")));
            }
        }
    }
    if control.daemon {
        lines.push("daemon: true".to_owned());
    }
    if control.disabled {
        lines.push("if: false".to_owned());
    }
    if !control.joins.is_empty() {
        let joins: Vec<String> = control.joins.iter().map(|join| self::join(plan, join)).collect();
        lines.push(format!("join: {{{}}}", joins.join(", ")));
    }
    lines.extend(request(plan, &control.request));
    lines.extend(control.acquire_timeout.map(|bound| format!("acquire_timeout: {}", period(bound))));
    lines.extend(control.timeout.map(|bound| format!("timeout: {}", period(bound))));
    let retries = &control.retries;
    if retries.count > 0 {
        let mut keys = vec![format!("count: {}", retries.count)];
        if retries.delay > Duration::ZERO {
            keys.push(format!("delay: {}", period(retries.delay)));
        }
        keys.push(format!("backoff: {}", retries.backoff.word()));
        keys.extend(retries.max_delay.map(|delay| format!("max_delay: {}", period(delay))));
        if retries.jitter {
            keys.push("jitter: true".to_owned());
        }
        lines.push(format!("retries: {{{}}}", keys.join(", ")));
    }
    let command = if control.stop_command { ", command: [bye]" } else { "" };
    lines.push(format!("stop: {{grace: {}{command}}}", period(control.grace)));
    lines.push(format!("success_codes: {:?}", control.success_codes));
    if control.allow_failure {
        lines.push("allow_failure: true".to_owned());
    }
    lines.extend(unwritten(control));
    lines
}

/// What the text of a workflow can not say yet, for whoever reads the report of a failing world.
fn unwritten(control: &Control) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(control.ready.map(|ready| format!("# {ready:?}")));
    lines.extend(control.live.map(|live| format!("# {live:?}")));
    if control.restart != Restart::default() {
        lines.push(format!("# {:?}", control.restart));
    }
    if control.wanted {
        lines.push("# named on the command line".to_owned());
    }
    if control.stop_unused {
        lines.push("# stop when unused".to_owned());
    }
    lines
}

fn join(plan: &Plan, join: &flowrun::plan::Join) -> String {
    let until = join.until.word();
    let name = &plan.processes[join.process].name;
    let Some(timeout) = join.timeout else { return format!("{name}: {until}") };
    let then = join.on_timeout.word();
    format!("{name}: {{until: {until}, timeout: {}, on_timeout: {then}}}", period(timeout))
}

fn request(plan: &Plan, shares: &[Share]) -> Vec<String> {
    let (mut locks, mut semaphores) = (Vec::new(), Vec::new());
    for share in shares {
        let name = &plan.resources[share.resource].name;
        match plan.resources[share.resource].kind {
            ResourceKind::Lock => locks.push(format!("{name}: {}", if share.shared { "shared" } else { "exclusive" })),
            ResourceKind::Semaphore { .. } => semaphores.push(format!("{name}: {}", share.permits)),
        }
    }
    let line = |key: &str, entries: Vec<String>| (!entries.is_empty()).then(|| format!("{key}: {{{}}}", entries.join(", ")));
    [line("lock", locks), line("semaphore", semaphores)].into_iter().flatten().collect()
}

fn period(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// What two plans must share to schedule alike: everything but places and names.
pub fn essence(plan: &Plan) -> String {
    let mut text = format!("{:?} {:?} {:?}\n", plan.jobs, plan.timeout, plan.on_failure);
    for resource in plan.resources.iter() {
        let _ = writeln!(text, "{} {:?} {:?}", resource.name, resource.kind, resource.host);
    }
    for (id, process) in plan.processes.entries() {
        let mut control = process.control.clone();
        for join in &mut control.joins {
            join.place = Default::default();
        }
        let _ = writeln!(text, "{} {} {control:?}", id.index(), process.name);
    }
    text
}
