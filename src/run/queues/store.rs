//! The items that a queue has taken, by their numbers, until they are forgotten.
//!
//! Numbers follow each other and most items go in the order in which they came: a ring with a base finds each at
//! once. Items that outlive many younger ones (a slow consumer has them in work) move to a map, so that they
//! do not keep the places of all that came after them.

use std::collections::{BTreeMap, VecDeque};

use super::payload::Payload;
use crate::base::ids::ItemId;

/// So many empty places may stand behind the oldest item.
const HOLES: usize = 1024;

/// The items of one queue.
#[derive(Debug, Default)]
pub struct Store {
    /// The number of the first place.
    base: u64,
    places: VecDeque<Option<Payload>>,
    holes: usize,
    /// Items older than the first place.
    old: BTreeMap<u64, Payload>,
}

impl Store {
    /// Puts an item at the end; items come in the order of their numbers.
    pub fn put(&mut self, item: ItemId, payload: Payload) {
        if self.places.is_empty() {
            self.base = item.0;
        }
        self.places.push_back(Some(payload));
    }

    /// An item that is not forgotten.
    pub fn get(&self, item: ItemId) -> Option<&Payload> {
        match item.0.checked_sub(self.base).map(usize::try_from) {
            Some(place) => self.places.get(place.ok()?)?.as_ref(),
            None => self.old.get(&item.0),
        }
    }

    /// Forgets an item.
    pub fn forget(&mut self, item: ItemId) -> Option<Payload> {
        let Some(place) = item.0.checked_sub(self.base) else { return self.old.remove(&item.0) };
        let payload = self.places.get_mut(usize::try_from(place).ok()?)?.take()?;
        self.holes += 1;
        self.tidy();
        Some(payload)
    }

    fn tidy(&mut self) {
        while self.places.front().is_some_and(|first| first.is_none() || self.holes > HOLES) {
            match self.places.pop_front().flatten() {
                Some(old) => drop(self.old.insert(self.base, old)),
                None => self.holes -= 1,
            }
            self.base += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(number: u64) -> Payload {
        Payload::of(number.to_string().as_bytes())
    }

    #[test]
    fn each_is_found_until_it_is_forgotten_in_whatever_order() {
        let mut store = Store::default();
        let count = 5000;
        (0..count).for_each(|number| store.put(ItemId(number), payload(number)));
        // 7919 is prime: it comes by all of them, in no order.
        for step in 0..count {
            let item = ItemId(step * 7919 % count);
            assert_eq!(store.get(item), Some(&payload(item.0)));
            assert_eq!(store.forget(item), Some(payload(item.0)));
            assert_eq!(store.get(item), None);
            assert_eq!(store.forget(item), None);
        }
        assert!(store.places.is_empty() && store.old.is_empty());
        store.put(ItemId(count), payload(count));
        assert_eq!(store.get(ItemId(count)), Some(&payload(count)));
    }

    #[test]
    fn one_that_stays_keeps_no_places_for_those_that_went() {
        let mut store = Store::default();
        store.put(ItemId(0), payload(0));
        for number in 1..100_000 {
            store.put(ItemId(number), payload(number));
            store.forget(ItemId(number));
        }
        assert!(store.places.len() <= HOLES + 1, "{} places", store.places.len());
        assert_eq!(store.get(ItemId(0)), Some(&payload(0)));
    }
}
