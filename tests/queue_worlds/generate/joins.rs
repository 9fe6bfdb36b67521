//! Who waits for whom in random plans.

use flowrun::source::model::Condition;

use super::Maker;
use crate::parts::{Draft, Takes};

impl Maker {
    /// Who has to do with queues waits only for bystanders, or for all producers of what is unbounded; bystanders
    /// that nobody waits for may wait for anybody.
    pub fn join(&mut self) {
        let idle = |draft: &Draft| draft.takes == Takes::Nothing && draft.puts.is_empty() && !draft.daemon;
        let bystanders: Vec<usize> = (0..self.drafts.len()).filter(|number| idle(&self.drafts[*number])).collect();
        let (before, after) = bystanders.split_at(bystanders.len() / 2 + usize::from(bystanders.len() == 1 && self.rng.chance(50)));
        for number in 0..self.drafts.len() {
            if before.contains(&number) || !self.rng.chance(self.joins) {
                continue;
            }
            if after.contains(&number) {
                let other = self.rng.below(self.drafts.len());
                if !after.contains(&other) && !self.drafts[other].daemon {
                    let until = self.rng.pick(&[Condition::Success, Condition::Exit, Condition::Start]);
                    self.drafts[number].joins.push((other, until));
                }
            } else if !before.is_empty() && self.rng.chance(60) {
                let other = self.rng.pick(before);
                self.drafts[number].joins.push((other, self.rng.pick(&[Condition::Success, Condition::Start])));
            } else {
                self.join_producer(number);
            }
        }
    }

    /// A consumer that begins when a producer has ended: only where that one never waits for it.
    fn join_producer(&mut self, number: usize) {
        let Some(queue) = self.drafts[number].takes.queue().filter(|_| self.drafts[number].puts.is_empty()) else { return };
        let producers: Vec<usize> = (0..self.drafts.len()).filter(|other| self.drafts[*other].puts.contains(&queue)).collect();
        let unbounded = self.queues.iter().all(|queue| queue.maxsize.is_none());
        let outside = |other: &usize| self.drafts[*other].takes == Takes::Nothing && !self.drafts[*other].daemon;
        if unbounded && self.queues[queue].declared && producers.iter().all(outside) {
            self.drafts[number].joins.push((self.rng.pick(&producers), Condition::Success));
        }
    }
}
