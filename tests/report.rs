//! Whole runs and their reports.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Live, Place};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use serde_json::Value;

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_str(&place.read(name)).expect("JSON")
}

fn process<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["processes"].as_array().expect("a list").iter().find(|process| process["name"] == name).expect("the process")
}

const SHOP: &str = r#"
locks: [till]
processes:
  shop: { daemon: true, command: "echo open; exec sleep 1000" }
  buyer: { join: shop, replicas: 2, lock: till, command: "true" }
  bank:
    description: fails
    command: |
      printf '\033[31mno <money> ]]> & \001\n'; exit 3
    retries: 1
  audit: { join: bank, command: "true" }
"#;

#[test]
fn all_kinds_are_written_also_by_a_quiet_run() {
    let place = Place::new().file("shop.yaml", SHOP);
    let call = place
        .flowrun("shop.yaml -q -k --report json=out/r.json --report junit=r.xml,trace=t.json,html=r.html")
        .env("FLOWRUN_REPORT", "markdown=r.md");
    call.run().exits(1);
    let report = json(&place, "out/r.json");
    assert_eq!(report["version"], 1);
    assert_eq!(
        (&report["run"]["name"], &report["run"]["outcome"], &report["run"]["status"]),
        (&"shop".into(), &"failed".into(), &1.into())
    );
    assert_eq!(place.names("out"), ["r.json"], "nothing temporary stays");
    let bank = process(&report, "bank");
    assert_eq!((&bank["attempts_begun"], &bank["code"], &bank["place"]["line"]), (&2.into(), &3.into(), &6.into()));
    assert_eq!(bank["outcome"]["reason"]["kind"], "exit_code");
    assert_eq!(bank["attempts"][1]["last_lines"][0], "\u{1b}[31mno <money> ]]> & \u{1}");
    assert_eq!(process(&report, "audit")["outcome"]["kind"], "skipped");
    assert_eq!(process(&report, "shop")["outcome"]["kind"], "stopped");
    assert_eq!(report["resources"][0]["held"], 2);
    assert!(place.read("r.xml").contains("<testcase name=\"buyer[1]\""));
    let page = place.read("r.html");
    assert!(page.starts_with("<!doctype html>") && page.contains(r"no \u003cmoney\u003e ]]\u003e \u0026") && !page.contains("<money>"));
    // What is written is what `explain` and `graph` read.
    assert!(place.flowrun("explain out/r.json bank").run().exits(0).stdout.starts_with("bank: failed, exit code 3"));
    assert!(place.flowrun("graph shop.yaml --format svg --run out/r.json").run().exits(0).stdout.contains("✗ failed"));
    let trace = json(&place, "t.json");
    assert!(trace["traceEvents"].as_array().is_some_and(|events| events.iter().any(|event| event["ph"] == "f")));
}

#[test]
fn the_environment_names_reports_too() {
    let place = Place::new().file("shop.yaml", SHOP);
    place.flowrun("shop.yaml").env("FLOWRUN_REPORT", "markdown=r.md,json=r.json").run().exits(1);
    assert!(place.read("r.md").contains("| bank | failed |"));
    assert_eq!(json(&place, "r.json")["run"]["file"], "shop.yaml");
}

#[test]
fn a_dash_is_standard_output() {
    let place = Place::new().file("shop.yaml", SHOP);
    let said = place.flowrun("shop.yaml -q --report json=-").run().exits(1);
    let report: Value = serde_json::from_str(&said.stdout).expect("nothing but JSON");
    assert_eq!(report["run"]["name"], "shop");
}

#[test]
fn wrong_kinds_and_places_are_told() {
    let place = Place::new().file("ok.yaml", "processes: { a: { command: \"true\" } }\n").file("file", "");
    let said = place.flowrun("ok.yaml --report html5=x").run().exits(2);
    assert!(said.stderr.contains("a kind is one of json, junit, trace, markdown, html"), "{said}");
    let said = place.flowrun("ok.yaml --report json=x,junit=x").run().exits(2);
    assert!(said.stderr.contains("two reports would be written into x"), "{said}");
    let said = place.flowrun("ok.yaml -q --report json=file/r.json").run().exits(3);
    assert!(said.stderr.contains("cannot write the json report to file/r.json: "), "{said}");
}

#[test]
fn a_failed_run_stays_one_when_its_report_can_not_be_written() {
    let place = Place::new().file("bad.yaml", "processes: { a: { command: exit 1 } }\n").file("file", "");
    let said = place.flowrun("bad.yaml -q --report json=file/r.json --report markdown=r.md").run().exits(1);
    assert!(said.stderr.contains("cannot write the json report"), "{said}");
    assert!(place.read("r.md").contains("| a | failed |"), "the other one is written all the same");
}

/// Deaf to SIGTERM, so that a first interrupt leaves it running.
const DEAF: &str =
    "processes:\n  deaf: { command: \"trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done\", stop: { grace: 100s } }\n";

#[test]
fn an_interrupted_run_is_reported() {
    let place = Place::new().file("run.yaml", "processes:\n  long: { command: \"echo up; exec sleep 1000\" }\n");
    let mut live = place.flowrun("run.yaml --report json=r.json,junit=r.xml").start();
    live.wait_for("up");
    live.signal(Signal::SIGINT);
    live.end().exits(130);
    let report = json(&place, "r.json");
    assert_eq!((&report["run"]["outcome"], &report["run"]["signal"]), (&"interrupted".into(), &2.into()));
    assert_eq!(process(&report, "long")["outcome"]["reason"]["kind"], "interrupt");
    assert!(place.read("r.xml").contains("<skipped message=\"cancelled: the run was interrupted\""));
}

/// Sends it again and again, with time for each to be heard, since one that comes while the report is written ends that.
fn signal_until_gone(live: &Live, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(live.pid()).expect("a number"));
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        live.signal(signal);
        let heard = Instant::now() + Duration::from_millis(500);
        while Instant::now() < heard {
            if waitid(Id::Pid(pid), flags).expect("it is a child") != WaitStatus::StillAlive {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(Instant::now() < limit, "it goes on after {signal}");
    }
}

#[test]
fn a_run_that_was_interrupted_twice_is_reported() {
    let place = Place::new().file("run.yaml", DEAF);
    let mut live = place.flowrun("run.yaml --report json=r.json --stop-timeout 100s").start();
    live.wait_for("up");
    live.signal(Signal::SIGTERM);
    live.wait_for("asked");
    // What comes within an instant of the first is the same wish; so it is wished for until it is granted.
    signal_until_gone(&live, Signal::SIGTERM);
    live.end().exits(143);
    let report = json(&place, "r.json");
    assert_eq!((&report["run"]["outcome"], &report["run"]["signal"]), (&"interrupted".into(), &15.into()));
    let deaf = process(&report, "deaf");
    assert_eq!((&deaf["outcome"]["kind"], &deaf["code"]), (&"cancelled".into(), &(-9).into()));
    assert!(deaf["attempts"][0]["stopping"]["killed"].is_number(), "{deaf}");
}

#[test]
fn a_run_that_was_killed_at_once_is_reported() {
    let place = Place::new().file("run.yaml", DEAF);
    let mut live = place.flowrun("run.yaml --report json=r.json --stop-timeout 100s").start();
    live.wait_for("up");
    live.signal(Signal::SIGQUIT);
    live.end().exits(131);
    assert_eq!(process(&json(&place, "r.json"), "deaf")["code"], -9);
}

#[test]
fn a_run_that_took_too_long_is_reported() {
    let place = Place::new().file(
        "run.yaml",
        "timeout: 100ms\nprocesses:\n  long: { command: \"exec sleep 1000\" }\n  later: { join: long, command: echo }\n  db: { daemon: true, command: \"exec sleep 1000\" }\n",
    );
    place.flowrun("run.yaml -q --report json=r.json,junit=r.xml,markdown=r.md").run().exits(124);
    assert_eq!(json(&place, "r.json")["run"]["outcome"], "timed_out");
    let junit = place.read("r.xml");
    assert!(junit.contains("failures=\"0\" errors=\"1\"") && junit.matches("<error ").count() == 1, "{junit}");
    assert!(junit.contains("<error message=\"the run took longer than its timeout\" type=\"run_timeout\">"), "{junit}");
    let (failures, _) =
        place.read("r.md").split_once("| process |").map(|(before, after)| (before.to_owned(), after.to_owned())).expect("a table");
    assert!(failures.contains("**long** ") && !failures.contains("**later** "), "{failures}");
    let explained = place.flowrun("explain r.json").run().exits(0).stdout;
    assert!(explained.contains("What failed:\n  long: the run took longer than its timeout\n"), "{explained}");
}

#[test]
fn the_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.schema.json");
    let text = flowrun::report::formats::schema() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("it can be written");
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "the types have changed: run again with BLESS=1");
}

/// What flowrun writes beyond the schema of Jenkins, as cargo-nextest does too: when and where. Readers skip it.
fn without_extensions(xml: &str) -> String {
    let extra = regex_lite::Regex::new(r#" (timestamp|file|line)="[^"]*""#).expect("a pattern");
    let skipped = regex_lite::Regex::new(r#"(<testsuites [^>]*?) skipped="\d+""#).expect("a pattern");
    skipped.replace(&extra.replace_all(xml, ""), "$1").into_owned()
}

#[test]
fn junit_reports_are_valid() {
    let known = Command::new("xmllint").arg("--version").output().is_ok_and(|output| output.status.success());
    if !known {
        assert!(std::env::var_os("REQUIRE_XMLLINT").is_none(), "xmllint is missing: install libxml2-utils");
        eprintln!("skipped: there is no xmllint");
        return;
    }
    let place = Place::new().file("shop.yaml", SHOP);
    place.flowrun("shop.yaml -q --report junit=r.xml").run().exits(1);
    let golden = std::fs::read_to_string(common::repository().join("tests/reports/mixed.xml")).expect("a file");
    for (name, xml) in [("run.xml", place.read("r.xml")), ("mixed.xml", golden)] {
        std::fs::write(place.path(name), without_extensions(&xml)).expect("a file");
        let schema = common::repository().join("tests/reports/junit-10.xsd");
        let output = Command::new("xmllint").arg("--noout").arg("--schema").arg(schema).arg(place.path(name)).output().expect("it runs");
        assert!(output.status.success(), "{}\n{xml}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A copy of a repository, a worktree of it, and no repository at all.
#[test]
fn junit_names_the_file_by_its_path_in_the_repository() {
    let place = Place::new()
        .file("copy/.git/HEAD", "ref: refs/heads/main\n")
        .file("tree/.git", "gitdir: elsewhere\n")
        .file("copy/ci/ok.yaml", "processes: {a: {command: 'true'}}")
        .file("tree/ci/ok.yaml", "processes: {a: {command: 'true'}}")
        .file("plain/ci/ok.yaml", "processes: {a: {command: 'true'}}");
    for (folder, file, expected) in [
        ("copy/ci", "ok.yaml", "ci/ok.yaml"),
        ("copy", "ci/ok.yaml", "ci/ok.yaml"),
        ("tree/ci", "ok.yaml", "ci/ok.yaml"),
        ("plain", "ci/ok.yaml", "ci/ok.yaml"),
        ("plain/ci", "ok.yaml", "ok.yaml"),
    ] {
        place.flowrun(&format!("-q -C {folder} {file} --report junit=r.xml,json=r.json")).run().exits(0);
        let xml = place.read(&format!("{folder}/r.xml"));
        assert!(xml.contains(&format!(" file=\"{expected}\" line=\"1\"")), "{folder}: {xml}");
        assert!(place.read(&format!("{folder}/r.json")).contains(&format!("\"file\": \"{file}\"")), "as it was named");
    }
    let workspace = place.path("copy/ci").display().to_string();
    place
        .flowrun("-q -C copy ci/ok.yaml --report junit=r.xml")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", workspace)
        .run()
        .exits(0);
    assert!(place.read("copy/r.xml").contains(" file=\"ok.yaml\" line"), "GitHub says where its workspace begins");
}
