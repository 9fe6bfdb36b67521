//! What clients inside of processes wait for: sections, with their places in the queues, and items.

use std::collections::BTreeMap;

use crate::base::ids::{ProcessId, QueueId, Section, TakerId};
use crate::notice::Share;

/// All sections that wait.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    waiting: BTreeMap<(ProcessId, Section), (Vec<Share>, u64)>,
}

impl Sections {
    /// One begins to wait at this place.
    pub fn enter(&mut self, process: ProcessId, section: Section, wants: &[Share], ticket: u64) {
        self.waiting.insert((process, section), (wants.to_vec(), ticket));
    }
    /// One waits no longer: what it wanted, and its place.
    pub fn leave(&mut self, process: ProcessId, section: Section) -> Option<(Vec<Share>, u64)> {
        self.waiting.remove(&(process, section))
    }
    /// What the oldest of a process wants, and its place.
    pub fn oldest(&self, process: ProcessId) -> Option<(&[Share], u64)> {
        let mut own = self.waiting.range((process, Section(0))..=(process, Section(u64::MAX)));
        own.next().map(|(_, (wants, ticket))| (wants.as_slice(), *ticket))
    }
}

/// All requests for items that wait.
#[derive(Clone, Debug, Default)]
pub struct Gets {
    waiting: BTreeMap<(ProcessId, TakerId), QueueId>,
}

impl Gets {
    /// One begins to wait.
    pub fn enter(&mut self, process: ProcessId, get: TakerId, queue: QueueId) {
        self.waiting.insert((process, get), queue);
    }
    /// One waits no longer.
    pub fn leave(&mut self, process: ProcessId, get: TakerId) {
        self.waiting.remove(&(process, get));
    }
    /// The queue at which the oldest of a process waits.
    pub fn oldest(&self, process: ProcessId) -> Option<QueueId> {
        self.waiting.range((process, TakerId(0))..=(process, TakerId(u64::MAX))).next().map(|(_, queue)| *queue)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::progress::state_line;
    use super::super::status::rows;
    use super::super::testing::{lock, note, plan, share, started};
    use super::super::view::RunView;
    use super::*;
    use crate::base::time::RunTime;
    use crate::notice::Event;

    #[test]
    fn a_process_whose_script_waits_says_for_whom_until_it_waits_no_longer() {
        let (a, b) = (ProcessId(0), ProcessId(1));
        let mut plan = plan(&["a", "b"]);
        lock(&mut plan, "db");
        let mut view = RunView::new(Arc::new(plan));
        let mut tell = |event| view.apply(&note(0, event));
        tell(started(0, 1));
        tell(started(1, 1));
        tell(Event::SectionAcquired { process: a, section: Section(1), holds: vec![share(0)] });
        tell(Event::SectionQueued { process: b, section: Section(2), wants: vec![share(0)] });
        let waits = |view: &RunView| rows(view, RunTime::ZERO).into_iter().map(|row| row.waits_for).collect::<Vec<_>>();
        assert_eq!(waits(&view), ["", "lock `db`, held by `a` (flowrun lock)"]);
        assert_eq!(state_line(&view, b, RunTime::ZERO), "running 0 s · waiting for lock `db` behind 1");
        view.apply(&note(0, Event::SectionReleased { process: a, section: Section(1), freed: vec![share(0)] }));
        view.apply(&note(0, Event::SectionAcquired { process: b, section: Section(2), holds: vec![share(0)] }));
        assert_eq!(waits(&view), ["", ""]);
        view.apply(&note(0, Event::SectionQueued { process: a, section: Section(3), wants: vec![share(0)] }));
        assert_eq!(waits(&view), ["lock `db`, held by `b` (flowrun lock)", ""]);
        view.apply(&note(0, Event::SectionWithdrawn { process: a, section: Section(3), wanted: vec![share(0)] }));
        assert_eq!(waits(&view), ["", ""]);
    }

    #[test]
    fn a_process_whose_script_asks_for_an_item_says_so_until_it_has_one() {
        let mut plan = plan(&["a"]);
        plan.queues.push(crate::plan::Queue { name: "buns".to_owned(), ..Default::default() });
        let mut view = RunView::new(Arc::new(plan));
        view.apply(&note(0, started(0, 1)));
        let (job, get, queue) = (crate::report::testing::job(0, 1), TakerId(7), QueueId(0));
        view.apply(&note(0, Event::GetWaits { job, get, queue }));
        assert_eq!(rows(&view, RunTime::ZERO)[0].waits_for, "an item of queue `buns`");
        assert_eq!(state_line(&view, job.process, RunTime::ZERO), "running 0 s · waiting for an item of queue `buns`");
        view.apply(&note(0, Event::GetOver { job, get, queue, granted: true }));
        assert_eq!(rows(&view, RunTime::ZERO)[0].waits_for, "");
    }
}
