//! `copy`: copies a file, a symlink or a whole folder.
//!
//! Every file arrives by a rename, so that neither a reader nor a cancel meets half of one; a folder
//! arrives file by file, into what may be there already. Read, write and execute permissions are kept;
//! owner, times and the rest are those of new files. Pipes, sockets and devices are errors: a copy of
//! them would not be what they are. Walks with a list of its own instead of recursion, however deep.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Given;
use super::{Context, Definition, Task, TaskError, files};
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::Tmpl;

/// How much is copied between two looks at the cancel flag.
const CHUNK: u64 = 16 << 20;

mapping! {
    /// Arguments of `copy`.
    pub struct CopyArgs as "the task `copy`" {
        /// A file, a folder with all that is in it, or a symlink, which is copied as a symlink.
        from: Tmpl<PathText>,
        /// The new path; if a folder is there, the copy goes into it under its own name. A file that is there is replaced.
        to: Tmpl<PathText>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "copy",
    summary: "Copies a file or a whole folder.",
    example: "task: copy\nwith: {from: config.json, to: out/config.json}",
    schema: |generator| generator.subschema_for::<CopyArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<CopyArgs>(entries, place, reader);
        let from = given.require(&args.from, "from", reader);
        let to = given.require(&args.to, "to", reader);
        given.accepted(reader)?;
        Some(Arc::new(Copy { from: from?.0, to: to?.0 }))
    },
};

#[derive(Debug)]
struct Copy {
    from: String,
    to: String,
}

impl Copy {
    /// Where the copy goes: `to`, or a new name in it when it is a folder.
    fn destination(&self, from: &Path, to: PathBuf) -> Result<PathBuf, TaskError> {
        if !to.is_dir() {
            return Ok(to);
        }
        let real;
        let name = match from.file_name() {
            Some(name) => Some(name),
            None => {
                real = from.canonicalize().map_err(|error| files::cannot("copy", &self.from, &error))?;
                real.file_name()
            }
        };
        let name =
            name.ok_or_else(|| TaskError::failed(format!("cannot copy `{}`: it has no name that the copy could have", self.from)))?;
        Ok(to.join(name))
    }

    /// Refuses to copy something onto itself, or a folder into itself.
    fn refuse_self(&self, from: &Path, source: &Metadata, destination: &Path) -> Result<(), TaskError> {
        let same = |metadata: io::Result<Metadata>| metadata.is_ok_and(|other| (other.dev(), other.ino()) == (source.dev(), source.ino()));
        let there = if source.is_symlink() { destination.symlink_metadata() } else { destination.metadata() };
        if same(there) {
            return Err(TaskError::failed(format!("cannot copy `{}` to `{}`: they are the same", self.from, self.to)));
        }
        if !source.is_dir() {
            return Ok(());
        }
        let real = |path: &Path| path.canonicalize();
        let to = match real(destination) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => real(files::folder_of(destination)),
            found => found,
        };
        let to = to.map_err(|error| files::cannot_make("write", &self.to, &error))?;
        let from = real(from).map_err(|error| files::cannot("copy", &self.from, &error))?;
        if to.starts_with(&from) {
            return Err(TaskError::failed(format!("cannot copy `{}` to `{}`: the copy would lie in what is copied", self.from, self.to)));
        }
        Ok(())
    }
}

impl Task for Copy {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let from = context.path(&self.from);
        let source = from.symlink_metadata().map_err(|error| files::cannot("copy", &self.from, &error))?;
        let destination = self.destination(&from, context.path(&self.to))?;
        if !source.is_dir() && self.to.ends_with('/') && !context.path(&self.to).is_dir() {
            return Err(TaskError::failed(format!(
                "cannot write `{}`: there is no such folder; make it first, as with `task: mkdir`",
                self.to
            )));
        }
        self.refuse_self(&from, &source, &destination)?;
        let mut waiting = vec![(from, destination)];
        // Set last and innermost first, so that a read-only folder can be filled.
        let mut folders: Vec<(PathBuf, Permissions)> = Vec::new();
        while let Some((from, to)) = waiting.pop() {
            if context.cancel.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            let shown = files::shown(&from, context.cwd);
            let unreadable = |error: io::Error| files::cannot("copy", &shown, &error);
            let shown_to = files::shown(&to, context.cwd);
            let unwritable = |error: io::Error| files::cannot_make("write", &shown_to, &error);
            let metadata = from.symlink_metadata().map_err(unreadable)?;
            if metadata.is_symlink() {
                let target = fs::read_link(&from).map_err(unreadable)?;
                files::replace_link(&to, &target).map_err(unwritable)?;
            } else if metadata.is_dir() {
                let entries = fs::read_dir(&from).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?;
                waiting.extend(entries.into_iter().map(|entry| (entry.path(), to.join(entry.file_name()))));
                if !to.is_dir() {
                    DirBuilder::new().mode(0o700).create(&to).map_err(unwritable)?;
                    folders.push((to, Permissions::from_mode(metadata.mode() & 0o777)));
                }
            } else if metadata.is_file() {
                copy_file(&from, &to, &shown, &shown_to, context)?;
            } else {
                return Err(TaskError::failed(format!("cannot copy `{shown}`: it is neither a file, a folder nor a symlink")));
            }
        }
        for (folder, permissions) in folders.into_iter().rev() {
            let shown = files::shown(&folder, context.cwd);
            fs::set_permissions(&folder, permissions).map_err(|error| files::cannot("set the permissions of", &shown, &error))?;
        }
        Ok(())
    }
}

/// Why a file was not copied; tells failures of the two sides apart.
enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
    Cancelled,
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Writing(error)
    }
}

fn copy_file(from: &Path, to: &Path, shown: &str, shown_to: &str, context: &Context<'_>) -> Result<(), TaskError> {
    let copied =
        File::open(from).and_then(|source| Ok((source.metadata()?, source))).map_err(Stopped::Reading).and_then(|(metadata, source)| {
            files::replace(to, Some(metadata.mode() & 0o777), |file| {
                loop {
                    if context.cancel.is_cancelled() {
                        return Err(Stopped::Cancelled);
                    }
                    // The system copies from file to file by itself, where it can without reading at all.
                    if io::copy(&mut (&source).take(CHUNK), file)? == 0 {
                        return Ok(());
                    }
                }
            })
        });
    copied.map_err(|stopped| match stopped {
        Stopped::Reading(error) => files::cannot("copy", shown, &error),
        Stopped::Writing(error) => files::cannot_make("write", shown_to, &error),
        Stopped::Cancelled => TaskError::Cancelled,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::TaskError;
    use super::super::testing::{Bench, refused};

    #[test]
    fn a_file_is_copied_with_its_permissions() {
        let bench = Bench::new();
        bench.file("f", "text");
        bench.set_mode("f", 0o751);
        bench.ok("copy", "{from: f, to: g}");
        assert_eq!((bench.read("g").as_str(), bench.mode("g")), ("text", 0o751));
        bench.file("d/old", "");
        bench.ok("copy", "{from: f, to: d}");
        bench.ok("copy", "{from: f, to: d/}");
        bench.ok("copy", "{from: f, to: d/old}");
        assert_eq!(bench.list("d"), ["f", "old"]);
        assert_eq!(bench.read("d/old"), "text");
    }

    #[test]
    fn a_folder_is_copied_whole() {
        let bench = Bench::new();
        bench.file("a/b/c", "1");
        bench.file("a/d", "2");
        std::fs::create_dir(bench.path().join("a/empty")).unwrap();
        bench.set_mode("a/b", 0o550);
        symlink("d", bench.path().join("a/link")).unwrap();
        symlink("nowhere", bench.path().join("a/dangling")).unwrap();
        bench.ok("copy", "{from: a, to: z}");
        assert_eq!(bench.list("z"), ["b", "d", "dangling", "empty", "link"]);
        assert_eq!((bench.read("z/b/c").as_str(), bench.read("z/link").as_str()), ("1", "2"));
        assert_eq!(bench.path().join("z/link").read_link().unwrap().to_str(), Some("d"));
        assert_eq!(bench.mode("z/b"), 0o550);
        bench.ok("copy", "{from: a/, to: z}");
        assert_eq!(bench.read("z/a/b/c"), "1");
        for folder in ["a/b", "z/b", "z/a/b"] {
            bench.set_mode(folder, 0o755);
        }
    }

    #[test]
    fn a_folder_goes_into_what_is_there() {
        let bench = Bench::new();
        bench.file("a/new", "new");
        bench.file("a/both", "new");
        bench.file("to/a/both", "old");
        bench.file("to/a/old", "old");
        symlink("old", bench.path().join("a/link")).unwrap();
        bench.file("to/a/link", "file");
        bench.ok("copy", "{from: a, to: to}");
        assert_eq!(bench.list("to/a"), ["both", "link", "new", "old"]);
        assert_eq!((bench.read("to/a/both").as_str(), bench.read("to/a/link").as_str()), ("new", "old"));
    }

    #[test]
    fn symlinks_stay_symlinks() {
        let bench = Bench::new();
        symlink("nowhere", bench.path().join("link")).unwrap();
        bench.file("g", "");
        bench.ok("copy", "{from: link, to: g}");
        assert_eq!(bench.path().join("g").read_link().unwrap().to_str(), Some("nowhere"));
    }

    #[test]
    fn failures_name_path_and_reason() {
        let bench = Bench::new();
        bench.file("f", "text");
        bench.file("a/f", "");
        symlink("f", bench.path().join("link")).unwrap();
        nix::unistd::mkfifo(&bench.path().join("a/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for (from, to, message) in [
            ("nothing", "g", "cannot copy `nothing`: No such file or directory"),
            ("f", "no/g", "cannot write `no/g`: No such file or directory; make the folder first, as with `task: mkdir`"),
            ("a", "no/g", "cannot write `no/g`: No such file or directory; make the folder first, as with `task: mkdir`"),
            ("f", "no/", "cannot write `no/`: there is no such folder; make it first, as with `task: mkdir`"),
            ("f", "f", "cannot copy `f` to `f`: they are the same"),
            ("f", "link", "cannot copy `f` to `link`: they are the same"),
            ("f", ".", "cannot copy `f` to `.`: they are the same"),
            ("a", "a", "cannot copy `a` to `a`: the copy would lie in what is copied"),
            ("a", "a/b", "cannot copy `a` to `a/b`: the copy would lie in what is copied"),
            (".", "a/b", "cannot copy `.` to `a/b`: the copy would lie in what is copied"),
            ("a", "f", "cannot write `f`: File exists"),
            ("a", "z", "cannot copy `a/pipe`: it is neither a file, a folder nor a symlink"),
            ("/", "a", "cannot copy `/`: it has no name that the copy could have"),
        ] {
            assert_eq!(bench.fails("copy", &format!("{{from: {from}, to: {to}}}")), message);
        }
        assert_eq!(bench.read("f"), "text");
    }

    #[test]
    fn a_cancel_leaves_the_old_file() {
        let bench = Bench::new();
        bench.file("f", "new");
        bench.file("g", "old");
        bench.cancel.cancel();
        assert!(matches!(bench.run("copy", "{from: f, to: g}").0, Err(TaskError::Cancelled)));
        assert_eq!(bench.read("g"), "old");
    }

    #[test]
    fn both_paths_are_required() {
        assert_eq!(refused("copy", ""), "`from` is missing | add `from: …` to `with`\n`to` is missing | add `to: …` to `with`");
    }
}
