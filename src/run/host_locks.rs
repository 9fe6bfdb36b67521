//! Locks and permits that other runs share: taken one after another in the order that the core names.
//!
//! The loop tries again and again instead of letting a thread wait: the kernel keeps no fair queue that would be
//! worth one, a thread that waits in it cannot be told to give up, and "any two of eight permits" is no single
//! wait. The price is up to [`LONGEST`] until a lock that came free is noticed. Decides nothing of this run's own
//! order: the core asks for a lock only when it is its process's turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::runner::Runner;
use crate::base::ids::{HostAsk, JobId, ResourceId};
use crate::base::time::RunTime;
use crate::control::place;
use crate::io::host_lock::{Held, Holder, Taken, Wanted, try_take};
use crate::notice::{Event, HostHolder, Share};
use crate::plan::{Plan, ResourceKind};
use crate::sched::Input;

/// Between the first two tries; doubled after each further one.
const FIRST: Duration = Duration::from_millis(5);
/// It grows no further.
const LONGEST: Duration = Duration::from_millis(80);

/// All askings that are under way or granted.
#[derive(Debug, Default)]
pub(super) struct HostLocks {
    /// Where the locks of this user are, once it was looked for.
    base: Option<PathBuf>,
    waiting: BTreeMap<HostAsk, Waiting>,
    granted: BTreeMap<HostAsk, Vec<Held>>,
}

/// One asking that lacks something.
#[derive(Debug)]
struct Waiting {
    job: JobId,
    wants: Vec<(ResourceId, String, Wanted)>,
    /// What of it is held, in the same order.
    held: Vec<Held>,
    who: Holder,
    next: RunTime,
    pause: Duration,
    /// What was told last.
    told: Option<(ResourceId, Vec<Holder>)>,
}

/// What became of a try.
enum Tried {
    All,
    Lacks(ResourceId, Vec<Holder>),
    Failed(String),
}

impl HostLocks {
    /// When to try again.
    pub fn deadline(&self) -> Option<RunTime> {
        self.waiting.values().map(|waiting| waiting.next).min()
    }

    /// Gives back what an asking has brought, or gives it up.
    pub fn release(&mut self, ask: HostAsk) {
        self.waiting.remove(&ask);
        self.granted.remove(&ask);
    }

    /// Gives back what is held while something else is waited for: a suspended run must not keep others waiting
    /// for what it does not use.
    pub fn give_up_halves(&mut self) {
        self.waiting.values_mut().for_each(|waiting| waiting.held.clear());
    }
}

impl Waiting {
    fn try_all(&mut self, base: &std::path::Path) -> Tried {
        while let Some((resource, name, wanted)) = self.wants.get(self.held.len()) {
            match try_take(base, name, *wanted, &self.who) {
                Ok(Taken::Held(held)) => self.held.push(held),
                Ok(Taken::Busy(holders)) => return Tried::Lacks(*resource, holders),
                Ok(Taken::Gate) => return Tried::Lacks(*resource, Vec::new()),
                Ok(Taken::Differs(why, holders)) => return Tried::Failed(differs(name, &why, &holders)),
                Err(trouble) => return Tried::Failed(format!("cannot take `{name}`: {trouble}")),
            }
        }
        Tried::All
    }
}

/// Says that two mean different things by one name.
fn differs(name: &str, why: &str, holders: &[Holder]) -> String {
    let holders: Vec<String> = holders.iter().map(|holder| format!("`{}` (pid {})", holder.process, holder.pid)).collect();
    format!("`{name}` cannot be shared with {}: {why}; declare it alike everywhere", holders.join(", "))
}

impl Runner<'_> {
    /// Begins to ask; the first try is made in this turn of the loop.
    pub(super) fn ask_host(&mut self, job: JobId, ask: HostAsk, wants: &[Share]) {
        let plan = &self.setup.plan;
        let waiting = Waiting {
            job,
            wants: wants.iter().filter_map(|share| wanted(plan, share)).collect(),
            held: Vec::new(),
            who: Holder {
                run: Some(self.setup.environment.run_id()),
                workflow: Some(plan.name.clone()),
                process: plan.processes[job.process].name.clone(),
                pid: std::process::id(),
            },
            next: self.setup.clock.now(),
            pause: FIRST,
            told: None,
        };
        self.host_locks.waiting.insert(ask, waiting);
    }

    /// Tries everything whose moment has come.
    pub(super) fn try_host_locks(&mut self, now: RunTime) {
        let due = self.host_locks.waiting.iter().filter(|(_, waiting)| waiting.next <= now);
        let due: Vec<HostAsk> = due.map(|(ask, _)| *ask).collect();
        for ask in due {
            self.try_host_lock(ask, now);
        }
    }

    fn try_host_lock(&mut self, ask: HostAsk, now: RunTime) {
        let base = match &self.host_locks.base {
            Some(base) => Ok(base.clone()),
            None => place::base(),
        };
        let Some(waiting) = self.host_locks.waiting.get_mut(&ask) else { return };
        let tried = match &base {
            Ok(base) => waiting.try_all(base),
            Err(why) => Tried::Failed(why.clone()),
        };
        self.host_locks.base = base.ok();
        match tried {
            Tried::All => self.host_has_granted(ask),
            Tried::Lacks(resource, holders) => {
                waiting.next = now + waiting.pause;
                waiting.pause = (waiting.pause * 2).min(LONGEST);
                let news = (resource, holders);
                // Nobody is known when somebody is just looking.
                if !news.1.is_empty() && waiting.told.as_ref() != Some(&news) {
                    let holders = news.1.iter().map(told).collect();
                    let again = waiting.told.as_ref().is_some_and(|(before, _)| *before == resource);
                    let event = Event::HeldElsewhere { job: waiting.job, resource, holders, again };
                    waiting.told = Some(news);
                    self.tell_now(event);
                }
            }
            Tried::Failed(why) => {
                self.host_locks.release(ask);
                self.inputs.push_back(Input::HostFailed { ask, why });
            }
        }
    }

    fn host_has_granted(&mut self, ask: HostAsk) {
        let Some(waiting) = self.host_locks.waiting.remove(&ask) else { return };
        let numbers = waiting.wants.iter().zip(&waiting.held).map(|((resource, ..), held)| (*resource, held.numbers().to_vec()));
        let permits = numbers.filter(|(_, numbers)| !numbers.is_empty()).collect();
        self.host_locks.granted.insert(ask, waiting.held);
        self.inputs.push_back(Input::HostGranted { ask, permits });
    }
}

fn wanted(plan: &Plan, share: &Share) -> Option<(ResourceId, String, Wanted)> {
    let resource = &plan.resources[share.resource];
    let wanted = match resource.kind {
        ResourceKind::Lock => Wanted::Lock { shared: share.shared },
        ResourceKind::Semaphore { permits } => Wanted::Permits { count: share.permits, of: permits },
    };
    Some((share.resource, resource.host.clone()?, wanted))
}

fn told(holder: &Holder) -> HostHolder {
    let Holder { run, workflow, process, pid } = holder.clone();
    HostHolder { run, workflow, process, pid }
}
