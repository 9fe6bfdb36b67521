//! Offers and takers, by whomever: programs, their children, people from outside. Some give up, some are late,
//! some say things twice.

use std::time::Duration;

use flowrun::base::ids::{ItemId, JobId, OfferId, QueueId, TakerId};
use flowrun::sched::Input;

use crate::simulate::{Message, Run};
use crate::world::Outside;

/// Items on offer.
#[derive(Clone, Debug)]
pub struct Offering {
    queue: QueueId,
    left: u32,
    job: Option<JobId>,
    /// Lines of an output: what is offered stays so when the program has ended.
    streams: bool,
}

/// Somebody who takes.
#[derive(Clone, Debug)]
pub struct Taker {
    job: Option<JobId>,
    keeps: bool,
    /// What it was handed and has not handed on.
    handed: Vec<ItemId>,
}

impl Run<'_> {
    pub fn people_do(&mut self, outside: Outside) -> Result<(), String> {
        match outside {
            Outside::Say(input) => self.step(input),
            Outside::Put { queue, count, patience } => {
                let offer = OfferId(self.ids + 1);
                self.offer(queue, count, None, false)?;
                if let Some(patience) = patience {
                    self.post(patience, Message::OfferOver { offer });
                }
                Ok(())
            }
            Outside::Get { queue, patience } => {
                let taker = TakerId(self.next_id());
                self.wants(taker, queue, 1, None, None, patience)
            }
        }
    }

    pub fn offer(&mut self, queue: QueueId, count: u32, job: Option<JobId>, streams: bool) -> Result<(), String> {
        let offer = OfferId(self.next_id());
        self.offers.insert(offer, Offering { queue, left: count, job, streams });
        if job.is_some() && !streams && self.stage.rng.chance(10) {
            let after = self.stage.rng.tens(0, 12);
            self.post(after, Message::OfferOver { offer });
        }
        self.step(Input::Offered { offer, queue, count, by: job.map(|job| job.process) })
    }

    pub fn accepted(&mut self, offer: OfferId, count: u32) {
        let Some(offering) = self.offers.get_mut(&offer) else { return };
        offering.left = offering.left.saturating_sub(count);
        if offering.left == 0 {
            self.answered(offer);
            if self.stage.rng.chance(self.world.noise) {
                self.post(Duration::ZERO, Message::Tell(Input::OfferOver { offer }));
            }
        }
    }

    /// An offer is over: who made it goes on.
    fn answered(&mut self, offer: OfferId) {
        let Some(Offering { job: Some(job), .. }) = self.offers.remove(&offer) else { return };
        if let Some(program) = self.programs.get_mut(&job) {
            program.offers = false;
            self.goes_on(job);
        }
    }

    pub fn refused(&mut self, offer: OfferId) {
        let Some(Offering { queue, job, streams, .. }) = self.offers.get(&offer).cloned() else { return };
        if let Some(job) = job
            && let Some(program) = self.programs.get_mut(&job)
        {
            program.puts.retain(|(other, _)| *other != queue);
            if self.stage.rng.chance(if streams { 70 } else { 20 }) {
                self.breaks(job);
            }
        }
        self.answered(offer);
    }

    pub fn cut_producers(&mut self, queue: QueueId) {
        let jobs: Vec<JobId> = self.programs.keys().copied().filter(|job| self.roles[job.process].streams == Some(queue)).collect();
        for job in jobs {
            if let Some(program) = self.programs.get_mut(&job) {
                program.puts.retain(|(other, _)| *other != queue);
            }
            if self.stage.rng.chance(60) {
                self.breaks(job);
            } else {
                self.goes_on(job);
            }
        }
    }

    /// Somebody waits no longer for room.
    pub fn offer_over(&mut self, offer: OfferId) -> Result<(), String> {
        let known = self.offers.contains_key(&offer);
        if !known && !self.stage.rng.chance(self.world.noise) {
            return Ok(());
        }
        self.step(Input::OfferOver { offer })?;
        self.answered(offer);
        if self.stage.rng.chance(self.world.noise) {
            let after = self.stage.rng.tens(0, 3);
            self.post(after, Message::Tell(Input::OfferOver { offer }));
        }
        Ok(())
    }

    pub fn wants(
        &mut self,
        taker: TakerId,
        queue: QueueId,
        most: u32,
        keeper: Option<JobId>,
        job: Option<JobId>,
        patience: Option<Duration>,
    ) -> Result<(), String> {
        self.takers.insert(taker, Taker { job, keeps: keeper.is_some(), handed: Vec::new() });
        if let Some(patience) = patience {
            self.post(patience, Message::TakerOver { taker });
        }
        let input = Input::Wanted { taker, queue, most, keeper };
        if self.stage.rng.chance(self.world.noise) {
            // The same again, while it waits or has just been answered with nothing to keep.
            self.step(input.clone())?;
            let waits = self.takers.get(&taker).is_some_and(|taker| taker.handed.is_empty());
            return if waits { self.step(input) } else { Ok(()) };
        }
        self.step(input)
    }

    pub fn handed(&mut self, taker: TakerId, items: Vec<ItemId>) {
        let after = self.stage.rng.tens(0, 4);
        let Some(known) = self.takers.get_mut(&taker) else { return };
        known.handed = items.clone();
        match known.job {
            None => self.post(after, Message::TakerOver { taker }),
            Some(job) => {
                let intake = self.programs.get_mut(&job).and_then(|program| program.takes.as_mut());
                if let Some(intake) = intake {
                    intake.waits = false;
                    intake.fresh = items;
                    self.post(after, Message::Take { job });
                }
            }
        }
    }

    pub fn end_of_queue(&mut self, taker: TakerId) {
        let Some(known) = self.takers.get(&taker) else { return };
        if let Some(job) = known.job
            && let Some(intake) = self.programs.get_mut(&job).and_then(|program| program.takes.as_mut())
        {
            (intake.over, intake.waits) = (true, false);
            self.finish(job);
        }
    }

    /// Somebody takes no more: his patience is at an end, or he has gone; some have handed on what they got.
    pub fn taker_over(&mut self, taker: TakerId) -> Result<(), String> {
        let Some(Taker { job, keeps, handed }) = self.takers.remove(&taker) else { return Ok(()) };
        let intake = job.and_then(|job| self.programs.get_mut(&job)).and_then(|program| program.takes.as_mut());
        let mut alive = false;
        if let Some(intake) = intake
            && intake.taker == Some(taker)
            && !intake.over
        {
            if !intake.waits {
                // It was answered in time.
                self.takers.insert(taker, Taker { job, keeps, handed });
                return Ok(());
            }
            (intake.over, intake.waits, intake.lost_patience) = (true, false, true);
            alive = true;
        }
        let unsent = if keeps && alive { handed.len() } else { self.stage.rng.below(handed.len() + 1) };
        let mut back = handed[unsent..].to_vec();
        if self.stage.rng.chance(self.world.noise) {
            back.push(ItemId(self.stage.rng.next() % 5 + 900));
        }
        let input = Input::TakerOver { taker, back };
        self.step(input.clone())?;
        if self.stage.rng.chance(self.world.noise) {
            let after = self.stage.rng.tens(0, 3);
            self.post(after, Message::Tell(input));
        }
        if let Some(job) = job.filter(|_| alive) {
            self.finish(job);
        }
        Ok(())
    }

    /// The clients of a program that has ended go with it; what its output had on offer stays.
    pub fn clients_go(&mut self, job: JobId) -> Result<(), String> {
        let offers: Vec<OfferId> =
            self.offers.iter().filter(|(_, offering)| offering.job == Some(job) && !offering.streams).map(|(offer, _)| *offer).collect();
        for offer in offers {
            self.offer_over(offer)?;
        }
        let takers: Vec<TakerId> = self.takers.iter().filter(|(_, taker)| taker.job == Some(job)).map(|(taker, _)| *taker).collect();
        for taker in takers {
            let Some(known) = self.takers.get_mut(&taker) else { continue };
            // What a client kept is its attempt's; only an answer that was not sent yet may go back.
            known.job = None;
            let keeps = known.keeps;
            let sent = keeps && self.stage.rng.chance(70);
            if let Some(known) = self.takers.get_mut(&taker).filter(|_| sent) {
                known.handed.clear();
            }
            self.taker_over(taker)?;
        }
        Ok(())
    }

    /// Late words of what is over.
    pub fn noise_after(&mut self, job: JobId) -> Result<(), String> {
        if !self.stage.rng.chance(self.world.noise) {
            return Ok(());
        }
        let queue = QueueId(self.stage.rng.below(self.world.plan.queues.len()) as u32);
        let taker = TakerId(self.next_id());
        let item = ItemId(self.stage.rng.next() % 4);
        let inputs = [
            Input::Wanted { taker, queue, most: 1, keeper: Some(job) },
            Input::ItemDone { job, queue, item: None },
            Input::ItemDone { job, queue, item: Some(item) },
            Input::TakerOver { taker, back: vec![item] },
            Input::BadItem { job, why: "late".to_owned() },
        ];
        let input = self.stage.rng.pick(&inputs);
        let after = self.stage.rng.tens(0, 4);
        self.post(after, Message::Tell(input));
        Ok(())
    }
}
