//! Notes of holders: who they are and what they hold.
//!
//! A note is locked before it gets its name, so that whoever sees it unlocked knows that its holder is dead.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::fcntl::Flock;
use serde::{Deserialize, Serialize};

use super::super::flock::try_lock;
use super::Wanted;

/// How names of notes begin.
const PREFIX: &str = "held-";
/// How they begin while they are written.
const UNFINISHED: &str = ".new-";

/// Who holds something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run's id; none outside of runs.
    pub run: Option<String>,
    /// The run's workflow.
    pub workflow: Option<String>,
    /// The process of that run, or a command.
    pub process: String,
    /// The number of the program that keeps the lock.
    pub pid: u32,
}

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Amount {
    Lock { shared: bool },
    Permits { numbers: Vec<u32>, of: u32 },
}

impl Amount {
    /// Whether it is of the same thing as what somebody wants.
    pub(super) fn is_kind_of(&self, wanted: Wanted) -> bool {
        match (self, wanted) {
            (Self::Lock { .. }, Wanted::Lock { .. }) => true,
            (Self::Permits { of, .. }, Wanted::Permits { of: other, .. }) => *of == other,
            (Self::Lock { .. } | Self::Permits { .. }, _) => false,
        }
    }

    pub(super) fn kind(&self) -> String {
        match self {
            Self::Lock { shared } => Wanted::Lock { shared: *shared }.kind(),
            Self::Permits { of, .. } => Wanted::Permits { count: 1, of: *of }.kind(),
        }
    }

    pub(super) fn numbers(&self) -> &[u32] {
        match self {
            Self::Lock { .. } => &[],
            Self::Permits { numbers, .. } => numbers,
        }
    }
}

/// What stands in a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) holder: Holder,
    pub(super) amount: Amount,
}

/// Something that is held until this is dropped, or its program dies.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    numbers: Vec<u32>,
    /// Close-on-exec: no child keeps it.
    _file: Flock<File>,
}

impl Held {
    /// The numbers of the permits, from 0; none for a lock.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Held {
    /// The name goes before the lock: a note that can be seen is a living holder's.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a note and keeps it locked. To be called with the gate locked.
///
/// Its name has a part of chance: programs in containers that share the folder may all have the same number, and none may
/// take the place of another's note.
pub(super) fn write(folder: &Path, note: Note) -> io::Result<Held> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let mut new = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    serde_json::to_writer(&mut new, &note)?;
    new.flush()?;
    let (file, temporary) = new.into_parts();
    let file = try_lock(file, true)?.ok_or_else(|| io::Error::other("somebody has locked a file that was just made"))?;
    let chance = temporary.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix(UNFINISHED)).unwrap_or_default();
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{PREFIX}{:08}-{number:08}-{chance}", std::process::id()));
    temporary.persist_noclobber(&path)?;
    Ok(Held { path, numbers: note.amount.numbers().to_vec(), _file: file })
}

/// The notes of living holders, in the order of their names; those of dead ones are taken away. To be called
/// with the gate locked.
pub(super) fn living(folder: &Path) -> io::Result<Vec<Note>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            paths.push(entry.path());
        } else if name.to_str().is_some_and(|name| name.starts_with(UNFINISHED)) {
            // Who wrote it had the gate, and is dead.
            let _ = fs::remove_file(entry.path());
        }
    }
    paths.sort();
    let mut notes = Vec::new();
    for path in paths {
        let file = match File::open(&path) {
            Ok(file) => file,
            // Its holder has just given it back.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if let Some(note) = read_living(file)? {
            notes.push(note);
        } else {
            let _ = fs::remove_file(&path);
        }
    }
    Ok(notes)
}

fn read_living(file: File) -> io::Result<Option<Note>> {
    let mut text = file.try_clone()?;
    if try_lock(file, false)?.is_some() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_reader(&mut text)?))
}
