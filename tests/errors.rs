//! What people read who made a mistake: every file of `tests/errors` is checked by the program, and the
//! whole of what it prints is compared.
//!
//! `BLESS=1 cargo test --test errors` writes the expected texts anew; read the difference before it is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors")
}

/// The program, with an environment that differs from machine to machine in nothing that is shown.
fn flowrun(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
    command.args(args).current_dir(folder()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/home/somebody");
    command.output().expect("the program runs")
}

/// Everything that is printed, and the exit status.
fn shown(output: &Output) -> String {
    let here = folder().display().to_string();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8").replace(&here, "FOLDER");
    let status = output.status.code().expect("an exit status");
    format!("{}{}exit status {status}\n", text(&output.stderr), text(&output.stdout))
}

/// Compares with a file, or writes it; the sentence says what differs.
fn compare(path: &Path, shown: &str) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, shown).expect("the expected text is written");
        return None;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    (expected != shown).then(|| format!("──── {}\n──── expected:\n{expected}\n──── shown:\n{shown}", path.display()))
}

#[test]
fn every_mistake_is_told_as_expected() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 50);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let output = flowrun(&["check", name]);
        let text = shown(&output);
        // Text for people is for terminals too: a workflow must not be able to steer one.
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {text:?}");
        let errors = text.contains("nothing was started") || output.status.code() == Some(2);
        assert_eq!(output.status.code(), Some(if errors { 2 } else { 0 }), "{name}: {text}");
        wrong.extend(compare(&file.with_extension("txt"), &text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// For tools: one JSON object a line.
#[test]
fn mistakes_are_data_too() {
    let mut wrong = Vec::new();
    for name in ["duplicate-keys", "join-cycle", "wide-characters", "crlf", "expression-in-flow", "comment-cuts-a-command"] {
        let output = flowrun(&["check", "--message-format", "json", &format!("{name}.yaml")]);
        assert!(output.stderr.is_empty(), "{name}: {}", shown(&output));
        wrong.extend(compare(&folder().join(format!("{name}.json")), &shown(&output)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a command line can get wrong about a workflow.
#[test]
fn mistakes_on_the_command_line_are_told() {
    let mut all = String::new();
    for args in [
        &["check", "--set", "nmae=1", "wait-that-ends.yaml"][..],
        &["check", "--set", "naem=1", "unknown-variables.yaml"],
        &["check", "--set", "mode", "if-without-a-boolean.yaml"],
        &["check", "no-such-file.yaml"],
        &["check", "-e", "no-such.env", "wait-that-ends.yaml"],
        &["run", "wait-that-ends.yaml", "frist"],
        &["check", "empty.yaml", "wait-that-ends.yaml"],
    ] {
        all.push_str(&format!("$ flowrun {}\n{}\n", args.join(" "), shown(&flowrun(args))));
    }
    let wrong = compare(&folder().join("command-line.txt"), &all);
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
}
