//! Sections that ask for what daemons hold from their start to their end: refused, since daemons end only when the work
//! has ended, and the work would wait for them.
//!
//! What is declared was checked before the run. A daemon that is just being stopped gives back what it holds.

use super::protocol::Outbox;
use super::refused::Refused;
use super::scheduler::Scheduler;
use super::sections::{One, Stage};
use super::state::State;
use crate::base::ids::{ProcessId, Section};
use crate::notice::Share;
use crate::plan::ResourceKind;

impl Scheduler {
    /// Something was granted to a daemon: sections may wait for it that it will not give back.
    pub(super) fn suspect_lifelong(&mut self, id: ProcessId) {
        self.sections.suspicious |= self.sections.waiting > 0 && self.plan.processes[id].control.daemon;
    }

    /// Refuses a section that waits for what daemons keep, if there is one. True when something changed.
    pub(super) fn refuse_kept(&mut self, out: &mut Outbox) -> bool {
        let mut waiting = self.sections.all.iter().rev().filter(|(_, one)| matches!(one.stage, Stage::Waiting(_)));
        let kept =
            |(section, one): (&Section, &One)| one.shares.iter().find_map(|share| self.kept_for_life(share)).map(|why| (*section, why));
        let Some((section, why)) = waiting.find_map(kept) else { return false };
        self.refuse_section(section, why, out);
        true
    }

    /// Why there will be no room for a share before daemons end, if so.
    fn kept_for_life(&self, wanted: &Share) -> Option<Refused> {
        let held: Vec<(ProcessId, Share)> = self.held_for_life().filter(|(_, share)| share.resource == wanted.resource).collect();
        let fits = match self.plan.resources[wanted.resource].kind {
            ResourceKind::Lock => held.iter().all(|(_, share)| share.shared && wanted.shared),
            ResourceKind::Semaphore { permits } => held.iter().map(|(_, share)| share.permits).sum::<u32>() + wanted.permits <= permits,
        };
        let by = held.into_iter().map(|(id, _)| id).collect();
        (!fits).then_some(Refused::HeldForLife { resource: wanted.resource, by })
    }

    /// What daemons that are not being stopped hold as wholes, or in their last steps.
    fn held_for_life(&self) -> impl Iterator<Item = (ProcessId, Share)> + '_ {
        let lives = |id: &ProcessId| {
            self.plan.processes[*id].control.daemon && matches!(self.processes[*id].state, State::Running { .. } | State::Queued { .. })
        };
        self.plan.processes.ids().filter(lives).flat_map(|id| {
            let one = &self.processes[id];
            let steps = self.plan.processes[id].control.steps.len();
            let in_last = matches!(one.state, State::Running { step } if step as usize + 1 == steps);
            let last = one.step_held.iter().filter(move |_| in_last);
            one.held.iter().chain(last).flat_map(|grant| &grant.shares).map(move |share| (id, *share))
        })
    }
}
