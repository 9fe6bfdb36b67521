//! Suspending the whole run and letting it go on.
//!
//! The runner stops the run's clock and holds back starts and probes; here only timers wait, and nothing
//! else changes: what happens meanwhile is decided as always.

use super::protocol::{Effect, Outbox};
use super::scheduler::Scheduler;
use crate::notice::Event;

impl Scheduler {
    /// Somebody asks for everything to be suspended.
    pub(super) fn suspend(&mut self, out: &mut Outbox) {
        if !std::mem::replace(&mut self.suspended, true) {
            out.tell(self.now, Event::Suspended);
            out.effects.push(Effect::Suspend);
        }
    }

    /// The run goes on.
    pub(super) fn resume(&mut self, out: &mut Outbox) {
        if std::mem::take(&mut self.suspended) {
            out.tell(self.now, Event::Resumed);
            out.effects.push(Effect::Resume);
        }
    }
}
