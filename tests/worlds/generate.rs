//! Random plans.
//!
//! A careful plan keeps the rules that `check` holds: joins make no ring, critical sections are nested
//! upwards only, nobody asks for what a daemon never gives back. A careless one keeps none of them.

use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, Id, ProcessId, ResourceId};
use flowrun::base::span::Span;
use flowrun::notice::Share;
use flowrun::plan::{Control, Join, Plan, Process, Resource, ResourceKind, Restart, Retries, StepControl, Work};
use flowrun::source::model::{Backoff, Condition, OnFailure, OnTimeout};

use crate::shared::rng::Rng;
use crate::upkeep;

/// How often careless plans break each rule, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Care {
    pub joins_anywhere: u64,
    pub nests_anyhow: u64,
    pub keeps_for_life: u64,
    /// Only what the text of a workflow can say yet: nothing of readiness, liveness and restarts.
    pub plain: bool,
}

/// A random plan.
pub fn plan(seed: u64, care: Care) -> Plan {
    let mut rng = Rng::of(seed, &[1]);
    let count = if rng.chance(10) { 9 + rng.below(8) } else { 1 + rng.below(8) };
    let flavour = Flavour {
        daemons: rng.pick(&[0, 20, 20, 40, 70, 100]),
        joins: rng.pick(&[20, 50, 80]),
        locks: rng.pick(&[0, 40, 70, 90]),
        bounds: rng.pick(&[0, 15, 50]),
        cleanups: rng.pick(&[0, 20, 50]),
        steps: rng.pick(&[0, 30, 80]),
        health: if care.plain { 0 } else { rng.pick(&[0, 0, 30, 80]) },
        restarts: if care.plain { 0 } else { rng.pick(&[0, 40, 90]) },
        wanted: if care.plain { 0 } else { rng.pick(&[0, 0, 0, 0, 30]) },
        pipes: if care.plain || care.joins_anywhere > 0 { 0 } else { rng.pick(&[0, 30, 70]) },
        asks: if care.plain { 0 } else { rng.pick(&[0, 0, 40]) },
        unused: if care.plain { 0 } else { rng.pick(&[0, 30, 80]) },
    };
    let mut hosts = Rng::of(seed, &[5]);
    let shared = hosts.pick(&[0, 0, 30, 80]);
    let locks = rng.below(4);
    let semaphores = rng.below(3);
    let mut resources: DenseMap<ResourceId, Resource> = DenseMap::default();
    for number in 0..locks + semaphores {
        let kind = if number < locks { ResourceKind::Lock } else { ResourceKind::Semaphore { permits: 1 + rng.below(4) as u32 } };
        // The order of these names is not that of the others.
        let host = hosts.chance(shared).then(|| format!("h{}", 9 - number));
        resources.push(Resource { name: format!("r{number}"), kind, host, place: Span::default() });
    }
    let tiers: Vec<usize> = (0..resources.len()).map(|_| rng.below(3)).collect();
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, rng.below(at + 1));
    }
    let mut rank = vec![0; count];
    for (place, id) in order.iter().enumerate() {
        rank[*id] = place;
    }
    let daemons: Vec<bool> = (0..count).map(|_| rng.chance(flavour.daemons)).collect();
    let mut maker = Maker { rng, flavour, care, resources: &resources, tiers, daemons, rank };
    let mut controls: Vec<Control> = (0..count).map(|id| maker.control(id)).collect();
    maker.tie(&mut controls, &order);
    let mut rng = maker.rng;
    let mut plan = Plan {
        name: "world".to_owned(),
        description: None,
        processes: controls.into_iter().enumerate().map(|(id, control)| process(&format!("p{id}"), control)).collect(),
        resources,
        queues: DenseMap::default(),
        jobs: rng.chance(60).then(|| 1 + rng.below(4) as u32),
        timeout: rng.chance(12).then(|| rng.tens(1, 60)),
        on_failure: rng.pick(&[OnFailure::Finish, OnFailure::Continue, OnFailure::Continue, OnFailure::Kill]),
    };
    if !rng.chance(care.keeps_for_life) {
        keep_nothing_for_life_that_others_need(&mut plan);
    }
    plan
}

/// A process of a plan that is never executed.
pub fn process(name: &str, control: Control) -> Process {
    Process {
        name: name.to_owned(),
        declared: name.to_owned(),
        description: None,
        place: Span::default(),
        control,
        work: Arc::new(Work::default()),
    }
}

struct Flavour {
    daemons: u64,
    joins: u64,
    locks: u64,
    bounds: u64,
    cleanups: u64,
    steps: u64,
    health: u64,
    restarts: u64,
    unused: u64,
    asks: u64,
    pipes: u64,
    wanted: u64,
}

struct Maker<'a> {
    rng: Rng,
    flavour: Flavour,
    care: Care,
    resources: &'a DenseMap<ResourceId, Resource>,
    tiers: Vec<usize>,
    daemons: Vec<bool>,
    rank: Vec<usize>,
}

impl Maker<'_> {
    fn control(&mut self, id: usize) -> Control {
        let daemon = self.daemons[id];
        let outer = self.rng.chance(self.flavour.locks / 2).then(|| self.rng.below(3));
        let request = outer.map_or_else(Vec::new, |tier| self.request(tier));
        let steps = if self.rng.chance(self.flavour.steps) { 1 + self.rng.below(4) } else { 1 };
        let floor = if request.is_empty() { 0 } else { outer.map_or(0, |tier| tier + 1) };
        let steps = (0..steps).map(|_| self.step(floor, &request)).collect();
        let joins = self.joins(id);
        let Flavour { asks, bounds, health, restarts, unused, wanted, .. } = self.flavour;
        let rng = &mut self.rng;
        let disabled = rng.chance(5);
        Control {
            daemon,
            disabled,
            pipe_from: None,
            for_each: None,
            decided_late: !disabled && rng.chance(asks),
            request,
            steps,
            acquire_timeout: rng.chance(bounds).then(|| rng.tens(1, 15)),
            timeout: (!daemon && rng.chance(bounds)).then(|| rng.tens(1, 15)),
            retries: if !daemon && rng.chance(35) { retries(rng) } else { Retries::default() },
            stop_command: rng.chance(25),
            grace: rng.tens(1, 12),
            success_codes: rng.pick(&[vec![0], vec![0], vec![0], vec![0, 3], vec![3]]),
            allow_failure: rng.chance(20),
            joins,
            ready: rng.chance(health).then(|| upkeep::ready(rng)),
            live: rng.chance(health).then(|| upkeep::live(rng)),
            restart: if daemon && rng.chance(restarts) { upkeep::restart(rng) } else { Restart::default() },
            stop_unused: daemon && rng.chance(unused),
            wanted: daemon && rng.chance(wanted),
        }
    }

    /// Ties neighbours in the order of joins by pipes, so that none can wait for another through a third.
    fn tie(&mut self, controls: &mut [Control], order: &[usize]) {
        for pair in order.windows(2) {
            let (source, reader) = (pair[0], pair[1]);
            if !self.rng.chance(self.flavour.pipes) || controls[source].daemon != controls[reader].daemon {
                continue;
            }
            for id in [source, reader] {
                let control = &mut controls[id];
                control.request.retain(|share| self.resources[share.resource].host.is_none());
                (control.retries, control.restart) = (Retries::default(), Restart::default());
                control.steps.truncate(1);
                control.steps[0].request.clear();
            }
            // What partners ask for is of one height, and nobody's twice.
            let mut upstream = vec![source];
            while let Some(other) = controls[upstream[upstream.len() - 1]].pipe_from {
                upstream.push(other.index());
            }
            let taken: Vec<ResourceId> = upstream.iter().flat_map(|id| controls[*id].request.iter().map(|share| share.resource)).collect();
            let height = taken.first().map(|resource| self.tiers[resource.index()]);
            let tiers = &self.tiers;
            controls[reader]
                .request
                .retain(|share| !taken.contains(&share.resource) && height.is_none_or(|height| height == tiers[share.resource.index()]));
            controls[reader].joins.retain(|join| !upstream.contains(&join.process.index()));
            controls[reader].pipe_from = Some(ProcessId::from_index(source));
        }
    }

    fn step(&mut self, floor: usize, held: &[Share]) -> StepControl {
        let wants = self.rng.chance(self.flavour.locks);
        let anyhow = self.rng.chance(self.care.nests_anyhow);
        let mut request = Vec::new();
        if wants && (anyhow || floor < 3) {
            let tier = if anyhow { self.rng.below(3) } else { floor + self.rng.below(3 - floor) };
            request = self.request(tier);
            request.retain(|share| held.iter().all(|held| held.resource != share.resource));
        }
        StepControl { request, timeout: self.rng.chance(self.flavour.bounds / 2).then(|| self.rng.tens(1, 12)), only_waits: false }
    }

    /// Shares of one tier: what is asked for together is of one height.
    fn request(&mut self, tier: usize) -> Vec<Share> {
        let mut shares = Vec::new();
        for (resource, Resource { kind, .. }) in self.resources.entries() {
            if self.tiers[resource.index()] != tier || !self.rng.chance(60) {
                continue;
            }
            let share = match kind {
                ResourceKind::Lock => Share { resource, shared: self.rng.chance(40), permits: 1 },
                ResourceKind::Semaphore { permits } => {
                    Share { resource, shared: false, permits: 1 + self.rng.below(*permits as usize) as u32 }
                }
            };
            shares.push(share);
        }
        shares
    }

    fn joins(&mut self, id: usize) -> Vec<Join> {
        let mut joins: Vec<Join> = Vec::new();
        while joins.len() < 5 && self.rng.chance(self.flavour.joins) {
            let other = self.rng.below(self.rank.len());
            let anywhere = self.rng.chance(self.care.joins_anywhere);
            let known = joins.iter().any(|join| join.process.index() == other);
            if other == id || known || (self.rank[other] >= self.rank[id] && !anywhere) {
                continue;
            }
            let process = ProcessId::from_index(other);
            joins.push(self.join(process, self.daemons[other]));
        }
        joins
    }

    fn join(&mut self, process: ProcessId, daemon: bool) -> Join {
        let rng = &mut self.rng;
        let mut timeout = rng.chance(self.flavour.bounds).then(|| rng.tens(1, 15));
        let until = if rng.chance(self.flavour.cleanups) {
            rng.pick(&[Condition::Exit, Condition::Failure])
        } else if daemon {
            rng.pick(&[Condition::Ready, Condition::Ready, Condition::Start, Condition::Success])
        } else {
            rng.pick(&[Condition::Success, Condition::Success, Condition::Success, Condition::Start, Condition::Ready])
        };
        if daemon && matches!(until, Condition::Success | Condition::Exit) {
            // A daemon has no end to wait for but a bounded one.
            timeout = timeout.or_else(|| Some(rng.tens(1, 15)));
        }
        let on_timeout = if timeout.is_some() { rng.pick(&[OnTimeout::Fail, OnTimeout::Continue]) } else { OnTimeout::Fail };
        Join { process, until, timeout, on_timeout, place: Span::default() }
    }
}

fn retries(rng: &mut Rng) -> Retries {
    Retries {
        count: 1 + rng.below(3) as u32,
        delay: if rng.chance(40) { Duration::ZERO } else { rng.tens(1, 8) },
        backoff: rng.pick(&[Backoff::Constant, Backoff::Linear, Backoff::Exponential]),
        max_delay: rng.chance(30).then(|| rng.tens(1, 8)),
        jitter: rng.chance(40),
    }
}

/// Takes away what daemons would hold for life, wherever another process might wait for it.
fn keep_nothing_for_life_that_others_need(plan: &mut Plan) {
    loop {
        let found = uses(plan).into_iter().find(|(process, share, for_life)| {
            let others = uses(plan).into_iter().filter(|(other, used, _)| other != process && used.resource == share.resource);
            *for_life && !others.into_iter().all(|(_, used, _)| leaves_room(plan, &used))
        });
        let Some((process, share, _)) = found else { return };
        let control = &mut plan.processes[process].control;
        control.request.retain(|kept| *kept != share);
        if let Some(last) = control.steps.last_mut() {
            last.request.retain(|kept| *kept != share);
        }
    }
}

/// Every share asked for, and whether a daemon keeps it.
fn uses(plan: &Plan) -> Vec<(ProcessId, Share, bool)> {
    let mut uses = Vec::new();
    for (id, process) in plan.processes.entries() {
        let control = &process.control;
        uses.extend(control.request.iter().map(|share| (id, *share, control.daemon)));
        for (number, step) in control.steps.iter().enumerate() {
            let last = number + 1 == control.steps.len();
            uses.extend(step.request.iter().map(|share| (id, *share, control.daemon && last)));
        }
    }
    uses
}

fn leaves_room(plan: &Plan, wanted: &Share) -> bool {
    let kept: Vec<Share> = uses(plan)
        .into_iter()
        .filter(|(_, share, for_life)| *for_life && share.resource == wanted.resource)
        .map(|(_, share, _)| share)
        .collect();
    match plan.resources[wanted.resource].kind {
        ResourceKind::Lock => wanted.shared && kept.iter().all(|share| share.shared),
        ResourceKind::Semaphore { permits } => kept.iter().map(|share| share.permits).sum::<u32>() + wanted.permits <= permits,
    }
}
