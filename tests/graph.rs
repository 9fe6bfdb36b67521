//! `flowrun graph` as pictures: the whole text of a small one, and that every one is well-formed. `BLESS=1` writes the
//! expected picture anew.

mod common;

use std::fs;
use std::process::Command;

use common::{Place, repository, workflow_path, workflows};

const SMALL: &str = "
name: </title><script>x</script>&'\"
locks: [table]
queues: { jobs: { maxsize: 3 } }
semaphores: { gpu: 2 }
processes:
  db: { daemon: true, command: sleep 100, ready: { log: up } }
  build: { replicas: 2, command: echo x, stdout: { queue: jobs } }
  work: { for_each: { queue: jobs }, command: cat, semaphore: gpu }
  test: { join: [db, build], lock: { table: shared }, command: echo x }
  tidy: { join: { test: exit }, command: echo x }
  more: { stdin: { process: tidy }, command: cat }
";

fn holds(name: &str, said: &str) {
    let path = repository().join("tests/graph").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, said).expect("a file");
    }
    assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

/// Reads files as XML does, in one go.
fn well_formed(files: &[std::path::PathBuf]) {
    let script = "import sys, xml.dom.minidom\nfor path in sys.argv[1:]: xml.dom.minidom.parse(path)";
    let said = Command::new("python3").args(["-c", script]).args(files).output().expect("Python runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_small_picture_is_as_expected_each_time() {
    let place = Place::new().file("flowrun.yaml", SMALL);
    let said = place.flowrun("graph --format svg").run().exits(0).stdout;
    holds("small.svg", &said);
    assert_eq!(place.flowrun("graph --format svg").run().exits(0).stdout, said);
}

#[test]
fn every_workflow_is_a_well_formed_picture() {
    let place = Place::new();
    let mut pictures = Vec::new();
    for name in workflows().iter().filter(|name| !name.starts_with("refused/")) {
        let file = workflow_path(name);
        let said = place.flowrun(&format!("graph --format svg {}", file.display())).run().exits(0).stdout;
        let path = place.path(&format!("{}.svg", name.replace('/', "-")));
        fs::write(&path, said).expect("a file");
        pictures.push(path);
    }
    assert!(pictures.len() > 20, "{}", pictures.len());
    well_formed(&pictures);
}

/// Long chains, a process that all join, parts without a way between them, rings of declared names, nothing at all.
#[test]
fn odd_shapes_are_drawn() {
    let chain: String = (1..150).map(|one| format!("  p{one}: {{ join: p{}, command: 'true' }}\n", one - 1)).collect();
    let star: String = (0..150).map(|one| format!("  s{one}: {{ join: p0, command: 'true' }}\n")).collect();
    let alone: String = (0..50).map(|one| format!("  a{one}: {{ command: 'true' }}\n")).collect();
    let ring = "  x: { replicas: 2, join: 'y[0]', command: 'true' }\n  y: { replicas: 2, command: 'true' }\n";
    let place = Place::new();
    for (name, processes) in [("chain", chain), ("star", star), ("alone", alone), ("ring", ring.to_owned())] {
        let text = format!("processes:\n  p0: {{ command: 'true' }}\n{processes}");
        fs::write(place.path("flowrun.yaml"), text).expect("a file");
        let said = place.flowrun("graph --format svg").run().exits(0).stdout;
        fs::write(place.path(&format!("{name}.svg")), said).expect("a file");
        well_formed(&[place.path(&format!("{name}.svg"))]);
    }
}

#[test]
fn a_report_tells_what_became_of_each() {
    let report = fs::read_to_string(repository().join("tests/browser/report.json")).expect("a report");
    let text = "processes: {test: {command: x}, train: {replicas: 3, command: x}, new: {command: x}}\n";
    let place = Place::new().file("flowrun.yaml", text).file("report.json", &report).file("no.json", "{}");
    let said = place.flowrun("graph --format svg --run report.json").run().exits(0).stdout;
    for words in [
        "✗ failed",
        "✓ 3 success",
        "not in the report",
        "class=\"node process bad critical\"",
        "★ test <tspan class=\"time\" dx=\"4\">0.85 s</tspan>",
        "up to 0.26 s",
        "&#10;test: failed, exit code 1, at 0.78 s for 0.85 s&#10;on the critical path</title>",
        "★ critical path",
    ] {
        assert!(said.contains(words), "{words} is missing in {said}");
    }
    assert!(place.flowrun("graph --format svg --run no.json").run().exits(2).stderr.contains("no.json is no report of flowrun"));
    let other = place.file("other.yaml", "processes: {stranger: {command: 'true'}}\n");
    let said = other.flowrun("graph other.yaml --format svg --run report.json").run().exits(2);
    said.told("report.json is the report of another workflow: no process of `other` is in it");
    let place = other;
    assert!(place.flowrun("graph --run report.json").run().exits(2).stderr.contains("add --format svg or --format html"));
}

#[test]
fn names_are_no_markup() {
    let place = Place::new().file("flowrun.yaml", SMALL);
    let page = place.flowrun("graph --format html").run().exits(0).stdout;
    assert!(!page.contains("<script>x"), "{page}");
    assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;&amp;&#39;&quot; – graph</title>"), "{page}");
}
