//! The workflows in the documentation.

use std::fs;

use super::repository;

/// Every workflow in `README.md` and `docs/` that flowrun accepts, in order, with where it begins.
pub fn workflows() -> Vec<(String, String)> {
    let docs = fs::read_dir(repository().join("docs")).expect("docs").flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.push(repository().join("README.md"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let markdown = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut open: Option<(String, String)> = None;
        for (number, line) in markdown.lines().enumerate() {
            match (&mut open, line) {
                (None, "```yaml" | "```yaml fails") => open = Some((format!("{}:{}", path.display(), number + 2), String::new())),
                (Some(_), "```") => found.extend(open.take()),
                (Some((_, text)), line) => *text += &format!("{line}\n"),
                (None, _) => {}
            }
        }
    }
    found
}
