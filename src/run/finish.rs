//! The end of a run: nothing of it is left, and what it said last is heard.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use super::runner::{Ended, Runner};
use crate::io::sweep;

/// How long the end of a run waits for pipes that something outside of the run still holds.
const LAST_DRAIN: Duration = Duration::from_millis(500);

impl Runner<'_> {
    /// Reads what is still in pipes, and tells who holds those that do not end.
    ///
    /// Output that nobody takes is waited for, but not for longer than an interrupted run may take to stop.
    pub(super) fn finish(mut self) -> io::Result<Ended> {
        let summary = self.core.summary().cloned().unwrap_or_default();
        if self.suspension.holds() {
            self.resume();
        }
        self.end_leftovers()?;
        if self.setup.signals.is_kept() {
            // What has come up since, and what was killed without anybody waiting for it.
            sweep::sweep(&HashSet::new());
        }
        let began = self.setup.clock.now();
        let patience = (summary.interrupted.is_some() || summary.timed_out).then_some(self.setup.settings.stop_timeout);
        let mut abandoned = false;
        while !self.pipes.holders().is_empty() {
            let waited = self.setup.clock.now() - began;
            let blocked = self.pipes.has_ready() && !self.setup.audience.has_room();
            abandoned = !self.setup.signals.take_ending().is_empty() || patience.is_some_and(|patience| waited >= patience);
            abandoned |= self.setup.signals.keeper_lost();
            if abandoned || (!blocked && waited >= LAST_DRAIN) {
                break;
            }
            if self.pipes.has_ready() && !blocked {
                self.pipes.read_ready(&self.setup.poller, &mut self.said);
                self.tell_said();
                continue;
            }
            let left = if blocked { patience } else { Some(LAST_DRAIN) };
            self.setup.poller.wait(left.map(|left| left.saturating_sub(waited)), &mut self.keys)?;
            self.mark_ready();
        }
        for process in self.pipes.holders() {
            self.warn(process, "something that it started still holds its output; what comes there is not shown".to_owned());
        }
        self.pipes.close_all(&self.setup.poller, &mut self.said);
        self.tell_said();
        if let Some(notice) = self.last_notice.take() {
            self.tell_everybody(notice);
        }
        self.part_from_clients()?;
        Ok(Ended { summary, core_time: self.core_time, inputs: self.inputs_taken, abandoned })
    }
}
