//! What must hold after every step.

use std::collections::BTreeSet;

use flowrun::base::ids::{Id, ProcessId};
use flowrun::base::time::RunTime;
use flowrun::notice::{Share, StopReason};
use flowrun::plan::ResourceKind;
use flowrun::source::model::OnFailure;

use super::joins::Joined;
use super::{Phase, Watch, ensure};

impl Watch {
    pub fn rules(&mut self, deadline: Option<RunTime>) -> Result<(), String> {
        ensure!(self.told_started.is_none(), "the start of {:?} is not told", self.told_started);
        let finished = self.all.iter().all(|one| one.outcome.is_some());
        ensure!(finished == self.whole.over.is_some(), "all have ended: {finished}, said: {}", !finished);
        if finished {
            return Ok(());
        }
        self.running_together()?;
        self.permits()?;
        self.nobody_waits_in_vain()?;
        self.host_rules()?;
        self.section_rules()?;
        let told = self.expected.ready.is_none() && self.expected.probe_failed.is_none();
        ensure!(told, "an answer is not told: {:?}", self.expected);
        ensure!(self.over.is_empty(), "probes of what is over go on: {:?}", self.over);
        for id in self.plan.processes.ids() {
            self.joins_are_served(id)?;
            self.is_somewhere(id)?;
            self.clocks(id)?;
            self.health_rules(id)?;
            self.unused_rules(id)?;
            self.note_given_up(id);
            self.all[id].never = self.never_ready(id).map(|(at, _)| at);
        }
        self.whole.closing |= self.work_is_over();
        self.ending()?;
        ensure!(deadline.is_none() || !self.suspended, "a moment is named while the run's time stands still");
        let passed = deadline.filter(|at| *at < self.now);
        ensure!(passed.is_none(), "the next moment {passed:?} has passed");
        Ok(())
    }

    /// What running steps need, straight from the plan: independent of what was said about locks.
    fn running_together(&self) -> Result<(), String> {
        let mut in_use: Vec<Vec<(ProcessId, &Share)>> = vec![Vec::new(); self.plan.resources.len()];
        let mut slots = BTreeSet::new();
        for (id, one) in self.all.entries() {
            let Some(program) = &one.program else { continue };
            let control = &self.plan.processes[id].control;
            if !control.daemon {
                slots.insert(self.needs.partners[id][0]);
            }
            for share in control.request.iter().chain(&control.steps[program.step as usize].request) {
                in_use[share.resource.index()].push((id, share));
            }
        }
        for share in self.held_by_sections() {
            in_use[share.resource.index()].push((ProcessId(u32::MAX), share));
        }
        let lent = slots.iter().filter(|id| self.needs.partners[**id].iter().any(|id| self.all[*id].was_blocked)).count();
        ensure!(self.plan.jobs.is_none_or(|jobs| slots.len() <= jobs as usize + lent), "{slots:?} run at once");
        for (resource, users) in self.plan.resources.iter().zip(in_use) {
            let fits = match resource.kind {
                ResourceKind::Lock => users.len() < 2 || users.iter().all(|(_, share)| share.shared),
                ResourceKind::Semaphore { permits } => users.iter().map(|(_, share)| share.permits).sum::<u32>() <= permits,
            };
            ensure!(fits, "`{}` is used by {users:?}", resource.name);
        }
        Ok(())
    }

    fn permits(&self) -> Result<(), String> {
        let mut out = BTreeSet::new();
        for (id, one) in self.all.entries() {
            let between = one.outer_permits.iter().filter(|_| one.program.is_none() && one.held.iter().any(|(step, _)| step.is_none()));
            let running = one.program.iter().map(|program| &program.permits);
            for (resource, numbers) in between.chain(running).flatten() {
                for number in numbers {
                    ensure!(out.insert((*resource, *number)), "{id:?} has permit {number} of {resource:?} that another has");
                }
            }
        }
        for (section, (resource, numbers)) in self.permits_of_sections() {
            for number in numbers {
                ensure!(out.insert((*resource, *number)), "{section:?} has permit {number} of {resource:?} that another has");
            }
        }
        Ok(())
    }

    /// Whether a request, with those of its partners, is the oldest on everything it names and everything has room.
    pub fn is_its_turn(&self, id: ProcessId) -> bool {
        self.needs.partners[id].iter().all(|id| self.is_oldest(*id))
    }

    fn is_oldest(&self, id: ProcessId) -> bool {
        let Some(wait) = &self.all[id].waiting else { return false };
        wait.wants.iter().all(|share| {
            let older = |other: &super::Wait| other.order < wait.order && other.wants.iter().any(|other| other.resource == share.resource);
            self.has_room(share)
                && !self.all.iter().any(|one| one.waiting.as_ref().is_some_and(older))
                && self.overtakes_nobody("", wait.order, std::slice::from_ref(share)).is_ok()
        })
    }

    fn nobody_waits_in_vain(&self) -> Result<(), String> {
        let running = self.all.entries().filter(|(id, one)| one.program.is_some() && !self.plan.processes[*id].control.daemon);
        let running: BTreeSet<ProcessId> = running.map(|(id, _)| self.needs.partners[id][0]).collect();
        let slot_free = self.plan.jobs.is_none_or(|jobs| running.len() < jobs as usize);
        for (id, one) in self.all.entries() {
            if one.waiting.is_none() || !self.is_its_turn(id) || self.waits_for_host(id).is_some() {
                continue;
            }
            let daemon = self.plan.processes[id].control.daemon;
            ensure!(!daemon && !slot_free, "{id:?} waits in vain: {:?}", one.waiting);
        }
        Ok(())
    }

    fn joins_are_served(&mut self, id: ProcessId) -> Result<(), String> {
        let joined = self.joined(id);
        let held = matches!(joined, Joined::Hold | Joined::Either);
        self.all[id].asked &= held;
        self.all[id].agreed &= held;
        let partners = &self.needs.partners[id];
        let begun = partners.iter().filter(|id| self.all[**id].begun).count();
        ensure!(begun == 0 || begun == partners.len(), "some of {partners:?} were started, others not");
        let over = partners.iter().find(|id| self.all[**id].outcome.is_some());
        let left = partners.iter().find(|id| self.all[**id].outcome.is_none());
        ensure!(begun > 0 || over.is_none() || left.is_none(), "{over:?} has ended before it began, {left:?} still waits for it");
        let lacking = |id: &ProcessId| {
            let decided = !self.plan.processes[*id].control.decided_late || self.all[*id].agreed;
            !decided || matches!(self.joined(*id), Joined::Open | Joined::Either)
        };
        let waits_for_partners = partners.iter().any(|other| *other != id && lacking(other));
        let one = &self.all[id];
        if one.outcome.is_some() || one.attempt > 0 {
            return Ok(());
        }
        ensure!(
            matches!(joined, Joined::Open | Joined::Either) || one.asked || waits_for_partners,
            "{id:?} still waits though its joins are {joined:?}"
        );
        ensure!(self.may_not_begin(id, true).is_none(), "{id:?} still waits though it may not begin");
        Ok(())
    }

    /// What has begun and not ended runs, waits for locks or for its next attempt.
    fn is_somewhere(&self, id: ProcessId) -> Result<(), String> {
        let one = &self.all[id];
        if one.outcome.is_some() || one.attempt == 0 {
            return Ok(());
        }
        let places = usize::from(one.program.is_some()) + usize::from(one.waiting.is_some()) + usize::from(one.retry_at.is_some());
        ensure!(places == 1, "{id:?} is lost: {one:?}");
        if one.retry_at.is_some() {
            ensure!(self.must_not_follow(id).is_none(), "{id:?} waits for an attempt that may not be");
        }
        if let Some(program) = &one.program {
            let answered = matches!(program.phase, Phase::Running | Phase::Command | Phase::Signalled | Phase::Killed);
            ensure!(answered && (program.phase == Phase::Running) == program.asked.is_none(), "{id:?} is asked without an effect");
        }
        if one.stop_requested {
            ensure!(one.program.as_ref().is_some_and(|program| program.asked.is_some()), "{id:?} was asked to stop and goes on");
        }
        Ok(())
    }

    fn clocks(&self, id: ProcessId) -> Result<(), String> {
        let one = &self.all[id];
        let control = &self.plan.processes[id].control;
        if self.suspended {
            return Ok(());
        }
        ensure!(one.retry_at.is_none_or(|at| at > self.now), "{id:?} is not tried again in time");
        if let Some(wait) = one.waiting.as_ref().filter(|wait| !wait.wants.is_empty()) {
            let over = control.acquire_timeout.is_some_and(|bound| wait.since + bound <= self.now);
            ensure!(!over || self.is_its_turn(id), "{id:?} waits longer than it may: {wait:?}");
        }
        self.host_clock(id)?;
        let Some(program) = &one.program else { return Ok(()) };
        if let Some((asked, _)) = &program.asked {
            ensure!(program.phase == Phase::Killed || *asked + control.grace > self.now, "{id:?} is not killed after its grace");
        } else if program.since < self.now {
            let runs = self.now - program.since;
            ensure!(control.timeout.is_none_or(|bound| one.ran + runs < bound), "{id:?} runs longer than it may");
            let step = &control.steps[program.step as usize];
            ensure!(step.timeout.is_none_or(|bound| runs < bound), "{id:?} runs longer in a step than it may");
        }
        Ok(())
    }

    /// Whether all work is done, so that daemons are only in the way.
    pub fn work_is_over(&self) -> bool {
        self.whole.closing || self.left(|_, _| true) == 0 && self.may_end()
    }

    /// Whether the run ends with its finite processes: not when all are daemons, nor while one that is
    /// wanted for its own sake has not ended.
    pub fn may_end(&self) -> bool {
        let serves = self.needs.wanted.iter().any(|id| self.all[*id].outcome.is_none());
        self.whole.halted.is_some() || self.needs.has_work && !serves
    }

    fn ending(&mut self) -> Result<(), String> {
        let now = self.now;
        ensure!(
            self.suspended || self.plan.timeout.is_none_or(|bound| now.0 < bound || self.whole.timed_out),
            "the run's timeout is not kept"
        );
        ensure!(self.whole.interrupts == 0 || self.whole.stopped.is_some(), "a signal is not obeyed");
        ensure!(self.whole.interrupts < 2 || self.whole.killed_all, "a second signal is not obeyed");
        let failed = self.whole.failed > 0;
        let halted = self.whole.halted.is_some() || self.whole.killing.is_some();
        ensure!(!failed || self.plan.on_failure == OnFailure::Continue || halted, "a failure is not obeyed");
        if self.whole.halted.is_some() && self.left(|_, regular| regular) == 0 {
            self.whole.budget.get_or_insert(now);
        }
        let work_ended = self.left(|_, _| true) == 0 && self.may_end();
        if work_ended {
            self.whole.budget.get_or_insert(now);
            let mut leaving = self.all.iter().filter(|one| one.outcome.is_none() && one.attempt > 0).peekable();
            let asked = |one: &super::One| one.program.as_ref().is_some_and(|program| program.asked.is_some());
            ensure!(leaving.peek().is_none() || leaving.any(asked), "the work has ended and nobody is asked to end");
        }
        let over = !self.suspended && self.whole.budget.is_some_and(|since| since + self.settings.stop_timeout <= now);
        ensure!(!over || self.whole.killed_all, "stopping takes longer than it may");
        for (id, one) in self.all.entries() {
            if one.outcome.is_some() {
                continue;
            }
            let phase = one.program.as_ref().map(|program| program.phase);
            if self.whole.killed_all {
                ensure!(phase == Some(Phase::Killed), "{id:?} is not killed");
            } else if self.whole.killing.is_some() {
                ensure!(phase.is_some_and(|phase| phase > Phase::Asked), "{id:?} is not asked to end");
            } else if self.whole.stopped.is_some() && !self.needs.cleanup[id] && !self.plan.processes[id].control.daemon {
                ensure!(phase.is_some_and(|phase| phase > Phase::Asked), "{id:?} is not asked to end");
            }
        }
        let unasked = |program: &super::Program| matches!(program.asked, Some((_, StopReason::RunStopped)));
        let halted = self.whole.stopped.is_some() || self.whole.killing.is_some();
        ensure!(
            halted || !self.all.iter().filter_map(|one| one.program.as_ref()).any(unasked),
            "something is stopped though the run goes on"
        );
        Ok(())
    }

    /// Finite processes that hold the run open, of those that a test takes (id, regular).
    fn left(&self, takes: impl Fn(ProcessId, bool) -> bool) -> usize {
        let open = |id: ProcessId| {
            let one = &self.all[id];
            !self.plan.processes[id].control.daemon && one.outcome.is_none() && !(self.needs.alarm[id] && one.attempt == 0)
        };
        self.plan.processes.ids().filter(|id| open(*id) && takes(*id, !self.needs.cleanup[*id])).count()
    }
}
