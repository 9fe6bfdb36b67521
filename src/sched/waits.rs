//! Who waits for whom, at one moment: which requests can never be granted, and a ring that is the reason.
//!
//! A request waits for those who hold what it wants, and for older requests for the same. What holds something
//! waits for the requests that are made from inside of it. A semaphore is waited for in vain only if what the
//! stuck ones leave of it is too little, so all is reduced as far as it goes: what nothing keeps from ending
//! gives back what it holds, what has room and its turn is granted and ends. The rest is stuck. Supposes that
//! everything ends that need not wait; knows nothing of states, time or how the waits came about.

use std::collections::{BTreeMap, VecDeque};

use super::refused::{Link, Obstacle};
use crate::base::ids::{DenseMap, ResourceId};
use crate::notice::{Owner, Share};
use crate::plan::{Resource, ResourceKind};

/// Somebody who holds something.
#[derive(Debug)]
pub struct Holding {
    pub owner: Owner,
    pub shares: Vec<Share>,
    /// Whether a job slot is kept as long.
    pub slot: bool,
}

/// Somebody who waits.
#[derive(Debug)]
pub struct Waiting {
    pub owner: Owner,
    pub shares: Vec<Share>,
    pub needs_slot: bool,
    /// Places of the holdings that wait for it.
    pub inside: Vec<usize>,
}

/// All of them; those who wait are in the order of their requests.
#[derive(Debug)]
pub struct Waits<'a> {
    resources: &'a DenseMap<ResourceId, Resource>,
    holdings: Vec<Holding>,
    waiting: Vec<Waiting>,
    /// Who wants and who holds each resource.
    wanted: BTreeMap<ResourceId, Vec<usize>>,
    held: BTreeMap<ResourceId, Vec<(usize, Share)>>,
}

/// What is left when all that can go on has gone on.
#[derive(Debug)]
pub struct Rest {
    /// Who waits for ever.
    stuck: Vec<bool>,
    /// Who holds something for ever.
    kept: Vec<bool>,
}

impl Rest {
    /// The places of those who wait for ever, the oldest first.
    pub fn stuck(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.stuck.iter().enumerate().filter(|(_, stuck)| **stuck).map(|(place, _)| place)
    }
}

impl<'a> Waits<'a> {
    /// All at one moment.
    pub fn new(resources: &'a DenseMap<ResourceId, Resource>, holdings: Vec<Holding>, waiting: Vec<Waiting>) -> Self {
        let mut wanted: BTreeMap<ResourceId, Vec<usize>> = BTreeMap::new();
        for (place, one) in waiting.iter().enumerate() {
            one.shares.iter().for_each(|share| wanted.entry(share.resource).or_default().push(place));
        }
        let mut held: BTreeMap<ResourceId, Vec<(usize, Share)>> = BTreeMap::new();
        for (place, one) in holdings.iter().enumerate() {
            one.shares.iter().for_each(|share| held.entry(share.resource).or_default().push((place, *share)));
        }
        Self { resources, holdings, waiting, wanted, held }
    }

    /// Lets go on all that can. With `slots`, none of them is free but those that come back; else there is no end of them.
    pub fn reduce(&self, slots: bool) -> Rest {
        let mut rest = Rest { stuck: vec![true; self.waiting.len()], kept: vec![true; self.holdings.len()] };
        let mut keeps = vec![0_usize; self.holdings.len()];
        self.waiting.iter().flat_map(|one| &one.inside).for_each(|place| keeps[*place] += 1);
        let mut slot_free = !slots;
        loop {
            let mut changed = false;
            for (place, one) in self.holdings.iter().enumerate().filter(|(place, _)| keeps[*place] == 0) {
                changed |= std::mem::take(&mut rest.kept[place]);
                slot_free |= one.slot;
            }
            for (place, one) in self.waiting.iter().enumerate() {
                if rest.stuck[place] && (slot_free || !one.needs_slot) && self.may_go(place, &rest) {
                    rest.stuck[place] = false;
                    one.inside.iter().for_each(|holding| keeps[*holding] -= 1);
                    changed = true;
                }
            }
            if !changed {
                return rest;
            }
        }
    }

    fn may_go(&self, place: usize, rest: &Rest) -> bool {
        self.waiting[place].shares.iter().all(|share| {
            let first = self.wanted.get(&share.resource).into_iter().flatten().find(|other| rest.stuck[**other]);
            first == Some(&place) && self.fits(share, rest)
        })
    }

    fn fits(&self, share: &Share, rest: &Rest) -> bool {
        let mut held = self.held.get(&share.resource).into_iter().flatten().filter(|(place, _)| rest.kept[*place]);
        match self.resources[share.resource].kind {
            ResourceKind::Lock => held.all(|(_, held)| held.shared && share.shared),
            ResourceKind::Semaphore { permits } => held.map(|(_, held)| held.permits).sum::<u32>() + share.permits <= permits,
        }
    }

    /// A shortest ring through one who waits for ever: the places of those who wait in it, and each one's wait.
    pub fn ring(&self, from: usize, rest: &Rest) -> Vec<(usize, Link)> {
        let mut came: BTreeMap<usize, (usize, Link)> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(place) = queue.pop_front() {
            for (next, link) in self.next(place, rest) {
                if let std::collections::btree_map::Entry::Vacant(entry) = came.entry(next) {
                    entry.insert((place, link));
                    queue.push_back(next);
                }
            }
            if came.contains_key(&from) {
                break;
            }
        }
        let mut ring = Vec::new();
        let mut at = from;
        while let Some((before, link)) = came.get(&at) {
            ring.push((*before, *link));
            at = *before;
            if at == from {
                break;
            }
        }
        ring.reverse();
        ring
    }

    /// Those who wait for ever, for whom one of them waits: holders first.
    fn next(&self, place: usize, rest: &Rest) -> Vec<(usize, Link)> {
        let who = self.waiting[place].owner;
        let mut next = Vec::new();
        for obstacle in [true, false] {
            for share in &self.waiting[place].shares {
                let link = |owner| Link { who, obstacle: Obstacle { resource: share.resource, owner, holds: obstacle } };
                if obstacle {
                    for (holding, held) in self.held.get(&share.resource).into_iter().flatten() {
                        if rest.kept[*holding] && !(held.shared && share.shared) {
                            let inside = rest.stuck().filter(|other| self.waiting[*other].inside.contains(holding));
                            next.extend(inside.map(|other| (other, link(self.holdings[*holding].owner))));
                        }
                    }
                } else {
                    let older =
                        self.wanted.get(&share.resource).into_iter().flatten().filter(|other| **other < place && rest.stuck[**other]);
                    next.extend(older.map(|other| (*other, link(self.waiting[*other].owner))));
                }
            }
        }
        next
    }

    /// What keeps one who waits from going on now.
    pub fn obstacles(&self, place: usize) -> Vec<Obstacle> {
        let mut all = Vec::new();
        for share in &self.waiting[place].shares {
            let obstacle = |owner, holds| Obstacle { resource: share.resource, owner, holds };
            let holders = self.held.get(&share.resource).into_iter().flatten().filter(|(_, held)| !(held.shared && share.shared));
            all.extend(holders.map(|(holding, _)| obstacle(self.holdings[*holding].owner, true)));
            let older = self.wanted.get(&share.resource).into_iter().flatten().filter(|other| **other < place);
            all.extend(older.map(|other| obstacle(self.waiting[*other].owner, false)));
        }
        all
    }

    /// Who waits at a place.
    pub fn owner(&self, place: usize) -> Owner {
        self.waiting[place].owner
    }

    /// The place of a section that waits.
    pub fn place(&self, owner: Owner) -> Option<usize> {
        self.waiting.iter().position(|one| one.owner == owner)
    }
}
