//! `file`: something is at a path.
//!
//! A symbolic link counts when it leads somewhere. Nothing is said of the contents: who writes a file in
//! pieces should write it elsewhere and rename it.

use std::io::ErrorKind;
use std::path::Path;

use super::words;

/// Looks.
pub fn check(path: &Path) -> Result<(), String> {
    path.metadata().map(drop).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file yet".to_owned(),
        _ => words(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_found_and_others_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check(folder.path()), Ok(()));
        let path = folder.path().join("up");
        assert_eq!(check(&path), Err("there is no such file yet".to_owned()));
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(check(&path), Err("there is no such file yet".to_owned()));
        std::fs::write(folder.path().join("nowhere"), "").unwrap();
        assert_eq!(check(&path), Ok(()));
        assert_eq!(check(&path.join("below")), Err("not a directory".to_owned()));
    }
}
