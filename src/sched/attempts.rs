//! Attempts and steps: asking for locks, starting, the clocks of what runs.

use super::locks::{Grant, Ticket};
use super::protocol::{Effect, Outbox};
use super::scheduler::Scheduler;
use super::slots::SlotKey;
use super::state::State;
use super::timers::Timer;
use crate::base::ids::ProcessId;
use crate::notice::{Event, Failure, Share};

impl Scheduler {
    /// Begins an attempt: the next in number, from the first step.
    ///
    /// What holds locks for the whole attempt asks for them first; the rest goes straight to its first step.
    pub(super) fn begin_attempt(&mut self, id: ProcessId, out: &mut Outbox) {
        self.count_attempt(id);
        let request = self.plan.processes[id].control.request.clone();
        if request.is_empty() {
            self.begin_step(id, 0, out);
        } else {
            self.ask(id, None, request, out);
        }
    }

    /// Makes the next attempt the current one.
    pub(super) fn count_attempt(&mut self, id: ProcessId) {
        let process = &mut self.processes[id];
        process.attempt += 1;
        process.time_left = self.plan.processes[id].control.timeout;
        process.cause = None;
        process.stop_reason = None;
        process.anew = false;
    }

    /// Begins a step, waiting for its locks and a job slot if need be.
    pub(super) fn begin_step(&mut self, id: ProcessId, step: u32, out: &mut Outbox) {
        let request = self.plan.processes[id].control.steps[step as usize].request.clone();
        if self.slot_for(id, step).is_none() {
            self.release_slot(id);
        }
        if request.is_empty() && (self.processes[id].has_slot || self.slot_for(id, step).is_none()) {
            self.start(id, step, out);
        } else {
            self.ask(id, Some(step), request, out);
        }
    }

    /// The slot that a step needs. Daemons take none, nor does a step that only waits; without a limit there are none.
    pub(super) fn slot_for(&self, id: ProcessId, step: u32) -> Option<SlotKey> {
        let control = &self.plan.processes[id].control;
        let takes = self.plan.jobs.is_some() && !control.daemon && !control.steps[step as usize].only_waits;
        takes.then(|| self.slot_keys[id])
    }

    /// Gives back the job slot of a process, if it has one.
    fn release_slot(&mut self, id: ProcessId) {
        if std::mem::take(&mut self.processes[id].has_slot) {
            self.locks.release_slot(self.slot_keys[id]);
        }
    }

    /// Makes a request. A process that has to wait gives its job slot back, also when it holds locks:
    /// it could otherwise wait behind a request that lacks only that slot, for ever.
    fn ask(&mut self, id: ProcessId, step: Option<u32>, shares: Vec<Share>, out: &mut Outbox) {
        let slot = self.slot_for(id, step.unwrap_or(0)).filter(|_| !self.processes[id].has_slot);
        let (ticket, granted) = self.locks.request(id, shares.clone(), slot);
        self.enter(id, State::Queued { ticket, step });
        if let Some(grant) = granted {
            self.granted(grant, out);
            return;
        }
        // A request that is granted already, only behind others that nobody has taken yet, keeps its slot.
        if self.locks.is_waiting(ticket) && std::mem::take(&mut self.processes[id].has_slot) {
            self.locks.give_slot_back(ticket, self.slot_keys[id]);
        }
        if let Some(bound) = self.plan.processes[id].control.acquire_timeout
            && !shares.is_empty()
        {
            self.timers.set(Timer::Acquire(id), self.now + bound);
        }
        self.suspect_ring(id);
        out.tell(self.now, Event::Queued { job: self.job(id), step, wants: shares });
    }

    /// A request was granted. One whose process gave up waiting in the same moment goes back.
    pub(super) fn granted(&mut self, grant: Grant, out: &mut Outbox) {
        let id = grant.process;
        if let Some(section) = grant.section {
            self.section_granted(section, grant, out);
            return;
        }
        if self.groups.partners(id).is_some() {
            self.granted_together(&grant, out);
            return;
        }
        let step = match self.processes[id].state {
            State::Queued { ticket, step } if ticket == grant.ticket => step,
            _ => {
                self.give_back(&grant, out);
                if let Some(slot) = grant.slot {
                    self.locks.release_slot(slot);
                }
                return;
            }
        };
        self.timers.clear(Timer::Acquire(id));
        if !grant.shares.is_empty() {
            out.tell(self.now, Event::Acquired { job: self.job(id), step, holds: grant.shares.clone() });
        }
        let process = &mut self.processes[id];
        process.has_slot |= grant.slot.is_some();
        match step {
            None => {
                process.held = Some(grant);
                self.note_holder(id);
                self.suspect_lifelong(id);
                self.begin_step(id, 0, out);
            }
            Some(step) => {
                process.step_held = Some(grant);
                self.note_holder(id);
                self.suspect_lifelong(id);
                self.start(id, step, out);
            }
        }
    }

    pub(super) fn start(&mut self, id: ProcessId, step: u32, out: &mut Outbox) {
        self.enter(id, State::Running { step });
        let control = &self.plan.processes[id].control;
        let process = &mut self.processes[id];
        process.begun = true;
        process.step_told = false;
        process.running_since = self.now;
        if let Some(left) = process.time_left {
            self.timers.set(Timer::Attempt(id), self.now + left);
        }
        if let Some(bound) = control.steps[step as usize].timeout {
            self.timers.set(Timer::Step(id), self.now + bound);
        }
        let grants = process.held.iter().chain(&process.step_held);
        let permits = grants.flat_map(|grant| grant.permits.iter().cloned()).collect();
        let item = process.item;
        out.effects.push(Effect::Start { job: self.job(id), step, permits, item });
    }

    /// Stops the clocks of a step that has ended; what is left of the attempt's time is kept.
    pub(super) fn stop_clock(&mut self, id: ProcessId) {
        self.timers.clear(Timer::Attempt(id));
        self.timers.clear(Timer::Step(id));
        self.timers.clear(Timer::Grace(id));
        self.timers.clear(Timer::Ready(id));
        self.timers.clear(Timer::Leaving(id));
        let process = &mut self.processes[id];
        if let Some(left) = &mut process.time_left {
            *left = left.saturating_sub(self.now - process.running_since);
        }
    }

    /// An acquire timeout. One that lacks only a job slot is not waiting for locks.
    pub(super) fn acquire_timed_out(&mut self, id: ProcessId, out: &mut Outbox) {
        let State::Queued { ticket, .. } = self.processes[id].state else { return };
        if self.locks.lacks_only_slot(ticket) {
            return;
        }
        let held_by = self.holders(self.request_of(id));
        self.withdraw(id, ticket, out);
        let bound = self.plan.processes[id].control.acquire_timeout.unwrap_or_default();
        self.attempt_failed(id, Failure::AcquireTimeout { bound, held_by }, out);
    }

    /// What a process that waits asks for.
    fn request_of(&self, id: ProcessId) -> &[Share] {
        let control = &self.plan.processes[id].control;
        match self.processes[id].state {
            State::Queued { step: Some(step), .. } => &control.steps[step as usize].request,
            _ => &control.request,
        }
    }

    /// Takes back a request that waits.
    pub(super) fn withdraw(&mut self, id: ProcessId, ticket: Ticket, out: &mut Outbox) {
        self.timers.clear(Timer::Acquire(id));
        let step = match self.processes[id].state {
            State::Queued { step, .. } => step,
            _ => None,
        };
        out.tell(self.now, Event::Withdrawn { job: self.job(id), step, wanted: self.request_of(id).to_vec() });
        if let Some(ask) = self.locks.withdraw(ticket) {
            out.effects.push(Effect::ReleaseHost { ask });
        }
    }

    /// Gives back what a step held.
    pub(super) fn release_step(&mut self, id: ProcessId, step: u32, out: &mut Outbox) {
        if let Some(grant) = self.processes[id].step_held.take() {
            self.release(id, Some(step), &grant, out);
        }
    }

    /// Gives back what the attempt held: locks, the job slot, items it had in work.
    pub(super) fn release_attempt(&mut self, id: ProcessId, out: &mut Outbox) {
        if let Some(grant) = self.processes[id].held.take() {
            self.release(id, None, &grant, out);
        }
        self.release_slot(id);
        self.queues.attempt_over(self.job(id));
    }

    fn release(&mut self, id: ProcessId, step: Option<u32>, grant: &Grant, out: &mut Outbox) {
        if !grant.shares.is_empty() {
            out.tell(self.now, Event::Released { job: self.job(id), step, freed: grant.shares.clone() });
        }
        self.note_holder(id);
        self.give_back(grant, out);
    }

    /// The host is told first: who comes next in this run may ask it in the same step.
    pub(super) fn give_back(&mut self, grant: &Grant, out: &mut Outbox) {
        if let Some(ask) = grant.host {
            out.effects.push(Effect::ReleaseHost { ask });
        }
        self.locks.release(grant);
    }
}
