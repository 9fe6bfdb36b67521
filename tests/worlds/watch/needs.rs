//! Who needs whom, and what holds a run open.

use flowrun::base::ids::{DenseMap, Id, ProcessId};
use flowrun::plan::Plan;
use flowrun::source::model::Condition;

/// Facts of a plan that do not change.
pub struct Needs {
    /// Waits by `exit` or `failure`.
    pub cleanup: DenseMap<ProcessId, bool>,
    /// Finite, and cannot start before a daemon has failed.
    pub alarm: DenseMap<ProcessId, bool>,
    /// There is something finite that is no alarm.
    pub has_work: bool,
    /// Daemons that are wanted for their own sake.
    pub wanted: Vec<ProcessId>,
    /// Those that start together with each process, itself among them.
    pub partners: DenseMap<ProcessId, Vec<ProcessId>>,
    /// Whether the second joins the first through any chain.
    needs: Vec<Vec<bool>>,
}

impl Needs {
    pub fn of(plan: &Plan) -> Self {
        let count = plan.processes.len();
        let mut needs = vec![vec![false; count]; count];
        let mut waits = vec![false; count];
        let partners = partners(plan);
        // As often as a chain can be long: plain, and independent of the order of processes.
        for _ in 0..=count * 2 {
            for id in plan.processes.ids() {
                waits[id.index()] |= partners[id].iter().any(|other| waits[other.index()]);
            }
            for (id, process) in plan.processes.entries() {
                for join in &process.control.joins {
                    let (joiner, joined) = (id.index(), join.process.index());
                    needs[joined][joiner] = true;
                    for joiners in &mut needs {
                        joiners[joiner] |= joiners[joined];
                    }
                    let on_daemon = plan.processes[join.process].control.daemon && join.until == Condition::Failure;
                    // A daemon whose join has a bound comes in any case.
                    waits[joiner] |= (on_daemon || waits[joined]) && (!process.control.daemon || join.timeout.is_none());
                }
            }
        }
        let finite = |id: ProcessId| !plan.processes[id].control.daemon;
        let alarm: DenseMap<ProcessId, bool> = plan.processes.ids().map(|id| finite(id) && waits[id.index()]).collect();
        let cleans =
            |id: ProcessId| plan.processes[id].control.joins.iter().any(|join| matches!(join.until, Condition::Exit | Condition::Failure));
        Self {
            cleanup: plan.processes.ids().map(|id| partners[id].iter().copied().any(cleans)).collect(),
            partners,
            has_work: plan.processes.ids().any(|id| finite(id) && !alarm[id]),
            wanted: plan.processes.ids().filter(|id| plan.processes[*id].control.wanted).collect(),
            alarm,
            needs,
        }
    }

    /// Whether `joiner` joins `joined`, directly or through others.
    pub fn needs(&self, joiner: ProcessId, joined: ProcessId) -> bool {
        self.needs[joined.index()][joiner.index()]
    }
}

/// As often as a chain can be long, each hears from its neighbours who is tied to it.
fn partners(plan: &Plan) -> DenseMap<ProcessId, Vec<ProcessId>> {
    let mut first: DenseMap<ProcessId, ProcessId> = plan.processes.ids().collect();
    for _ in 0..plan.processes.len() {
        for (id, process) in plan.processes.entries() {
            if let Some(source) = process.control.pipe_from {
                first[id] = first[source];
            }
        }
    }
    plan.processes.ids().map(|id| plan.processes.ids().filter(|other| first[*other] == first[id]).collect()).collect()
}
