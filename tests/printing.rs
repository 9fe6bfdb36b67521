//! Commands whose standard output is closed or full.

mod common;

use std::fs::OpenOptions;

use common::Place;

const COMMANDS: &[&str] = &["schema", "tasks", "list", "list --json", "graph", "graph --format json", "check flowrun.yaml", "--dry-run"];

fn place() -> Place {
    Place::new().file("flowrun.yaml", "processes: {a: {command: ls}}")
}

#[test]
fn a_closed_output_ends_the_printing_and_is_no_mistake() {
    for command in COMMANDS {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let said = place().flowrun(command).run_to(writer).exits(0);
        assert_eq!(said.stderr, "", "{command}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let Ok(_) = OpenOptions::new().write(true).open("/dev/full") else { return };
    for command in COMMANDS {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("it was there");
        let said = place().flowrun(command).run_to(full).exits(3);
        assert_eq!(said.stderr, "flowrun: cannot write to standard output: No space left on device\n", "{command}");
    }
}
