//! Requests that wait for an item: who, of which queue, until when.
//!
//! Answers nobody and knows nothing of items.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::base::ids::{QueueId, TakerId};
use crate::run::server::ClientId;
use crate::run::waits::Pending;

/// A request that waits for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Get {
    /// Which.
    pub pending: Pending,
    /// Of which queue.
    pub queue: QueueId,
    /// Whether a process has the item in work; else it is done when it is handed over.
    pub kept: bool,
    /// Not longer than until then.
    pub until: Option<Instant>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Gets(BTreeMap<TakerId, Get>);

impl Gets {
    /// One more waits.
    pub fn add(&mut self, taker: TakerId, get: Get) {
        self.0.insert(taker, get);
    }

    /// Takes one out.
    pub fn remove(&mut self, taker: TakerId) -> Option<Get> {
        self.0.remove(&taker)
    }

    /// Those of a client.
    pub fn of_client(&self, client: ClientId) -> Vec<TakerId> {
        self.which(|get| get.pending.client == client)
    }

    /// Those that have waited long enough.
    pub fn late(&self, now: Instant) -> Vec<TakerId> {
        self.which(|get| get.until.is_some_and(|until| until <= now))
    }

    /// All of them.
    pub fn all(&self) -> Vec<TakerId> {
        self.which(|_| true)
    }

    /// When the next one has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|get| get.until).min()
    }

    fn which(&self, holds: impl Fn(&Get) -> bool) -> Vec<TakerId> {
        self.0.iter().filter(|(_, get)| holds(get)).map(|(taker, _)| *taker).collect()
    }
}
