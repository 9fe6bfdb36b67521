//! Files of other tools: only whether they are well-formed, as their own readers see it.

use std::process::Command;

use super::common::Place;

/// Asserts that a file of a language is one.
pub fn is_well_formed(at: &str, language: &str, text: &str) {
    let place = Place::new().file("file", text);
    match language {
        "yaml" => drop(serde_yaml::from_str::<serde_yaml::Value>(text).unwrap_or_else(|error| panic!("{at}: {error}"))),
        "json" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{at}: {error}"))),
        "python" => reads(at, &place, &["python3", "-m", "py_compile", "file"]),
        "makefile" => {
            let rule = |line: &str| !line.starts_with(['\t', '#', '.']) && line.split_once(':').is_some_and(|(name, _)| !name.is_empty());
            assert!(text.lines().any(rule), "{at}: there is no rule");
            reads(at, &place, &["make", "--dry-run", "--file", "file"]);
        }
        "procfile" => {
            for line in text.lines() {
                let name = line.split_once(": ").map(|(name, _)| name).unwrap_or_else(|| panic!("{at}: `{line}` is no line of a Procfile"));
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                assert!(!name.is_empty() && name.chars().all(plain), "{at}: {name}");
            }
        }
        other => panic!("{at}: what is {other}?"),
    }
}

fn reads(at: &str, place: &Place, words: &[&str]) {
    match Command::new(words[0]).args(&words[1..]).current_dir(place.path("")).output() {
        Ok(output) => assert!(output.status.success(), "{at}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("{at}: not looked at, {} is missing: {error}", words[0]),
    }
}
