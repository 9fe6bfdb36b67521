//! `mkdir`: makes folders.
//!
//! As `mkdir -p`: parents are made too and a folder that is there is fine, so that a workflow can be run
//! again.

use std::path::Path;
use std::sync::Arc;

use super::args::Given;
use super::{Context, Definition, Task, TaskError, files};
use crate::mapping;
use crate::source::model::PathText;
use crate::source::read::{OneOrMany, Tmpl};

mapping! {
    /// Arguments of `mkdir`.
    pub struct MkdirArgs as "the task `mkdir`" {
        /// A folder, or a list of them; parents are made too, and one that is there is left as it is.
        path: OneOrMany<Tmpl<PathText>>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "mkdir",
    summary: "Makes folders and the folders that lead to them.",
    example: "task: mkdir\nwith: {path: [out/logs, out/data]}",
    schema: |generator| generator.subschema_for::<MkdirArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<MkdirArgs>(entries, place, reader);
        let paths = given.require_some(&args.path, "path", reader);
        given.accepted(reader)?;
        Some(Arc::new(Mkdir { paths: paths.into_iter().map(|path| path.0).collect() }))
    },
};

#[derive(Debug)]
struct Mkdir {
    paths: Vec<String>,
}

impl Task for Mkdir {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for shown in &self.paths {
            let path = context.path(shown);
            if let Err(error) = std::fs::create_dir_all(&path) {
                return Err(match in_the_way(&path) {
                    Some(file) => TaskError::failed(format!(
                        "cannot make the folder `{shown}`: `{}` is there and is not a folder",
                        files::shown(file, context.cwd)
                    )),
                    None => files::cannot("make the folder", shown, &error),
                });
            }
        }
        Ok(())
    }
}

/// What is not a folder, on the way to a path or at its end.
fn in_the_way(path: &Path) -> Option<&Path> {
    let nearest = path.ancestors().find(|path| path.symlink_metadata().is_ok())?;
    (!nearest.is_dir()).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, refused};

    #[test]
    fn folders_are_made_with_their_parents_and_again() {
        let bench = Bench::new();
        for _ in 0..2 {
            bench.ok("mkdir", "path: a/b/c");
            bench.ok("mkdir", "path: [d/e, f/, a]");
        }
        assert_eq!(bench.list("."), ["a", "d", "f"]);
        assert!(bench.path().join("a/b/c").is_dir() && bench.path().join("d/e").is_dir());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let bench = Bench::new();
        bench.file("a/f", "");
        std::os::unix::fs::symlink("nowhere", bench.path().join("link")).unwrap();
        assert_eq!(bench.fails("mkdir", "path: a/f"), "cannot make the folder `a/f`: `a/f` is there and is not a folder");
        assert_eq!(bench.fails("mkdir", "path: a/f/g/h"), "cannot make the folder `a/f/g/h`: `a/f` is there and is not a folder");
        assert_eq!(bench.fails("mkdir", "path: link"), "cannot make the folder `link`: `link` is there and is not a folder");
    }

    #[test]
    fn a_path_is_required() {
        assert_eq!(refused("mkdir", ""), "`path` is missing | add `path: …` to `with`");
        assert_eq!(refused("mkdir", "path: []"), "`path` is an empty list | write one value, or a list of them");
    }
}
