//! Sections that clients inside of processes wait for, and their places in the queues.

use std::collections::BTreeMap;

use crate::base::ids::{ProcessId, Section};
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
}
