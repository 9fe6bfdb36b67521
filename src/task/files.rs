//! Files for several tasks: atomic replacement, reading, and errors that name the path.
//!
//! A file is replaced by a temporary one in the same folder and a rename, so that nobody ever reads
//! half of it and a cancelled task leaves the old one. The price: other hard links to it keep the old
//! contents, extended attributes are lost, and the folder must be writable. Nothing is flushed to the
//! disk: what a crash of the machine destroys, the next run makes again. A symlink is followed, as a
//! shell's `>` does. Pipes and sockets are refused: opening one may block, where no cancel is noticed.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::TaskError;

/// Most symlinks that are followed one after another, as in Linux.
const MAX_LINKS: usize = 40;

/// The system's reason, without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// The failure `cannot DO PATH: REASON`.
pub(super) fn cannot(what: &str, shown: &str, error: &io::Error) -> TaskError {
    TaskError::failed(format!("cannot {what} `{shown}`: {}", reason(error)))
}

/// The failure of making a file, with help when its folder is missing.
pub(super) fn cannot_make(what: &str, shown: &str, error: &io::Error) -> TaskError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            TaskError::failed(format!("cannot {what} `{shown}`: {}; make the folder first, as with `task: mkdir`", reason(error)))
        }
        _ => cannot(what, shown, error),
    }
}

/// A path for people: relative to the folder of the task when it lies in it.
pub(super) fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(path).display().to_string()
}

/// What a file is in words, when it is neither a regular file nor a folder.
fn odd_kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// The contents of a regular file; `None` when there is none.
pub(super) fn read(path: &Path, shown: &str) -> Result<Option<Vec<u8>>, TaskError> {
    let contents = fs::metadata(path).and_then(|metadata| {
        if metadata.is_file() || metadata.is_dir() {
            // Reading a folder gives the system's own words.
            return fs::read(path);
        }
        Err(io::Error::other(format!("it is {}, not a file", odd_kind(&metadata))))
    });
    match contents {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", shown, &error)),
    }
}

/// The file that a path leads to through symlinks, whether it exists or not.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            // Not a symlink, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// The folder that a path lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What stands at a path, if anything; an error when a task must not write there.
fn writable(path: &Path) -> io::Result<Option<Metadata>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        return Err(io::Error::from(nix::Error::EISDIR));
    }
    if !metadata.is_file() && !metadata.file_type().is_char_device() {
        return Err(io::Error::other(format!("it is {}; a command can write to it", odd_kind(&metadata))));
    }
    // A rename asks only the folder; who made a file read-only means its contents.
    access(path, AccessFlags::W_OK)?;
    Ok(Some(metadata))
}

/// A name for a temporary file beside `path`, for [`tempfile::Builder`]'s prefix.
fn prefix(path: &Path) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    // A long name must not become too long by what is added.
    if prefix.len() > 200 { ".flowrun.".into() } else { prefix }
}

/// Opens a file to add to its end.
pub(super) fn append(path: &Path) -> io::Result<File> {
    writable(path)?;
    OpenOptions::new().append(true).create(true).open(path)
}

/// Replaces a file, or makes it: `fill` writes the new contents. With a `mode` it has that one, else the
/// old file's, else the usual one. What `fill` returns as an error leaves the old file as it was.
pub(super) fn replace<E: From<io::Error>>(path: &Path, mode: Option<u32>, fill: impl FnOnce(&mut File) -> Result<(), E>) -> Result<(), E> {
    let old = writable(path)?;
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return fill(&mut OpenOptions::new().write(true).open(path)?);
    }
    let path = follow(path)?;
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::Error::from(nix::Error::EISDIR).into());
    }
    // Until it has its mode, nobody else reads what may be a secret.
    let first_mode = if mode.is_some() || old.is_some() { 0o600 } else { 0o666 };
    let mut new = tempfile::Builder::new()
        .prefix(&prefix(&path))
        .suffix(".tmp")
        .make_in(folder_of(&path), |path| OpenOptions::new().write(true).create_new(true).mode(first_mode).open(path))?;
    fill(new.as_file_mut())?;
    let mut final_mode = mode;
    if let Some(old) = old {
        let own = new.as_file().metadata()?;
        let same_owner = (own.uid(), own.gid()) == (old.uid(), old.gid())
            || std::os::unix::fs::fchown(new.as_file(), Some(old.uid()), Some(old.gid())).is_ok();
        // Who may not give a file away must not make it run with other rights either.
        let allowed = if same_owner { 0o7777 } else { 0o777 };
        final_mode = final_mode.or(Some(old.mode() & allowed));
    }
    if let Some(mode) = final_mode {
        new.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a symlink, in place of a file or symlink that may be there.
pub(super) fn replace_link(path: &Path, target: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(io::Error::from(nix::Error::EISDIR));
    }
    let link = tempfile::Builder::new()
        .prefix(&prefix(path))
        .suffix(".tmp")
        .make_in(folder_of(path), |path| std::os::unix::fs::symlink(target, path))?;
    link.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::testing::Bench;
    use super::*;

    fn put(path: &Path, text: &str, mode: Option<u32>) -> io::Result<()> {
        replace(path, mode, |file| file.write_all(text.as_bytes()))
    }

    #[test]
    fn replacement_keeps_the_mode_and_leaves_nothing_behind() {
        let bench = Bench::new();
        let path = bench.path().join("f");
        put(&path, "one", None).unwrap();
        let usual = bench.mode("f");
        std::fs::write(bench.path().join("other"), "").unwrap();
        assert_eq!(usual, bench.mode("other"));
        bench.set_mode("f", 0o640);
        put(&path, "two", None).unwrap();
        assert_eq!((bench.read("f").as_str(), bench.mode("f")), ("two", 0o640));
        put(&path, "three", Some(0o755)).unwrap();
        assert_eq!((bench.read("f").as_str(), bench.mode("f")), ("three", 0o755));
        assert_eq!(bench.list("."), ["f", "other"]);
    }

    #[test]
    fn a_failed_fill_leaves_the_old_file() {
        let bench = Bench::new();
        bench.file("f", "old");
        let path = bench.path().join("f");
        let result: io::Result<()> = replace(&path, None, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no"))
        });
        assert!(result.is_err());
        assert_eq!(bench.read("f"), "old");
        assert_eq!(bench.list("."), ["f"]);
    }

    #[test]
    fn symlinks_are_followed_also_to_what_is_not_there_yet() {
        let bench = Bench::new();
        std::os::unix::fs::symlink("real", bench.path().join("link")).unwrap();
        put(&bench.path().join("link"), "x", None).unwrap();
        assert_eq!(bench.read("real"), "x");
        std::os::unix::fs::symlink("ring", bench.path().join("ring")).unwrap();
        assert!(put(&bench.path().join("ring"), "x", None).is_err());
    }

    #[test]
    fn pipes_and_folders_are_refused_and_devices_written() {
        let bench = Bench::new();
        let pipe = bench.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(put(&pipe, "x", None).unwrap_err().to_string().contains("a pipe"));
        assert!(append(&pipe).is_err());
        assert!(read(&pipe, "pipe").is_err());
        assert_eq!(reason(&put(bench.path(), "x", None).unwrap_err()), "Is a directory");
        put(Path::new("/dev/null"), "x", None).unwrap();
        let (_reader, writer) = io::pipe().unwrap();
        let open = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
        if Path::new(&open).exists() {
            assert!(put(Path::new(&open), "x", None).unwrap_err().to_string().contains("a pipe"));
        }
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}
