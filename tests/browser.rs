//! Pages in a real browser: Chromium, led by the scripts in tests/browser. Skipped where the two are not installed;
//! where `REQUIRE_BROWSER` is set, as in CI, they must be. `SCREENSHOTS` names a folder for pictures of the pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowrun::report::formats::Kind;
use flowrun::report::record::Report;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// The browser, if all that is needed is there.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|dir| [dir.join("chromium"), dir.join("google-chrome")]).find(|path| path.exists());
    let found = found.filter(|_| ["playwright-core", "axe-core"].iter().all(|name| folder().join("node_modules").join(name).exists()));
    assert!(found.is_some() || std::env::var_os("REQUIRE_BROWSER").is_none(), "chromium or tests/browser/node_modules is missing");
    if found.is_none() {
        println!("skipped: no chromium, or no `npm ci` in tests/browser");
    }
    found
}

fn lead(browser: &Path, script: &str, pages: &[PathBuf]) {
    let mut command = Command::new("node");
    command.arg(folder().join(script)).args(pages).args(std::env::var_os("SCREENSHOTS")).env("CHROMIUM", browser);
    let said = command.output().expect("node runs");
    println!("{}", String::from_utf8_lossy(&said.stdout));
    assert!(said.status.success(), "{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
}

fn page(report: &Value) -> Vec<u8> {
    let report: Report = serde_json::from_value(report.clone()).expect("a report");
    let mut page = Vec::new();
    Kind::Html.write(&report, &mut page).expect("a page");
    page
}

/// A real run's report; names that a workflow can have, of files and of values in a matrix, are turned against the page.
fn small() -> Value {
    let text = fs::read_to_string(folder().join("report.json")).expect("a report");
    let hostile = "hostile[</script><script>window.evil=1</script><img src=x onerror=window.evil=1>\u{2028}]";
    let mut report: Value = serde_json::from_str(&text.replace("\"hostile\"", &json!(hostile).to_string())).expect("JSON");
    let retried =
        report["processes"].as_array_mut().and_then(|all| all.iter_mut().find(|one| one["name"] == "train[0]")).expect("it is there");
    let mut first = retried["attempts"][0].clone();
    (first["outcome"], first["last_lines"]) = (json!("failed"), json!(["lines of attempt 1"]));
    retried["attempts"].as_array_mut().expect("a list").insert(0, first);
    (retried["attempts"][1]["number"], retried["attempts_begun"]) = (json!(2), json!(2));
    // The second attempt of `test`: the sentence tells of it.
    report["critical_path"][7]["process"] = json!(hostile);
    // Links through a pipe and a lock, and a script that waits while it runs.
    report["critical_path"][1]["then"] = json!({ "kind": "pipe" });
    let name = report["critical_path"][2]["process"].clone();
    let writer = report["critical_path"][1]["process"].clone();
    let processes = report["processes"].as_array_mut().expect("a list");
    processes.iter_mut().filter(|process| process["name"] == name).for_each(|process| process["reads_from"] = writer.clone());
    let share = |name: &str| json!([{ "resource": name, "shared": false, "permits": 1 }]);
    report["critical_path"][3]["then"] = json!({ "kind": "locks", "wants": share("table") });
    report["critical_path"][4]["process"] = json!("report");
    let inner = json!([{ "kind": "locks", "step": null, "wants": share("gpu"), "queue": null, "from": 0.5, "to": 0.6, "granted": true, "freed_by": "train[0]" }]);
    let migrate =
        report["processes"].as_array_mut().and_then(|all| all.iter_mut().find(|one| one["name"] == "migrate")).expect("it is there");
    (migrate["attempts"][0]["inner_waits"], migrate["attempts"][0]["inner_waits_left_out"]) = (inner, json!(4));
    // A failure of a millisecond at the very end.
    let flaky = report["processes"].as_array_mut().and_then(|all| all.iter_mut().find(|one| one["name"] == "flaky")).expect("it is there");
    let end = json!(1.7328);
    for step in flaky["attempts"].as_array_mut().expect("a list") {
        step["steps"][0]["from"] = json!(1.7318);
        (step["steps"][0]["to"], step["to"]) = (end.clone(), end.clone());
    }
    report["run"]["description"] = json!("<img src=x onerror=window.evil=1>");
    report["warnings"] = json!([{ "at": 0.5, "process": hostile, "text": "</script><svg onload=window.evil=1>" }]);
    report
}

/// Many processes made of one that ran, each joining two before it.
fn big(count: usize) -> Value {
    let mut report = small();
    let model = report["processes"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "test")).expect("it is there").clone();
    let process = |index: usize| {
        let mut one = model.clone();
        one["name"] = json!(format!("p{index}"));
        one["declared"] = one["name"].clone();
        let joins = [index / 2, index.saturating_sub(37)].into_iter().filter(|other| *other < index);
        let join = |other: usize| json!({ "process": format!("p{other}"), "until": "success", "held": 0.5 });
        one["joins"] = joins.collect::<std::collections::BTreeSet<_>>().into_iter().map(join).collect();
        one
    };
    report["processes"] = (0..count).map(process).collect();
    // A worker with many items: a line that opens.
    let piece = |index: u32| {
        let from = f64::from(index) / 1000.0;
        let activity = if index.is_multiple_of(2) { "waiting_for_items" } else { "running" };
        json!({ "process": "p7", "attempt": index / 2 + 1, "step": null, "activity": activity, "from": from, "to": from + 0.001, "then": { "kind": "next" } })
    };
    report["critical_path"] = (0..84).map(piece).collect();
    report["resources"] = json!([]);
    report
}

#[test]
fn the_report_is_a_page_that_people_can_use() {
    let Some(browser) = chromium() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let write = |name: &str, report: &Value| {
        let path = place.path().join(name);
        fs::write(&path, page(report)).expect("a file");
        path
    };
    lead(&browser, "report.mjs", &[write("small.html", &small()), write("big.html", &big(2000)), write("huge.html", &big(6000))]);
}

#[test]
fn the_graph_is_a_page_that_people_can_use() {
    let Some(browser) = chromium() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let workflow = "name: </title><script>window.evil=1</script>\nlocks: [table]\nprocesses:\n  db: { daemon: true, command: x }\n  build: { command: x }\n  test: { join: [db, build], lock: table, command: x }\n  tidy: { join: { test: exit }, command: x }\n";
    fs::write(place.path().join("flowrun.yaml"), workflow).expect("a file");
    fs::copy(folder().join("report.json"), place.path().join("report.json")).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
    let said = command.args(["graph", "--format", "html", "--run", "report.json"]).current_dir(place.path()).output().expect("it runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let path = place.path().join("graph.html");
    fs::write(&path, said.stdout).expect("a file");
    lead(&browser, "graph.mjs", &[path]);
}
