//! Signals while `flowrun lock` waits and while its command runs.
//!
//! All is made ready before the lock is had: what comes after holds up those that wait for it.

use std::os::fd::RawFd;
use std::process::{Child, ExitStatus};

use nix::sys::signal::Signal;

use super::Failure;
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::reap;
use crate::io::signals::{Signals, die_of};

/// Not the key of a signal.
const ANSWER: usize = usize::MAX - 1;

/// Hears signals from when it is opened to the end of the program.
pub struct Ears {
    signals: Signals,
    poller: Poller,
}

impl Ears {
    /// From now on signals do nothing by themselves.
    ///
    /// # Errors
    /// The system has no room for it.
    pub fn open() -> Result<Self, Failure> {
        let signals = Signals::install().map_err(lost)?;
        let poller = Poller::new().map_err(lost)?;
        for (key, fd) in signals.descriptors().into_iter().enumerate() {
            poller.add(fd, key).map_err(lost)?;
        }
        Ok(Self { signals, poller })
    }

    /// Waits for an answer. A signal that asks this program to end ends it, as if nobody had heard it.
    ///
    /// # Errors
    /// The system's error.
    pub fn until_readable(&mut self, fd: RawFd) -> Result<(), Failure> {
        self.poller.add(fd, ANSWER).map_err(lost)?;
        let mut keys = Vec::new();
        while !keys.contains(&ANSWER) {
            self.poller.wait(None, &mut keys).map_err(lost)?;
            if let Some(signal) = self.signals.take_ending().first() {
                die_of(*signal);
            }
            self.stop_if_asked();
        }
        self.poller.remove(fd);
        Ok(())
    }

    /// Waits for the end of a command, for which signals to this program are meant. Those of a terminal have reached it already.
    ///
    /// # Errors
    /// The system's error.
    pub fn until_ended(&mut self, child: &mut Child) -> Result<ExitStatus, Failure> {
        let of_terminal = [Signal::SIGINT as i32, Signal::SIGQUIT as i32];
        loop {
            // First: others wait for this end.
            if let Some(status) = child.try_wait().map_err(lost)? {
                return Ok(status);
            }
            self.poller.wait(None, &mut Vec::new()).map_err(lost)?;
            if let Some(status) = child.try_wait().map_err(lost)? {
                return Ok(status);
            }
            // What is heard here wakes nobody any more: an end that came with it is looked for again.
            for signal in self.signals.take_ending().into_iter().filter(|signal| !of_terminal.contains(signal)) {
                reap::signal(child.id(), signal);
            }
            self.stop_if_asked();
        }
    }

    fn stop_if_asked(&self) {
        if self.signals.take_suspend() {
            // Fails only where nobody may stop; then the command alone has stopped.
            let _ = self.signals.suspend_self();
        }
        self.signals.take_child();
        self.signals.take_status();
        self.signals.take_resized();
    }
}

fn lost(error: std::io::Error) -> Failure {
    Failure::system(format!("cannot hear of signals: {}", reason(&error)))
}
