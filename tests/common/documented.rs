//! The workflows in the documentation.

use std::fs;

use super::repository;

/// Every page, as in `docs/reference.md`: the README and all of `docs/`, in order.
pub fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/coming-from"] {
        let entries = fs::read_dir(repository().join(folder)).expect("a folder").flatten();
        let names = entries.map(|entry| entry.file_name().into_string().expect("a name in UTF-8"));
        pages.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    pages.sort();
    pages
}

/// Every workflow on these pages that flowrun accepts, in order, with where it begins.
pub fn workflows() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for page in pages() {
        let markdown = fs::read_to_string(repository().join(&page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        let mut open: Option<(String, String)> = None;
        for (number, line) in markdown.lines().enumerate() {
            match (&mut open, line) {
                (None, "```yaml" | "```yaml fails") => open = Some((format!("{page}:{}", number + 2), String::new())),
                (Some(_), "```") => found.extend(open.take()),
                (Some((_, text)), line) => *text += &format!("{line}\n"),
                (None, _) => {}
            }
        }
    }
    found
}
