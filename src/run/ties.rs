//! The pipes between processes.
//!
//! Each is made when the first of its two ends is started, and each end is closed here as soon as its process
//! has it or has ended: nobody but the two processes keeps a pipe open, so that each sees the other's end.
//! What goes through it never comes by here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;

use crate::base::ids::ProcessId;
use crate::exec::command::Ends;
use crate::plan::Plan;

/// All pipes of a run.
pub(super) struct Ties {
    /// Who reads, by who writes; and the other way round.
    readers: BTreeMap<ProcessId, ProcessId>,
    writers: BTreeMap<ProcessId, ProcessId>,
    made: BTreeSet<ProcessId>,
    /// Ends that nobody has yet.
    inputs: BTreeMap<ProcessId, OwnedFd>,
    outputs: BTreeMap<ProcessId, OwnedFd>,
    over: BTreeSet<ProcessId>,
}

impl Ties {
    /// The pipes that a plan asks for, none made.
    pub fn new(plan: &Plan) -> Self {
        let writers: BTreeMap<_, _> = plan.processes.entries().filter_map(|(id, process)| Some((id, process.control.pipe_from?))).collect();
        let readers = writers.iter().map(|(reader, writer)| (*writer, *reader)).collect();
        Self { readers, writers, made: BTreeSet::new(), inputs: BTreeMap::new(), outputs: BTreeMap::new(), over: BTreeSet::new() }
    }

    /// Makes the pipes of a process that are not made yet.
    ///
    /// # Errors
    /// The system's error.
    pub fn make(&mut self, process: ProcessId) -> io::Result<()> {
        let before = self.writers.get(&process).map(|writer| (*writer, process));
        let after = self.readers.get(&process).map(|reader| (process, *reader));
        for (writer, reader) in [before, after].into_iter().flatten() {
            if self.made.contains(&writer) {
                continue;
            }
            let (read, write) = io::pipe()?;
            self.made.insert(writer);
            if !self.over.contains(&reader) {
                self.inputs.insert(reader, read.into());
            }
            if !self.over.contains(&writer) {
                self.outputs.insert(writer, write.into());
            }
        }
        Ok(())
    }

    /// The ends that a process is to get: its standard input and output.
    pub fn of(&self, process: ProcessId) -> Ends<'_> {
        Ends { input: self.inputs.get(&process), output: self.outputs.get(&process), errors: None }
    }

    /// A process has its ends.
    pub fn handed_over(&mut self, process: ProcessId) {
        self.inputs.remove(&process);
        self.outputs.remove(&process);
    }

    /// A process has ended, perhaps without having been started.
    pub fn ended(&mut self, process: ProcessId) {
        self.handed_over(process);
        if self.readers.contains_key(&process) || self.writers.contains_key(&process) {
            self.over.insert(process);
        }
    }
}
