//! Locks and permits that all programs of one user on this machine share: held by the kernel's `flock`, so
//! that a holder that is killed frees them.
//!
//! Each name has a folder. Who holds something of it has a note there, a file that it keeps locked and that
//! says what it holds and who it is: a note that nobody locks is a dead holder's and counts for nothing. To
//! take something, a program locks the folder's `gate`, reads the living notes, and adds its own if there is
//! room. One rule serves locks, shared locks and numbered permits, and holders can be named exactly.
//!
//! Never waits: the kernel keeps no fair queue either, and whoever waits must be able to give up at any moment.
//! Knows nothing of plans; needs a file system of this machine, as folders for running programs are.

mod note;

use std::collections::BTreeSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use note::{Amount, Note};
pub use note::{Held, Holder};

use super::flock::try_lock;

/// What is to be taken under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A lock, alone or together with others that hold it shared.
    Lock {
        /// Whether others may.
        shared: bool,
    },
    /// Permits of a semaphore.
    Permits {
        /// How many, at least 1 and at most `of`.
        count: u32,
        /// How many there are.
        of: u32,
    },
}

impl Wanted {
    /// What it is, for people: `a lock`, `a semaphore with 8 permits`.
    fn kind(self) -> String {
        match self {
            Self::Lock { .. } => "a lock".to_owned(),
            Self::Permits { of: 1, .. } => "a semaphore with 1 permit".to_owned(),
            Self::Permits { of, .. } => format!("a semaphore with {of} permits"),
        }
    }
}

/// What became of one try.
#[derive(Debug)]
pub enum Taken {
    /// It is held until this is dropped.
    Held(Held),
    /// These hold it now.
    Busy(Vec<Holder>),
    /// Somebody is just taking or looking: try again at once.
    Gate,
    /// It is something else to those who hold it: what it is to them and to this one, and who they are.
    Differs(String, Vec<Holder>),
}

/// Why nothing could be tried.
#[derive(Debug)]
pub struct Trouble {
    /// What was being done.
    pub doing: &'static str,
    /// To which path.
    pub path: PathBuf,
    /// The system's error.
    pub error: io::Error,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.path.display(), super::machine::reason(&self.error))
    }
}

/// The name of a folder: what could lead elsewhere or is hidden is written as `%` and two digits.
fn folder_name(name: &str) -> String {
    let plain = |(at, byte): (usize, u8)| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte == b'.' && at > 0;
    name.bytes().enumerate().map(|one| if plain(one) { char::from(one.1).to_string() } else { format!("%{:02X}", one.1) }).collect()
}

/// Tries to take something under a name, below the user's private folder.
///
/// # Errors
/// The files of the name cannot be made, read or locked.
pub fn try_take(base: &Path, name: &str, wanted: Wanted, who: &Holder) -> Result<Taken, Trouble> {
    let folder = base.join("locks").join(folder_name(name));
    let trouble = |doing, path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Trouble { doing, path, error }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(trouble("make the folder", &folder))?;
    let gate = folder.join("gate");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&gate);
    let Some(_gate) = try_lock(opened.map_err(trouble("open", &gate))?, true).map_err(trouble("lock", &gate))? else {
        return Ok(Taken::Gate);
    };
    let living = note::living(&folder).map_err(trouble("read the holders in", &folder))?;
    let holders = || living.iter().map(|note| note.holder.clone()).collect();
    if let Some(other) = living.iter().find(|note| !note.amount.is_kind_of(wanted)) {
        let told = format!("it is {} here and {} to those who hold it", wanted.kind(), other.amount.kind());
        return Ok(Taken::Differs(told, holders()));
    }
    match room(wanted, &living) {
        Some(amount) => {
            note::write(&folder, Note { holder: who.clone(), amount }).map(Taken::Held).map_err(trouble("write a note into", &folder))
        }
        None => Ok(Taken::Busy(holders())),
    }
}

/// What would be held, if there is room beside what is.
fn room(wanted: Wanted, living: &[Note]) -> Option<Amount> {
    match wanted {
        Wanted::Lock { shared } => {
            let together = |note: &Note| shared && matches!(note.amount, Amount::Lock { shared: true });
            living.iter().all(together).then_some(Amount::Lock { shared })
        }
        Wanted::Permits { count, of } => {
            let out: BTreeSet<u32> = living.iter().flat_map(|note| note.amount.numbers()).copied().collect();
            let numbers: Vec<u32> = (0..of).filter(|number| !out.contains(number)).take(count as usize).collect();
            (numbers.len() == count as usize).then_some(Amount::Permits { numbers, of })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::host_name::MAX_NAME;

    const ALONE: Wanted = Wanted::Lock { shared: false };
    const SHARED: Wanted = Wanted::Lock { shared: true };

    fn who(process: &str) -> Holder {
        Holder { run: Some("r1".to_owned()), workflow: Some("shop".to_owned()), process: process.to_owned(), pid: 7 }
    }

    fn take(base: &Path, wanted: Wanted, process: &str) -> Taken {
        try_take(base, "shop/db", wanted, &who(process)).expect("no trouble")
    }

    #[track_caller]
    fn held(taken: Taken) -> Held {
        match taken {
            Taken::Held(held) => held,
            other => panic!("not held: {other:?}"),
        }
    }

    #[track_caller]
    fn busy(taken: Taken) -> Vec<String> {
        match taken {
            Taken::Busy(holders) => holders.into_iter().map(|holder| holder.process).collect(),
            other => panic!("not busy: {other:?}"),
        }
    }

    #[test]
    fn a_lock_is_held_by_one_or_shared_by_many() {
        let base = tempfile::tempdir().expect("a folder");
        let first = held(take(base.path(), ALONE, "a"));
        assert_eq!(busy(take(base.path(), ALONE, "b")), ["a"]);
        assert_eq!(busy(take(base.path(), SHARED, "b")), ["a"]);
        drop(first);
        let readers = [held(take(base.path(), SHARED, "b")), held(take(base.path(), SHARED, "c"))];
        assert_eq!(busy(take(base.path(), ALONE, "a")), ["b", "c"]);
        drop(readers);
        held(take(base.path(), ALONE, "a"));
    }

    #[test]
    fn permits_are_numbered_and_the_lowest_free_ones_are_next() {
        let base = tempfile::tempdir().expect("a folder");
        let wants = |count| Wanted::Permits { count, of: 3 };
        let first = held(take(base.path(), wants(1), "a"));
        let second = held(take(base.path(), wants(2), "b"));
        assert_eq!((first.numbers(), second.numbers()), (&[0][..], &[1, 2][..]));
        assert_eq!(busy(take(base.path(), wants(1), "c")), ["a", "b"]);
        drop(first);
        assert_eq!(held(take(base.path(), wants(1), "c")).numbers(), [0]);
    }

    #[test]
    fn what_differs_is_told_with_both_numbers_and_only_while_it_is_held() {
        let base = tempfile::tempdir().expect("a folder");
        let first = held(take(base.path(), Wanted::Permits { count: 1, of: 8 }, "a"));
        let Taken::Differs(told, holders) = take(base.path(), Wanted::Permits { count: 1, of: 4 }, "b") else { panic!("not refused") };
        assert_eq!(told, "it is a semaphore with 4 permits here and a semaphore with 8 permits to those who hold it");
        assert_eq!(holders, [who("a")]);
        assert!(matches!(take(base.path(), ALONE, "b"), Taken::Differs(..)));
        drop(first);
        held(take(base.path(), Wanted::Permits { count: 1, of: 4 }, "b"));
    }

    #[test]
    fn a_note_that_nobody_locks_counts_for_nothing_and_goes() {
        let base = tempfile::tempdir().expect("a folder");
        let first = held(take(base.path(), ALONE, "a"));
        let note = first.path().to_owned();
        let dead = std::fs::read(&note).expect("a note");
        drop(first);
        std::fs::write(&note, dead).expect("as a killed holder leaves it");
        let second = held(take(base.path(), ALONE, "b"));
        assert!(!note.exists() && second.path().exists());
    }

    #[test]
    fn no_name_leads_out_of_the_folder_and_none_is_anothers() {
        let names = ["shop/db", "shop%2Fdb", "..", ".", "../x", "a.b", "é"];
        let folders: BTreeSet<String> = names.iter().map(|name| folder_name(name)).collect();
        assert_eq!(folders.len(), names.len());
        assert!(folders.iter().all(|name| !name.contains('/') && !name.starts_with('.')), "{folders:?}");
        assert!(folder_name(&"é".repeat(MAX_NAME / 2)).len() < 255);
    }
}
