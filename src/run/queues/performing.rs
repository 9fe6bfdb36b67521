//! What the core decides about queues, done with the bytes behind the numbers.

use super::{Origin, Queues};
use crate::base::ids::{ItemId, OfferId, QueueId, TakerId};
use crate::notice::Event;
use crate::run::runner::Runner;
use crate::sched::{Delivery, Input};

/// So much of an item that is set aside is told, in bytes.
const SHOWN: usize = 200;

impl Runner<'_> {
    /// The next items of an offer are in their queue.
    pub(in crate::run) fn accept(&mut self, offer: OfferId, queue: QueueId, first: ItemId, count: u32) {
        let Some(open) = self.queues.offers.get_mut(offer) else { return };
        for (number, payload) in (first.0..).zip(open.left.drain(..(count as usize).min(open.left.len()))) {
            self.queues.stores[queue].put(ItemId(number), payload);
        }
        open.taken += u64::from(count);
        if !open.left.is_empty() {
            return;
        }
        let Some(done) = self.queues.offers.remove(offer) else { return };
        match done.origin {
            Origin::Stream { key, .. } => self.queues.sources.offer_over(key),
            Origin::Request { pending, .. } => self.put_is_done(pending, done.taken),
        }
    }

    /// What is left of an offer is not taken; whether that is told as an abandoned queue. Of a closed one, a client is
    /// answered, and of what a process has written, people are told.
    pub(in crate::run) fn refuse_offer(&mut self, offer: OfferId, abandoned: bool) {
        let Some(refused) = self.queues.offers.remove(offer) else { return };
        match refused.origin {
            Origin::Stream { key, by } => {
                let rest = self.queues.sources.drain_one(key, &self.setup.poller).map_or(0, |(brought, _)| brought.lines.len());
                if !abandoned {
                    let count = refused.left.len() + rest;
                    let queue = &self.setup.plan.queues[refused.queue].name;
                    self.warn(by, format!("items for the queue `{queue}` that did not get into it before it was closed: {count}"));
                }
            }
            Origin::Request { pending, .. } => self.put_is_refused(pending, &refused),
        }
    }

    /// Items for somebody who wants them.
    pub(in crate::run) fn hand(&mut self, taker: TakerId, items: &[Delivery]) {
        if self.queues.sinks.knows(taker) {
            let payloads = self.queues.payloads(items);
            let Queues { sinks, handed, .. } = &mut self.queues;
            let over = sinks.hand(taker, payloads, &self.setup.poller, handed);
            self.queues.forget_handed();
            return over.into_iter().for_each(|over| self.sink_over(over));
        }
        let sent = items.first().is_some_and(|item| self.get_is_done(taker, item));
        let back = if sent { Vec::new() } else { items.iter().map(|delivery| delivery.item).collect() };
        self.inputs.push_back(Input::TakerOver { taker, back });
    }

    /// There is nothing more for somebody.
    pub(in crate::run) fn end_of_queue(&mut self, taker: TakerId) {
        self.queues.sinks.end(taker, &self.setup.poller);
        self.get_is_ended(taker);
        self.inputs.push_back(Input::TakerOver { taker, back: Vec::new() });
    }

    /// A queue takes nothing more: what was written is looked at once more, to be refused.
    pub(in crate::run) fn cut_producers(&mut self, queue: QueueId) {
        self.queues.sources.look_at(queue);
    }

    /// An item is not delivered again.
    pub(in crate::run) fn forget_item(&mut self, queue: QueueId, item: ItemId, set_aside: Option<u32>) {
        let payload = self.queues.forget(queue, item);
        if let Some(deliveries) = set_aside {
            // A secret that is cut is none that is known any more.
            let secrets = self.secrets.hidden();
            let item = payload.map(|payload| shortened(&secrets.borrow().hide(payload.bytes()))).unwrap_or_default();
            self.tell_now(Event::ItemSetAside { queue, item, deliveries });
        }
    }
}

/// The beginning of an item, cut between two characters, with a mark when there is more.
fn shortened(item: &[u8]) -> Vec<u8> {
    if item.len() <= SHOWN {
        return item.to_vec();
    }
    // In UTF-8 the bytes after the first of a character begin with the bits 10.
    let end = (0..=SHOWN).rev().find(|at| item[*at] & 0xc0 != 0x80).filter(|at| *at > SHOWN - 4).unwrap_or(SHOWN);
    [&item[..end], "…".as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_items_are_cut_between_two_characters() {
        assert_eq!(shortened(b"short"), b"short");
        let long = shortened("é".repeat(150).as_bytes());
        assert_eq!(String::from_utf8(long).expect("whole characters"), "é".repeat(100) + "…");
        let odd = shortened(format!("x{}", "é".repeat(150)).as_bytes());
        assert_eq!(String::from_utf8(odd).expect("whole characters"), format!("x{}…", "é".repeat(99)));
        assert_eq!(shortened(&[0x80; 300]).len(), SHOWN + "…".len());
    }
}
