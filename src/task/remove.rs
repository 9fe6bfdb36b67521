//! `remove`: removes files, symlinks and folders.
//!
//! What is not there counts as removed, as with `rm -f`, so that a workflow can be run again. The
//! working folder, its parents and `/` are refused before anything is removed. A symlink is removed
//! itself, with or without a slash behind its name; nothing behind it is touched. Within a folder the
//! standard library's removal is used, which others cannot lead astray by swapping a folder for a
//! symlink; a cancel is noticed between the folder's direct entries only.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Given;
use super::{Cancel, Context, Definition, Task, TaskError, files};
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::{OneOrMany, Tmpl};

mapping! {
    /// Arguments of `remove`.
    pub struct RemoveArgs as "the task `remove`" {
        /// What to remove, or a list; a symlink is removed itself, never what it leads to.
        path: OneOrMany<Tmpl<PathText>>,
        /// `true`: remove folders with all that is in them. Default `false`: only files and empty folders.
        recursive: Tmpl<bool>,
        /// `false`: fail when there is nothing to remove. Default `true`.
        missing_ok: Tmpl<bool>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "remove",
    summary: "Removes files and folders.",
    example: "task: remove\nwith: {path: out, recursive: true}",
    schema: |generator| generator.subschema_for::<RemoveArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<RemoveArgs>(entries, place, reader);
        let paths = given.require_some(&args.path, "path", reader);
        given.accepted(reader)?;
        Some(Arc::new(Remove {
            paths: paths.into_iter().map(|path| path.0).collect(),
            recursive: args.recursive.known().unwrap_or(false),
            missing_ok: args.missing_ok.known().unwrap_or(true),
        }))
    },
};

#[derive(Debug)]
struct Remove {
    paths: Vec<String>,
    recursive: bool,
    missing_ok: bool,
}

/// What stands at a path.
enum Target {
    Missing(io::Error),
    File(PathBuf),
    /// With the path that leads to it without symlinks.
    Folder(PathBuf),
}

fn cannot(shown: &str, error: &io::Error) -> TaskError {
    files::cannot("remove", shown, error)
}

/// Whether there is nothing at a path; below a file there is nothing either.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Looks at a path and refuses what no workflow means to remove.
fn target(shown: &str, context: &Context<'_>) -> Result<Target, TaskError> {
    // Without the last slash, which would lead through a symlink.
    let path: PathBuf = context.path(shown).components().collect();
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(Target::Missing(error)),
        Err(error) => return Err(cannot(shown, &error)),
    };
    if !found.is_dir() {
        return Ok(Target::File(path));
    }
    let real = path.canonicalize().map_err(|error| cannot(shown, &error))?;
    let cwd = context.cwd.canonicalize().unwrap_or_else(|_| context.cwd.to_owned());
    let refused = if real == Path::new("/") {
        "it is the root of the file system"
    } else if real == cwd {
        "it is the folder of this process"
    } else if cwd.starts_with(&real) {
        "the folder of this process lies in it"
    } else {
        return Ok(Target::Folder(real));
    };
    Err(TaskError::failed(format!("will not remove `{shown}`: {refused}")))
}

/// Removes a folder with all that is in it.
fn remove_all(path: &Path, shown: &str, cancel: &Cancel) -> Result<(), TaskError> {
    let named = |name: &std::ffi::OsStr| Path::new(shown).join(name).display().to_string();
    let gone = |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(cannot(shown, &error)) };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        // It was there before: an earlier path of the list, or somebody else, has removed it.
        Err(error) => return gone(error),
    };
    for entry in entries {
        if cancel.is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        let entry = entry.map_err(|error| cannot(shown, &error))?;
        let kind = entry.file_type().map_err(|error| cannot(&named(&entry.file_name()), &error))?;
        let removed = if kind.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot(&named(&entry.file_name()), &error)),
            _ => {}
        }
    }
    fs::remove_dir(path).or_else(gone)
}

impl Task for Remove {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let targets = self.paths.iter().map(|shown| Ok((shown, target(shown, context)?))).collect::<Result<Vec<_>, TaskError>>()?;
        for (shown, target) in targets {
            if context.cancel.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            let removed = match target {
                Target::Missing(error) => Err(error),
                Target::File(path) => fs::remove_file(path),
                Target::Folder(path) if self.recursive => {
                    remove_all(&path, shown, context.cancel)?;
                    Ok(())
                }
                Target::Folder(path) => fs::remove_dir(path),
            };
            match removed {
                Ok(()) => {}
                Err(error) if is_missing(&error) && self.missing_ok => {}
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                    return Err(TaskError::failed(format!("cannot remove `{shown}`: the folder is not empty; add `recursive: true`")));
                }
                Err(error) => return Err(cannot(shown, &error)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::TaskError;
    use super::super::testing::{Bench, refused};

    #[test]
    fn files_and_folders_are_removed() {
        let bench = Bench::new();
        for file in ["f", "a/b/c/f", "a/g", "keep"] {
            bench.file(file, "");
        }
        std::fs::create_dir(bench.path().join("empty")).unwrap();
        bench.ok("remove", "path: [f, empty/]");
        bench.ok("remove", "{path: a, recursive: true}");
        assert_eq!(bench.list("."), ["keep"]);
        bench.file("a/b/f", "");
        bench.ok("remove", "{path: [a, a/b, a/b/f], recursive: true}");
        assert_eq!(bench.list("."), ["keep"]);
    }

    #[test]
    fn what_is_missing_is_fine_unless_it_must_be_there() {
        let bench = Bench::new();
        bench.file("f", "");
        bench.ok("remove", "path: [nothing, f/below, no/folder]");
        bench.ok("remove", "{path: nothing, recursive: true}");
        assert_eq!(bench.fails("remove", "{path: nothing, missing_ok: false}"), "cannot remove `nothing`: No such file or directory");
        assert_eq!(bench.list("."), ["f"]);
    }

    #[test]
    fn a_full_folder_needs_recursive() {
        let bench = Bench::new();
        bench.file("a/f", "");
        assert_eq!(bench.fails("remove", "path: a"), "cannot remove `a`: the folder is not empty; add `recursive: true`");
    }

    #[test]
    fn symlinks_are_not_followed() {
        let bench = Bench::new();
        bench.file("real/f", "");
        bench.file("a/g", "");
        for link in ["link", "link2", "link3", "a/link"] {
            symlink(bench.path().join("real"), bench.path().join(link)).unwrap();
        }
        symlink("nowhere", bench.path().join("dangling")).unwrap();
        bench.ok("remove", "{path: [link, link2/, link3/., a, dangling], recursive: true}");
        assert_eq!(bench.list("."), ["real"]);
        assert_eq!(bench.list("real"), ["f"]);
    }

    #[test]
    fn the_working_folder_its_parents_and_the_root_are_refused_before_anything_is_removed() {
        let bench = Bench::new();
        bench.file("f", "");
        let here = bench.path().display().to_string();
        for (path, why) in [
            (".", "it is the folder of this process"),
            ("..", "the folder of this process lies in it"),
            ("/", "it is the root of the file system"),
            ("//", "it is the root of the file system"),
            (here.as_str(), "it is the folder of this process"),
        ] {
            let message = bench.fails("remove", &format!("{{path: [f, \"{path}\"], recursive: true}}"));
            assert_eq!(message, format!("will not remove `{path}`: {why}"));
        }
        assert_eq!(bench.list("."), ["f"]);
    }

    #[test]
    fn a_cancel_is_noticed() {
        let bench = Bench::new();
        bench.file("a/f", "");
        bench.cancel.cancel();
        assert!(matches!(bench.run("remove", "{path: a, recursive: true}").0, Err(TaskError::Cancelled)));
        assert_eq!(bench.list("a"), ["f"]);
    }

    #[test]
    fn a_path_is_required() {
        assert_eq!(refused("remove", "recursive: true"), "`path` is missing | add `path: …` to `with`");
    }
}
