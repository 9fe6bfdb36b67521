//! Orphans: processes whose parents have ended and that this process has adopted, and whose they are.
//!
//! What a job leaves behind comes up as children that nobody here has started; everything else that it
//! left lives below them. The list of children is read when a job ends, and only unknown ones are looked
//! at, so that a process that leaves nothing costs one read: 0.2 µs when little runs beside it, but half a
//! millisecond beside 1,000 others, once for all that ends in the same turn. Whose one is tell, in this order: that it was
//! seen below a job's leader before, its process group, the marks in its environment, and that no other
//! job was alive. Who hides all of these is nobody's, and is ended with the run. Where the system has no
//! such list, all that is known of a job's rest is whether its process group is empty.

use std::collections::{BTreeMap, HashMap};

use crate::base::ids::JobId;
use crate::io::procfs::{self, ChildList, Facts};
use crate::io::reap;

/// The marks that every process of a run finds in its environment.
const MARKS: [&str; 3] = ["FLOWRUN_RUN_ID", "FLOWRUN_PROCESS", "FLOWRUN_ATTEMPT"];

/// Whose an orphan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// A job's.
    Job(JobId),
    /// It may live until the end of the run.
    Kept,
    /// It cannot be told.
    Nobody,
}

/// What is known of who could have left an orphan behind.
pub trait Census {
    /// Whether this process has started it.
    fn started(&self, pid: u32) -> bool;
    /// The job whose leader has, or had, this process group.
    fn by_group(&self, group: u32) -> Option<JobId>;
    /// The job that a process name and the text of an attempt stand for.
    fn by_marks(&self, process: &str, attempt: &str) -> Option<JobId>;
    /// The only job that could have left something since the last look.
    fn only(&self) -> Option<JobId>;
}

/// All orphans that were looked at and have not ended.
#[derive(Debug)]
pub struct Orphans {
    list: Option<ChildList>,
    run_id: String,
    known: BTreeMap<u32, Owner>,
    /// Processes seen below a leader or an orphan, by number and begin.
    foreseen: HashMap<(u32, u64), JobId>,
    /// Whether anything was ever seen that outlives its job: it may leave more of its kind.
    strangers: bool,
}

impl Orphans {
    /// None yet. `run_id` is the mark of this run; `adopting` whether this process adopts orphans, and has no
    /// children but the run's.
    pub fn new(run_id: String, adopting: bool) -> Self {
        let list = if adopting { ChildList::open() } else { None };
        Self { list, run_id, known: BTreeMap::new(), foreseen: HashMap::new(), strangers: false }
    }

    /// Whether orphans can be seen at all.
    pub fn visible(&self) -> bool {
        self.list.is_some()
    }

    /// Looks for new ones; gives the jobs whose they are.
    pub fn look(&mut self, census: &impl Census) -> Vec<JobId> {
        let mut owners = Vec::new();
        // One that dies while the list is read may leave others that come after its end.
        loop {
            let Some(list) = &mut self.list else { return owners };
            let new: Vec<u32> = list.read().filter(|pid| !self.known.contains_key(pid) && !census.started(*pid)).collect();
            let mut again = false;
            for pid in new {
                match procfs::facts(pid) {
                    Some(facts) if !facts.zombie => owners.extend(self.adopt(pid, facts, census)),
                    _ => {
                        reap::reap(pid);
                        again = true;
                    }
                }
            }
            if !again {
                return owners;
            }
        }
    }

    fn adopt(&mut self, pid: u32, facts: Facts, census: &impl Census) -> Option<JobId> {
        let owner = self
            .foreseen
            .remove(&(pid, facts.began))
            .or_else(|| census.by_group(facts.group))
            .or_else(|| self.by_marks(pid, census))
            .or_else(|| census.only().filter(|_| !self.strangers));
        self.strangers |= owner.is_none();
        self.known.insert(pid, owner.map_or(Owner::Nobody, Owner::Job));
        owner
    }

    fn by_marks(&self, pid: u32, census: &impl Census) -> Option<JobId> {
        let [run, process, attempt] = procfs::variables(pid, MARKS);
        if run? != self.run_id {
            return None;
        }
        census.by_marks(&process?, &attempt?)
    }

    /// One has ended and was reaped.
    pub fn gone(&mut self, pid: u32) {
        self.known.remove(&pid);
    }

    /// Whether anything of a job is left; `group` is its leader's, if it has one.
    pub fn has_left(&self, job: JobId, group: Option<u32>) -> bool {
        match &self.list {
            Some(_) => self.known.values().any(|owner| *owner == Owner::Job(job)),
            None => group.is_some_and(reap::group_exists),
        }
    }

    /// Jobs of which something is left, once for each orphan.
    pub fn owners(&self) -> impl Iterator<Item = JobId> + '_ {
        self.known.values().filter_map(|owner| if let Owner::Job(job) = owner { Some(*job) } else { None })
    }

    /// What is left of a job, with commands for people.
    pub fn left_by(&self, job: JobId, group: Option<u32>) -> Vec<(u32, String)> {
        match &self.list {
            Some(_) => self.trees(Owner::Job(job)).into_iter().map(|(pid, _)| (pid, procfs::command(pid))).collect(),
            None => group.into_iter().map(|group| (group, String::new())).collect(),
        }
    }

    /// What is nobody's, with commands for people.
    pub fn of_nobody(&self) -> Vec<(u32, String)> {
        self.trees(Owner::Nobody).into_iter().map(|(pid, _)| (pid, procfs::command(pid))).collect()
    }

    /// Sends a signal to all that is left of a job.
    pub fn signal(&mut self, job: JobId, group: Option<u32>, signal: i32) {
        let Some(_) = &self.list else {
            group.into_iter().for_each(|group| reap::signal_group(group, signal));
            return;
        };
        let all = self.trees(Owner::Job(job));
        // The group at once, so that nobody in it forks past the signal; its number is taken as long as one
        // of its members is a child of this process.
        let whole = group.filter(|group| all.iter().any(|(_, facts)| facts.group == *group));
        whole.into_iter().for_each(|group| reap::signal_group(group, signal));
        for (pid, facts) in all {
            if Some(facts.group) != whole {
                reap::signal(pid, signal);
            }
            self.foreseen.insert((pid, facts.began), job);
        }
    }

    /// Sends a signal to all orphans.
    pub fn signal_all(&self, signal: i32) {
        for top in self.known.keys() {
            for pid in std::iter::once(*top).chain(procfs::descendants(*top)) {
                reap::signal(pid, signal);
            }
        }
    }

    /// Remembers what lives below a job's leader, to know it again; gives those outside of its group.
    pub fn foresee(&mut self, job: JobId, leader: u32) -> Vec<(u32, Facts)> {
        let mut outside = living(procfs::descendants(leader));
        for (pid, facts) in &outside {
            self.foreseen.insert((*pid, facts.began), job);
        }
        outside.retain(|(_, facts)| facts.group != leader);
        outside
    }

    /// Whether a process bears the mark of another run: an inner one, which stops what is its own.
    pub fn is_of_another_run(&self, pid: u32) -> bool {
        let [run] = procfs::variables(pid, [MARKS[0]]);
        run.is_some_and(|run| run != self.run_id)
    }

    /// What is left of a job may live until the end of the run.
    pub fn keep(&mut self, job: JobId) {
        self.strangers = true;
        self.known.values_mut().filter(|owner| **owner == Owner::Job(job)).for_each(|owner| *owner = Owner::Kept);
    }

    /// A job is over: what was seen of it says nothing any more.
    pub fn forget(&mut self, job: JobId) {
        if !self.foreseen.is_empty() {
            self.foreseen.retain(|_, owner| *owner != job);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// An owner's orphans that are alive and all that lives below them.
    fn trees(&self, owner: Owner) -> Vec<(u32, Facts)> {
        let tops = self.known.iter().filter(|(_, its)| **its == owner).map(|(pid, _)| *pid);
        let mut all: Vec<u32> = tops.flat_map(|top| std::iter::once(top).chain(procfs::descendants(top))).collect();
        all.sort_unstable();
        all.dedup();
        living(all)
    }
}

fn living(pids: Vec<u32>) -> Vec<(u32, Facts)> {
    pids.into_iter().filter_map(|pid| Some((pid, procfs::facts(pid).filter(|facts| !facts.zombie)?))).collect()
}
