//! `flowrun explain`: whole texts from the report of a real run, and what is no report. `BLESS=1` writes the texts anew.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Place, repository};
use flowrun::report::explain;
use flowrun::report::formats::Kind;
use flowrun::report::record::Report;
use serde_json::{Value, json};

fn text() -> String {
    fs::read_to_string(repository().join("tests/browser/report.json")).expect("a report")
}

fn golden(name: &str) -> PathBuf {
    repository().join("tests/explain").join(format!("{name}.txt"))
}

fn holds(name: &str, said: &str) {
    let path = golden(name);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, said).expect("a file");
    }
    assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

#[test]
fn a_run_is_told_with_its_causes() {
    let report: Report = serde_json::from_str(&text()).expect("a report");
    holds("run", &explain::run(&report));
}

#[test]
fn a_process_is_told_with_its_causes() {
    let report: Report = serde_json::from_str(&text()).expect("a report");
    // One that failed twice, one that was skipped, one that waited for a lock, one among permits, a daemon, a cleanup.
    for name in ["test", "deploy", "report", "train[2]", "db", "tidy"] {
        let process = report.processes.iter().find(|process| &*process.name == name).expect("it is there");
        holds(name, &explain::process(&report, process));
    }
}

#[test]
fn many_skips_of_one_cause_are_one_line() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    let all = report["processes"].as_array_mut().expect("a list");
    let skipped = all.iter().find(|one| one["name"] == "deploy").expect("it is there").clone();
    for number in 0..197 {
        let mut other = skipped.clone();
        other["name"] = json!(format!("deploy{number}"));
        all.push(other);
    }
    report["run"]["halted"] = json!({ "at": 1.5, "text": "`test` failed: starting nothing new but cleanups" });
    let report: Report = serde_json::from_value(report).expect("a report");
    let run = explain::run(&report);
    assert!(run.contains("\n  198 skipped because `test` failed: deploy, deploy0, deploy1, … and 195 more\n"), "{run}");
    assert_eq!(run.matches("nothing new").count(), 1, "{run}");
    let test = report.processes.iter().find(|process| &*process.name == "test").expect("it is there");
    let told = explain::process(&report, test);
    assert!(told.contains("  198 skipped: `deploy`, `deploy0`, `deploy1`, … and 195 more\n"), "{told}");
    let all: Vec<_> = report.processes.iter().filter(|process| process.name.starts_with("deploy")).collect();
    let copies = explain::instances("deploy", &all, 20);
    assert!(copies.ends_with(":\n  198 skipped because `test` failed: deploy, deploy0, deploy1, … and 195 more\n"), "{copies}");
    let mut page = Vec::new();
    Kind::Markdown.write(&report, &mut page).expect("a page");
    let page = String::from_utf8(page).expect("UTF-8");
    assert!(page.contains("| 198 processes&#58; deploy, deploy0, deploy1, … and 195 more | skipped |"), "{page}");
}

/// What joins what was skipped is told where it began.
#[test]
fn a_skip_is_followed_to_where_it_began() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    let mut late =
        report["processes"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "deploy")).expect("it is there").clone();
    late["name"] = json!("announce");
    late["joins"] = json!([{ "process": "deploy", "until": "success", "held": null }]);
    late["outcome"]["reason"] = json!({ "kind": "join", "text": "`test` failed", "process": "deploy" });
    report["processes"].as_array_mut().expect("a list").push(late);
    let report: Report = serde_json::from_value(report).expect("a report");
    holds("announce", &explain::process(&report, report.processes.last().expect("it is there")));
}

#[test]
fn a_long_chain_of_skips_leads_to_where_it_began() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    let all = report["processes"].as_array_mut().expect("a list");
    let skipped = all.iter().find(|one| one["name"] == "deploy").expect("it is there").clone();
    for number in 0..100 {
        let before = if number == 0 { "deploy".to_owned() } else { format!("late{}", number - 1) };
        let mut late = skipped.clone();
        late["name"] = json!(format!("late{number}"));
        late["outcome"]["reason"] = json!({ "kind": "join", "text": "`test` failed", "process": before });
        all.push(late);
    }
    let report: Report = serde_json::from_value(report).expect("a report");
    let told = explain::process(&report, report.processes.last().expect("it is there"));
    assert!(
        told.contains("\n  late98 skipped\n") && told.contains("\n  late79 skipped\n  … and 80 more\n  test failed: exit code 1\n"),
        "{told}"
    );
}

/// Chains end, even in a report that cannot be: two that were skipped for each other, each held up by the other.
#[test]
fn rings_end() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    for (one, other) in [("lint", "build"), ("build", "lint")] {
        let process = report["processes"].as_array_mut().and_then(|all| all.iter_mut().find(|process| process["name"] == one));
        let process = process.expect("it is there");
        process["joins"] = json!([{ "process": other, "until": "success", "held": 0.1 }]);
        process["outcome"] = json!({ "kind": "skipped", "allowed": false, "reason": { "kind": "join", "text": "x", "process": other } });
    }
    let report: Report = serde_json::from_value(report).expect("a report");
    for process in &report.processes {
        assert!(explain::process(&report, process).lines().count() < 100);
    }
}

/// Numbers as large as there are, which no run has: told, without a fault.
#[test]
fn odd_numbers_are_told() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    let most = u32::MAX;
    for process in report["processes"].as_array_mut().expect("a list") {
        for attempt in process["attempts"].as_array_mut().expect("a list") {
            attempt["number"] = json!(most);
            attempt["steps"].as_array_mut().expect("a list").iter_mut().for_each(|step| step["step"] = json!(most));
        }
        process["attempts_begun"] = json!(most);
    }
    for piece in report["critical_path"].as_array_mut().expect("a list") {
        (piece["step"], piece["from"], piece["to"]) = (json!(most), json!(0), json!(1e19));
    }
    let report: Report = serde_json::from_value(report).expect("a report");
    assert!(explain::run(&report).contains("test ran (step 4294967295) for"));
    for process in &report.processes {
        assert!(!explain::process(&report, process).is_empty());
    }
    for (_, kind) in Kind::ALL {
        kind.write(&report, &mut std::io::sink()).expect("it has room for everything");
    }
}

/// Those who waited again and again for one lock, by turns, are named once.
#[test]
fn who_waited_is_named_once() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    let resource = &mut report["resources"][0];
    let one = resource["uses"][0].clone();
    let mut uses = Vec::new();
    for name in ["lint", "build", "lint", "build"] {
        let mut other = one.clone();
        (other["process"], other["asked"], other["had"]) = (json!(name), json!(0.1), json!(0.2));
        uses.push(other);
    }
    (resource["uses"], resource["waited"]) = (json!(uses), json!(0.4));
    let report: Report = serde_json::from_value(report).expect("a report");
    let text = explain::run(&report);
    assert!(text.contains(": 0.40 s in all, by `lint`, `build`\n"), "{text}");
}

#[test]
fn waits_that_are_short_beside_the_run_are_left_out() {
    let mut report: Value = serde_json::from_str(&text()).expect("JSON");
    for resource in report["resources"].as_array_mut().expect("a list") {
        resource["waited"] = json!(0.017);
    }
    let told = |report: &Value| explain::run(&serde_json::from_value(report.clone()).expect("a report"));
    assert!(!told(&report).contains("What was waited for"), "{}", told(&report));
    report["resources"][0]["waited"] = json!(0.02);
    assert!(told(&report).contains("What was waited for:\n"), "{}", told(&report));
}

#[test]
fn the_command_line_knows_names_instances_and_standard_input() {
    let place = Place::new().file("report.json", &text());
    assert!(place.flowrun("explain report.json").run().exits(0).stdout.starts_with("shop: failed in 1.73 s"));
    assert!(place.flowrun("explain report.json lint").run().exits(0).stdout.starts_with("lint: success"));
    let many = place.flowrun("explain report.json train").run().exits(0).stdout;
    assert!(many.starts_with("train stands for 3 processes; name one of them:\n  train[0] success\n"), "{many}");
    let said = place.flowrun("explain report.json tets").run().exits(2);
    assert_eq!(said.stderr, "flowrun: no process `tets` is in report.json; did you mean `test`?\n");
    assert_eq!(said.stdout, "");
}

#[test]
fn what_is_no_report_is_refused() {
    let later = text().replacen("\"version\": 1", "\"version\": 7", 1);
    let place = Place::new()
        .file("later.json", &later)
        .file("flow.yaml", "processes: {}\n")
        .file("half.json", "{\"version\": 1, \"flowrun\": \"0.1.0\"}");
    for (file, says) in [
        ("later.json", "later.json is a report of version 7, written by flowrun 0.1.0; this flowrun reads version 1"),
        ("flow.yaml", "flow.yaml is no report of flowrun: "),
        ("half.json", "half.json is no whole report of flowrun: missing field `run`"),
        ("missing.json", "cannot read the report missing.json: "),
    ] {
        let said = place.flowrun(&format!("explain {file}")).run().exits(2);
        assert!(said.stderr.contains(says), "{file}: {said}");
    }
}
