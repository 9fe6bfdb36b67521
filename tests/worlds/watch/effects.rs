//! Effects, one after another.

use flowrun::base::ids::{JobId, ProcessId, ResourceId};
use flowrun::notice::{Event, Exit, Share};
use flowrun::plan::ResourceKind;
use flowrun::sched::Effect;

use super::joins::Joined;
use super::{Phase, Program, Watch, ensure};

impl Watch {
    pub fn effect(&mut self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::Start { item: Some(_), .. }
            | Effect::Accept { .. }
            | Effect::RefuseOffer { .. }
            | Effect::Hand { .. }
            | Effect::EndOfQueue { .. }
            | Effect::CutProducers { .. }
            | Effect::Forget { .. } => Err("there are no queues in this world".to_owned()),
            Effect::Start { job, step, permits, item: None } => self.start(*job, *step, permits),
            Effect::Decide { process } => self.decide(*process),
            Effect::Probe { job, probe, live } => self.probe(*job, *probe, *live),
            Effect::EndProbe { job } => self.end_probe(*job),
            Effect::AskHost { job, ask, wants } => self.ask_host(*job, *ask, wants),
            Effect::ReleaseHost { ask } => self.release_host(*ask),
            Effect::SectionGranted { section, permits } => self.section_granted(*section, permits),
            Effect::SectionRefused { section, why } => self.section_refused(*section, why),
            // Held against the notices of the whole step.
            Effect::Suspend | Effect::Resume => Ok(()),
            Effect::RunStopCommand { job } => {
                ensure!(self.plan.processes[job.process].control.stop_command, "{job:?} has no stop command");
                self.advance(*job, Phase::Asked, Phase::Command)
            }
            Effect::Terminate { job } => {
                let over = self.commands_over.contains(&job.process);
                let from = if over { Phase::Command } else { Phase::Asked };
                ensure!(over || !self.plan.processes[job.process].control.stop_command, "{job:?} gets its signal before its stop command");
                self.advance(*job, from, Phase::Signalled)
            }
            Effect::Kill { job } => {
                let phase = self.phase(*job);
                ensure!(phase == Some(Phase::Killed), "{job:?} is killed without a word");
                Ok(())
            }
        }
    }

    fn decide(&mut self, id: ProcessId) -> Result<(), String> {
        let joined = self.joined(id);
        ensure!(self.plan.processes[id].control.decided_late, "{id:?} has no `if` to ask for");
        let one = &mut self.all[id];
        ensure!(matches!(joined, Joined::Hold | Joined::Either), "the `if` of {id:?} is asked for though its joins are {joined:?}");
        ensure!(one.attempt == 0, "the `if` of {id:?} is asked for after it began");
        one.asked = one.outcome.is_none();
        Ok(())
    }

    /// Suspending and going on are told and done together, once, and only when asked for.
    pub fn rules_of_suspension(&self, out: &flowrun::sched::Outbox) -> Result<(), String> {
        let done = out.effects.iter().filter(|effect| matches!(effect, Effect::Suspend | Effect::Resume));
        let told = out.notices.iter().filter(|notice| matches!(notice.event, Event::Suspended | Event::Resumed));
        let done: Vec<bool> = done.map(|effect| *effect == Effect::Suspend).collect();
        let told: Vec<bool> = told.map(|notice| notice.event == Event::Suspended).collect();
        let expected = if self.suspension_due { vec![self.suspended] } else { Vec::new() };
        ensure!(done == told && done == expected, "suspended: {expected:?}, told {told:?}, done {done:?}");
        Ok(())
    }

    fn phase(&self, job: JobId) -> Option<Phase> {
        let one = &self.all[job.process];
        one.program.as_ref().filter(|_| one.attempt == job.attempt).map(|program| program.phase)
    }

    fn advance(&mut self, job: JobId, from: Phase, to: Phase) -> Result<(), String> {
        let phase = self.phase(job);
        // Killed in the same step: the notice of that has been seen already.
        ensure!(phase == Some(from) || phase == Some(Phase::Killed), "{job:?} is {phase:?} when it is to be {to:?}");
        if let Some(program) = self.all[job.process].program.as_mut().filter(|program| program.phase == from) {
            program.phase = to;
        }
        Ok(())
    }

    fn start(&mut self, job: JobId, step: u32, permits: &[(ResourceId, Vec<u32>)]) -> Result<(), String> {
        let id = job.process;
        let known = self.all[id].program.as_ref().is_some_and(|program| program.since == self.now && program.step == step);
        if known && self.all[id].attempt == job.attempt && self.all[id].program.as_ref().is_some_and(|program| program.asked.is_some()) {
            return Ok(());
        }
        // What holds locks has told of its beginning before, at its place in the order of notices.
        self.attempt(job, false)?;
        let control = &self.plan.processes[id].control;
        let one = &self.all[id];
        ensure!(one.waiting.as_ref().is_none_or(|wait| wait.wants.is_empty()), "{job:?} starts step {step} while it waits");
        match &one.last {
            None => ensure!(step == 0, "{job:?} starts with step {step}"),
            Some(last) => {
                let success = matches!(last.exit, Exit::Code(code) if control.success_codes.contains(&code)) && last.asked.is_none();
                ensure!(success && last.step + 1 == step, "{job:?} starts step {step} after {last:?}");
            }
        }
        ensure!(!self.earlier(self.whole.killing), "{job:?} starts step {step} while everything is killed");
        let regular = !control.daemon && !self.needs.cleanup[id];
        ensure!(!(regular && self.earlier(self.whole.stopped)), "{job:?} starts step {step} after the run was stopped");
        for (of, wanted) in [(None, self.request(id, None)?), (Some(step), self.request(id, Some(step))?)] {
            let held = one.held.iter().filter(|(held, _)| *held == of).flat_map(|(_, shares)| shares);
            ensure!(held.eq(wanted), "{job:?} starts step {step} with {:?}", one.held);
        }
        ensure!(one.held.iter().all(|(of, _)| of.is_none_or(|of| of == step)), "{job:?} starts step {step} with {:?}", one.held);
        let outer = self.numbers(id, None, permits)?;
        let inner = self.numbers(id, Some(step), permits)?;
        ensure!(permits.len() == outer.len() + inner.len(), "{job:?} has more permits than it asked for");
        // Later steps may go on with the slot of the one before.
        if step == 0 {
            self.slot_is_free_or_lent(job)?;
        }
        let one = &mut self.all[id];
        if let Some(before) = &one.outer_permits {
            ensure!(*before == outer, "{job:?} had {before:?} and has {outer:?}");
        }
        one.outer_permits = Some(outer);
        one.begun = true;
        one.waiting = None;
        one.program = Some(Program { step, since: self.now, told: false, asked: None, phase: Phase::Running, permits: permits.to_vec() });
        Ok(())
    }

    /// The numbers of permits that belong to one request.
    fn numbers(&self, id: ProcessId, step: Option<u32>, permits: &[(ResourceId, Vec<u32>)]) -> Result<Vec<(ResourceId, Vec<u32>)>, String> {
        let mut numbers = Vec::new();
        for Share { resource, permits: wanted, .. } in self.request(id, step)? {
            let ResourceKind::Semaphore { permits: capacity } = self.plan.resources[*resource].kind else { continue };
            let Some((_, own)) = permits.iter().find(|(other, _)| other == resource) else {
                return Err(format!("{id:?} has no permits of {resource:?}"));
            };
            ensure!(own.len() == *wanted as usize, "{id:?} has {own:?} of {resource:?}, not {wanted}");
            ensure!(own.iter().all(|number| *number < capacity), "{id:?} has {own:?} of {resource:?}, of {capacity}");
            ensure!(self.is_numbered_by_host(id, *resource, own), "{id:?} has {own:?} of {resource:?}, which the host has not given");
            numbers.push((*resource, own.clone()));
        }
        Ok(numbers)
    }
}
