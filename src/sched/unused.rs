//! Daemons that are stopped as soon as nobody needs them any more (`stop: {when: unused}`).
//!
//! Users are counted down as they end, never searched. Who waits for a daemon to be started or ready uses
//! it, until its own end. Who waits for its end does not: the two would wait for each other.

use super::protocol::Outbox;
use super::scheduler::{News, Scheduler};
use super::state::State;
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Outcome, StopReason};
use crate::plan::{Join, Plan};
use crate::source::model::Condition;

/// Whether this join makes its process a user of a daemon that is stopped when it has none.
fn uses(plan: &Plan, join: &Join) -> bool {
    plan.processes[join.process].control.stop_unused && matches!(join.until, Condition::Ready | Condition::Start)
}

impl Scheduler {
    /// Counts the users of all daemons that are stopped when they have none any more.
    pub(super) fn count_users(&mut self) {
        let plan = &self.plan;
        for join in plan.processes.iter().flat_map(|process| &process.control.joins).filter(|join| uses(plan, join)) {
            *self.processes[join.process].users.get_or_insert(0) += 1;
        }
    }

    /// A process has ended: what only it still used is not needed any more.
    pub(super) fn stop_using(&mut self, id: ProcessId) {
        for join in self.plan.processes[id].control.joins.iter().filter(|join| uses(&self.plan, join)) {
            if let Some(users) = &mut self.processes[join.process].users {
                *users -= 1;
                if *users == 0 {
                    self.news.push_back(News::Unused(join.process));
                }
            }
        }
    }

    /// Whether a daemon had users and the last of them has ended.
    pub(super) fn is_unused(&self, id: ProcessId) -> bool {
        self.processes[id].users == Some(0)
    }

    /// The last user of a daemon has ended.
    pub(super) fn unused(&mut self, id: ProcessId, out: &mut Outbox) {
        match self.processes[id].state {
            State::Waiting | State::Queued { .. } | State::Delaying | State::Idle => {
                let begun = self.processes[id].begun;
                let outcome = if begun { Outcome::Stopped } else { Outcome::Cancelled(CancelReason::Unused) };
                self.give_up(id, outcome, out);
            }
            State::Running { .. } => self.stop(id, StopReason::Unused, out),
            // Why it is being stopped counts: one that has failed must not pass for one that is merely unused.
            State::Stopping { .. } | State::Ended => {}
        }
    }
}
