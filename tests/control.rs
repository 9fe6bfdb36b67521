//! Asking and telling a run while it goes on: over its socket, and with the commands that use it. Every run
//! has a folder for runs of its own, so that tests beside each other do not see each other's.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::{Live, Place, Said};
use flowrun::control::auth::Secret;
use flowrun::control::client::{Client, Trouble};
use flowrun::control::message::Request;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// Until the test says `go`, `main` runs; it has written down where the run can be asked.
const MAIN: &str = "command: 'printf \"%s %s\" \"$FLOWRUN_SOCKET\" \"$FLOWRUN_AUTHKEY\" > address; echo up; until [ -e go ]; do sleep 0.02; done; echo over'";

struct Run {
    place: Place,
    live: Live,
}

impl Run {
    /// Starts a workflow with a `main`, and waits until that runs.
    fn start(rest: &str) -> Self {
        Self::start_with(rest, "")
    }

    fn start_with(rest: &str, line: &str) -> Self {
        let place = Place::new().file("shop.yaml", &format!("processes:\n  main: {{{MAIN}}}\n{rest}")).file("runtime/.keep", "");
        let runtime = place.path("runtime");
        let mut live = place.flowrun(&format!("-f shop.yaml {line}")).env("XDG_RUNTIME_DIR", runtime).start();
        live.wait_for("up");
        Self { place, live }
    }

    /// Another flowrun of the same user.
    fn ask(&self, line: &str) -> Said {
        self.place.flowrun(line).env("XDG_RUNTIME_DIR", self.place.path("runtime")).run()
    }

    fn address(&self) -> (String, Secret) {
        let text = self.place.read("address");
        let (socket, key) = text.split_once(' ').expect("two words");
        (socket.to_owned(), Secret::parse(key).expect("a key"))
    }

    fn raw(&self) -> UnixStream {
        UnixStream::connect(self.address().0).expect("the run listens")
    }

    fn client(&self) -> Client {
        let (socket, key) = self.address();
        Client::connect(socket.as_ref(), &key, None).expect("it is the key")
    }

    fn go(self) -> Said {
        std::fs::write(self.place.path("go"), "").expect("a file");
        let said = self.live.end();
        assert_eq!(self.place.names("runtime"), [".keep"], "nothing of the run is left");
        said
    }
}

fn of<'a>(status: &'a Value, process: &str) -> &'a Value {
    let all = status["processes"].as_array().expect("a list");
    all.iter().find(|row| row["process"] == process).unwrap_or_else(|| panic!("{process} in {status}"))
}

/// Whether the run has let a client go without a word more.
fn is_closed(stream: &UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a socket");
    let mut rest = Vec::new();
    match (&*stream).read_to_end(&mut rest) {
        Ok(_) => rest.iter().filter(|byte| **byte == b'\n').count() <= 1,
        // It was closed with something of ours unread.
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn status_tells_what_runs_what_waits_and_who_holds_it() {
    let run = Run::start(
        "  owner: {lock: db, command: 'touch owned; until [ -e go ]; do sleep 0.02; done'}
  needs: {lock: db, join: {owner: start}, command: echo had it}
  after: {join: main, command: echo after}
  bad: {command: exit 3, allow_failure: true}
locks: [db]
",
    );
    let ended = run.ask("wait bad").exits(1);
    assert_eq!(ended.stdout, "");
    let status: Value = serde_json::from_str(&run.ask("status --json").exits(0).stdout).expect("JSON");
    assert_eq!((of(&status, "main")["state"].as_str(), of(&status, "main")["code"].is_null()), (Some("running"), true));
    assert_eq!((of(&status, "bad")["state"].as_str(), of(&status, "bad")["code"].as_i64()), (Some("failed"), Some(3)));
    assert_eq!(of(&status, "main")["parent"], status["pid"]);
    assert_eq!(of(&status, "needs")["held_by"], json!(["owner"]));
    assert_eq!(of(&status, "after")["waits_for"], "`main` (success)");
    let table = run.ask("status shop").exits(0).stdout;
    assert!(table.starts_with("PROCESS  STATE    PID") && table.contains("lock `db`, held by `owner`"), "{table}");
    run.go().exits(0);
}

#[test]
fn a_run_is_named_or_the_only_one_and_what_is_ambiguous_is_told() {
    let run = Run::start("");
    let runs: Value = serde_json::from_str(&run.ask("ps --json").exits(0).stdout).expect("JSON");
    let id = runs[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!((runs[0]["name"].as_str(), runs[0]["pid"].as_u64()), (Some("shop"), Some(u64::from(run.live.pid()))));
    let other = run.place.flowrun("-f shop.yaml").env("XDG_RUNTIME_DIR", run.place.path("runtime")).start();
    let titles: Vec<String> = run.ask("ps").stdout.lines().take(1).flat_map(str::split_whitespace).map(str::to_owned).collect();
    assert_eq!(titles, ["ID", "NAME", "STATE", "PID", "SINCE", "CODE", "FILE"]);
    let two = || run.ask("ps").stdout.lines().count() == 3;
    wait_until("both are there", two);
    for line in ["status", "status shop"] {
        let said = run.ask(line).exits(2);
        assert!(said.stderr.contains(&id) && said.stderr.contains("name one") || said.stderr.contains("give the id"), "{said}");
    }
    run.ask(&format!("status {id}")).exits(0);
    let said = run.ask("status ship").exits(2);
    assert!(said.stderr.contains("there is no run `ship`; these are going on:"), "{said}");
    let place = run.place.path("go");
    std::fs::write(place, "").expect("a file");
    other.end().exits(0);
    run.go().exits(0);
    let said = Place::new().file("runtime/.keep", "");
    let said = said.flowrun("status").env("XDG_RUNTIME_DIR", said.path("runtime")).run().exits(2);
    assert_eq!(said.stderr, "flowrun: no run of this user is going on; `flowrun ps -a` shows those in the background that are over\n");
}

/// Whoever stands in the folder of another project learns whose run it was.
#[test]
fn what_changes_a_run_of_another_folder_says_which_it_is() {
    let run = Run::start("  beat: {command: 'touch beats; while true; do sleep 0.05; done'}\n");
    wait_until("it beats", || run.place.path("beats").exists());
    let elsewhere = Place::new();
    let ask = |line: &str| elsewhere.flowrun(line).env("XDG_RUNTIME_DIR", run.place.path("runtime")).run();
    let told = format!("of {}, so that is meant\n", run.place.path("shop.yaml").display());
    for (line, from_elsewhere) in [("signal beat CONT", true), ("stop shop beat", false), ("stop beat", true), ("status", false)] {
        let said = ask(line).exits(0).stderr;
        assert_eq!(said.starts_with("flowrun: the only run is `shop` (") && said.ends_with(&told), from_elsewhere, "{line}: {said}");
        assert!(from_elsewhere || said.is_empty(), "{line}: {said}");
    }
    assert_eq!(run.ask("stop beat").exits(0).stderr, "");
    run.go().exits(0);
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_killed_run_has_left_is_taken_away() {
    let run = Run::start("");
    let pid = run.client().ask(Request::Status, |_| true).expect("it answers")["pid"].as_i64().expect("a number");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a number")), Signal::SIGKILL).expect("it is alive");
    run.live.end().exits(137);
    assert_eq!(run.place.names("runtime"), [".keep"], "the keeper cleans up");
    // Both killed at once: another comes across it.
    let about = json!({"id": "dead", "name": "dead", "file": null, "pid": i32::MAX, "started": 1});
    let folder = run.place.path("runtime/flowrun");
    std::fs::create_dir_all(folder.join("dead")).expect("a folder");
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    std::fs::write(folder.join("dead/about.json"), about.to_string()).expect("a file");
    let said = run.place.flowrun("ps --json").env("XDG_RUNTIME_DIR", run.place.path("runtime")).run().exits(0);
    assert_eq!(said.stdout, "[]\n");
    assert_eq!(run.place.names("runtime"), [".keep"]);
}

#[test]
fn processes_are_stopped_signalled_and_waited_for() {
    let run = Run::start(
        "  beat: {command: 'trap \"echo heard\" HUP; touch beats; while true; do sleep 0.05; done'}
  short: {join: beat, command: echo never}
",
    );
    wait_until("it beats", || run.place.path("beats").exists());
    run.ask("signal beat SIGHUP").exits(0);
    wait_until("it has heard", || run.ask("logs beat").exits(0).stdout.lines().any(|line| line == "heard"));
    assert_eq!(run.ask("wait beat --timeout 100ms").exits(124).stderr, "flowrun: it has not ended within the time given\n");
    run.ask("wait shop --timeout 100ms beat").exits(124);
    run.ask("stop shop beat").exits(0);
    run.ask("wait beat").exits(0);
    run.ask("wait short").exits(1);
    let said = run.ask("signal beat TERM").exits(1);
    assert_eq!(said.stderr, "flowrun: no command of `beat` is running\n");
    for (line, told) in [
        ("stop beat short", "one process at a time: `flowrun stop beat`"),
        ("restart beat short", "one process at a time: `flowrun restart beat`"),
        ("signal beat short HUP", "one process at a time: `flowrun signal beat SIGNAL`"),
        ("signal HUP beat", "the signal stands last: `flowrun signal beat HUP`"),
    ] {
        assert_eq!(run.ask(line).exits(2).stderr, format!("flowrun: {told}\n"), "{line}");
    }
    let said = run.ask("stop baet").exits(2);
    assert_eq!(said.stderr, "flowrun: the run has no process `baet`; did you mean `beat`?\n");
    assert!(run.go().exits(0).stderr.contains("1 stopped"));
}

#[test]
fn a_process_is_begun_anew_without_counting() {
    let run = Run::start(
        "  server: {command: 'echo \"attempt $FLOWRUN_ATTEMPT\"; echo $$ > pid; until [ -e go ]; do sleep 0.02; done'}\n  done: {command: echo done}
  late: {join: server, command: 'true'}
  says: {command: echo said}
  reads: {stdin: {process: says}, command: 'cat; until [ -e go ]; do sleep 0.02; done'}
",
    );
    run.ask("wait done").exits(0);
    for attempt in 2..5 {
        wait_until("it runs", || run.ask("logs server -n 1").stdout == format!("attempt {}\n", attempt - 1));
        run.ask("restart server").exits(0);
        wait_until("it has begun anew", || run.ask("logs server -n1").stdout == format!("attempt {attempt}\n"));
    }
    let said = run.ask("restart done").exits(1);
    assert_eq!(said.stderr, "flowrun: `done` has ended, and nothing begins it again in this run\n");
    assert_eq!(
        run.ask("restart late").exits(1).stderr,
        "flowrun: `late` is not running (it is waiting); only what runs can be begun anew\n"
    );
    assert_eq!(run.ask("restart reads").exits(1).stderr, "flowrun: `reads` is one of a pipe: those begin together and only once\n");
    run.ask("restart nobody").exits(2);
    let said = run.go().exits(0);
    assert!(said.stderr.contains("6 succeeded"), "{said}");
}

#[test]
fn a_run_is_stopped_once_and_in_order_however_often_it_is_asked() {
    let run =
        Run::start("  cleanup: {join: {main: exit}, command: 'touch cleaning; until [ -e go ]; do sleep 0.02; done; echo cleaned'}\n");
    let mut attached = run.place.flowrun("attach --json").env("XDG_RUNTIME_DIR", run.place.path("runtime")).start();
    attached.wait_for("\"names\"");
    run.ask("stop").exits(0);
    wait_until("the cleanup runs", || run.place.path("cleaning").exists());
    run.ask("stop shop").exits(0);
    let status: Value = serde_json::from_str(&run.ask("status --json").exits(0).stdout).expect("JSON");
    assert_eq!((status["ending"].as_bool(), of(&status, "cleanup")["state"].as_str()), (Some(true), Some("running")));
    let said = run.go().exits(143);
    assert!(said.stdout.contains("cleaned"), "{said}");
    attached.end().exits(143);
}

#[test]
fn to_stop_a_run_after_a_signal_is_no_second_signal() {
    let run =
        Run::start("  cleanup: {join: {main: exit}, command: 'touch cleaning; until [ -e go ]; do sleep 0.02; done; echo cleaned'}\n");
    run.live.signal(Signal::SIGINT);
    wait_until("the cleanup runs", || run.place.path("cleaning").exists());
    run.ask("stop").exits(0);
    run.ask("status").exits(0);
    assert!(run.go().exits(130).stdout.contains("cleaned"));
}

#[test]
fn logs_are_followed_and_notices_told_until_the_end() {
    let run = Run::start("  talks: {join: main, command: 'echo one; echo two >&2'}\n");
    let runtime = run.place.path("runtime");
    let mut logs = run.place.flowrun("logs -f").env("XDG_RUNTIME_DIR", &runtime).start();
    logs.wait_for("main | up");
    let mut attached = run.place.flowrun("attach shop --json").env("XDG_RUNTIME_DIR", &runtime).start();
    attached.wait_for("\"names\"");
    run.go().exits(0);
    let logs = logs.end().exits(0);
    assert_eq!(logs.of("talks"), ["one", "two"], "{logs}");
    let attached = attached.end().exits(0);
    let events: Vec<Value> = attached.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let talks = events[0]["processes"].as_array().expect("names").iter().position(|name| name == "talks").expect("a process");
    assert!(events.iter().any(|event| event["event"] == "ended" && event["process"] == talks), "{attached}");
    assert_eq!(events.last().expect("some")["event"], "run_ended");
}

#[test]
fn logs_are_kept_of_what_has_ended_and_of_earlier_attempts() {
    let run = Run::start(
        "  many: {command: 'seq 3000'}
  twice: {retries: 1, command: 'echo \"attempt $FLOWRUN_ATTEMPT\"; [ $FLOWRUN_ATTEMPT = 2 ]'}
  long: {command: 'head -c 1000000 /dev/zero | tr \"\\0\" x; echo end'}
",
    );
    for name in ["many", "twice", "long"] {
        run.ask(&format!("wait {name}")).exits(0);
    }
    let numbers = |range: std::ops::RangeInclusive<u32>| range.map(|number| format!("{number}\n")).collect::<String>();
    assert_eq!(run.ask("logs many").exits(0).stdout, numbers(2001..=3000));
    assert_eq!(run.ask("logs many -n 3").exits(0).stdout, numbers(2998..=3000));
    assert_eq!(run.ask("logs many -n 0").exits(0).stdout, "");
    assert_eq!(run.ask("logs twice").exits(0).stdout, "attempt 1\nattempt 2\n");
    let long = run.ask("logs long").exits(0).stdout;
    assert!(long.len() == 64 << 10 && long.ends_with("xend\n"));
    assert_eq!(run.ask("logs shop -n 1").exits(0).of("many"), ["3000"]);
    run.go().exits(0);
}

#[test]
fn an_inner_run_has_its_own_socket_and_key() {
    let inner = "processes: {show: {command: 'echo \"$FLOWRUN_SOCKET $FLOWRUN_AUTHKEY\" > inner; \"$FLOW\" status > table'}}\n";
    let place = Place::new()
        .file("inner.yaml", inner)
        .file("runtime/.keep", "")
        .file("outer.yaml", "processes: {nest: {command: 'echo \"$FLOWRUN_SOCKET $FLOWRUN_AUTHKEY\" > outer; \"$FLOW\" -q inner.yaml'}}\n");
    let said = place
        .flowrun("outer.yaml")
        .env("XDG_RUNTIME_DIR", place.path("runtime"))
        .env("FLOW", env!("CARGO_BIN_EXE_flowrun"))
        .env("FLOWRUN_SOCKET", "/of/somebody/else")
        .run()
        .exits(0);
    let (outer, inner) = (place.read("outer"), place.read("inner"));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(words(&outer).iter().zip(words(&inner)).all(|(one, other)| *one != other && one.len() > 20), "{outer}{inner}{said}");
    assert!(place.read("table").contains("show"), "without a name it is the run around it");
}

#[test]
fn who_does_not_know_the_key_is_told_nothing() {
    let run = Run::start("");
    let wrong = Secret::random().expect("random bytes");
    assert!(matches!(Client::connect(run.address().0.as_ref(), &wrong, None), Err(Trouble::NotAccepted)));
    for first in ["{\"id\":1,\"do\":\"status\"}\n", "nonsense\n", "\n", "{\"hmac\":\"\"}\n", &format!("{}\n", "[".repeat(3000))] {
        let mut stream = run.raw();
        stream.write_all(first.as_bytes()).expect("it is read");
        assert!(is_closed(&stream), "{first}");
    }
    // More than a proof needs, without a line break.
    let mut stream = run.raw();
    let _ = stream.write_all(&vec![b'x'; 1 << 20]);
    assert!(is_closed(&stream));
    run.ask("status").exits(0);
    run.go().exits(0);
}

#[test]
fn hostile_clients_hold_up_nothing() {
    let run = Run::start("  loud: {join: main, command: 'head -c 30000000 /dev/zero | tr \"\\0\" x | fold -w 1000'}\n");
    // These stay half open to the end of the run.
    let mut half = run.raw();
    half.write_all(b"{\"hmac\":\"12").expect("it is read");
    let many: Vec<UnixStream> = (0..200).map(|_| run.raw()).collect();
    // This one asks for everything and reads nothing.
    let (_, key) = run.address();
    let deaf = run.raw();
    let mut lines = BufReader::new(deaf.try_clone().expect("a socket"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("a greeting");
    let greeting: Value = serde_json::from_str(&line).expect("JSON");
    let challenge = Secret::parse(greeting["challenge"].as_str().expect("a text")).expect("a challenge");
    writeln!(&deaf, "{}", json!({"hmac": key.answer(&challenge)})).expect("it is read");
    writeln!(&deaf, "{}", json!({"id": 1, "do": "attach"})).expect("it is read");
    // Lines that are no requests are refused one by one, and the connection goes on.
    let mut client = run.client();
    let deep = format!("{{\"id\":9,\"do\":\"status\",\"x\":{}", "[".repeat(100_000));
    for bad in [deep.as_str(), "", "{\"id\":9}", "{\"id\":9,\"do\":\"wait\",\"timeout\":-1}", "{\"id\":-1,\"do\":\"status\"}"] {
        let answer = client.exchange(bad).expect("an answer");
        assert_eq!(answer["error"]["code"], "bad_request", "{answer}");
    }
    client.ask(Request::Status, |_| true).expect("it answers");
    // A megabyte without a line break is taken, three are not.
    let mut endless = run.client();
    assert!(matches!(endless.exchange(&"x".repeat(3 << 20)), Err(Trouble::Gone(_))));
    let said = run.go().exits(0);
    assert_eq!(said.of("loud").len(), 30_000);
    drop((half, many, lines));
}

#[test]
fn a_client_too_many_is_told_so() {
    let run = Run::start("");
    let many: Vec<Client> = (0..256).map(|_| run.client()).collect();
    let said = run.ask("status").exits(1);
    assert_eq!(said.stderr, "flowrun: 256 clients are connected already; try again later\n");
    drop(many);
    wait_until("there is room again", || run.ask("status").status == Some(0));
    run.go().exits(0);
}

#[test]
fn a_run_that_cannot_have_a_socket_goes_on_and_says_so() {
    let long = "x".repeat(100);
    let place =
        Place::new().file("shop.yaml", "processes: {a: {command: 'echo \"<$FLOWRUN_SOCKET>\"'}}\n").file(&format!("{long}/.keep"), "");
    let said = place.flowrun("shop.yaml").env("XDG_RUNTIME_DIR", place.path(&long)).run().exits(0);
    assert_eq!(said.of("a"), ["<>"]);
    assert!(said.stderr.contains("cannot reach this run: cannot listen at"), "{said}");
    assert_eq!(place.names(&long), [".keep"]);
}

/// The client in the reference, word for word.
#[test]
fn a_client_written_from_the_reference_works() {
    let reference = std::fs::read_to_string(common::repository().join("docs/reference.md")).expect("the reference");
    let client = reference.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a client");
    let place = Place::new().file("client.py", client).file("runtime/.keep", "").file(
        "shop.yaml",
        "locks: [db]
processes:
  owner: {lock: db, command: 'until [ -e go ]; do sleep 0.02; done'}
  needs: {lock: db, join: {owner: start}, command: echo had it}
  client: {join: {owner: start}, command: python3 client.py}
  heard: {join: client, command: touch go}
",
    );
    let said = place.flowrun("shop.yaml").env("XDG_RUNTIME_DIR", place.path("runtime")).run().exits(0);
    assert!(said.of("client").contains(&"owner running None"), "{said}");
    assert!(said.of("client").contains(&"heard waiting None"), "{said}");
    assert!(said.of("client").iter().any(|line| line.starts_with("unknown: the run has no process")), "{said}");
}
