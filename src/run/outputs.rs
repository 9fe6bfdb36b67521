//! The files of `FLOWRUN_OUTPUTS`: one for each attempt that runs commands, in a private folder of the run.
//!
//! What a process has written counts when it has succeeded, and of a daemon, which only ends when nobody
//! needs it any more, as far as it has come. A file is read once, at the end of its attempt, and removed;
//! a daemon's is read each time somebody wants to know.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::runner::Runner;
use crate::base::ids::{JobId, ProcessId};
use crate::exec::command::StartError;
use crate::exec::outputs::{self, Outputs};
use crate::io::machine::reason;
use crate::plan::{Given, Plan, Stdin, Step, Written};
use crate::sched::Input;

/// How many bad lines of one process are told.
const MOST_WARNINGS: usize = 3;

/// A step and its standard input, with all their values.
pub(super) type Known<'s> = (Cow<'s, Step>, Cow<'s, Stdin>);

/// All files that are there, and what was read from others.
#[derive(Default)]
pub(super) struct OutputFiles {
    folder: Option<TempDir>,
    open: BTreeMap<ProcessId, (u32, PathBuf)>,
    written: BTreeMap<ProcessId, Written>,
    /// All processes by their names, once somebody reads an output.
    names: OnceCell<HashMap<String, ProcessId>>,
}

impl OutputFiles {
    /// The file of the attempt that is under way.
    pub fn file(&self, process: ProcessId) -> Option<&Path> {
        self.open.get(&process).map(|(_, path)| path.as_path())
    }

    /// Makes the file of an attempt, unless an earlier step has.
    fn make(&mut self, job: JobId) -> io::Result<()> {
        if self.open.get(&job.process).is_some_and(|(attempt, _)| *attempt == job.attempt) {
            return Ok(());
        }
        if self.folder.is_none() {
            let private = Permissions::from_mode(0o700);
            self.folder = Some(tempfile::Builder::new().prefix("flowrun-outputs-").permissions(private).tempdir()?);
        }
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.path().join(format!("{}.{}", job.process.0, job.attempt));
        File::create_new(&path)?;
        self.open.insert(job.process, (job.attempt, path));
        Ok(())
    }

    /// What a process has written, as far as it counts now; else why it cannot be known. Bad lines of a living daemon may
    /// only be unfinished, and are told at its end.
    fn of(&self, process: ProcessId, plan: &Plan) -> Result<Written, String> {
        let known = &plan.processes[process];
        let Some(path) = self.file(process).filter(|_| known.control.daemon) else {
            return Ok(self.written.get(&process).cloned().unwrap_or_default());
        };
        let cannot = |error| format!("cannot read the outputs of `{}`, {}: {}", known.name, path.display(), reason(&error));
        outputs::read(path, true).map(|outputs| outputs.values).map_err(cannot)
    }
}

impl Runner<'_> {
    /// Sees to it that the attempt has a file for its outputs.
    pub(super) fn make_outputs(&mut self, job: JobId) -> Result<(), StartError> {
        self.outputs.make(job).map_err(|error| StartError::of("cannot make the file for its outputs", &error))
    }

    /// The attempt of a process is over: what it has written counts, or is forgotten.
    pub(super) fn outputs_end(&mut self, process: ProcessId, counts: bool) {
        let Some((_, path)) = self.outputs.open.remove(&process) else { return };
        let read = if counts { outputs::read(&path, false) } else { Ok(Outputs::default()) };
        // The folder goes at the end in any case.
        let _ = fs::remove_file(&path);
        match read {
            Ok(Outputs { values, wrong }) => {
                for why in wrong.iter().take(MOST_WARNINGS) {
                    self.warn(process, format!("an output of it is left out: {why}"));
                }
                if let Some(more @ 1..) = wrong.len().checked_sub(MOST_WARNINGS) {
                    self.warn(process, format!("{more} more of its outputs are left out"));
                }
                self.outputs.written.insert(process, values);
            }
            Err(error) => self.warn(process, format!("its outputs are lost: cannot read {}: {}", path.display(), reason(&error))),
        }
    }

    /// A step and its standard input with all their values: also what other processes have written, and the item that
    /// it runs for.
    pub(super) fn known<'s>(&self, job: JobId, step: &'s Step, stdin: &'s Stdin) -> Result<Known<'s>, StartError> {
        let Some(late) = &step.late else { return Ok((Cow::Borrowed(step), Cow::Borrowed(stdin))) };
        let outputs = self.written_by(late.processes()).map_err(StartError::Failed)?;
        let given = Given { outputs: &outputs, item: self.queues.item(job).map(|item| item.bytes) };
        let (step, stdin) = late.known(step, stdin, given).map_err(StartError::Failed)?;
        self.secrets.learn(job.process, &step, &self.setup.environment, true);
        Ok((Cow::Owned(step), Cow::Owned(stdin)))
    }

    /// Evaluates the `if` of a process.
    pub(super) fn decide(&mut self, process: ProcessId) {
        let condition = self.setup.plan.processes[process].work.condition.as_ref();
        let holds = condition.map_or(Ok(true), |condition| condition.holds(&self.written_by(condition.processes())?));
        self.inputs.push_back(Input::Decided { process, holds });
    }

    fn written_by(&self, processes: &BTreeSet<String>) -> Result<BTreeMap<String, Written>, String> {
        let plan = &self.setup.plan;
        let all = || plan.processes.entries().map(|(id, process)| (process.name.clone(), id)).collect();
        let names = self.outputs.names.get_or_init(all);
        let of = |name: &String| names.get(name).map_or_else(|| Ok(Written::default()), |id| self.outputs.of(*id, plan));
        processes.iter().map(|name| Ok((name.clone(), of(name)?))).collect()
    }
}
