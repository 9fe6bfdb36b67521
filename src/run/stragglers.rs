//! What is left of a process group when its leader has ended.

use std::time::Duration;

use crate::base::time::RunTime;
use crate::io::{group, reap};
use nix::sys::signal::Signal;

/// Between asking the rest of a group to end and killing it.
const GRACE: Duration = Duration::from_secs(2);

/// A group whose leader has ended.
#[derive(Debug)]
struct Straggler {
    group: u32,
    kill_at: RunTime,
}

/// All such groups.
#[derive(Debug, Default)]
pub struct Stragglers(Vec<Straggler>);

impl Stragglers {
    /// Deals with the group of a leader that is still a zombie, and takes the zombie away.
    ///
    /// The rest of a group that was asked to end is killed; the rest of one whose leader ended by itself is
    /// asked first, and what to tell about it is returned.
    pub fn leader_ended(&mut self, group: u32, asked: bool, now: RunTime) -> Option<String> {
        if asked {
            reap::signal_group(group, Signal::SIGKILL as i32);
            reap::reap(group);
            return None;
        }
        reap::reap(group);
        if !reap::group_exists(group) {
            return None;
        }
        let members = group::members(group)?;
        reap::signal_group(group, Signal::SIGTERM as i32);
        self.0.push(Straggler { group, kill_at: now + GRACE });
        let names: Vec<String> = members.iter().map(|(pid, command)| format!("{pid} {command}")).collect();
        let count = if names.len() == 1 { "1 process".to_owned() } else { format!("{} processes", names.len()) };
        Some(format!("left {count} running, now being stopped ({})", names.join(", ")))
    }

    /// When the next group is to be killed.
    pub fn deadline(&self) -> Option<RunTime> {
        self.0.iter().map(|straggler| straggler.kill_at).min()
    }

    /// Kills the groups whose time has come.
    pub fn kill_due(&mut self, now: RunTime) {
        self.0.retain(|straggler| {
            let due = straggler.kill_at <= now;
            if due {
                reap::signal_group(straggler.group, Signal::SIGKILL as i32);
            }
            !due
        });
    }

    /// Kills all groups that are left.
    pub fn kill_all(&mut self) {
        for straggler in self.0.drain(..) {
            reap::signal_group(straggler.group, Signal::SIGKILL as i32);
        }
    }
}
