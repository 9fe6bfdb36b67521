//! Items on offer: lines of a stream or of a client's request that their queue has not taken yet.
//!
//! Knows whose they are and how many were taken; nothing of why a queue has no room.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::payload::Payload;
use crate::base::ids::{OfferId, ProcessId, QueueId};
use crate::run::server::ClientId;
use crate::run::waits::Pending;

/// Who offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A stream of a process.
    Stream {
        /// Its key.
        key: usize,
        /// Who writes into it.
        by: ProcessId,
    },
    /// A request.
    Request {
        /// Which.
        pending: Pending,
        /// It waits no longer than until then.
        until: Option<Instant>,
    },
}

/// Items that somebody offers.
#[derive(Debug)]
pub struct Offer {
    /// Who.
    pub origin: Origin,
    /// To which queue.
    pub queue: QueueId,
    /// Those that are not taken yet, in order.
    pub left: VecDeque<Payload>,
    /// How many were taken.
    pub taken: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Offers {
    open: BTreeMap<OfferId, Offer>,
    next: u64,
}

impl Offers {
    /// Somebody offers items.
    pub fn add(&mut self, origin: Origin, queue: QueueId, items: VecDeque<Payload>) -> OfferId {
        let id = OfferId(self.next);
        self.next += 1;
        self.open.insert(id, Offer { origin, queue, left: items, taken: 0 });
        id
    }

    /// One that is open.
    pub fn get_mut(&mut self, offer: OfferId) -> Option<&mut Offer> {
        self.open.get_mut(&offer)
    }

    /// Takes one out, with what is left of it.
    pub fn remove(&mut self, offer: OfferId) -> Option<Offer> {
        self.open.remove(&offer)
    }

    /// Those of a client.
    pub fn of_client(&self, client: ClientId) -> Vec<OfferId> {
        self.which(|origin| matches!(origin, Origin::Request { pending, .. } if pending.client == client))
    }

    /// Those that have waited long enough.
    pub fn late(&self, now: Instant) -> Vec<OfferId> {
        self.which(|origin| matches!(origin, Origin::Request { until: Some(until), .. } if *until <= now))
    }

    /// Those of all clients.
    pub fn of_clients(&self) -> Vec<OfferId> {
        self.which(|origin| matches!(origin, Origin::Request { .. }))
    }

    /// When the next one has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        let until = |offer: &Offer| if let Origin::Request { until, .. } = offer.origin { until } else { None };
        self.open.values().filter_map(until).min()
    }

    fn which(&self, holds: impl Fn(&Origin) -> bool) -> Vec<OfferId> {
        self.open.iter().filter(|(_, offer)| holds(&offer.origin)).map(|(id, _)| *id).collect()
    }
}
