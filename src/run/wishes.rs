//! What people and systems ask of the run by signals.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::runner::Runner;
use crate::notice::Event;
use crate::sched::Input;

/// Signals that come so soon after another are the same wish: `timeout` and terminals send theirs twice.
const ONE_WISH: Duration = Duration::from_millis(25);

impl Runner<'_> {
    pub(super) fn gather_wishes(&mut self) {
        for signal in self.setup.signals.take_ending() {
            self.wish_to_end(signal);
        }
        if self.setup.signals.take_status() {
            self.tell_now(Event::StatusAsked);
        }
        if self.setup.signals.take_suspend() {
            self.inputs.push_back(Input::Suspend);
        }
    }

    /// A signal asked this program to end, or was meant for it.
    pub(super) fn wish_to_end(&mut self, signal: i32) {
        let now = self.setup.clock.now();
        let at_once = signal == Signal::SIGQUIT as i32;
        if at_once || self.last_signal.is_none_or(|last| now - last > ONE_WISH) {
            self.inputs.push_back(Input::Interrupt { signal, at_once });
        }
        self.last_signal = Some(now);
    }
}
