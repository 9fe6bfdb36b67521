//! Ending everything below this process.
//!
//! Only own children are killed: as this process adopts orphans, a tree whose top is dead comes up level by
//! level, and the number of a child cannot be anybody else's until it is reaped here. That takes a few
//! rounds for deep trees and is right for processes that fork meanwhile: each round kills what it finds.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{procfs, reap};

/// The first and the longest pause between two rounds: the dead need a moment to be gone.
const PAUSES: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(20));
/// What is still there after this, the system cannot end.
const GIVE_UP: Duration = Duration::from_secs(10);

/// Kills and reaps all children and all that comes up from below them, except `spared`. Gives how many
/// could not be ended: 0 but for processes that hang in the system.
pub fn sweep(spared: &HashSet<u32>) -> usize {
    let give_up = Instant::now() + GIVE_UP;
    let mut pause = PAUSES.0;
    let mut killed = HashSet::new();
    loop {
        // A list that was read while somebody died may lack what came up: only a look after all reaping counts.
        let reaped = reap::reap_all();
        let Some(children) = procfs::children(std::process::id()) else { return 0 };
        let left: Vec<u32> = children.into_iter().filter(|child| !spared.contains(child)).collect();
        if left.is_empty() && !reaped {
            return 0;
        }
        if Instant::now() >= give_up {
            return left.len();
        }
        for child in &left {
            reap::signal(*child, Signal::SIGKILL as i32);
            if killed.insert(*child) {
                pause = PAUSES.0;
            }
        }
        if !left.is_empty() {
            sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}
