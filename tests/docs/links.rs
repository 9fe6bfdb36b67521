//! Links between pages: files and headings that are there. Those into the web are not followed.

use super::common::repository;

/// Links of a page that lead nowhere.
pub fn broken(page: &str) -> Vec<String> {
    let markdown = read(page).expect("the page is there");
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut broken = Vec::new();
    for link in prose(&markdown).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if link.contains("://") {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { page.to_owned() } else { format!("{folder}/{path}").trim_start_matches('/').to_owned() };
        let there = repository().join(&target).exists();
        let heading = || read(&target).is_some_and(|text| anchors(&text).iter().any(|own| own == anchor));
        if !there || !anchor.is_empty() && !heading() {
            broken.push(format!("{page}: {link}"));
        }
    }
    broken
}

fn read(page: &str) -> Option<String> {
    std::fs::read_to_string(repository().join(page)).ok()
}

/// A page without its fenced blocks.
fn prose(markdown: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The anchors of its headings, as GitHub makes them.
fn anchors(markdown: &str) -> Vec<String> {
    let headings = prose(markdown);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let kept = line.trim_start_matches('#').trim().to_lowercase();
            let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c)).collect();
            kept.replace(' ', "-")
        })
        .collect()
}
