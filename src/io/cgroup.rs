//! A cgroup of the run's own, where one may be made.
//!
//! One write kills all of it at once, also what forks without end. It is a second net below the keeper's,
//! so everything that can go wrong here is passed over in silence. Moving a process takes the kernel 5 to
//! 15 ms (being born there takes nothing), so the keeper does it beside the run, and not for runs that are
//! over at once; what was started before is moved too. The folder is named after the process that made it;
//! an empty one whose maker is dead is taken away.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::{procfs, reap};

/// The beginning of the folder's name; the maker's number follows.
const PREFIX: &str = "flowrun-";

/// A folder of cgroup v2.
#[derive(Debug)]
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes one below the cgroup of this process; none where that cannot be had.
    pub fn create() -> Option<Self> {
        let own = own_folder()?;
        remove_stale(&own);
        let folder = own.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        let cgroup = Self(folder);
        if !cgroup.0.join("cgroup.kill").exists() {
            cgroup.remove();
            return None;
        }
        Some(cgroup)
    }

    /// Moves a process into it with all that lives below; what these start from then on is born there.
    pub fn take(&self, pid: u32) {
        let _ = fs::write(self.0.join("cgroup.procs"), pid.to_string());
        for below in procfs::descendants(pid) {
            let _ = fs::write(self.0.join("cgroup.procs"), below.to_string());
        }
    }

    /// Kills all that is in it and below. Must not be called from inside.
    pub fn kill(&self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
    }

    /// Takes the folder away, with what inner runs have left of theirs.
    pub fn remove(&self) {
        // The dead are counted for a moment longer than they can be seen.
        for _ in 0..20 {
            remove_tree(&self.0);
            if !self.0.exists() {
                return;
            }
            sleep(Duration::from_millis(5));
        }
    }
}

/// Folders alone can be removed: the files in them are the kernel's.
fn remove_tree(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}

/// Takes away what runs have left whose keeper was killed: empty folders, others cannot be removed.
fn remove_stale(own: &Path) {
    for entry in fs::read_dir(own).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        if maker.is_some_and(|maker| !reap::exists(maker)) {
            remove_tree(&entry.path());
        }
    }
}

fn own_folder() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    find_folder(&fs::read_to_string("/proc/self/mountinfo").ok()?, path)
}

/// Where a cgroup's folder is, by the lines of `mountinfo`.
fn find_folder(mounts: &str, path: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut fields = place.split(' ').skip(3);
        let (root, mounted) = (fields.next()?, fields.next()?);
        let inside = Path::new(path).strip_prefix(root).ok()?;
        kind.starts_with("cgroup2 ").then(|| Path::new(mounted).join(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_found_below_its_mount() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n41 31 0:31 /ci /cg rw,relatime shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(find_folder(mounts, "/ci/job/7"), Some(PathBuf::from("/cg/job/7")));
        assert_eq!(find_folder(mounts, "/other"), None);
    }

    #[test]
    fn a_cgroup_is_made_and_taken_away_where_one_can_be_had() {
        let Some(cgroup) = Cgroup::create() else {
            println!("not tested: no cgroup can be made here");
            return;
        };
        assert!(cgroup.0.join("cgroup.procs").exists());
        cgroup.remove();
        assert!(!cgroup.0.exists());
    }
}
