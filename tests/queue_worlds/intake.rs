//! How programs take items: one after another or by their standard input, all or a few, done or forgotten.

use flowrun::base::ids::{ItemId, JobId, QueueId, TakerId};
use flowrun::sched::Input;

use crate::roles::{Role, Taking};
use crate::shared::rng::Rng;
use crate::simulate::Run;

/// How a program takes items.
#[derive(Debug)]
pub struct Intake {
    pub queue: QueueId,
    pub streams: bool,
    pub taker: Option<TakerId>,
    /// Whether it waits for an item, or for the end.
    pub waits: bool,
    pub over: bool,
    pub lost_patience: bool,
    /// What it was handed and has not dealt with yet.
    pub fresh: Vec<ItemId>,
    /// Takes no more than these.
    pub left: u32,
    pub forgets: bool,
    pub most: u32,
    /// Puts something into this for each item.
    pub derives: Option<QueueId>,
}

impl Run<'_> {
    /// What a program will take, if anything.
    pub fn intake(&mut self, role: &Role, derives: Option<QueueId>, rng: &mut Rng) -> Option<Intake> {
        let (queue, streams) = match role.takes {
            Taking::Stream(queue) => (queue, true),
            Taking::Client(queue) => (queue, false),
            Taking::Items | Taking::Nothing => return None,
        };
        let alone = self.world.plan.queues[queue].consumers.len() == 1;
        Some(Intake {
            queue,
            streams,
            taker: None,
            waits: false,
            over: false,
            lost_patience: false,
            fresh: Vec::new(),
            left: if rng.chance(self.world.leaving) { rng.below(4) as u32 + 1 } else { u32::MAX },
            forgets: !streams && rng.chance(self.world.forgetting),
            most: if streams && alone { rng.pick(&[1, 3, 300]) } else { 1 },
            derives,
        })
    }

    /// A program deals with what it was handed, and wants more.
    pub fn take(&mut self, job: JobId) -> Result<(), String> {
        let noise = self.stage.rng.chance(self.world.noise);
        let Some(program) = self.programs.get_mut(&job) else { return Ok(()) };
        let Some(intake) = &mut program.takes else { return Ok(()) };
        if intake.over || intake.waits {
            return Ok(());
        }
        let (queue, fresh) = (intake.queue, std::mem::take(&mut intake.fresh));
        intake.left = intake.left.saturating_sub(fresh.len() as u32);
        let (forgets, streams, derives) = (intake.forgets, intake.streams, intake.derives);
        for item in &fresh {
            if streams || forgets && self.stage.rng.chance(60) {
                continue;
            }
            let which = self.stage.rng.pick(&[None, Some(*item)]);
            if noise {
                let other = JobId { attempt: job.attempt + 1, ..job };
                self.step(Input::ItemDone { job: other, queue, item: Some(*item) })?;
                self.step(Input::ItemDone { job, queue, item: Some(ItemId(item.0 + 1000)) })?;
            }
            self.step(Input::ItemDone { job, queue, item: which })?;
        }
        if let Some(to) = derives.filter(|_| !fresh.is_empty()) {
            let fed = self.world.plan.queues[to].fed.contains(&job.process);
            if !fed || self.finds > 0 {
                self.finds -= u32::from(fed);
                if let Some(program) = self.programs.get_mut(&job) {
                    program.puts.push_back((to, 1));
                }
                return self.put(job);
            }
        }
        self.want(job)
    }

    /// A program wants its next item, unless it has had enough.
    fn want(&mut self, job: JobId) -> Result<(), String> {
        let behaviour = self.stage.behaviour(job, 50).chance(50);
        let next = TakerId(self.next_id());
        let Some(program) = self.programs.get_mut(&job) else { return Ok(()) };
        let Some(intake) = &mut program.takes else { return Ok(()) };
        if intake.left == 0 {
            intake.over = true;
            self.finish(job);
            return Ok(());
        }
        // A client asks by the same taker again, or by another.
        let taker = *intake.taker.get_or_insert(next);
        intake.waits = true;
        let keeper = (!intake.streams).then_some(job);
        let (queue, most, streams, forgets) = (intake.queue, intake.most, intake.streams, intake.forgets);
        if !streams && behaviour {
            intake.taker = Some(next);
        }
        let taker = if !streams && behaviour { next } else { taker };
        let patience = (forgets || !streams && self.stage.rng.chance(15)).then(|| self.stage.rng.tens(3, 20));
        self.wants(taker, queue, most, keeper, Some(job), patience)
    }
}
