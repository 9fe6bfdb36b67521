//! Locks, permits and slots: who asked when, who may have them.

use flowrun::base::ids::JobId;
use flowrun::notice::Share;
use flowrun::plan::ResourceKind;

use super::{Wait, Watch, ensure};

impl Watch {
    pub fn queued(&mut self, job: JobId, step: Option<u32>, wants: &[Share]) -> Result<(), String> {
        self.attempt(job, true)?;
        ensure!(wants == self.request(job.process, step)?, "{job:?} asks for {wants:?}");
        self.whole.orders += 1;
        let wait = Wait { step, wants: wants.to_vec(), order: self.whole.orders, since: self.now, lacked_only_slot: false };
        let one = &mut self.all[job.process];
        ensure!(one.waiting.is_none(), "{job:?} waits twice");
        one.waiting = Some(wait);
        Ok(())
    }

    pub fn acquired(&mut self, job: JobId, step: Option<u32>, holds: &[Share]) -> Result<(), String> {
        let waited = self.all[job.process].waiting.take();
        let order = match waited {
            Some(wait) => {
                ensure!(wait.step == step && self.all[job.process].attempt == job.attempt, "{job:?} acquires what another waits for");
                wait.order
            }
            None => {
                self.attempt(job, true)?;
                u64::MAX
            }
        };
        ensure!(holds == self.request(job.process, step)?, "{job:?} acquires {holds:?}");
        ensure!(!holds.is_empty(), "{job:?} acquires nothing");
        self.overtakes_nobody(&format!("{job:?}"), order, holds)?;
        for share in holds {
            ensure!(self.has_room(share), "{job:?} acquires {share:?}, which has no room");
        }
        self.all[job.process].held.push((step, holds.to_vec()));
        Ok(())
    }

    /// Whether a share fits beside all that is held.
    pub fn has_room(&self, wanted: &Share) -> bool {
        let held = self.all.iter().flat_map(|one| &one.held).flat_map(|(_, shares)| shares);
        let mut held = held.chain(self.held_by_sections()).filter(|share| share.resource == wanted.resource);
        match self.plan.resources[wanted.resource].kind {
            ResourceKind::Lock => held.all(|share| share.shared && wanted.shared),
            ResourceKind::Semaphore { permits } => held.map(|share| share.permits).sum::<u32>() + wanted.permits <= permits,
        }
    }

    pub fn withdrawn(&mut self, job: JobId, step: Option<u32>, wanted: &[Share]) -> Result<(), String> {
        let takes_slot = self.plan.jobs.is_some() && !self.plan.processes[job.process].control.daemon;
        // It may have been the host's turn in this very step: effects are looked at after notices.
        let lacks_host = self.waits_for_host(job.process).is_some() || !takes_slot && self.wants_of_host(wanted);
        let lacked_only_slot = self.is_its_turn(job.process) && !lacks_host;
        let one = &mut self.all[job.process];
        ensure!(one.attempt == job.attempt, "{job:?} withdraws in attempt {}", one.attempt);
        let wait = one.waiting.take_if(|wait| wait.step == step && wait.wants == wanted);
        let Some(wait) = wait else { return Err(format!("{job:?} withdraws {wanted:?} without waiting for it")) };
        one.withdrawn = Some(Wait { lacked_only_slot, ..wait });
        Ok(())
    }

    pub fn released(&mut self, job: JobId, step: Option<u32>, freed: &[Share]) -> Result<(), String> {
        let one = &mut self.all[job.process];
        ensure!(one.attempt == job.attempt, "{job:?} releases in attempt {}", one.attempt);
        ensure!(one.program.is_none(), "{job:?} releases while it runs");
        let place = one.held.iter().position(|(held_step, shares)| *held_step == step && shares == freed);
        let Some(place) = place else { return Err(format!("{job:?} releases {freed:?} without having it")) };
        one.held.remove(place);
        Ok(())
    }
}
