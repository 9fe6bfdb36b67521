//! What is kept of runs in the background: what they said, and how they ended, also after their end.
//!
//! A folder for each, in the folder of this user's for what outlives a session, with `about.json`, `log` and, when
//! the run has ended, `status`: its exit status. The last [`KEPT`] are kept; older ones go when a new one
//! comes, unless they still go on.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::Flock;

use super::place::About;
use crate::io::flock::try_lock;
use crate::io::machine::reason;

/// So many records are kept.
const KEPT: usize = 50;
/// The file that a run keeps locked as long as it is alive: a number of a process may soon be another's.
const ALIVE: &str = "alive";

/// A run is alive as long as this is open anywhere.
pub type Life = Flock<File>;

/// The record of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The run.
    pub about: About,
    folder: PathBuf,
}

/// What is known of the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its exit status.
    Status(u8),
    /// It goes on, or is just ending.
    NotYet,
    /// It was cut off and could not say how.
    Unknown,
}

impl Record {
    /// Begins a record, and takes away the oldest when there are many.
    ///
    /// # Errors
    /// What was being done, to which path, and the system's error.
    pub fn begin(about: About) -> Result<Self, String> {
        Self::begin_in(&base()?, about)
    }

    fn begin_in(base: &Path, about: About) -> Result<Self, String> {
        let record = Self { folder: base.join(&about.id), about };
        let failed = |error: io::Error| {
            format!(
                "cannot make the folder for what the run says, {}: {}; set XDG_STATE_HOME to a folder that you may write to",
                record.folder.display(),
                reason(&error)
            )
        };
        DirBuilder::new().mode(0o700).recursive(true).create(&record.folder).map_err(failed)?;
        let text = serde_json::to_string(&record.about).unwrap_or_default();
        fs::write(record.folder.join("about.json"), text).map_err(failed)?;
        let all = all(base);
        let many = all.len().saturating_sub(KEPT);
        let ended = all.iter().filter(|record| record.end() != End::NotYet);
        ended.take(many).for_each(Self::remove);
        Ok(record)
    }

    /// The run is alive as long as the caller, and what it forks, keeps this.
    ///
    /// # Errors
    /// What was being done, to which path, and the system's error.
    pub fn live(&self) -> Result<Life, String> {
        let path = self.folder.join(ALIVE);
        let locked = File::create(&path).and_then(|file| try_lock(file, true));
        let locked = locked.and_then(|locked| locked.ok_or_else(|| io::ErrorKind::AlreadyExists.into()));
        locked.map_err(|error| format!("cannot lock {}: {}", path.display(), reason(&error)))
    }

    /// Whether something of the run is still there: after its end it writes reports and what is left to say.
    pub fn is_alive(&self) -> bool {
        // Who cannot tell takes it for alive: it is not taken away then.
        File::open(self.folder.join(ALIVE)).is_ok_and(|file| !matches!(try_lock(file, false), Ok(Some(_))))
    }

    /// Where what the run says is written.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Opens the log to write at its end.
    ///
    /// # Errors
    /// What was being done, to which path, and the system's error.
    pub fn open_log(&self) -> Result<File, String> {
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(self.log());
        opened.map_err(|error| format!("cannot write the log {}: {}", self.log().display(), reason(&error)))
    }

    /// Writes down how the run has ended.
    pub fn close(&self, status: u8) {
        // A full disk loses this much; the run's own end must not depend on it.
        let _ = fs::write(self.folder.join("status"), format!("{status}\n"));
    }

    /// How the run has ended.
    pub fn end(&self) -> End {
        let status = || fs::read_to_string(self.folder.join("status")).ok()?.trim().parse().ok();
        if let Some(status) = status() {
            return End::Status(status);
        }
        if self.is_alive() {
            return End::NotYet;
        }
        // It may have ended between the two looks.
        status().map_or(End::Unknown, End::Status)
    }

    /// Takes the record away.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The records of this user's runs, the oldest first. None when there is no folder for them.
pub fn records() -> Vec<Record> {
    base().map(|base| all(&base)).unwrap_or_default()
}

fn all(base: &Path) -> Vec<Record> {
    let read = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("about.json")).ok()?;
        Some(Record { about: serde_json::from_str(&text).ok()?, folder })
    };
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let mut found: Vec<Record> = entries.filter_map(|entry| read(entry.path())).collect();
    found.sort_by(|one, other| (one.about.started, &one.about.id).cmp(&(other.about.started, &other.about.id)));
    found
}

/// `$XDG_STATE_HOME/flowrun/runs`, else `~/.local/state/flowrun/runs`. Where runs that go on have their places in the same
/// `flowrun`, none of them is called so.
fn base() -> Result<PathBuf, String> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    let state = state.ok_or("there is no folder for what the run says: set XDG_STATE_HOME or HOME to an absolute path")?;
    Ok(state.join("flowrun/runs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(number: u64) -> About {
        About { id: format!("run-{number}"), name: "shop".to_owned(), file: None, pid: u32::MAX / 2, started: number, log: None }
    }

    #[test]
    fn the_last_records_are_kept_and_what_goes_on_is_never_taken_away() {
        let base = tempfile::tempdir().expect("a folder");
        let _life = Record::begin_in(base.path(), about(0)).and_then(|record| record.live()).expect("a record");
        for number in 1..=KEPT as u64 + 2 {
            Record::begin_in(base.path(), about(number)).expect("a record").close(1);
        }
        let kept: Vec<u64> = all(base.path()).iter().map(|record| record.about.started).collect();
        assert_eq!(kept, std::iter::once(0).chain(4..=KEPT as u64 + 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_end_is_known_when_it_was_written_down() {
        let base = tempfile::tempdir().expect("a folder");
        let record = Record::begin_in(base.path(), about(1)).expect("a record");
        assert_eq!(record.end(), End::Unknown);
        record.close(143);
        assert_eq!(record.end(), End::Status(143));
        let alive = Record::begin_in(base.path(), about(2)).expect("a record");
        let life = alive.live().expect("its lock");
        assert_eq!(alive.end(), End::NotYet);
        drop(life);
        assert_eq!(alive.end(), End::Unknown);
    }
}
