//! `flowrun lock NAME` inside of a run: scripts that take a declared lock for a part of what they do. Order is made
//! by files and FIFOs; that somebody waits is known because the run says so.

mod common;

use std::fs;

use common::victims::until;
use common::{Call, Live, Place, Said};
use flowrun::control::auth::Secret;
use flowrun::control::client::Client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Waits until a file is there, or the folder is gone.
const AWAIT: &str = "until [ -e $1 ] || [ ! -e flowrun.yaml ]; do sleep 0.02; done\n";

fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", &workflow.replace("AWAIT", "sh await").replace("LOCK", "$FLOWRUN lock")).file("await", AWAIT)
}

fn flowrun(place: &Place, line: &str) -> Call {
    place.flowrun(line).env("XDG_RUNTIME_DIR", place.path("")).env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun"))
}

fn run(workflow: &str) -> Said {
    flowrun(&place(workflow), "-v -k").run()
}

fn start(place: &Place) -> Live {
    flowrun(place, "-v -k").start()
}

/// Starts a workflow and goes on when a script of its `second` waits for the lock `db`.
fn until_second_waits(place: &Place) -> Live {
    let mut live = start(place);
    live.told_until("second (flowrun lock) waits for lock `db` behind 1");
    live
}

fn go(place: &Place) {
    fs::write(place.path("go"), "").expect("a file");
}

/// The number that a file tells, once it is there.
fn number(place: &Place, name: &str) -> i32 {
    until("a whole number is there", || place.path(name).exists() && place.read(name).ends_with('\n'));
    place.read(name).trim_end().parse().expect("a number")
}

fn slay(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it lives");
}

#[test]
fn only_the_middle_of_ten_scripts_is_serial() {
    let place = place(
        "locks: [db]
processes:
  buyer:
    replicas: 10
    command: |
      : >begun$FLOWRUN_INDEX
      until [ $(ls begun* | wc -l) = 10 ]; do sleep 0.02; done
      LOCK db -- sh -c 'n=$(cat count 2>/dev/null || echo 0); mkdir inside || exit 1; sleep 0.01; echo $((n + 1)) >count; rmdir inside'
",
    );
    flowrun(&place, "").run().exits(0);
    assert_eq!(place.read("count"), "10\n");
}

#[test]
fn declared_locks_and_those_of_scripts_are_one_queue() {
    let place = place(
        "locks: [db]
processes:
  script: {command: LOCK db -- sh -c 'touch in; AWAIT go; echo script >>log'}
  declared: {join: {look: success}, lock: db, command: echo declared >>log}
  look: {command: AWAIT in}
  late: {join: {declared: exit}, command: LOCK db -- echo late >>log}
",
    );
    let mut live = start(&place);
    live.told_until("declared waits for lock `db` behind 1");
    let status = flowrun(&place, "status").run().exits(0).stdout;
    assert!(status.contains("lock `db`, held by `script` (flowrun lock)"), "{status}");
    go(&place);
    live.end().exits(0);
    assert_eq!(place.read("log"), "script\ndeclared\nlate\n");
}

#[test]
fn a_script_that_waits_is_seen_with_what_and_for_whom() {
    let place = place(
        "locks: [db]
processes:
  first: {lock: db, command: touch in; AWAIT go}
  second: {command: 'AWAIT in; LOCK db -- echo had'}
",
    );
    let live = until_second_waits(&place);
    let status = flowrun(&place, "status").run().exits(0).stdout;
    let row = status.lines().find(|line| line.starts_with("second")).expect("a row");
    assert!(row.contains("running") && row.contains("lock `db`, held by `first`"), "{status}");
    let json = flowrun(&place, "status --json").run().exits(0).stdout;
    let held_by: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(held_by["processes"][1]["held_by"], serde_json::json!(["first"]), "{json}");
    go(&place);
    let said = live.end().exits(0);
    assert_eq!(said.of("second"), ["had"]);
    said.tells_in_order(&["second (flowrun lock) holds lock `db`", "second (flowrun lock) no longer holds lock `db`"]);
}

/// Each takes one lock, and the other's when both have one.
const CROSSED: &str = "locks: [a, b]
processes:
  fifos: {command: mkfifo ab ba}
  one: {join: fifos, command: LOCK a -- sh -c 'echo >ab; read x <ba; exec LOCK b -- touch one'}
  two: {join: fifos, command: LOCK b -- sh -c 'read x <ab; echo >ba; exec LOCK a -- touch two'}
  after: {join: {one: exit, two: exit}, command: echo goes on}
";

#[test]
fn a_ring_of_scripts_is_refused_with_every_wait_and_the_run_goes_on() {
    let place = place(CROSSED);
    let said = flowrun(&place, "-k").run().exits(1);
    for part in [
        "`one` (flowrun lock) waits for lock `b`, held by `two` (flowrun lock)",
        "`two` (flowrun lock) waits for lock `a`, held by `one` (flowrun lock)",
    ] {
        said.told(part);
    }
    said.told("failed: exit code 125");
    assert_eq!(said.of("after"), ["goes on"]);
    assert_ne!(place.path("one").exists(), place.path("two").exists(), "one of them got both");
}

#[test]
fn a_ring_that_a_declared_step_closes_costs_the_script_its_request() {
    let said = run("locks: [a, b]
processes:
  fifos: {command: mkfifo ab ba}
  steps:
    join: fifos
    lock: a
    steps:
      - command: 'echo >ab; read x <ba; until $FLOWRUN status | grep -q \"^script.*lock .a.\"; do sleep 0.02; done'
      - {lock: b, command: echo both}
  script: {join: fifos, command: LOCK b -- sh -c 'read x <ab; echo >ba; LOCK a -- true'}
");
    said.told("script failed: exit code 125");
    said.told("steps succeeded");
}

#[test]
fn a_script_does_not_wait_for_what_its_process_or_an_outer_section_holds() {
    let said = run("locks: [a]
semaphores: {s: 2}
processes:
  own: {lock: a, command: LOCK a -- true}
  nested: {command: LOCK s -- $FLOWRUN lock s -- true}
");
    said.told("own failed: exit code 125");
    said.told("nested failed: exit code 125");
    said.told("lock `a` is held by `own`, which waits for this command");
    said.told("semaphore `s` is held by `nested` (flowrun lock)");
}

#[test]
fn nobody_waits_for_ever_for_a_job_slot_behind_a_script() {
    let said = run("jobs: 1
locks: [db]
processes:
  script: {command: 'until $FLOWRUN status | grep -q declared; do sleep 0.02; done; LOCK db -- echo had'}
  declared: {lock: db, command: echo had}
");
    assert_eq!(said.exits(0).stdout.matches("had").count(), 2);
}

/// A holder that the test kills, and one that waits for the same.
fn killed(whom: &str) {
    let place = place(
        "locks: [db]
on_failure: continue
processes:
  holder:
    command: |
      echo $$ >process
      LOCK db -- sh -c 'echo $PPID >client; echo $$ >command; exec sleep 1000' || echo \"ended with $?\"
  second: {command: 'AWAIT command; LOCK db -- echo had'}
",
    );
    let live = until_second_waits(&place);
    let (victim, command) = (number(&place, whom), number(&place, "command"));
    slay(victim);
    if whom == "client" {
        slay(command);
    }
    let said = live.end();
    assert_eq!(said.of("second"), ["had"], "{said}");
    assert_eq!(said.of("holder").len(), usize::from(whom != "process"), "{said}");
}

#[test]
fn a_client_that_is_killed_holds_nothing() {
    killed("client");
}

#[test]
fn a_command_that_is_killed_holds_nothing() {
    killed("command");
}

#[test]
fn a_process_that_is_killed_holds_nothing() {
    killed("process");
}

#[test]
fn patience_is_bounded_and_may_be_none() {
    let said = run("locks: [db]
processes:
  holder: {command: 'LOCK db -- sh -c \"touch in; AWAIT over\"'}
  others:
    command: |
      AWAIT in
      LOCK db --timeout 30ms -- true; echo $?
      LOCK db --no-wait -- true; echo $?
      touch over
      LOCK db --timeout 20s -- true; echo $?
      LOCK db --no-wait -- true; echo $?
")
    .exits(0);
    let others = said.of("others");
    let numbers: Vec<&str> = others.iter().copied().filter(|line| line.len() < 4).collect();
    assert_eq!(numbers, ["124", "125", "0", "0"], "{said}");
    said.told("not had within 30 ms: lock `db` is held by `holder` (flowrun lock)");
}

#[test]
fn patience_is_bounded_also_where_the_run_has_no_room_for_a_client() {
    let place = place(
        "locks: [db]
queues: {q: {}}
processes:
  open: {produces: q, command: AWAIT go}
  main: {consumes: q, command: 'printf \"%s %s\" \"$FLOWRUN_SOCKET\" \"$FLOWRUN_AUTHKEY\" >address; echo up; AWAIT go'}
",
    );
    let mut live = flowrun(&place, "").start();
    live.wait_for("up");
    let address = place.read("address");
    let (socket, key) = address.split_once(' ').expect("two words");
    let secret = Secret::parse(key).expect("a key");
    let many: Vec<Client> = (0..256).map(|_| Client::connect(socket.as_ref(), &secret, None).expect("there is room")).collect();
    let ask = |line: &str| {
        let call = flowrun(&place, line).env("FLOWRUN_PROCESS", "main").env("FLOWRUN_SOCKET", socket);
        call.env("FLOWRUN_AUTHKEY", key).run()
    };
    for (line, status) in [
        ("lock db --no-wait -- true", 125),
        ("lock db --timeout 60ms -- true", 124),
        ("queue get q --timeout 60ms", 124),
        ("queue put q x --timeout 60ms", 124),
    ] {
        assert_eq!(ask(line).exits(status).stderr, "flowrun: 256 clients are connected already; try again later\n", "{line}");
    }
    drop(many);
    ask("lock db --timeout 20s -- true").exits(0);
    go(&place);
    live.end().exits(0);
}

#[test]
fn readers_read_together_and_a_writer_alone() {
    // Each reader waits for the other inside of its section.
    let said = run("locks: [table]
processes:
  a: {command: 'LOCK --shared table -- sh -c \"touch a; AWAIT b\"'}
  b: {command: 'LOCK --shared table -- sh -c \"touch b; AWAIT a; ! LOCK --no-wait table -- true\"'}
");
    said.exits(0);
}

#[test]
fn permits_have_numbers_and_several_names_are_taken_together() {
    let said = run("locks: [db]
semaphores: {gpu: 3}
processes:
  all: {command: 'LOCK gpu db --permits 2 -- printenv FLOWRUN_SLOT_GPU'}
  many: {command: LOCK gpu --permits 4 -- true}
  none: {command: LOCK db --permits 1 -- true}
");
    assert!(["0,1", "0,2", "1,2"].contains(&said.of("all")[0]), "{said}");
    said.told("semaphore `gpu` has 3 permits; 4 would be waited for for ever");
    said.told("a lock has no permits");
}

#[test]
fn mistakes_are_told_with_what_would_be_right() {
    let said = run("locks: {db: {}, all: {scope: host}}
semaphores: {gpu: {permits: 8, scope: host, name: gpus}}
processes:
  wrong: {command: LOCK dbb -- true}
  host: {command: LOCK all -- true}
  permits: {command: LOCK gpu --permits 2 -- true}
  missing: {command: LOCK db -- no-such-program}
");
    let tells = |process: &str, text: &str| {
        let line = said.stderr.lines().find(|line| line.starts_with(process) && line.contains('|'));
        assert!(line.is_some_and(|line| line.contains(text)), "{text}\n{said}");
    };
    tells(
        "wrong",
        "the workflow declares no lock or semaphore `dbb`; did you mean `db`? (it declares lock `db`, lock `all`, semaphore `gpu`)",
    );
    tells("host", "write `flowrun lock --host flowrun/all -- …`");
    tells("permits", "write `flowrun lock --host gpus --permits 2/8 -- …`");
    for (process, status) in [("wrong", 2), ("host", 2), ("permits", 2), ("missing", 127)] {
        said.told(&format!("{process} failed: exit code {status}"));
    }
    let outside = flowrun(&Place::new(), "lock db -- true").run().exits(2);
    outside.told("this is no process of a run; for a lock of this machine write `flowrun lock --host db -- …`");
}

#[test]
fn the_end_of_a_run_ends_its_sections() {
    let place = place(
        "locks: [db]
processes:
  holder: {command: LOCK db -- sh -c 'touch in; exec sleep 1000'}
  second: {command: 'AWAIT in; LOCK db -- true'}
  clean: {join: {holder: exit, second: exit}, command: LOCK db -- echo cleaned}
",
    );
    let live = until_second_waits(&place);
    live.signal(Signal::SIGTERM);
    assert_eq!(live.end().exits(143).of("clean"), ["cleaned"]);
}

#[test]
fn any_program_can_speak_for_itself() {
    let place = place(
        "locks: [db]
semaphores: {gpu: 2}
processes:
  main: {command: 'printf \"%s %s\" \"$FLOWRUN_SOCKET\" \"$FLOWRUN_AUTHKEY\" >part; mv part address; AWAIT go'}
",
    );
    let mut live = start(&place);
    live.told_until("main started");
    until("the address is there", || place.path("address").exists());
    let address = place.read("address");
    let (socket, key) = address.split_once(' ').expect("two words");
    let key = flowrun::control::auth::Secret::parse(key).expect("a key");
    let client = |process: Option<&str>| {
        let process = process.map(str::to_owned);
        flowrun::control::client::Client::connect(std::path::Path::new(socket), &key, process).expect("it listens")
    };
    let mut first = client(Some("main"));
    let answer = first.exchange(r#"{"id":1,"do":"lock","names":["db","gpu"],"permits":2}"#).expect("an answer");
    assert_eq!(answer["ok"]["permits"], serde_json::json!({"gpu": [0, 1]}), "{answer}");
    let mut second = client(Some("main"));
    let code = |answer: serde_json::Value| answer["error"]["code"].as_str().map(str::to_owned);
    let within = format!(r#"{{"id":1,"do":"lock","names":["db"],"within":[{}]}}"#, answer["ok"]["section"]);
    assert_eq!(code(second.exchange(&within).expect("an answer")).as_deref(), Some("deadlock"));
    let now = r#"{"id":2,"do":"lock","names":["db"],"timeout":0}"#;
    assert_eq!(code(second.exchange(now).expect("an answer")).as_deref(), Some("not_now"));
    assert_eq!(code(first.exchange(r#"{"id":1,"do":"lock","names":["db"]}"#).expect("an answer")).as_deref(), Some("bad_request"));
    assert_eq!(first.exchange(r#"{"id":5,"do":"unlock","request":1}"#).expect("an answer"), serde_json::json!({"id": 5, "ok": null}));
    assert!(second.exchange(now).expect("an answer")["ok"].is_object());
    assert_eq!(code(client(None).exchange(now).expect("an answer")).as_deref(), Some("bad_request"));
    drop(second);
    let last = r#"{"id":3,"do":"lock","names":["db"],"timeout":20}"#;
    assert!(first.exchange(last).expect("an answer")["ok"].is_object());
    go(&place);
    live.end().exits(0);
}

#[test]
fn what_a_daemon_keeps_is_refused_with_its_name() {
    let said = run("locks: [db]
processes:
  server: {daemon: true, lock: db, ready: {log: up}, command: 'echo up; exec sleep 1000'}
  script: {join: {server: ready}, command: 'LOCK db -- echo never'}
");
    let said = said.exits(1);
    let line = "refused, because lock `db` is held by `server`, which is a daemon: it is stopped only when the work has ended";
    assert!(said.stdout.contains(line) || said.stderr.contains(line), "{said}");
    assert!(!said.stdout.contains("never"), "{said}");
}

#[test]
fn a_signal_ends_who_waits_for_a_lock_as_if_nobody_heard_it() {
    let place = place(
        "locks: [db]
processes:
  first: {command: 'LOCK db -- AWAIT go'}
  second: {command: 'until [ -e asked ]; do sleep 0.02; done; LOCK db -- true & echo $! > waits; wait $!; echo ended $?; : > go'}
",
    );
    let mut live = start(&place);
    live.told_until("first (flowrun lock) holds lock `db`");
    fs::write(place.path("asked"), "").expect("a file");
    live.told_until("second (flowrun lock) waits for lock `db`");
    kill(Pid::from_raw(number(&place, "waits")), Signal::SIGTERM).expect("it waits");
    let said = live.end().exits(0);
    assert_eq!(said.of("second"), ["ended 143"], "{said}");
}

#[test]
fn the_end_of_a_quick_command_is_never_missed() {
    let said = run("locks: [db]
processes:
  loop:
    replicas: 2
    command: 'for i in $(seq 150); do LOCK db -- true || exit; done; echo done'
");
    assert_eq!(said.exits(0).lines().len(), 2);
}
