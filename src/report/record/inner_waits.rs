//! What the commands of processes wait for themselves while they run: sections and items that they ask for.
//!
//! Those that wait now; what is over goes into the attempt. One process can wait for several at a time.

use std::collections::BTreeMap;

use super::model::{Name, Wait};
use crate::base::ids::{ProcessId, Section, TakerId};
use crate::base::time::RunTime;

/// What of a command asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A section.
    Section(Section),
    /// A request for an item.
    Get(TakerId),
}

/// All that wait.
#[derive(Debug, Default)]
pub struct InnerWaits(BTreeMap<(ProcessId, Asker), Wait>);

impl InnerWaits {
    /// One begins to wait.
    pub fn begin(&mut self, process: ProcessId, asker: Asker, wait: Wait) {
        self.0.insert((process, asker), wait);
    }

    /// One waits no longer; what it was, if it had to wait at all.
    pub fn end(&mut self, process: ProcessId, asker: Asker, granted: bool, freed_by: Option<Name>, at: RunTime) -> Option<Wait> {
        let wait = self.0.remove(&(process, asker))?;
        Some(Wait { to: Some(at), granted, freed_by, ..wait })
    }

    /// The attempt of a process is over: so is all that its commands waited for, though that may be told later.
    pub fn end_all(&mut self, process: ProcessId, at: RunTime) -> Vec<Wait> {
        let first = (process, Asker::Section(Section(0)));
        let all: Vec<_> = self.0.range(first..).map(|(key, _)| *key).take_while(|(of, _)| *of == process).collect();
        all.into_iter().filter_map(|(_, asker)| self.end(process, asker, false, None, at)).collect()
    }
}
