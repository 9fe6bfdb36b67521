//! Random plans of processes that are tied by queues, such as `check` lets pass: no bounds in rings, nobody waits
//! for the end of what waits for it, no daemon holds open what finite processes wait for.

mod control;
mod joins;

use flowrun::base::ids::{DenseMap, ResourceId};
use flowrun::base::span::Span;
use flowrun::plan::{Plan, Resource, ResourceKind};
use flowrun::source::model::OnFailure;

use crate::parts::{Draft, Queued, Takes, lay_out};
use crate::shared::rng::Rng;

/// A random plan.
pub fn plan(seed: u64) -> Plan {
    let mut rng = Rng::of(seed, &[1]);
    let count = rng.pick(&[1, 1, 1, 2, 2, 3, 4]);
    let mut maker = Maker {
        daemons: rng.pick(&[0, 0, 30, 60]),
        rings: rng.pick(&[0, 0, 30, 70]),
        locks: rng.pick(&[0, 30, 70]),
        bounds: rng.pick(&[0, 0, 15, 40]),
        retries: rng.pick(&[0, 30, 60]),
        joins: rng.pick(&[0, 30, 70]),
        queues: Vec::new(),
        drafts: Vec::new(),
        rng,
    };
    for _ in 0..count {
        let daemonic = maker.rng.chance(maker.daemons);
        maker.queues.push(Queued {
            maxsize: maker.rng.pick(&[None, None, Some(1), Some(2), Some(5)]),
            max_deliveries: 1 + maker.rng.below(3) as u32,
            declared: true,
            daemonic,
        });
    }
    maker.consumers();
    maker.rings();
    maker.producers();
    let undeclared = maker.leave_one_undeclared();
    maker.bystanders(undeclared);
    maker.free_of_deadlock();
    // Who may take without saying so is not to be waited for by those who put.
    if undeclared.is_none() {
        maker.join();
    }
    maker.finish(undeclared)
}

struct Maker {
    rng: Rng,
    daemons: u64,
    rings: u64,
    locks: u64,
    bounds: u64,
    retries: u64,
    joins: u64,
    queues: Vec<Queued>,
    drafts: Vec<Draft>,
}

impl Maker {
    fn consumers(&mut self) {
        for queue in 0..self.queues.len() {
            let daemonic = self.queues[queue].daemonic;
            for _ in 0..self.rng.pick(&[1, 1, 1, 2, 2]) {
                let takes = match self.rng.below(3) {
                    0 if !daemonic => Takes::Items(queue),
                    1 => Takes::Stream(queue),
                    _ => Takes::Client(queue),
                };
                let mut draft = Draft { takes, ..Draft::default() };
                let later: Vec<usize> = (queue + 1..self.queues.len()).filter(|other| !daemonic || self.queues[*other].daemonic).collect();
                if !later.is_empty() && self.rng.chance(40) {
                    draft.puts.push(self.rng.pick(&later));
                }
                let spare = draft.puts.is_empty() && !matches!(takes, Takes::Items(_)) && self.rng.chance(12);
                draft.daemon = daemonic || spare;
                if matches!(takes, Takes::Items(_)) {
                    draft.workers = self.rng.pick(&[1, 1, 2, 3]);
                }
                self.drafts.push(draft);
            }
        }
    }

    /// Crawlers: a queue that feeds itself, or two that feed each other.
    fn rings(&mut self) {
        for queue in 0..self.queues.len() {
            let next = queue + 1;
            if self.rng.chance(self.rings / 2) {
                self.feed(queue, queue);
            }
            let fits = next < self.queues.len() && self.queues[queue].daemonic == self.queues[next].daemonic;
            if fits && self.rng.chance(self.rings) {
                self.feed(queue, next);
                self.feed(next, queue);
            }
        }
    }

    /// Lets a consumer of one queue put into another.
    fn feed(&mut self, from: usize, to: usize) {
        let fits = |draft: &&mut Draft| draft.takes.queue() == Some(from) && !matches!(draft.takes, Takes::Stream(_));
        let daemonic = self.queues[from].daemonic;
        if let Some(draft) = self.drafts.iter_mut().find(fits) {
            // A daemon keeps open what it puts into.
            if draft.daemon && !daemonic {
                draft.daemon = false;
            }
            if !draft.puts.contains(&to) {
                draft.puts.push(to);
            }
            return;
        }
        let takes = if daemonic || self.rng.chance(40) { Takes::Client(from) } else { Takes::Items(from) };
        let workers = if takes == Takes::Items(from) { self.rng.pick(&[1, 2, 3]) } else { 1 };
        self.drafts.push(Draft { takes, puts: vec![to], daemon: daemonic, workers, ..Draft::default() });
    }

    fn producers(&mut self) {
        for queue in 0..self.queues.len() {
            let fed_from_before = self.drafts.iter().any(|draft| draft.puts.contains(&queue) && !self.is_ring(draft, queue));
            let fed_in_pair =
                queue > 0 && self.drafts.iter().any(|draft| draft.puts.contains(&queue) && draft.takes.queue() == Some(queue - 1));
            let needed = !fed_from_before && !fed_in_pair;
            let most = if needed { 1 } else { 0 };
            for _ in 0..most + self.rng.pick(&[0, 0, 1]) {
                let daemon = self.queues[queue].daemonic && self.rng.chance(40);
                let mut puts = vec![queue];
                let other = self.rng.below(self.queues.len());
                if other != queue && (!daemon || self.queues[other].daemonic) && self.rng.chance(20) {
                    puts.push(other);
                }
                self.drafts.push(Draft { puts, daemon, ..Draft::default() });
            }
        }
    }

    fn is_ring(&self, draft: &Draft, queue: usize) -> bool {
        draft.takes.queue().is_some_and(|taken| self.reaches(queue, taken))
    }

    /// Whether what is put into one queue may come to another.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut known = vec![from];
        let mut at = 0;
        while at < known.len() {
            let taken = known[at];
            for draft in self.drafts.iter().filter(|draft| draft.takes.queue() == Some(taken)) {
                let new: Vec<usize> = draft.puts.iter().copied().filter(|queue| !known.contains(queue)).collect();
                known.extend(new);
            }
            at += 1;
        }
        known.contains(&to)
    }

    /// A queue of which nobody says that he takes from it: everybody may.
    fn leave_one_undeclared(&mut self) -> Option<usize> {
        let wanted = self.rng.chance(12) && self.drafts.iter().all(|draft| !draft.daemon);
        let queue = self.rng.below(self.queues.len());
        let only_clients = self.drafts.iter().all(|draft| draft.takes.queue() != Some(queue) || draft.takes == Takes::Client(queue));
        let fed = self.drafts.iter().any(|draft| draft.puts.contains(&queue) && self.is_ring(draft, queue));
        if !wanted || !only_clients || fed {
            return None;
        }
        self.queues[queue].declared = false;
        self.queues[queue].maxsize = None;
        Some(queue)
    }

    /// Processes that have nothing to do with queues, but come before or after, or are in the way.
    fn bystanders(&mut self, undeclared: Option<usize>) {
        for _ in 0..self.rng.pick(&[0, 0, 1, 2]) {
            let daemon = undeclared.is_none() && self.rng.chance(self.daemons / 2);
            self.drafts.push(Draft { daemon, ..Draft::default() });
        }
    }

    /// In a ring nothing is bounded and nobody streams; whoever puts into what is bounded holds no lock.
    fn free_of_deadlock(&mut self) {
        for number in 0..self.drafts.len() {
            let draft = self.drafts[number].clone();
            for queue in &draft.puts {
                if !self.is_ring(&draft, *queue) {
                    continue;
                }
                if let Takes::Stream(taken) = draft.takes {
                    self.drafts[number].takes = Takes::Client(taken);
                }
                for other in 0..self.queues.len() {
                    if self.reaches(*queue, other) && self.reaches(other, *queue) {
                        self.queues[other].maxsize = None;
                    }
                }
            }
        }
        for number in 0..self.drafts.len() {
            let draft = &self.drafts[number];
            let bounded = draft.puts.iter().any(|queue| self.queues[*queue].maxsize.is_some());
            let brief = matches!(draft.takes, Takes::Items(_)) || draft.takes == Takes::Nothing && draft.puts.is_empty();
            let may_lock = brief && !bounded && !draft.daemon;
            let control = self.control(number, may_lock);
            let streams = self.rng.chance(50) && !self.drafts[number].puts.is_empty();
            self.drafts[number].streams = streams;
            self.drafts[number].control = control;
        }
    }

    fn finish(mut self, undeclared: Option<usize>) -> Plan {
        for at in (1..self.drafts.len()).rev() {
            let other = self.rng.below(at + 1);
            self.swap(at, other);
        }
        let resource = |name: &str| Resource { name: name.to_owned(), kind: ResourceKind::Lock, host: None, place: Span::default() };
        let resources: DenseMap<ResourceId, Resource> = ["outer", "inner"].into_iter().map(resource).collect();
        let jobs = (undeclared.is_none() && self.rng.chance(60)).then(|| 1 + self.rng.below(3) as u32);
        let timeout = self.rng.chance(8).then(|| self.rng.tens(5, 60));
        let on_failure = self.rng.pick(&[OnFailure::Finish, OnFailure::Continue, OnFailure::Continue, OnFailure::Kill]);
        let (processes, queues) = lay_out(&self.drafts, &self.queues);
        Plan { name: "world".to_owned(), description: None, processes, resources, queues, jobs, timeout, on_failure }
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.drafts.swap(one, other);
        for (joined, _) in self.drafts.iter_mut().flat_map(|draft| &mut draft.joins) {
            if *joined == one {
                *joined = other;
            } else if *joined == other {
                *joined = one;
            }
        }
    }
}
