//! Processes that are tied by pipes: they start together, or none of them does.
//!
//! One that could start waits until all its partners could. Then all that they ask for is one request, with
//! one job slot, which is given back when the last of them has ended; what each holds it gives back itself.
//! Once they run, each goes its own way: a pipe tells the others of an end.

use super::locks::{Grant, Ticket};
use super::protocol::Outbox;
use super::scheduler::Scheduler;
use super::slots::SlotKey;
use super::state::State;
use super::timers::Timer;
use crate::base::ids::{DenseMap, ProcessId};
use crate::notice::{CancelReason, Event, Outcome, Share, SkipReason};
use crate::plan::Plan;

/// All groups of a plan.
#[derive(Debug)]
pub struct Groups {
    all: Vec<Group>,
    of: DenseMap<ProcessId, Option<usize>>,
}

/// Processes that start together.
#[derive(Debug)]
struct Group {
    members: Vec<ProcessId>,
    started: bool,
    slot: Option<SlotKey>,
    alive: usize,
}

impl Groups {
    /// The groups of a plan; most have none.
    pub fn new(plan: &Plan) -> Self {
        let mut of: DenseMap<ProcessId, Option<usize>> = plan.processes.ids().map(|_| None).collect();
        let mut all = Vec::new();
        for members in plan.chains() {
            members.iter().for_each(|id| of[*id] = Some(all.len()));
            all.push(Group { alive: members.len(), members, started: false, slot: None });
        }
        Self { all, of }
    }

    /// Those that start together with a process, itself among them; none for one that starts alone.
    pub fn partners(&self, id: ProcessId) -> Option<&[ProcessId]> {
        self.of[id].map(|group| self.all[group].members.as_slice())
    }

    /// The first of those that start together with a process, and whether they have one job slot for all of them.
    pub fn slot(&self, id: ProcessId) -> Option<(ProcessId, bool)> {
        let group = &self.all[self.of[id]?];
        Some((group.members[0], group.slot.is_some()))
    }

    /// Lets the highest number of a member be that of all; whether that changed any.
    pub fn raise(&self, numbers: &mut DenseMap<ProcessId, usize>) -> bool {
        let mut changed = false;
        for group in &self.all {
            let highest = group.members.iter().map(|id| numbers[*id]).max().unwrap_or(0);
            for id in &group.members {
                changed |= std::mem::replace(&mut numbers[*id], highest) != highest;
            }
        }
        changed
    }

    /// Lets what is true of one member be true of all.
    pub fn spread(&self, facts: &mut DenseMap<ProcessId, bool>) {
        for group in &self.all {
            let any = group.members.iter().any(|id| facts[*id]);
            group.members.iter().for_each(|id| facts[*id] = any);
        }
    }
}

impl Scheduler {
    /// A process could start: it does, if it has no partner that could not.
    pub(super) fn may_begin(&mut self, id: ProcessId, out: &mut Outbox) {
        if self.plan.processes[id].control.for_each.is_some() {
            self.wait_for_item(id, out);
            return;
        }
        let Some(members) = self.groups.partners(id).map(<[_]>::to_vec) else {
            self.begin_attempt(id, out);
            return;
        };
        self.processes[id].willing = true;
        if !members.iter().all(|id| self.processes[*id].willing && self.processes[*id].state == State::Waiting) {
            return;
        }
        for member in &members {
            if let Some(reason) = self.may_not_start(*member) {
                self.end(*member, Outcome::Cancelled(reason), out);
                return;
            }
        }
        members.iter().for_each(|id| self.count_attempt(*id));
        let shares: Vec<Share> = members.iter().flat_map(|id| self.plan.processes[*id].control.request.clone()).collect();
        let slot = self.slot_for(id, 0);
        if shares.is_empty() && slot.is_none() {
            members.iter().for_each(|id| self.start_member(*id, out));
            return;
        }
        let (ticket, granted) = self.locks.request(id, shares, slot);
        members.iter().for_each(|id| self.enter(*id, State::Queued { ticket, step: None }));
        match granted {
            Some(grant) => self.granted_together(&grant, out),
            None => members.iter().for_each(|id| self.tell_queued(*id, out)),
        }
    }

    fn tell_queued(&mut self, id: ProcessId, out: &mut Outbox) {
        let control = &self.plan.processes[id].control;
        if let Some(bound) = control.acquire_timeout
            && !control.request.is_empty()
        {
            self.timers.set(Timer::Acquire(id), self.now + bound);
        }
        out.tell(self.now, Event::Queued { job: self.job(id), step: None, wants: control.request.clone() });
    }

    /// A group has all that it asked for. One that gave up in the same moment gives it back.
    pub(super) fn granted_together(&mut self, grant: &Grant, out: &mut Outbox) {
        let members = self.groups.partners(grant.process).map_or_else(Vec::new, <[_]>::to_vec);
        if members.is_empty() || !members.iter().all(|id| self.waits_with(*id, grant.ticket)) {
            self.give_back(grant, out);
            if let Some(slot) = grant.slot {
                self.locks.release_slot(slot);
            }
            return;
        }
        if let Some(group) = self.groups.of[grant.process] {
            self.groups.all[group].slot = grant.slot;
        }
        for id in &members {
            self.timers.clear(Timer::Acquire(*id));
            let shares = self.plan.processes[*id].control.request.clone();
            if shares.is_empty() {
                continue;
            }
            let own = |resource| shares.iter().any(|share| share.resource == resource);
            let permits = grant.permits.iter().filter(|(resource, _)| own(*resource)).cloned().collect();
            out.tell(self.now, Event::Acquired { job: self.job(*id), step: None, holds: shares.clone() });
            self.processes[*id].held =
                Some(Grant { process: *id, section: None, ticket: grant.ticket, shares, permits, slot: None, host: None });
            self.note_holder(*id);
            self.suspect_lifelong(*id);
        }
        members.iter().for_each(|id| self.start_member(*id, out));
    }

    fn waits_with(&self, id: ProcessId, ticket: Ticket) -> bool {
        self.processes[id].state == State::Queued { ticket, step: None }
    }

    fn start_member(&mut self, id: ProcessId, out: &mut Outbox) {
        if let Some(group) = self.groups.of[id] {
            self.groups.all[group].started = true;
        }
        self.start(id, 0, out);
    }

    /// A process has its outcome: the slot of its group is free when it was the last.
    pub(super) fn leave_group(&mut self, id: ProcessId) {
        let Some(group) = self.groups.of[id] else { return };
        let group = &mut self.groups.all[group];
        group.alive -= 1;
        if group.alive == 0
            && let Some(slot) = group.slot.take()
        {
            self.locks.release_slot(slot);
        }
    }

    /// A process has ended before its group was started: none of the others is.
    pub(super) fn give_up_partners(&mut self, id: ProcessId, out: &mut Outbox) {
        let Some(group) = self.groups.of[id].filter(|group| !self.groups.all[*group].started) else { return };
        let outcome = match &self.processes[id].outcome {
            Some(Outcome::Skipped(SkipReason::Condition)) => Outcome::Skipped(SkipReason::Condition),
            Some(Outcome::Cancelled(reason)) if !matches!(reason, CancelReason::Requested | CancelReason::Unused) => {
                Outcome::Cancelled(reason.clone())
            }
            _ => Outcome::Skipped(SkipReason::Partner { process: id }),
        };
        for member in self.groups.all[group].members.clone() {
            if self.processes[member].state != State::Ended {
                self.give_up(member, outcome.clone(), out);
            }
        }
    }
}
