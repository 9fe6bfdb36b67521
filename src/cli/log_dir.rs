//! `--log-dir`: a file for each process, with all that it writes.
//!
//! Whole lines of both streams, in the order in which they came, as they are shown but for prefixes and times. A file
//! is emptied when the first line of the run comes for it. Few files are open at once, whatever the number of processes.
//! A disk that takes nothing more is told once, and the run goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::base::ids::ProcessId;
use crate::io::{files, machine::reason};
use crate::notice::{Event, Notice, Stream};
use crate::plan::Plan;
use crate::report::{Out, Reporter, RunView};

/// The most files that are open at once.
const OPEN: usize = 64;
/// The longest name, without its ending, in bytes: file systems take 255.
const LONGEST: usize = 150;

/// Writes the files.
pub struct LogDir {
    folder: PathBuf,
    names: BTreeMap<ProcessId, String>,
    open: BTreeMap<ProcessId, File>,
    begun: BTreeSet<ProcessId>,
    /// Trouble was told.
    told: bool,
}

/// Makes the folder, and sees whether something can be written there.
///
/// # Errors
/// It cannot: why.
pub fn prepare(folder: &Path) -> Result<PathBuf, Failure> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let made = fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder));
    match made {
        Ok(_) => Ok(folder),
        Err(error) => Err(Failure::usage(format!(
            "cannot write logs into the folder {}: {}; name another one with --log-dir",
            folder.display(),
            reason(&error)
        ))),
    }
}

impl LogDir {
    /// For a run of this plan.
    pub fn new(folder: PathBuf, plan: &Plan) -> Self {
        let mut taken = BTreeSet::new();
        let names = plan.processes.entries().map(|(id, process)| (id, file_name(&process.name, &mut taken))).collect();
        Self { folder, names, open: BTreeMap::new(), begun: BTreeSet::new(), told: false }
    }

    fn write(&mut self, process: ProcessId, lines: &[u8]) -> Result<(), (PathBuf, io::Error)> {
        let path = self.folder.join(self.names.get(&process).map_or("unknown.log", String::as_str));
        if !self.open.contains_key(&process) {
            if self.open.len() >= OPEN {
                self.open.clear();
            }
            let first = self.begun.insert(process);
            let mut options = OpenOptions::new();
            options.create(true);
            if first {
                options.write(true).truncate(true)
            } else {
                options.append(true)
            };
            match files::open(&path, &mut options) {
                Ok(file) => self.open.insert(process, file),
                Err(error) => return Err((path, error)),
            };
        }
        match self.open.get_mut(&process) {
            Some(file) => file.write_all(lines).map_err(|error| (path, error)),
            None => Ok(()),
        }
    }
}

impl Reporter for LogDir {
    fn wants_original(&self) -> bool {
        true
    }
    fn notice(&mut self, notice: &Notice, _: &RunView, out: &mut Out) {
        let Event::Output { process, lines, .. } = &notice.event else { return };
        if let Err((path, error)) = self.write(*process, lines)
            && !std::mem::replace(&mut self.told, true)
        {
            let why = reason(&error);
            out.line(Stream::Stderr, &format!("flowrun: warning: cannot write to the log {}: {why}; the run goes on", path.display()));
        }
    }
}

/// A name that every file system takes and no other process has: `test[a,3.11]` is `test.a_3.11.log`.
fn file_name(process: &str, taken: &mut BTreeSet<String>) -> String {
    let mut stem = String::new();
    for c in process.chars().filter(|c| *c != ']') {
        let c = match c {
            '[' => '.',
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '=') => c,
            _ => '_',
        };
        if stem.len() < LONGEST {
            stem.push(if stem.is_empty() && matches!(c, '.' | '-') { '_' } else { c });
        }
    }
    let names = std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}~{number}")));
    // Some file systems do not tell upper from lower case.
    let free = names.into_iter().find(|name| taken.insert(name.to_ascii_lowercase()));
    format!("{}.log", free.unwrap_or(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_no_two_are_the_same() {
        let mut taken = BTreeSet::new();
        for (process, name) in [
            ("build", "build.log"),
            ("Build", "Build~2.log"),
            ("buyer[0]", "buyer.0.log"),
            ("buyer.0", "buyer.0~2.log"),
            ("test[a/../b,3.11]", "test.a_.._b_3.11.log"),
            ("test[a b,\u{e4}\n]", "test.a_b___.log"),
            ("-rf", "_rf.log"),
            ("..", "_..log"),
        ] {
            assert_eq!(file_name(process, &mut taken), name);
        }
        assert_eq!(file_name(&"x".repeat(1000), &mut taken).len(), LONGEST + ".log".len());
        assert_eq!(file_name(&"x".repeat(1001), &mut taken).len(), LONGEST + "~2.log".len());
    }
}
