//! What an editor makes of the schema, asked of the language server that nearly every editor uses for YAML.
//!
//! `npm ci --prefix tests/editor` installs it; without it these tests are skipped, unless `REQUIRE_EDITOR` is set.

#[path = "../common/mod.rs"]
mod common;
mod server;

use std::fs;

use common::{Place, repository, workflow_path, workflows};
use server::Server;

/// The keys of a process that has a `command`, and nothing that excludes another key.
fn beside_a_command() -> Vec<String> {
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(repository().join("schemas/flowrun.schema.json")).expect("the schema")).expect("JSON");
    let keys = schema["definitions"]["Process"]["properties"].as_object().expect("keys").keys();
    keys.filter(|key| !["command", "task", "with", "steps"].contains(&key.as_str())).cloned().collect()
}

/// `|` is the cursor; then the words that are offered there.
const OFFERED: &[(&str, &str)] = &[
    ("processes:\n  a:\n    task: sleep\n    with:\n      |", "duration"),
    ("processes:\n  a:\n    task: write\n    with:\n      file: a\n      |", "content append mode"),
    ("processes:\n  a:\n    task: wait\n    with:\n      |", "tcp file process pid interval timeout"),
    ("processes:\n  a:\n    task: wait\n    with:\n      tcp: 80\n      |", "interval timeout"),
    ("processes:\n  a:\n    steps:\n      - |", "name command task env cwd shell umask timeout lock semaphore secrets"),
    ("processes:\n  a:\n    steps:\n      - task: sleep\n        |", "name with env cwd shell umask timeout lock semaphore secrets"),
    ("processes:\n  a:\n    command: ls\n    ready:\n      |", "tcp unix http exec log file notify initial_delay interval timeout within"),
    ("processes:\n  a:\n    command: ls\n    ready:\n      tcp: 80\n      |", "initial_delay interval timeout within"),
    (
        "processes:\n  a:\n    command: ls\n    live:\n      http: http://a/\n      |",
        "status method headers insecure initial_delay interval timeout failures",
    ),
    ("processes:\n  a:\n    command: ls\n    retries:\n      |", "count delay backoff max_delay jitter"),
    ("processes:\n  a:\n    command: ls\n    stop:\n      signal: INT\n      |", "grace command when"),
    ("processes:\n  a:\n    command: ls\n    stdout:\n      |", "file queue"),
    ("processes:\n  a:\n    command: ls\n    stdout:\n      file: a\n      |", "append"),
    ("processes:\n  a:\n    command: ls\n    for_each:\n      |", "queue workers"),
    ("processes:\n  a:\n    task: |", "sleep print fail write copy remove mkdir wait json stop assert"),
    ("processes:\n  a:\n    join:\n      b: |", "success exit failure start ready"),
    ("processes:\n  a:\n    daemon: |", "true false"),
    ("processes:\n  a:\n    stderr: |", "stdout"),
    ("processes:\n  a:\n    cwd: |", ""),
    ("on_failure: |", "finish continue kill"),
    ("locks:\n  db:\n    scope: |", "run host"),
];

#[test]
fn what_may_stand_somewhere_is_offered_and_nothing_else() {
    let Some(mut server) = Server::start() else { return };
    let mut wrong = Vec::new();
    let mut expect = |text: &str, mut expected: Vec<String>| {
        let mut offered = server.offered(text);
        expected.sort();
        offered.sort();
        if offered != expected {
            wrong.push(format!("{text}\n  {offered:?}\n  instead of {expected:?}"));
        }
    };
    for (text, words) in OFFERED {
        expect(text, words.split_whitespace().map(str::to_owned).collect());
    }
    let mut keys = beside_a_command();
    expect("processes:\n  a:\n    command: ls\n    |", keys.clone());
    keys.retain(|key| key != "args");
    keys.push("with".to_owned());
    expect("processes:\n  a:\n    task: sleep\n    |", keys.clone());
    keys.retain(|key| key != "with");
    expect("processes:\n  a:\n    steps: [{command: ls}]\n    |", keys.clone());
    keys.extend(["command", "task", "steps"].map(str::to_owned));
    expect("processes:\n  a:\n    |", keys);
    assert_eq!(wrong, [""; 0]);
}

/// `|` is the pointer; then what the text that is shown must contain.
const SHOWN: &[(&str, &[&str])] = &[
    ("pro|cesses:\n  a:\n    command: ls", &["The processes, by name.", "join: build"]),
    ("processes:\n  a|b:\n    command: ls", &["One process."]),
    ("processes:\n  a:\n    com|mand: ls", &["A text for the shell, or a list", "command: make test\n"]),
    ("processes:\n  a:\n    com|mand: [ls, -l]", &["A text for the shell, or a list"]),
    ("processes:\n  a:\n    command: ls\n    jo|in: b", &["What must have happened", "join: { build: success, db: ready }"]),
    ("processes:\n  a:\n    command: ls\n    jo|in: {b: exit}", &["What must have happened"]),
    ("processes:\n  a:\n    command: ls\n    join: {b: ex|it}", &["`exit`: Started and ended, however it ended."]),
    ("processes:\n  a:\n    task: sl|eep", &["`sleep`: Does nothing for a while.", "task: sleep"]),
    ("processes:\n  a:\n    task: sleep\n    wi|th: {duration: 3s}", &["The arguments of the built-in task."]),
    ("processes:\n  a:\n    task: sleep\n    with: {dura|tion: 3s}", &["How long.", "duration: 1m30s"]),
    ("processes:\n  a:\n    command: ls\n    rea|dy: {tcp: 80}", &["When it counts as ready", "ready: { log: listening on }"]),
    ("processes:\n  a:\n    command: ls\n    ready: {tc|p: 80}", &["A connection to `host:port` is accepted"]),
    ("processes:\n  a:\n    command: ls\n    retr|ies: {count: 3}", &["how often a failed attempt is tried again", "retries: 3\n"]),
    ("processes:\n  a:\n    command: ls\n    timeo|ut: ${{ vars.t }}", &["an attempt that runs longer is stopped", "timeout: 5m"]),
    ("semapho|res: {a: 1}", &["Semaphores with their numbers of permits.", "semaphores: { ktv: 4 }"]),
    ("on_fai|lure: kill", &["After a failure:", "on_failure: kill", "`continue`: Run all that does not depend on the failure."]),
];

#[test]
fn every_key_tells_what_it_means() {
    let Some(mut server) = Server::start() else { return };
    let mut wrong = Vec::new();
    for (text, parts) in SHOWN {
        let shown = server.shown(text);
        // Two bars stand between texts of alternatives: nobody should have to know of those.
        if !parts.iter().all(|part| shown.contains(part)) || shown.contains("||") {
            wrong.push(format!("{text}\n{shown}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn what_is_right_has_no_finding() {
    let Some(mut server) = Server::start() else { return };
    let mut wrong = Vec::new();
    let mut expect_none = |name: &str, text: &str| {
        let found = server.findings(text);
        if !found.is_empty() {
            wrong.push(format!("{name}: {found:?}"));
        }
    };
    for name in workflows().iter().filter(|name| !name.starts_with("refused/")) {
        expect_none(name, &fs::read_to_string(workflow_path(name)).expect("the workflow"));
    }
    for (place, text) in common::documented::workflows() {
        expect_none(&place, &text);
    }
    let place = Place::new();
    place.flowrun("init").run().exits(0);
    let text = place.read("flowrun.yaml");
    expect_none("flowrun init", &text);
    expect_none("flowrun init, with its comment", &text.replacen("\n## yaml", "\n# yaml", 1).replace("=flowrun.", "=../schemas/flowrun."));
    assert_eq!(wrong, [""; 0]);
}

/// A file with one mistake, its line, and a part of what is said of it.
const WRONG: &[(&str, usize, &str)] = &[
    ("procesess:\n  a:\n    command: ls\nprocesses:\n  b:\n    command: ls", 1, "procesess is not allowed"),
    ("name: nothing", 1, "`processes` is missing"),
    ("processes:\n  a:\n    comand: ls\n    command: ls", 3, "comand is not allowed"),
    ("processes:\n  a:\n    description: nothing to do", 2, "One of `command`, `task` and `steps` is missing"),
    ("processes:\n  a:\n    command: ls\n    depends_on: [b]", 4, "depends_on is not allowed"),
    ("processes:\n  a:\n    command: ls\n    timeout: 1:30", 4, "Expected a duration such as"),
    ("processes:\n  a:\n    command: ls\n    timeout: soon", 4, "Expected a duration such as"),
    ("processes:\n  a:\n    command: ls\n    daemon: maybe", 4, "Expected `true` or `false`"),
    ("processes:\n  a:\n    command: ls\n    replicas: 0", 4, "minimum"),
    ("processes:\n  a:\n    command: ls\n    with:\n      duration: 3s", 4, "`with` belongs to `task`"),
    ("processes:\n  a:\n    task: sleep\n    args: [3]\n    with: {duration: 3}", 4, "`args` belongs to `command`"),
    ("processes:\n  a:\n    task: slep\n    with: {duration: 3}", 3, "\"sleep\""),
    ("processes:\n  a:\n    description: waits\n    task: sleep", 2, "`with` is missing"),
    ("processes:\n  a:\n    task: sleep\n    with:\n      time: 3s\n      duration: 3s", 5, "time is not allowed"),
    ("processes:\n  a:\n    task: write\n    with:\n      file: a", 4, "`content` is missing"),
    ("processes:\n  a:\n    command: ls\n    join:\n      b: finished\n  b:\n    command: ls", 5, "Expected one of `success`"),
    ("processes:\n  a:\n    command: ls\n    ready:\n      tcp: 80\n      status: 200", 6, "`status` belongs to `http`"),
    ("processes:\n  a:\n    command: ls\n    ready:\n      port: 80", 5, "port is not allowed"),
    ("processes:\n  a:\n    command: ls\n    ready: 8080", 4, "Expected one of object"),
    ("processes:\n  a:\n    command: ls\n    stdout: build.log", 4, "Expected one of object"),
    ("processes:\n  a:\n    command: ls\n    stdin:\n      text: a\n      path: b", 6, "path is not allowed"),
    ("processes:\n  a:\n    command: ls\n    restart: unless-stopped", 4, "Expected one of `no`, `on-failure` and `always`"),
    ("processes:\n  a:\n    command: ls\n    retries:\n      count: 3\n      wait: 1s", 6, "wait is not allowed"),
    ("processes:\n  a:\n    command: ls\n    retries:\n      tries: 3", 5, "tries is not allowed"),
    ("processes:\n  a:\n    command: ls\n    umask: 022", 4, "Incorrect type"),
    ("processes:\n  a:\n    command: ls\n    listen:\n      port: 80", 5, "port is not allowed"),
    ("processes:\n  a:\n    steps:\n      - name: one", 4, "One of `command` and `task` is missing"),
    ("processes:\n  a:\n    steps:\n      - command: ls\n      - command: ls\n        join: b", 6, "join is not allowed"),
    ("processes:\n  1a:\n    command: ls", 2, "pattern"),
    ("on_failure: panic\nprocesses:\n  a:\n    command: ls", 1, "\"kill\""),
    ("jobs: half\nprocesses:\n  a:\n    command: ls", 1, "Expected a number of jobs"),
    ("defaults:\n  join: a\nprocesses:\n  a:\n    command: ls", 2, "join is not allowed"),
    ("processes:\n  a:\n    command: [ls\n  b:\n    command: ls", 4, ""),
];

#[test]
fn a_mistake_is_told_at_its_line() {
    let Some(mut server) = Server::start() else { return };
    let mut wrong = Vec::new();
    for (text, line, told) in WRONG {
        let found = server.findings(text);
        let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        let only_there = lines.iter().all(|at| at == line) || told.is_empty() && lines.contains(line);
        if !only_there || !found.iter().any(|finding| finding.message.contains(told)) {
            wrong.push(format!("{text}\n  expected in line {line}: {told}\n  {found:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn keys_that_exclude_one_another_are_both_marked() {
    let Some(mut server) = Server::start() else { return };
    for (text, lines, told) in [
        ("processes:\n  a:\n    command: ls\n    task: print", [3, 4], "Only one of `command`, `task` and `steps`"),
        ("processes:\n  a:\n    steps: [{command: ls}]\n    command: ls", [3, 4], "Only one of `command`, `task` and `steps`"),
        ("processes:\n  a:\n    command: ls\n    ready:\n      tcp: 80\n      log: up", [5, 6], "Only one of `tcp`, `unix`"),
        ("processes:\n  a:\n    command: ls\n    stdin:\n      text: a\n      file: b", [5, 6], "Only one of `text`, `file`"),
        ("processes:\n  a:\n    task: json\n    with:\n      file: a\n      set: 1\n      add: 1", [6, 7], "Only one of `set` and `add`"),
    ] {
        let found = server.findings(text);
        let mut marked: Vec<usize> = found.iter().filter(|finding| finding.message.contains(told)).map(|finding| finding.line).collect();
        marked.sort_unstable();
        assert_eq!(marked, lines, "{text}\n{found:?}");
    }
}

/// The block of `docs/editors.md` that is fenced as this, without the fences.
fn documented(fence: &str) -> String {
    let text = fs::read_to_string(repository().join("docs/editors.md")).expect("the document");
    let (_, rest) = text.split_once(&format!("```{fence}\n")).unwrap_or_else(|| panic!("no block is {fence}"));
    rest.split_once("```").expect("an end").0.to_owned()
}

#[test]
fn the_settings_in_the_documentation_work() {
    // Not in a folder whose name begins with a dot: no pattern of the server's leads through one.
    let folder = tempfile::Builder::new().prefix("project").tempdir().expect("a folder");
    let project = folder.path();
    fs::write(project.join("flowrun.schema.json"), Place::new().flowrun("schema").run().exits(0).stdout).expect("the schema");
    let settings: serde_json::Value = serde_json::from_str(&documented("json")).expect("JSON");
    let schemas = settings["yaml.schemas"].clone();
    // A server is only there once it has found the mistake that it is asked about first.
    let Some(mut server) = Server::start_with(&schemas, project, project.join("workflows")) else { return };
    assert!(server.findings("processes: {a: {command: ls}}").is_empty());

    // The others give an absolute path to the same server, for the same files.
    let patterns = schemas["./flowrun.schema.json"].clone();
    let quoted = |quote: &str| {
        let each: Vec<String> = patterns
            .as_array()
            .expect("patterns")
            .iter()
            .filter_map(|name| name.as_str())
            .map(|name| format!("{quote}{name}{quote}"))
            .collect();
        each.join(", ")
    };
    assert!(documented("lua").contains(&format!("= {{ {} }}", quoted("'"))));
    assert!(documented("toml").contains(&format!("= [{}]", quoted("\""))));
    let absolute = serde_json::json!({ project.join("flowrun.schema.json").display().to_string(): patterns });
    let Some(mut server) = Server::start_with(&absolute, project, project.join("workflows")) else { return };
    assert!(server.findings("processes: {a: {command: ls}}").is_empty());
}

#[test]
fn the_comment_in_the_documentation_works() {
    let Some(mut server) = Server::start() else { return };
    let comment = documented("text").replace("$schema=", "$schema=../schemas/");
    assert_eq!(server.findings(&format!("{comment}processes: {{}}")).len(), 1);
    assert_eq!(server.findings(&format!("{comment}processes: {{a: {{command: ls}}}}")).len(), 0);
    assert!(server.findings("# yaml-language-server: $schema=nowhere.json\nprocesses: {}")[0].message.contains("Unable to load"));
}
