//! Jobs whose leader has ended while something that they left lives on.
//!
//! The end of a job is held back until nothing of it is left: locks it holds are not free, and the next
//! attempt does not begin, while something of it still works. A leader that was asked to end leaves the
//! rest its grace; the rest of one that ended by itself is asked to end, and killed two seconds later. Knows
//! whose rest is to be ended and when, not what it consists of.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::orphans::Orphans;
use crate::base::ids::JobId;
use crate::base::time::RunTime;
use crate::notice::Exit;

/// Between asking what was left to end and killing it.
pub const GRACE: Duration = Duration::from_secs(2);
/// Between two looks.
pub const INTERVAL: Duration = Duration::from_millis(20);
/// What was killed and is still there after this is not waited for: the system cannot end it.
pub const GIVE_UP: Duration = Duration::from_secs(2);

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
    group: Option<u32>,
    /// None when the job's end was told before, and something of it was found only then.
    over: Option<Over>,
    kill_at: Option<RunTime>,
    give_up_at: Option<RunTime>,
}

/// All such jobs.
#[derive(Debug, Default)]
pub struct Lingering {
    rests: BTreeMap<JobId, Rest>,
    next_look: RunTime,
}

impl Lingering {
    /// Waits for the rest of a job, which is killed at a moment, or when [`Self::kill`] says so.
    pub fn add(&mut self, job: JobId, group: Option<u32>, over: Option<Over>, kill_at: Option<RunTime>, now: RunTime) {
        self.rests.insert(job, Rest { group, over, kill_at, give_up_at: None });
        self.next_look = kill_at.map_or(now + INTERVAL, |moment| moment.min(now + INTERVAL));
    }

    /// Whether something of a job is waited for.
    pub fn contains(&self, job: JobId) -> bool {
        self.rests.contains_key(&job)
    }

    /// The jobs that are waited for.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.rests.keys().copied()
    }

    /// The job whose leader had this group.
    pub fn by_group(&self, group: u32) -> Option<JobId> {
        self.rests.iter().find(|(_, rest)| rest.group == Some(group)).map(|(job, _)| *job)
    }

    /// Kills the rest of a job; false when there is none.
    pub fn kill(&mut self, job: JobId, now: RunTime) -> bool {
        let Some(rest) = self.rests.get_mut(&job) else { return false };
        rest.kill_at = Some(now);
        self.next_look = now;
        true
    }

    /// Something of somebody has ended: looks at once.
    pub fn hurry(&mut self, now: RunTime) {
        self.next_look = now;
    }

    /// When to look again.
    pub fn deadline(&self) -> Option<RunTime> {
        (!self.rests.is_empty()).then_some(self.next_look)
    }

    /// Kills what has had its time, and gives the jobs of which nothing is left.
    pub fn look(&mut self, orphans: &mut Orphans, now: RunTime) -> Vec<Over> {
        self.next_look = now + INTERVAL;
        let mut over = Vec::new();
        for (job, mut rest) in std::mem::take(&mut self.rests) {
            if !orphans.has_left(job, rest.group) || rest.give_up_at.is_some_and(|moment| moment <= now) {
                orphans.forget(job);
                over.extend(rest.over);
                continue;
            }
            if rest.kill_at.is_some_and(|moment| moment <= now) {
                orphans.signal(job, rest.group, Signal::SIGKILL as i32);
                rest.give_up_at.get_or_insert(now + GIVE_UP);
            }
            self.rests.insert(job, rest);
        }
        over
    }
}
