//! Process groups whose leader has ended while others of the group live on.
//!
//! The end of a job is held back until its group is empty: locks it holds are not free, and the next
//! attempt does not begin, while something of it still works. A leader that was asked to end leaves the
//! rest its grace; the rest of one that ended by itself is asked to end, and killed two seconds later.
//! Members of a group are no children of this process, so nobody tells when they end: they are looked for.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::base::ids::JobId;
use crate::base::time::RunTime;
use crate::io::{group, reap};
use crate::notice::Exit;

/// Between asking what was left to end and killing it.
const GRACE: Duration = Duration::from_secs(2);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(20);
/// What was killed and is still there after this is not waited for: the system cannot end it.
const GIVE_UP: Duration = Duration::from_secs(2);

/// How a job ended that is now over in all its parts.
#[derive(Debug)]
pub struct Over {
    /// Which.
    pub job: JobId,
    /// Which step.
    pub step: u32,
    /// How its leader ended.
    pub exit: Exit,
    /// Its pipes.
    pub pipes: Vec<usize>,
}

#[derive(Debug)]
struct Rest {
    group: u32,
    over: Over,
    kill_at: Option<RunTime>,
    give_up_at: Option<RunTime>,
}

/// All such groups.
#[derive(Debug, Default)]
pub struct Lingering {
    rests: BTreeMap<JobId, Rest>,
    next_look: RunTime,
}

impl Lingering {
    /// Takes the zombie of a leader away. Gives the job back when it is over; otherwise what to tell of the
    /// rest of a group that nobody has asked to end.
    pub fn leader_ended(&mut self, group: u32, asked: bool, over: Over, now: RunTime) -> Result<Over, Option<String>> {
        reap::reap(group);
        if !reap::group_exists(group) {
            return Ok(over);
        }
        let Some(members) = group::members(group) else { return Ok(over) };
        let kill_at = if asked { None } else { Some(now + GRACE) };
        let told = (!asked).then(|| {
            reap::signal_group(group, Signal::SIGTERM as i32);
            let names: Vec<String> = members.iter().map(|(pid, command)| format!("{pid} {command}")).collect();
            let count = if names.len() == 1 { "1 process".to_owned() } else { format!("{} processes", names.len()) };
            format!("left {count} running, now being stopped ({})", names.join(", "))
        });
        self.rests.insert(over.job, Rest { group, over, kill_at, give_up_at: None });
        self.next_look = now + INTERVAL;
        Err(told)
    }

    /// Kills the rest of a job; false when there is none.
    pub fn kill(&mut self, job: JobId, now: RunTime) -> bool {
        let Some(rest) = self.rests.get_mut(&job) else { return false };
        rest.kill_at = Some(now);
        self.next_look = now;
        true
    }

    /// When to look again.
    pub fn deadline(&self) -> Option<RunTime> {
        (!self.rests.is_empty()).then_some(self.next_look)
    }

    /// Kills what has had its time, and gives the jobs of which nothing is left.
    pub fn look(&mut self, now: RunTime) -> Vec<Over> {
        if self.rests.is_empty() || now < self.next_look {
            return Vec::new();
        }
        self.next_look = now + INTERVAL;
        let mut over = Vec::new();
        for (_, mut rest) in std::mem::take(&mut self.rests) {
            let gone = !reap::group_exists(rest.group) || group::members(rest.group).is_none();
            if gone || rest.give_up_at.is_some_and(|moment| moment <= now) {
                over.push(rest.over);
                continue;
            }
            if rest.kill_at.is_some_and(|moment| moment <= now) {
                reap::signal_group(rest.group, Signal::SIGKILL as i32);
                rest.give_up_at.get_or_insert(now + GIVE_UP);
            }
            self.rests.insert(rest.over.job, rest);
        }
        over
    }
}
