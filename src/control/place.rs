//! Where runs of this user can be found: a private folder, and in it one for each run.
//!
//! A run's folder holds its socket, its key (for those who may read the folder, which is its user alone)
//! and a few words about it. What a killed run left is taken away by whoever comes across it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::auth::Secret;
use crate::io::machine::reason;
use crate::io::reap;

/// What is told of a run to whoever looks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The run's id.
    pub id: String,
    /// The workflow's name.
    pub name: String,
    /// The workflow's file; none for standard input.
    pub file: Option<PathBuf>,
    /// The number of the process that the user sees.
    pub pid: u32,
    /// When it began: seconds since 1970.
    pub started: u64,
    /// Where what it says is written; none for a run in the foreground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
}

impl About {
    /// Whether nobody sees what the run says as it says it.
    pub fn is_in_background(&self) -> bool {
        self.log.is_some()
    }
}

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// Makes a run's folder and writes down its key and what it is.
    ///
    /// # Errors
    /// What was being done, to which path, and the system's error.
    pub fn make(base: &Path, about: &About, key: &Secret) -> Result<Self, String> {
        let place = Self::of(base, &about.id);
        let failed = |what: &str, error: io::Error| format!("cannot {what} {}: {error}", place.folder.display(), error = reason(&error));
        DirBuilder::new().mode(0o700).create(&place.folder).map_err(|error| failed("make the run's folder", error))?;
        let text = serde_json::to_string(about).unwrap_or_default();
        private_file(&place.folder.join("key"), &key.hex()).map_err(|error| failed("write the key into", error))?;
        private_file(&place.folder.join("about.json"), &text).map_err(|error| failed("write about the run into", error))?;
        Ok(place)
    }

    /// The place of a run, made or not.
    pub fn of(base: &Path, id: &str) -> Self {
        Self { folder: base.join(id) }
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The run's key.
    ///
    /// # Errors
    /// The system's error, or that the file holds none.
    pub fn key(&self) -> io::Result<Secret> {
        let text = fs::read_to_string(self.folder.join("key"))?;
        Secret::parse(&text).ok_or_else(|| io::Error::other("it holds no key"))
    }

    /// Takes everything away, and the folder of all runs when this was the last. What is gone already is no
    /// error.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
        self.folder.parent().map(fs::remove_dir);
    }
}

fn private_file(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Makes the place of a run of this user.
///
/// # Errors
/// As [`base`] and [`Place::make`] have them.
pub fn make(about: &About, key: &Secret) -> Result<Place, String> {
    let first = Place::make(&base()?, about, key);
    // Another run, the last until now, may just have taken the folder of all runs away.
    first.or_else(|_| Place::make(&base()?, about, key))
}

/// Takes away what a run of this user has left that could not do so itself.
pub fn remove(id: &str) {
    Place::of(&path(), id).remove();
}

/// The folder of all runs of this user: in `$XDG_RUNTIME_DIR`, else in the folder for temporary files.
/// Made if it is missing.
///
/// # Errors
/// The folder cannot be made, or it is not this user's own: somebody else may have made it.
pub fn base() -> Result<PathBuf, String> {
    private(path(), user())
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn path() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute() && path.is_dir()) {
        Some(runtime) => runtime.join("flowrun"),
        None => std::env::temp_dir().join(format!("flowrun-{}", user())),
    }
}

fn private(folder: PathBuf, user: u32) -> Result<PathBuf, String> {
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("cannot make {}: {}", folder.display(), reason(&error)));
        }
        Ok(()) | Err(_) => {}
    }
    // Not followed: a link could lead anywhere.
    let found = fs::symlink_metadata(&folder).map_err(|error| format!("cannot look at {}: {}", folder.display(), reason(&error)))?;
    if !found.is_dir() || found.uid() != user || found.mode() & 0o077 != 0 {
        return Err(format!(
            "{} must be a folder of this user's own that nobody else may enter; remove it, or `chmod 700` it",
            folder.display()
        ));
    }
    Ok(folder)
}

/// All runs of this user that are alive, the oldest first. What killed ones have left is taken away.
///
/// # Errors
/// The folder of all runs is not this user's own.
pub fn alive() -> Result<Vec<(About, Place)>, String> {
    if !path().exists() {
        return Ok(Vec::new());
    }
    let mut found = all(&base()?);
    found.retain(|(about, place)| {
        let gone = std::os::unix::net::UnixStream::connect(place.socket()).is_err();
        // One that has just begun does not listen yet.
        if gone && !reap::exists(about.pid) {
            place.remove();
        }
        !gone
    });
    Ok(found)
}

/// All runs that have a folder, the oldest first; some may have been killed.
fn all(base: &Path) -> Vec<(About, Place)> {
    let mut found: Vec<(About, Place)> = fs::read_dir(base)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.path();
            let text = fs::read_to_string(folder.join("about.json")).ok()?;
            Some((serde_json::from_str(&text).ok()?, Place { folder }))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| (one.started, &one.id).cmp(&(other.started, &other.id)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn about(id: &str, started: u64) -> About {
        About { id: id.to_owned(), name: "shop".to_owned(), file: None, pid: 1, started, log: None }
    }

    #[test]
    fn runs_are_found_oldest_first_and_gone_when_removed() {
        let base = tempfile::tempdir().expect("a folder");
        let key = Secret::random().expect("random bytes");
        let late = Place::make(base.path(), &about("late", 9), &key).expect("a place");
        let early = Place::make(base.path(), &about("early", 3), &key).expect("a place");
        fs::write(base.path().join("stray"), "").expect("a file");
        assert_eq!(all(base.path()), [(about("early", 3), early.clone()), (about("late", 9), late.clone())]);
        assert_eq!(late.key().expect("a key"), key);
        early.remove();
        early.remove();
        assert_eq!(all(base.path()).len(), 1);
        let mode = |path: PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(late.folder.clone()), mode(late.folder.join("key"))), (0o700, 0o600));
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let base = tempfile::tempdir().expect("a folder");
        let user = rustix::process::getuid().as_raw();
        let folder = base.path().join("mine");
        assert!(private(folder.clone(), user).is_ok() && private(folder.clone(), user).is_ok());
        assert!(private(folder.clone(), user + 1).is_err());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("it is mine");
        assert!(private(folder.clone(), user).expect_err("refused").contains("chmod 700"));
        std::os::unix::fs::symlink(base.path(), base.path().join("link")).expect("a link");
        assert!(private(base.path().join("link"), user).is_err());
    }
}
