//! How queues end: by themselves when nothing can come any more, on request, or because nobody takes.

use super::{Part, QueueTable, Turn};
use crate::base::ids::{ProcessId, QueueId};

impl QueueTable {
    /// A process has ended for good.
    pub fn ended(&mut self, process: ProcessId, daemon: bool) {
        let Some(uses) = self.uses.get(process).cloned() else { return };
        for (queue, part) in &uses.puts {
            let own = &mut self.queues[*queue];
            own.outside -= usize::from(*part == Part::Outside);
            own.producers -= 1;
            own.daemons -= usize::from(daemon);
        }
        for queue in &uses.takes {
            self.queues[*queue].consumers -= 1;
        }
        let all = uses.puts.iter().map(|(queue, _)| queue).chain(&uses.takes);
        all.for_each(|queue| self.serve(*queue));
    }

    /// Every process has ended: what somebody outside was handed is done, and what is left is left.
    pub fn finish(&mut self) {
        for id in self.queues.ids() {
            self.queues[id].in_work = 0;
            self.serve(id);
        }
    }

    /// Somebody closes a queue: what is on offer is not taken any more.
    pub fn close(&mut self, queue: QueueId) {
        if self.queues.get(queue).is_some_and(|queue| !queue.closed) {
            self.shut(queue);
            self.cut(queue);
            self.serve(queue);
        }
    }

    /// Moves on what can be moved on in a queue.
    pub(super) fn serve(&mut self, id: QueueId) {
        while self.hand(id) || self.accept(id) {}
        self.close_by_itself(id);
        if self.queues[id].in_work == 0 {
            self.desert(id);
        }
        self.close_by_itself(id);
        if self.queues[id].is_settled() {
            self.end_takers(id);
        }
        self.end_stuck(id);
        self.count(id);
    }

    /// A queue whose producers have ended closes; those that feed each other close together.
    fn close_by_itself(&mut self, id: QueueId) {
        let queue = &self.queues[id];
        if queue.producers == 0 && queue.offers.is_empty() {
            self.shut(id);
        }
        let queue = &self.queues[id];
        if !queue.is_fed {
            return;
        }
        let over = |id: &QueueId| self.queues[*id].is_dry() && self.queues[*id].in_work == 0;
        if queue.ring.iter().all(over) {
            for member in queue.ring.clone() {
                self.shut(member);
                self.end_takers(member);
                self.count(member);
            }
        }
    }

    pub(super) fn shut(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        if !std::mem::replace(&mut queue.closed, true) {
            self.turns.push_back(Turn::Closed { queue: id, items: queue.taken });
        }
    }

    /// A queue from which nobody can take any more takes nothing more. The run fails if anything is left, or comes
    /// later: an early end of a consumer that has all it wants is none, as in a pipe.
    fn desert(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        if queue.consumers > 0 || queue.is_settled() {
            return;
        }
        queue.deserted = true;
        let waiting = std::mem::take(&mut queue.waiting);
        self.shut(id);
        let left = waiting.len() as u64 + self.cut(id);
        self.turns.extend(waiting.into_iter().map(|item| Turn::Over { queue: id, item: item.id, set_aside: None }));
        self.abandon(id, left);
    }

    /// Something was offered to a queue that takes nothing.
    pub(super) fn missed(&mut self, id: QueueId, count: u32) {
        if self.queues.get(id).is_some_and(|queue| queue.deserted) {
            self.abandon(id, u64::from(count));
        }
    }

    fn abandon(&mut self, id: QueueId, left: u64) {
        let queue = &mut self.queues[id];
        if left > 0 && !std::mem::replace(&mut queue.abandoned, true) {
            queue.failed = true;
            self.turns.push_back(Turn::Abandoned { queue: id, left });
        }
    }

    /// Keeps count of the queues that keep the run from its end: not those that a living daemon keeps open.
    fn count(&mut self, id: QueueId) {
        let queue = &mut self.queues[id];
        let kept_open = !queue.closed && queue.daemons > 0;
        let holds = !queue.is_settled() && !kept_open;
        let held = std::mem::replace(&mut queue.holds, holds);
        self.holding += usize::from(holds);
        self.holding -= usize::from(held);
        if self.limited {
            self.look_for_idle(id);
        }
    }
}
