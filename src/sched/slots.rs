//! Job slots: how many are free, and who shares one.
//!
//! Processes that are tied by pipes or queues have one slot for all of them, as long as one of them uses it: one
//! would otherwise wait in vain for what another, without a slot, does not do. Of the workers of a `for_each` only
//! the first is tied; the others have slots of their own. While those who have a slot wait for what others do it is
//! lent to these, so that a low limit locks nobody out; when they go on, one more may run for a while than the limit
//! says. Knows nothing of requests or states.

use std::collections::BTreeMap;

use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::plan::{Plan, graph};

/// Who has the same key shares one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotKey {
    first: ProcessId,
    /// Whether anybody else has this key.
    shared: bool,
}

impl SlotKey {
    /// The key of those that are named by the first of them.
    pub fn new(first: ProcessId, shared: bool) -> Self {
        Self { first, shared }
    }
}

/// The slots of a run.
#[derive(Debug)]
pub struct Slots {
    /// Less than none when who had lent his slot has it back while others still use it; none when unlimited.
    free: Option<i64>,
    users: BTreeMap<SlotKey, u32>,
    /// Those that are lent, and how many reasons there are for it.
    lent: BTreeMap<SlotKey, u32>,
    /// Slots beyond the limit.
    added: u32,
}

impl Slots {
    /// So many, all of them free; none is unlimited.
    pub fn new(count: Option<u32>) -> Self {
        Self { free: count.map(i64::from), users: BTreeMap::new(), lent: BTreeMap::new(), added: 0 }
    }

    /// Whether there is a limit.
    pub fn are_limited(&self) -> bool {
        self.free.is_some()
    }

    /// Whether any slot is free.
    pub fn any_free(&self) -> bool {
        self.free.is_none_or(|free| free > 0)
    }

    /// Whether somebody with this key can have a slot now.
    pub fn has_room(&self, key: SlotKey) -> bool {
        self.any_free() || self.users.contains_key(&key)
    }

    /// Takes a slot for somebody, for whom there is room. Whether others can have it too from now on.
    pub fn take(&mut self, key: SlotKey) -> bool {
        let users = self.users.entry(key).or_insert(0);
        *users += 1;
        if *users > 1 {
            return false;
        }
        self.change(if self.lent.contains_key(&key) { 0 } else { -1 });
        key.shared
    }

    /// Somebody with this key needs his slot no longer.
    pub fn give_back(&mut self, key: SlotKey) {
        let Some(users) = self.users.get_mut(&key) else { return };
        *users -= 1;
        if *users == 0 {
            self.users.remove(&key);
            if self.added > 0 {
                self.added -= 1;
                self.change(-1);
            }
            self.change(if self.lent.contains_key(&key) { 0 } else { 1 });
        }
    }

    /// There is a reason to let others use the slot with this key, or one less.
    pub fn lend(&mut self, key: SlotKey, on: bool) {
        let before = self.lent.contains_key(&key);
        let reasons = self.lent.entry(key).or_insert(0);
        *reasons = if on { *reasons + 1 } else { reasons.saturating_sub(1) };
        if *reasons == 0 {
            self.lent.remove(&key);
        }
        if self.users.contains_key(&key) {
            self.change(i64::from(self.lent.contains_key(&key)) - i64::from(before));
        }
    }

    /// One more than the limit says: the next that comes back is not handed out again.
    pub fn add(&mut self) {
        self.added += 1;
        self.change(1);
    }

    /// How many are out, without those that are lent.
    pub fn out(&self) -> usize {
        self.users.keys().filter(|key| !self.lent.contains_key(key)).count()
    }

    fn change(&mut self, by: i64) {
        if let Some(free) = &mut self.free {
            *free += by;
        }
    }
}

/// The keys of all processes of a plan.
pub fn keys(plan: &Plan) -> DenseMap<ProcessId, SlotKey> {
    let mut first: DenseMap<ProcessId, ProcessId> = plan.processes.ids().collect();
    let mut shared: DenseMap<ProcessId, bool> = plan.processes.ids().map(|_| false).collect();
    // A tie goes both ways, so that what hangs together is one component.
    let both = |(one, other): (usize, usize)| [(one, other), (other, one)];
    let ties: Vec<(usize, usize)> = ties(plan).into_iter().flat_map(both).collect();
    if !ties.is_empty() {
        for component in graph::components(plan.processes.len(), &ties) {
            let members = component.iter().copied().map(ProcessId::from_index);
            let lowest = members.clone().min().unwrap_or(ProcessId(0));
            members.for_each(|id| (first[id], shared[id]) = (lowest, true));
        }
    }
    plan.processes.ids().map(|id| SlotKey::new(first[id], shared[id])).collect()
}

/// Who is tied to whom.
fn ties(plan: &Plan) -> Vec<(usize, usize)> {
    let pipes = plan.processes.entries().filter_map(|(id, process)| Some((id.index(), process.control.pipe_from?.index())));
    let mut ties: Vec<(usize, usize)> = pipes.collect();
    for queue in plan.queues.iter() {
        // Where nobody says that he takes, anybody may be the one for whom a full queue waits.
        let consumers = queue
            .consumers
            .iter()
            .filter(|_| queue.declared || queue.maxsize.is_some())
            .copied()
            .filter(|id| !is_further_worker(plan, *id));
        let members: Vec<ProcessId> = queue.producers.iter().copied().filter(|id| !is_further_worker(plan, *id)).chain(consumers).collect();
        ties.extend(members.windows(2).map(|pair| (pair[0].index(), pair[1].index())).filter(|(one, other)| one != other));
    }
    ties
}

/// Whether a process is a worker of a `for_each`, but not the first.
fn is_further_worker(plan: &Plan, id: ProcessId) -> bool {
    let process = &plan.processes[id];
    let before = id.index().checked_sub(1).map(|index| &plan.processes[ProcessId::from_index(index)]);
    // Workers of one name stand side by side.
    process.control.for_each.is_some() && before.is_some_and(|before| before.declared == process.declared)
}
