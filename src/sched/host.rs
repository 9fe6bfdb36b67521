//! Locks and permits that other runs share: asked of the host when a request lacks nothing else.
//!
//! Knows neither files nor other runs: the runner answers, late or never, and waiting for it is bounded as
//! any waiting for locks is.

use super::locks::{Ask, Permits};
use super::protocol::{Effect, Outbox};
use super::scheduler::Scheduler;
use super::timers::Timer;
use crate::base::ids::HostAsk;
use crate::notice::Failure;

impl Scheduler {
    /// Asks the host. While only a job slot was missing no time for locks was used up, so after that the wait for
    /// the host has the whole of its bound.
    pub(super) fn ask_host(&mut self, ask: Ask, out: &mut Outbox) {
        if let Some(bound) = self.plan.processes[ask.process].control.acquire_timeout
            && ask.after_slot
        {
            self.timers.set(Timer::Acquire(ask.process), self.now + bound);
        }
        out.effects.push(Effect::AskHost { job: self.job(ask.process), ask: ask.ask, wants: ask.wants });
    }

    /// The host has granted all that it was asked for.
    pub(super) fn host_granted(&mut self, ask: HostAsk, permits: Permits, out: &mut Outbox) {
        if !self.locks.host_granted(ask, permits) {
            out.effects.push(Effect::ReleaseHost { ask });
        }
    }

    /// The host can not grant it: the attempt has failed.
    pub(super) fn host_failed(&mut self, ask: HostAsk, why: String, out: &mut Outbox) {
        if let Some((process, ticket)) = self.locks.host_failed(ask) {
            self.withdraw(process, ticket, out);
            self.attempt_failed(process, Failure::HostLock(why), out);
        }
    }
}
