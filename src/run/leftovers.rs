//! What jobs leave behind: whose it is, and what becomes of it when the job ends, or the run.
//!
//! Performs what the language says and decides nothing else: a finite process that ended by itself has what
//! it left stopped, unless it may keep it; what a step leaves lives until its process ends; what was asked
//! to end takes all of itself along. Before a run ends, nothing is left of it.

use std::collections::BTreeSet;
use std::io;

use nix::sys::signal::Signal;

use super::jobs::{Asked, Jobs};
use super::lingering::{GIVE_UP, GRACE, INTERVAL, Lingering, Over};
use super::orphans::Census;
use super::runner::Runner;
use crate::base::ids::{JobId, ProcessId};
use crate::io::reap;
use crate::notice::{Event, Exit};
use crate::plan::Plan;

/// Who could have left an orphan.
struct Alive<'a> {
    plan: &'a Plan,
    jobs: &'a Jobs,
    lingering: &'a Lingering,
    held: &'a BTreeSet<JobId>,
    /// Leaders that have ended in this turn, by their groups.
    ended: &'a [(u32, JobId)],
}

impl Census for Alive<'_> {
    fn started(&self, pid: u32) -> bool {
        self.jobs.role(pid).is_some()
    }
    fn by_group(&self, group: u32) -> Option<JobId> {
        let ended = self.ended.iter().find(|(leader, _)| *leader == group).map(|(_, job)| *job);
        ended.or_else(|| Some(self.jobs.role(group)?.job())).or_else(|| self.lingering.by_group(group))
    }
    fn by_marks(&self, process: &str, attempt: &str) -> Option<JobId> {
        let attempt = attempt.parse().ok()?;
        let (process, _) = self.plan.processes.entries().find(|(_, its)| its.name == process)?;
        Some(JobId { process, attempt })
    }
    fn only(&self) -> Option<JobId> {
        let ended = self.ended.iter().map(|(_, job)| *job);
        let mut all = ended.chain(self.jobs.started()).chain(self.lingering.jobs()).chain(self.held.iter().copied());
        let first = all.next()?;
        all.all(|job| job == first).then_some(first)
    }
}

impl Runner<'_> {
    /// Looks for orphans, and has those stopped whose job is over already. `ended` are leaders of this turn.
    pub(super) fn look_for_orphans(&mut self, ended: &[(u32, JobId)]) {
        let (jobs, lingering, held) = (&self.jobs, &self.lingering, &self.held);
        let found = self.orphans.look(&Alive { plan: &self.setup.plan, jobs, lingering, held, ended });
        for job in found {
            if !self.jobs.is_alive(job) {
                self.end_strays(job);
            }
        }
    }

    /// The leader of a job, or its task, has ended: is the job over?
    pub(super) fn settle(&mut self, group: Option<u32>, asked: Asked, over: Over) {
        let (job, now) = (over.job, self.setup.clock.now());
        if !self.orphans.has_left(job, group) {
            self.held.remove(&job);
            self.orphans.forget(job);
            return self.is_over(over);
        }
        let kill_at = match asked {
            Asked::No if self.orphans.visible() && self.another_step_follows(&over) => {
                self.held.insert(job);
                return self.is_over(over);
            }
            Asked::No if self.setup.plan.processes[job.process].work.keep_leftovers => {
                self.keep(job, group);
                return self.is_over(over);
            }
            Asked::No => {
                self.ask_to_end(job, group);
                Some(now + GRACE)
            }
            Asked::ToEnd => None,
            Asked::Killed => Some(now),
        };
        self.held.remove(&job);
        self.lingering.add(job, group, Some(over), kill_at, now);
    }

    fn another_step_follows(&self, over: &Over) -> bool {
        let control = &self.setup.plan.processes[over.job.process].control;
        let last = over.step as usize + 1 >= control.steps.len();
        !last && matches!(over.exit, Exit::Code(code) if control.success_codes.contains(&code))
    }

    fn keep(&mut self, job: JobId, group: Option<u32>) {
        let processes = self.orphans.left_by(job, group);
        self.held.remove(&job);
        self.orphans.keep(job);
        self.orphans.forget(job);
        if !processes.is_empty() {
            self.tell_now(Event::Left { job, processes, kept: true });
        }
    }

    fn ask_to_end(&mut self, job: JobId, group: Option<u32>) {
        let processes = self.orphans.left_by(job, group);
        self.signal_rest(job, group, Signal::SIGTERM as i32);
        // What has ended since it was seen is not worth a word.
        if !processes.is_empty() {
            self.tell_now(Event::Left { job, processes, kept: false });
        }
    }

    /// Sends a signal to what is left of a job, and wakes what is stopped so that it hears it.
    pub(super) fn signal_rest(&mut self, job: JobId, group: Option<u32>, signal: i32) {
        self.orphans.signal(job, group, signal);
        if signal != Signal::SIGKILL as i32 {
            self.orphans.signal(job, group, Signal::SIGCONT as i32);
        }
    }

    /// A process, or an attempt of it, is over: what its steps left is ended, or kept.
    pub(super) fn process_over(&mut self, process: ProcessId) {
        if self.orphans.is_empty() {
            return;
        }
        let jobs: BTreeSet<JobId> = self.orphans.owners().filter(|job| job.process == process).collect();
        for job in jobs {
            self.held.remove(&job);
            self.end_strays(job);
        }
    }

    /// Ends what is left of a job that is over, unless somebody sees to it already.
    fn end_strays(&mut self, job: JobId) {
        if self.lingering.contains(job) || self.held.contains(&job) {
            return;
        }
        if self.setup.plan.processes[job.process].work.keep_leftovers {
            return self.keep(job, None);
        }
        self.ask_to_end(job, None);
        let now = self.setup.clock.now();
        let kill_at = if self.killing { now } else { now + GRACE };
        self.lingering.add(job, None, None, Some(kill_at), now);
    }

    /// Ends what may have lived until now, before the run ends: asked first, killed two seconds later, or at
    /// once when everything is killed or somebody asks again.
    pub(super) fn end_leftovers(&mut self) -> io::Result<()> {
        self.look_for_orphans(&[]);
        if self.orphans.is_empty() {
            return Ok(());
        }
        let strangers = self.orphans.of_nobody();
        if !strangers.is_empty() {
            let all: Vec<String> = strangers.iter().map(|(pid, command)| format!("{pid} {command}")).collect();
            let message = format!("still running, and nothing tells whose it is; now being stopped: {}", all.join(", "));
            self.tell_now(Event::Warning { process: None, message });
        }
        let began = self.setup.clock.now();
        self.orphans.signal_all(Signal::SIGTERM as i32);
        self.orphans.signal_all(Signal::SIGCONT as i32);
        let mut kill_at = if self.killing { began } else { began + GRACE };
        while !self.orphans.is_empty() {
            let now = self.setup.clock.now();
            if !self.setup.signals.take_ending().is_empty() || self.setup.signals.keeper_lost() {
                kill_at = kill_at.min(now);
            }
            if now >= kill_at {
                self.orphans.signal_all(Signal::SIGKILL as i32);
            }
            if now >= kill_at + GIVE_UP {
                break;
            }
            self.setup.poller.wait(Some(INTERVAL), &mut self.keys)?;
            self.read_pipes();
            self.take_exits();
            self.look_for_orphans(&[]);
        }
        Ok(())
    }

    /// Takes an orphan that has ended away.
    pub(super) fn orphan_ended(&mut self, pid: u32) {
        reap::reap(pid);
        self.orphans.gone(pid);
        self.lingering.hurry(self.setup.clock.now());
    }
}
