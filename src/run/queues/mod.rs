//! What goes through queues: the bytes of items, the streams and requests that bring and take them.
//!
//! The core decides which item goes to whom and knows items by their numbers only; in here is what stands behind
//! the numbers. Keys of streams are never used twice, so that a late event can not be taken for another's.

mod gets;
mod offers;
mod payload;
mod performing;
mod sinks;
mod sources;
mod store;
mod streams;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

pub use gets::{Get, Gets};
pub use offers::{Offer, Offers, Origin};
pub use payload::{MAX_ITEM, Payload};
use sinks::Sinks;
use sources::Sources;
use store::Store;
pub(super) use streams::Streams;

use super::keys;
use super::lingering::Over;
use super::server::ClientId;
use crate::base::ids::{DenseMap, ItemId, JobId, ProcessId, QueueId, TakerId};
use crate::exec::environment::Item;
use crate::plan::Plan;
use crate::sched::Delivery;

/// All that goes through queues.
pub(super) struct Queues {
    stores: DenseMap<QueueId, Store>,
    /// What is on offer.
    pub offers: Offers,
    /// Requests that wait for an item.
    pub gets: Gets,
    sources: Sources,
    sinks: Sinks,
    /// Queues that take nothing any more.
    cut: BTreeSet<QueueId>,
    /// The items that processes run for, by attempts.
    current: BTreeMap<ProcessId, (u32, Delivery)>,
    /// Steps that are over but for what is in their streams.
    overs: Vec<Over>,
    handed: Vec<(QueueId, ItemId)>,
    next_key: usize,
    takers: TakerNumbers,
}

/// Numbers for takers, never the same twice.
#[derive(Debug, Default)]
struct TakerNumbers(u64);

impl TakerNumbers {
    fn next(&mut self) -> TakerId {
        self.0 += 1;
        TakerId(self.0)
    }
}

impl Queues {
    /// Those of a plan, with nothing in them.
    pub fn new(plan: &Plan) -> Self {
        Self {
            stores: plan.queues.iter().map(|_| Store::default()).collect(),
            offers: Offers::default(),
            gets: Gets::default(),
            sources: Sources::default(),
            sinks: Sinks::default(),
            cut: BTreeSet::new(),
            current: BTreeMap::new(),
            overs: Vec::new(),
            handed: Vec::new(),
            next_key: *keys::QUEUES.start(),
            takers: TakerNumbers::default(),
        }
    }

    /// The kernel says that something can be read or written; whether it is one of these streams.
    pub fn mark_ready(&mut self, key: usize) -> bool {
        let own = keys::QUEUES.contains(&key);
        if own {
            self.sources.mark_ready(key);
            self.sinks.mark_ready(key);
        }
        own
    }

    /// Whether something can be read or written at once.
    pub fn has_ready(&self) -> bool {
        self.sources.has_ready() || self.sinks.has_ready()
    }

    /// When a request has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        self.offers.deadline().into_iter().chain(self.gets.deadline()).min()
    }

    /// How many requests of a client wait.
    pub fn requests_of(&self, client: ClientId) -> usize {
        self.offers.of_client(client).len() + self.gets.of_client(client).len()
    }

    /// Never the same twice.
    pub fn new_taker(&mut self) -> TakerId {
        self.takers.next()
    }

    /// An item that is not forgotten.
    pub fn payload(&self, delivery: &Delivery) -> Option<&Payload> {
        self.stores.get(delivery.queue)?.get(delivery.item)
    }

    /// An attempt runs for an item, or for none.
    pub fn set_item(&mut self, job: JobId, item: Option<Delivery>) {
        match item {
            Some(item) => drop(self.current.insert(job.process, (job.attempt, item))),
            None => drop(self.current.remove(&job.process)),
        }
    }

    /// The item that an attempt runs for.
    pub fn item(&self, job: JobId) -> Option<Item<'_>> {
        let (attempt, delivery) = self.current.get(&job.process)?;
        let payload = self.payload(delivery).filter(|_| *attempt == job.attempt)?;
        Some(Item { bytes: payload.bytes(), delivery: delivery.delivery })
    }

    fn new_key(&mut self) -> usize {
        self.next_key += 1;
        self.next_key - 1
    }

    /// Items that were handed over are not needed any more.
    fn forget_handed(&mut self) {
        for (queue, item) in std::mem::take(&mut self.handed) {
            self.forget(queue, item);
        }
    }

    /// An item is not needed any more.
    pub fn forget(&mut self, queue: QueueId, item: ItemId) -> Option<Payload> {
        (queue.0 < u32::try_from(self.stores.len()).unwrap_or(u32::MAX)).then(|| self.stores[queue].forget(item)).flatten()
    }

    fn payloads(&self, items: &[Delivery]) -> VecDeque<(ItemId, Payload)> {
        items.iter().filter_map(|delivery| Some((delivery.item, self.payload(delivery)?.clone()))).collect()
    }
}
