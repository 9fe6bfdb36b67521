//! Sections that clients inside of processes wait for, and their places in the queues.

use std::collections::BTreeMap;

use crate::base::ids::{ProcessId, Section};
use crate::notice::Share;

/// All sections that wait.
#[derive(Debug, Default)]
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
