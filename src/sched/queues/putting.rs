//! Items on offer: taken as far as there is room, each offer in its turn.

use super::queue::Item;
use super::{QueueTable, Turn};
use crate::base::ids::{ItemId, OfferId, ProcessId, QueueId};

/// What somebody has for a queue.
#[derive(Debug)]
pub struct Offer {
    pub queue: QueueId,
    pub left: u32,
    /// Whom it holds back.
    pub by: Option<ProcessId>,
}

impl QueueTable {
    /// Somebody has so many items for a queue.
    pub fn offer(&mut self, offer: OfferId, queue: QueueId, count: u32, by: Option<ProcessId>) {
        if self.queues.get(queue).is_none_or(|queue| queue.closed) || count == 0 || self.offers.contains_key(&offer) {
            let abandoned = self.queues.get(queue).is_some_and(|queue| queue.deserted);
            self.turns.push_back(Turn::Refused { offer, abandoned });
            self.missed(queue, count);
            return;
        }
        self.offers.insert(offer, Offer { queue, left: count, by });
        self.queues[queue].offers.push_back(offer);
        self.serve(queue);
    }

    /// What is left of an offering is not offered any more.
    pub fn end_offer(&mut self, offer: OfferId) {
        let Some(Offer { queue, .. }) = self.offers.remove(&offer) else { return };
        self.queues[queue].offers.retain(|other| *other != offer);
        self.serve(queue);
    }

    pub(super) fn accept(&mut self, id: QueueId) -> bool {
        let queue = &mut self.queues[id];
        let room = queue.room();
        let Some(name) = queue.offers.front().copied().filter(|_| room > 0) else { return false };
        queue.offers.pop_front();
        let Some(offer) = self.offers.get_mut(&name) else { return true };
        let count = offer.left.min(u32::try_from(room).unwrap_or(u32::MAX));
        let first = queue.taken;
        queue.waiting.extend((first..first + u64::from(count)).map(|number| Item { id: ItemId(number), delivered: 0 }));
        queue.taken += u64::from(count);
        offer.left -= count;
        if offer.left == 0 {
            self.offers.remove(&name);
        } else {
            // The others have their turn before the rest of this one.
            queue.offers.push_back(name);
        }
        self.turns.push_back(Turn::Accepted { offer: name, queue: id, first: ItemId(first), count });
        true
    }

    /// What writes into a queue meets a closed pipe; how many items were on offer.
    pub(super) fn cut(&mut self, id: QueueId) -> u64 {
        self.turns.push_back(Turn::Cut { queue: id });
        let abandoned = self.queues[id].deserted;
        let mut left = 0;
        for offer in std::mem::take(&mut self.queues[id].offers) {
            left += self.offers.remove(&offer).map_or(0, |offer| u64::from(offer.left));
            self.turns.push_back(Turn::Refused { offer, abandoned });
        }
        left
    }
}
