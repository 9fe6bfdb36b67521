//! Suspending the whole run, as Ctrl-Z does, and letting it go on.
//!
//! The run's clock stops and everything that runs is stopped; then flowrun's own lines are held back, the
//! terminal is the shell's again, and this program and its keeper stop too. Going on is the same the other
//! way round. In between nothing is started and nobody is asked whether it serves.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::runner::Runner;
use crate::base::ids::JobId;
use crate::io::machine::reason;
use crate::io::{procfs, reap};
use crate::notice::Event;
use crate::sched::Input;

/// How long a terminal that takes nothing may keep the run from being suspended.
const PATIENCE: Duration = Duration::from_millis(500);

/// How far a suspension has come.
#[derive(Debug, Default)]
pub(super) struct Suspension {
    /// Since when everything is stopped; none when the run goes on.
    since: Option<Instant>,
    /// Whether the last one did not stop this program, because no shell could continue it.
    refused: bool,
    /// Probes that were asked for meanwhile.
    probes: Vec<(JobId, u32, bool)>,
}

impl Suspension {
    /// Whether nothing may be started.
    pub fn holds(&self) -> bool {
        self.since.is_some()
    }

    /// How long to wait at most before looking again whether this program can stop.
    pub fn wait(&self) -> Option<Duration> {
        self.since.map(|since| PATIENCE.saturating_sub(since.elapsed()))
    }

    /// Keeps a probe until the run goes on.
    pub fn keep_probe(&mut self, job: JobId, probe: u32, live: bool) {
        self.probes.push((job, probe, live));
    }
}

impl Runner<'_> {
    /// Stops the clock and everything that runs.
    pub(super) fn suspend(&mut self) {
        self.setup.clock.pause();
        self.suspension.since = Some(Instant::now());
        self.host_locks.give_up_halves();
        // Twice: what was born while the first went round is met by the second.
        self.signal_everything(Signal::SIGSTOP);
        self.signal_everything(Signal::SIGSTOP);
    }

    /// Stops this program, once nothing of its own is written to the terminal any more; then asks to go on.
    pub(super) fn stop_if_suspended(&mut self) {
        let Some(since) = self.suspension.since else { return };
        if !self.setup.audience.hush() && since.elapsed() < PATIENCE {
            return;
        }
        self.give_terminal_back();
        match self.setup.signals.suspend_self() {
            Ok(stopped) => self.suspension.refused = !stopped,
            Err(error) => {
                self.suspension.refused = true;
                self.tell_now(Event::Warning { process: None, message: format!("cannot be suspended: {}", reason(&error)) });
            }
        }
        self.inputs.push_back(Input::Resume);
        // What came meanwhile has woken nobody.
        self.gather_wishes();
    }

    /// Lets everything go on.
    pub(super) fn resume(&mut self) {
        self.suspension.since = None;
        let holder = self.lend_terminal_again(self.suspension.refused);
        self.continue_everything(holder);
        self.setup.clock.resume();
        for (job, probe, live) in std::mem::take(&mut self.suspension.probes) {
            self.probe(job, probe, live);
        }
    }

    /// All but a group that must not go on.
    fn continue_everything(&self, but: Option<u32>) {
        self.signal_groups(Signal::SIGCONT, but);
        for pid in procfs::descendants(std::process::id()) {
            let is_spared = but.is_some_and(|group| procfs::facts(pid).is_some_and(|facts| facts.group == group));
            if !is_spared {
                reap::signal(pid, Signal::SIGCONT as i32);
            }
        }
    }

    /// Whatever left its group is still below this process, which adopts orphans.
    fn signal_everything(&self, signal: Signal) {
        self.signal_groups(signal, None);
        procfs::descendants(std::process::id()).into_iter().for_each(|pid| reap::signal(pid, signal as i32));
    }

    fn signal_groups(&self, signal: Signal, but: Option<u32>) {
        self.jobs.pids().filter(|pid| Some(*pid) != but).for_each(|pid| reap::signal_group(pid, signal as i32));
    }
}
