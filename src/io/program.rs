//! Finding a program's file, as a shell does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// The file of a program: names with a slash start from `cwd`, others are searched in `path`.
pub fn find(name: &str, path: Option<&OsStr>, cwd: &Path) -> Option<PathBuf> {
    if name.contains('/') {
        let file = cwd.join(name);
        return is_executable(&file).then_some(file);
    }
    // Without PATH the system's own folders are searched, as `execvp` does.
    let path = path.unwrap_or(OsStr::new("/bin:/usr/bin"));
    path.as_bytes()
        .split(|byte| *byte == b':')
        .map(|folder| cwd.join(OsStr::from_bytes(folder)).join(name))
        .find(|file| is_executable(file))
}

/// Whether a path is a file that this user may execute.
pub fn is_executable(file: &Path) -> bool {
    access(file, AccessFlags::X_OK).is_ok() && file.is_file()
}
