//! The manual does what it says: every workflow and every command on a page is run, what is generated is up to
//! date, every link leads somewhere, and every page can be found from the first.

#[path = "../common/mod.rs"]
mod common;

mod blocks;
mod foreign;
mod forms;
mod generated;
mod links;
mod play;
mod told;

use std::fs;

use common::documented::pages;
use common::{Place, repository};

#[test]
fn every_page_does_what_it_says() {
    let mut failed = Vec::new();
    for page in pages() {
        // All that is wrong at once, as for a workflow; the reasons are printed by each.
        if std::panic::catch_unwind(|| play::play(&page)).is_err() {
            failed.push(page);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn no_page_has_lost_its_workflows() {
    for (page, least) in [("README.md", 6), ("docs/reference.md", 20), ("docs/tutorial.md", 8)] {
        let markdown = fs::read_to_string(repository().join(page)).expect("the page is there");
        let count = blocks::blocks(page, &markdown).iter().filter(|block| matches!(block.what, blocks::Use::Workflow(_))).count();
        assert!(count >= least, "{page}: {count}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let broken: Vec<_> = pages().iter().flat_map(|page| links::broken(page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_stands_in_the_table_of_contents() {
    let contents = fs::read_to_string(repository().join("docs/README.md")).expect("the table of contents");
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")).filter(|page| *page != "README.md") {
        assert!(contents.contains(&format!("]({page})")), "docs/README.md does not lead to {page}");
    }
}

#[test]
fn the_command_line_is_up_to_date() {
    generated::is_up_to_date("docs/command-line.md", &generated::command_line());
}

#[test]
fn the_tasks_are_up_to_date() {
    generated::is_up_to_date("docs/tasks.md", &generated::tasks());
}

#[test]
fn the_keys_are_up_to_date() {
    let keys = generated::keys();
    let rows: Vec<_> = keys.lines().filter(|line| line.starts_with("| `")).collect();
    let poor: Vec<_> = rows.iter().filter(|line| line.contains("|  |  |")).collect();
    assert!(rows.len() > 90 && poor.is_empty(), "{} keys, without a form or a meaning: {poor:#?}", rows.len());
    generated::is_up_to_date("docs/keys.md", &keys);
}

#[test]
fn the_exit_statuses_are_up_to_date() {
    let page = "docs/reference.md";
    generated::is_up_to_date(page, &generated::with_part(page, "exit", &generated::exit_statuses()));
}

#[test]
fn the_reference_explains_every_command_and_every_key() {
    let markdown = fs::read_to_string(repository().join("docs/reference.md")).expect("it is there");
    for command in generated::commands().iter().filter(|command| !command.contains(' ') && *command != "run") {
        let named = format!("flowrun {command}");
        assert!(markdown.contains(named.trim()), "the reference does not name {named}");
    }
    let schema = generated::schema();
    let process = &schema["definitions"]["Process"]["properties"];
    let keys: Vec<_> = schema["properties"].as_object().into_iter().chain(process.as_object()).flat_map(|keys| keys.keys()).collect();
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        assert!(markdown.contains(&format!("`{key}`")), "the reference does not name `{key}`");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let said = place.flowrun("man share/man1").run().exits(0);
    assert!(said.stdout.contains("share/man1/flowrun.1"), "{said}");
    let mut expected: Vec<_> =
        generated::commands().iter().map(|command| format!("flowrun {command}").trim().replace(' ', "-") + ".1").collect();
    expected.sort();
    assert_eq!(place.names("share/man1"), expected);
    assert!(place.read("share/man1/flowrun-check.1").contains("Find every mistake"));
    let page = place.read("share/man1/flowrun.1");
    for word in ["FLOWRUN_JOBS", ".SH NOTES", "after SIGHUP", concat!("flowrun ", env!("CARGO_PKG_VERSION"))] {
        assert!(page.contains(word), "{word}");
    }
    let Ok(groff) = std::process::Command::new("groff")
        .args(["-man", "-z", "-ww", "-Tutf8", "-K", "utf8"])
        .args(expected)
        .current_dir(place.path("share/man1"))
        .output()
    else {
        return println!("not looked at: groff is missing");
    };
    let warnings = String::from_utf8_lossy(&groff.stderr).into_owned();
    assert!(groff.status.success() && warnings.is_empty(), "{warnings}");
}

#[test]
fn pages_that_cannot_be_written_are_told() {
    let said = Place::new().file("taken", "").flowrun("man taken").run().exits(2);
    assert!(said.stderr.contains("cannot write manual pages into taken"), "{said}");
}
