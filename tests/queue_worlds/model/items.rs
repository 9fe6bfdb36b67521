//! The items of one queue: where each is, how often it was delivered.

use std::collections::VecDeque;

use flowrun::base::ids::{ItemId, JobId, TakerId};
use flowrun::sched::Delivery;

use super::ensure;

/// Who has an item in work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An attempt, until it says that it is done or ends; and by which taker it came, if not to a worker.
    Job(JobId, Option<TakerId>),
    /// A taker that has not said yet that it was handed on.
    Taker(TakerId),
}

/// Where an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    Work(Holder),
    Done,
    Aside,
}

#[derive(Clone, Debug)]
struct Item {
    place: Place,
    deliveries: u32,
    /// Its number of deliveries is not known for sure until it is told: the last one ended before anything was started,
    /// or was cut off, so that it may not count, or have been of another item.
    unsure: bool,
    forgotten: bool,
}

/// The items of one queue.
#[derive(Clone, Debug, Default)]
pub struct Items {
    all: Vec<Item>,
    /// Waiting for their first delivery, in order; and those that came back.
    fresh: VecDeque<ItemId>,
    again: Vec<ItemId>,
    /// What came back in earlier steps goes before all that is fresh.
    again_before: Vec<ItemId>,
    /// What of the fresh ones was delivered in this step.
    taken: Vec<ItemId>,
}

impl Items {
    pub fn new_step(&mut self) {
        self.taken.clear();
        self.again_before.clone_from(&self.again);
    }

    pub fn count(&self) -> u64 {
        self.all.len() as u64
    }

    /// What came back last and waits.
    pub fn last_again(&self) -> Option<ItemId> {
        self.again.last().copied()
    }

    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    pub fn waiting(&self) -> usize {
        self.fresh.len() + self.again.len()
    }

    pub fn is_drained(&self) -> bool {
        self.waiting() == 0 && self.in_work().is_empty()
    }

    pub fn in_work(&self) -> Vec<(ItemId, Holder)> {
        self.held(|_| true)
    }

    /// What is in work at some, in the order of the queue.
    pub fn held(&self, takes: impl Fn(Holder) -> bool) -> Vec<(ItemId, Holder)> {
        let ids = (0..).map(ItemId);
        ids.zip(&self.all)
            .filter_map(|(id, item)| if let Place::Work(holder) = item.place { Some((id, holder)) } else { None })
            .filter(|(_, holder)| takes(*holder))
            .collect()
    }

    fn get(&mut self, item: ItemId) -> Result<&mut Item, String> {
        self.all.get_mut(item.0 as usize).ok_or_else(|| format!("{item:?} does not exist"))
    }

    pub fn accept(&mut self, count: u32) {
        for _ in 0..count {
            self.fresh.push_back(ItemId(self.count()));
            self.all.push(Item { place: Place::Waiting, deliveries: 0, unsure: false, forgotten: false });
        }
    }

    /// An item is delivered, as was told.
    pub fn deliver(&mut self, delivery: Delivery, most: u32, holder: Holder) -> Result<(), String> {
        let Delivery { item, delivery, .. } = delivery;
        self.take_out(item)?;
        let known = self.get(item)?;
        let right = delivery == known.deliveries + 1 || known.unsure;
        ensure!(right && delivery <= most, "{item:?} is delivered for the {delivery}th time of {most}, after {}", known.deliveries);
        *known = Item { place: Place::Work(holder), deliveries: delivery, unsure: false, forgotten: false };
        Ok(())
    }

    fn take_out(&mut self, item: ItemId) -> Result<(), String> {
        let known = self.get(item)?;
        ensure!(known.place == Place::Waiting, "{item:?} is delivered though it is {known:?}");
        if let Some(place) = self.again.iter().position(|other| *other == item) {
            self.again.remove(place);
        } else {
            self.fresh.retain(|other| *other != item);
            self.taken.push(item);
        }
        Ok(())
    }

    /// A worker begins an attempt for the item whose turn it is.
    pub fn pledge(&mut self, holder: Holder, most: u32, unsure: bool) -> Result<ItemId, String> {
        let skipped = self.taken.iter().max().and_then(|last| self.fresh.iter().copied().find(|item| item < last));
        let Some(item) = skipped.or(self.again.last().copied()).or(self.fresh.front().copied()) else {
            return Err(format!("{holder:?} begins though there is no item"));
        };
        self.take_out(item)?;
        let known = self.get(item)?;
        known.deliveries = if known.unsure { most.min(known.deliveries + 1) } else { known.deliveries + 1 };
        ensure!(known.deliveries <= most, "{item:?} is delivered for the {}th time of {most}", known.deliveries);
        known.place = Place::Work(holder);
        known.unsure |= unsure;
        Ok(item)
    }

    /// It shows that an attempt is for another item than was thought: which of two that came back, or went to two
    /// workers at once, is not seen before. Who was thought to have the other one has this one.
    pub fn swap(&mut self, thought: ItemId, told: ItemId) -> Result<Option<Holder>, String> {
        let other = self.get(told)?.clone();
        let mine = self.get(thought)?.clone();
        let fits = matches!(other.place, Place::Waiting | Place::Work(Holder::Job(_, None)));
        ensure!(fits, "an attempt is for {told:?}, which is {other:?}, not for {thought:?}");
        let waits = other.place == Place::Waiting;
        if waits {
            let place = self.again.iter().position(|item| *item == told);
            let Some(place) = place else { return Err(format!("{told:?} goes before {thought:?}")) };
            self.again[place] = thought;
        }
        let counted = u32::from(waits);
        // What was set aside had all its deliveries: it was mistaken for the other all along.
        let counts = match mine.place {
            Place::Aside => (mine.deliveries, other.deliveries),
            Place::Waiting | Place::Work(_) | Place::Done => (other.deliveries + counted, mine.deliveries.saturating_sub(counted)),
        };
        *self.get(told)? = Item { place: mine.place, deliveries: counts.0, unsure: true, ..other };
        *self.get(thought)? = Item { place: other.place, deliveries: counts.1, unsure: true, ..mine };
        Ok(if let Place::Work(holder) = other.place { Some(holder) } else { None })
    }

    /// What was told of the number of a delivery that had been thought of already.
    pub fn told(&mut self, item: ItemId, delivery: u32, most: u32) -> Result<(), String> {
        let known = self.get(item)?;
        let right = delivery == known.deliveries || known.unsure;
        ensure!(
            right && (1..=most).contains(&delivery),
            "{item:?} is delivered for the {delivery}th time of {most}, not the {}th",
            known.deliveries
        );
        (known.deliveries, known.unsure) = (delivery, false);
        Ok(())
    }

    /// An item comes back: it was not done, or (`never`) was never handed on; or nobody knows which.
    pub fn give_back(&mut self, item: ItemId, never: bool, unsure: bool) {
        self.again.push(item);
        if let Ok(known) = self.get(item) {
            known.place = Place::Waiting;
            known.unsure |= unsure;
            known.deliveries -= u32::from(never);
        }
    }

    pub fn deliveries(&self, item: ItemId) -> u32 {
        self.all.get(item.0 as usize).map_or(0, |item| item.deliveries)
    }

    pub fn is_unsure(&self, item: ItemId) -> bool {
        self.all.get(item.0 as usize).is_some_and(|item| item.unsure)
    }

    /// Another attempt has an item in work.
    pub fn hold(&mut self, item: ItemId, holder: Holder) {
        if let Ok(known) = self.get(item) {
            known.place = Place::Work(holder);
        }
    }

    /// Nothing was started for it: it may be another than was thought.
    pub fn doubt(&mut self, item: ItemId) {
        if let Ok(known) = self.get(item) {
            known.unsure = true;
        }
    }

    pub fn done(&mut self, item: ItemId) {
        if let Ok(known) = self.get(item) {
            known.place = Place::Done;
        }
    }

    pub fn set_aside(&mut self, item: ItemId) {
        self.again.retain(|other| *other != item);
        if let Ok(known) = self.get(item) {
            known.place = Place::Aside;
        }
    }

    /// An item is forgotten that nobody was told to be done: only what was handed over, and once.
    pub fn forget(&mut self, item: ItemId, abandoned: bool) -> Result<(), String> {
        let known = self.get(item)?;
        let fits = matches!(known.place, Place::Done | Place::Aside) || abandoned && known.place == Place::Waiting;
        ensure!(fits && !known.forgotten, "{item:?} is forgotten, which is {known:?}");
        known.forgotten = true;
        Ok(())
    }

    /// First in, first out; what came back goes first.
    pub fn in_order(&self) -> Result<(), String> {
        let Some(last) = self.taken.iter().max() else { return Ok(()) };
        let overtaken = self.fresh.front().filter(|item| *item < last);
        ensure!(overtaken.is_none(), "{overtaken:?} is overtaken by {last:?}");
        let left: Vec<&ItemId> = self.again_before.iter().filter(|item| self.again.contains(item)).collect();
        ensure!(left.is_empty(), "{last:?} is delivered before {left:?}, which came back");
        Ok(())
    }
}
