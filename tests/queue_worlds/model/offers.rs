//! Offers: taken in turn, as room allows; refused by what takes nothing any more.

use flowrun::base::ids::{ItemId, OfferId, QueueId};

use super::{Model, ensure};

/// Items on offer.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    pub queue: QueueId,
    pub left: u32,
    /// The moment when it came, or when something of it was taken last.
    served: u64,
}

impl Model {
    pub fn offered(&mut self, offer: OfferId, queue: QueueId, count: u32) {
        let moment = self.next_moment();
        let line = &self.lines[queue];
        if line.closed || line.abandoned {
            self.this.refuse.insert(offer, queue);
            *self.this.missed.entry(queue).or_default() += u64::from(count);
            return;
        }
        if self.offers_of(queue).next().is_some() {
            self.meet("two offers waited at once");
        }
        self.offers.insert(offer, Offer { queue, left: count, served: moment });
    }

    pub fn offer_over(&mut self, offer: OfferId) {
        if self.offers.remove(&offer).is_some() {
            self.meet("offer given up");
        }
    }

    /// What is on offer to a queue must be refused in this step.
    pub fn refuse_all(&mut self, queue: QueueId) {
        let offers: Vec<OfferId> = self.offers_of(queue).map(|(id, _)| id).collect();
        for offer in offers {
            self.this.refuse.insert(offer, queue);
        }
    }

    pub fn offers_of(&self, queue: QueueId) -> impl Iterator<Item = (OfferId, &Offer)> {
        self.offers.iter().filter(move |(_, offer)| offer.queue == queue).map(|(id, offer)| (*id, offer))
    }

    pub fn accept(&mut self, offer: OfferId, queue: QueueId, first: ItemId, count: u32) -> Result<(), String> {
        let moment = self.next_moment();
        self.this.moved.insert(queue);
        let Some(known) = self.offers.get(&offer).copied() else { return Err(format!("{offer:?} is accepted, which nobody makes")) };
        ensure!(known.queue == queue && (1..=known.left).contains(&count), "{count} of {known:?} are accepted for {queue:?}");
        let closed_before = self.lines[queue].closed && !self.this.closed.contains(&queue);
        ensure!(!closed_before && self.this.close != Some(queue), "{offer:?} is accepted for a closed queue");
        let hungrier = |other: &Offer| other.served < known.served;
        let others: Vec<Offer> = self.offers_of(queue).map(|(_, other)| *other).collect();
        ensure!(!others.iter().any(hungrier), "{offer:?} is accepted before its turn: {others:?}");
        let plan = &self.plan.queues[queue];
        let items = &mut self.lines[queue].items;
        ensure!(first == ItemId(items.count()), "the items of {offer:?} are numbered from {first:?}, not {}", items.count());
        items.accept(count);
        let begun = self.this.begun.iter().filter(|id| self.plan.processes[**id].control.for_each == Some(queue)).count();
        let fits = plan.maxsize.is_none_or(|most| items.fresh() <= most as usize + begun);
        ensure!(fits, "{queue:?} has {} of {:?} items", items.fresh(), plan.maxsize);
        let ended = plan.producers.iter().all(|id| self.all[*id].outcome.is_some());
        self.meet("item accepted");
        if ended {
            self.meet("offers of what has ended accepted");
        }
        if count < known.left {
            self.meet("offer accepted in parts");
            self.offers.insert(offer, Offer { left: known.left - count, served: moment, ..known });
        } else {
            self.offers.remove(&offer);
        }
        Ok(())
    }

    pub fn refused(&mut self, offer: OfferId) -> Result<(), String> {
        self.meet("offer refused");
        let refusing = |queue: QueueId| self.lines[queue].closed || self.lines[queue].abandoned;
        let queue = self.this.refuse.remove(&offer).or(self.offers.get(&offer).map(|offer| offer.queue));
        ensure!(queue.is_some_and(refusing), "{offer:?} is refused by {queue:?}");
        if let Some(Offer { queue, left, .. }) = self.offers.remove(&offer) {
            *self.this.missed.entry(queue).or_default() += u64::from(left);
        }
        Ok(())
    }
}
