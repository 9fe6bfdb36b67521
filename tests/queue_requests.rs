//! What clients ask of the queues of a run: over its socket, and with `flowrun queue`.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::{Live, Place, Said};
use flowrun::control::auth::Secret;
use flowrun::control::client::{Client, Trouble};
use flowrun::control::message::{Code, Request};
use serde_json::{Value, json};

/// Until the test says `go`, `main` runs and may take from two queues, which `open` keeps open.
const MAIN: &str = "consumes: [q, small], command: 'printf \"%s %s\" \"$FLOWRUN_SOCKET\" \"$FLOWRUN_AUTHKEY\" > address; echo up; until [ -e go ]; do sleep 0.02; done; echo over'";

const OPEN: &str = "until [ -e go ]; do sleep 0.02; done";

struct Run {
    place: Place,
    live: Live,
}

impl Run {
    fn start(rest: &str) -> Self {
        let place = Place::new()
            .file("shop.yaml", &format!("queues: {{q: {{}}, small: {{maxsize: 1}}, some: {{maxsize: 1200}}, mine: {{}}}}\nprocesses:\n  main: {{{MAIN}}}\n  open: {{produces: [q, small], command: '{OPEN}'}}\n{rest}"))
            .file("runtime/.keep", "");
        let runtime = place.path("runtime");
        let flow = env!("CARGO_BIN_EXE_flowrun");
        let mut live = place.flowrun("-f shop.yaml -k").env("XDG_RUNTIME_DIR", runtime).env("FLOW", flow).start();
        live.wait_for("up");
        Self { place, live }
    }

    fn ask(&self, line: &str) -> Said {
        self.place.flowrun(line).env("XDG_RUNTIME_DIR", self.place.path("runtime")).run()
    }

    /// As if `main` itself called.
    fn as_main(&self, line: &str) -> Said {
        let text = self.place.read("address");
        let (socket, key) = text.split_once(' ').expect("two words");
        let call = self.place.flowrun(line).env("FLOWRUN_PROCESS", "main");
        call.env("FLOWRUN_SOCKET", socket).env("FLOWRUN_AUTHKEY", key).env("XDG_RUNTIME_DIR", self.place.path("runtime")).run()
    }

    fn client(&self, process: Option<&str>) -> Client {
        let text = self.place.read("address");
        let (socket, key) = text.split_once(' ').expect("two words");
        let key = Secret::parse(key).expect("a key");
        Client::connect(socket.as_ref(), &key, process.map(str::to_owned)).expect("it is the key")
    }

    /// A connection that has proved what it is, to speak the protocol word by word.
    fn raw(&self) -> (UnixStream, BufReader<UnixStream>) {
        let text = self.place.read("address");
        let (socket, key) = text.split_once(' ').expect("two words");
        let stream = UnixStream::connect(socket).expect("the run listens");
        let mut lines = BufReader::new(stream.try_clone().expect("a socket"));
        let challenge = Secret::parse(read(&mut lines)["challenge"].as_str().expect("a text")).expect("a challenge");
        writeln!(&stream, "{}", json!({"hmac": Secret::parse(key).expect("a key").answer(&challenge)})).expect("it is read");
        assert_eq!(read(&mut lines), json!({"ok": true}));
        (stream, lines)
    }

    fn len(&self, queue: &str) -> Value {
        self.client(None).ask(Request::Len { queue: queue.to_owned() }, |_| true).expect("it answers")
    }

    fn go(self) -> Said {
        std::fs::write(self.place.path("go"), "").expect("a file");
        self.live.end()
    }
}

fn read(lines: &mut impl BufRead) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn put(queue: &str, items: &[&str]) -> Request {
    let items = serde_json::from_value(json!(items)).expect("texts");
    Request::Put { queue: queue.to_owned(), items, timeout: None }
}

fn get(queue: &str) -> Request {
    Request::Get { queue: queue.to_owned(), timeout: None }
}

fn code(answer: Result<Value, Trouble>) -> Code {
    match answer {
        Err(Trouble::Refused(refusal)) => refusal.code,
        other => panic!("it was not refused: {other:?}"),
    }
}

/// A queue, as `status` tells it.
fn status_of(run: &Run, queue: &str) -> Value {
    let status: Value = serde_json::from_str(&run.ask("status --json").exits(0).stdout).expect("JSON");
    let rows = status["queues"].as_array().expect("a list");
    rows.iter().find(|row| row["queue"] == queue).expect("a queue").clone()
}

#[test]
fn items_are_put_got_counted_and_done() {
    let run = Run::start("");
    run.ask("queue put q one two").exits(0);
    assert_eq!(run.ask("queue len q").exits(0).stdout, "2\n");
    // For an outsider an item is done when it is handed over.
    assert_eq!(run.ask("queue get q").exits(0).stdout, "one\n");
    assert_eq!(run.len("q"), status_of(&run, "q"));
    assert_eq!((&run.len("q")["waiting"], &run.len("q")["taken"]), (&json!(1), &json!(2)));
    assert_eq!(run.as_main("queue get q --json").exits(0).stdout, "{\"item\":\"two\",\"number\":1,\"delivery\":1}\n");
    assert_eq!(run.len("q")["in_work"], 1);
    let table = run.ask("status").exits(0).stdout;
    assert!(
        table.contains("\n\nQUEUE  STATE   WAITING  IN WORK  TAKEN  SET ASIDE\nq      open    0        1        2      0\n"),
        "{table}"
    );
    let said = run.as_main("queue done q --item 0").exits(1);
    assert_eq!(said.stderr, "flowrun: `main` has no item 0 of the queue `q` in work\n");
    run.as_main("queue done q --item 1").exits(0);
    assert_eq!(run.as_main("queue done q").exits(1).stderr, "flowrun: `main` has no item of the queue `q` in work\n");
    assert_eq!(run.len("q")["in_work"], 0);
    run.ask("queue close q").exits(0);
    let said = run.ask("queue put q late").exits(1);
    assert_eq!(said.stderr, "flowrun: the queue `q` is closed\n");
    let said = run.ask("queue get q").exits(1);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    run.go().exits(0);
}

#[test]
fn waiting_ends_with_the_time_given_and_nothing_is_lost_by_it() {
    let run = Run::start("");
    let said = run.ask("queue get q --timeout 50ms").exits(124);
    assert_eq!(said.stderr, "flowrun: the queue `q` had no item within the time given\n");
    let said = run.ask("queue put small one two --timeout 50ms").exits(124);
    assert_eq!(said.stderr, "flowrun: the queue `small` had no room within the time given; 1 of 2 items were taken\n");
    assert_eq!(run.len("small")["waiting"], 1);
    run.ask("queue put q one").exits(0);
    assert_eq!(run.ask("queue get q").exits(0).stdout, "one\n");
    assert_eq!(run.ask("queue get small").exits(0).stdout, "one\n");
    run.go().exits(0);
}

#[test]
fn how_many_were_put_counts_all_requests() {
    let run = Run::start(&format!(
        "  some: {{produces: some, command: '{OPEN}'}}\n  takes: {{consumes: some, allow_failure: true, command: '{OPEN}'}}\n"
    ));
    let items: Vec<String> = (0..2500).map(|number| number.to_string()).collect();
    let call = run.place.flowrun(&format!("queue put some {}", items.join(" ")));
    let put = call.env("XDG_RUNTIME_DIR", run.place.path("runtime")).start();
    wait_until("it is full", || run.len("some")["waiting"] == 1200);
    run.ask("queue close some").exits(0);
    let told = "flowrun: the queue `some` is closed; 200 of 1000 items were taken; before that, 1000 items were taken\n";
    assert_eq!(put.end().exits(1).stderr, told);
    run.go();
}

#[test]
fn who_goes_away_while_it_waits_takes_nothing_along() {
    let run = Run::start("");
    let (stream, mut lines) = run.raw();
    // The second answer shows that the first request waits.
    writeln!(&stream, "{}\n{}", json!({"id": 1, "do": "get", "queue": "q"}), json!({"id": 2, "do": "len", "queue": "q"}))
        .expect("it is read");
    assert_eq!(read(&mut lines)["id"], 2);
    drop((stream, lines));
    run.ask("queue put q one").exits(0);
    assert_eq!(run.ask("queue get q").exits(0).stdout, "one\n");
    // The same for one that has something on offer.
    run.ask("queue put small first").exits(0);
    let (stream, mut lines) = run.raw();
    let offer = json!({"id": 1, "do": "put", "queue": "small", "items": ["never"]});
    writeln!(&stream, "{offer}\n{}", json!({"id": 2, "do": "len", "queue": "small"})).expect("it is read");
    assert_eq!(read(&mut lines)["id"], 2);
    drop((stream, lines));
    assert_eq!(run.ask("queue get small").exits(0).stdout, "first\n");
    run.ask("queue put small second").exits(0);
    assert_eq!(run.ask("queue get small").exits(0).stdout, "second\n");
    run.go().exits(0);
}

#[test]
fn a_killed_client_has_its_item_in_work_until_its_process_ends() {
    let run = Run::start(
        "  taker: {consumes: mine, retries: {count: 1, delay: 1ms}, command: '[ $FLOWRUN_ATTEMPT = 2 ] || { \"$FLOW\" queue get mine; until [ -e stop ]; do sleep 0.02; done; exit 1; }; \"$FLOW\" queue get mine --json; \"$FLOW\" queue done mine'}
  maker: {stdout: {queue: mine}, command: echo bun}
",
    );
    wait_until("it is in work", || run.len("mine")["in_work"] == 1);
    std::fs::write(run.place.path("stop"), "").expect("a file");
    wait_until("it is done", || run.len("mine")["in_work"] == 0 && run.len("mine")["waiting"] == 0 && run.len("mine")["closed"] == true);
    let said = run.go().exits(0);
    assert_eq!(said.of("taker"), ["bun", "{\"item\":\"bun\",\"number\":0,\"delivery\":2}"]);
}

#[test]
fn who_may_not_take_is_told_what_to_write() {
    let run = Run::start("  other: {command: '\"$FLOW\" queue get q; echo \"status $?\"'}\n");
    run.ask("wait other").exits(0);
    let said = run.go().exits(0);
    assert_eq!(said.of("other"), ["status 2"]);
    said.told("`other` does not take from the queue `q`: other processes say that they do; write `consumes: [q]` in it");
}

#[test]
fn what_is_wrong_is_told_apart() {
    let run = Run::start("");
    assert_eq!(run.ask("queue len p").exits(2).stderr, "flowrun: the run has no queue `p`\n");
    assert_eq!(run.ask("queue len smal").exits(2).stderr, "flowrun: the run has no queue `smal`; did you mean `small`?\n");
    run.ask("queue put").exits(2);
    run.ask("queue get q --run nobody").exits(3);
    let said = run.place.flowrun("queue put q ok").arg("two\nlines").env("XDG_RUNTIME_DIR", run.place.path("runtime")).run().exits(2);
    assert!(said.stderr.contains("an item cannot have a line break in it"), "{said}");
    assert_eq!(run.len("q")["taken"], 0, "nothing is sent when something is wrong");
    assert_eq!(run.ask("queue done q").exits(1).stderr.lines().count(), 1);
    run.go().exits(0);
    let place = Place::new().file("runtime/.keep", "");
    let said = place.flowrun("queue get q").env("XDG_RUNTIME_DIR", place.path("runtime")).run().exits(3);
    assert_eq!(said.stderr, "flowrun: no run of this user is going on; `flowrun ps -a` shows those in the background that are over\n");
}

#[test]
fn large_and_binary_items_come_back_as_they_were() {
    let run = Run::start("");
    let large = "x".repeat(1 << 20);
    let quotes = "\"".repeat(1 << 20);
    for item in [large.as_str(), &quotes] {
        let said = run.place.flowrun("queue put q -").env("XDG_RUNTIME_DIR", run.place.path("runtime")).input(item).run();
        said.exits(0);
        assert_eq!(run.ask("queue get q").exits(0).stdout, format!("{item}\n"));
    }
    let said = run.place.flowrun("queue put q -").env("XDG_RUNTIME_DIR", run.place.path("runtime")).input(&(large + "x")).run().exits(2);
    assert!(said.stderr.contains("an item has at most 1048576 bytes"), "{said}");
    let mut client = run.client(None);
    client
        .ask(
            Request::Put { queue: "q".into(), items: serde_json::from_value(json!([{"base64": "/wAN"}])).expect("items"), timeout: None },
            |_| true,
        )
        .expect("it is taken");
    assert_eq!(client.ask(get("q"), |_| true).expect("an item")["item"], json!({"base64": "/wAN"}));
    run.go().exits(0);
}

#[test]
fn a_stream_of_lines_is_put_as_it_comes() {
    let run = Run::start(
        "  feed: {produces: q, command: '{ echo first; until [ -e more ]; do sleep 0.02; done; seq 1 5000; } | \"$FLOW\" queue put q'}\n",
    );
    assert_eq!(run.ask("queue get q").exits(0).stdout, "first\n");
    std::fs::write(run.place.path("more"), "").expect("a file");
    run.ask("wait feed").exits(0);
    assert_eq!(run.len("q")["waiting"], 5000);
    run.ask("queue close q").exits(0);
    let mut client = run.client(None);
    for number in 1..=5000 {
        assert_eq!(client.ask(get("q"), |_| true).expect("an item")["item"], number.to_string());
    }
    assert_eq!(code(client.ask(get("q"), |_| true)), Code::Closed);
    run.go().exits(0);
}

#[test]
fn hostile_clients_are_refused_one_by_one() {
    let run = Run::start("");
    let mut client = run.client(None);
    let bad = [
        json!({"do": "put", "queue": "q", "items": []}),
        json!({"do": "put", "queue": "q", "items": ["two\nlines"]}),
        json!({"do": "put", "queue": "q", "items": [{"base64": "x"}]}),
        json!({"do": "put", "queue": "q", "items": [{"base64": "Cg=="}]}),
        json!({"do": "put", "queue": "q", "items": [7]}),
        json!({"do": "put", "queue": "q", "items": ["x".repeat((1 << 20) + 1)]}),
        json!({"do": "put", "queue": "q", "items": ["x"], "timeout": -1}),
        json!({"do": "get", "queue": "q", "timeout": -1}),
        json!({"do": "get"}),
    ];
    for mut request in bad {
        request["id"] = json!(5);
        let answer = client.exchange(&request.to_string()).expect("an answer");
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(5), &json!("bad_request")), "{answer}");
    }
    assert_eq!(code(client.ask(put("nothing", &["x"]), |_| true)), Code::Unknown);
    assert_eq!(code(run.client(Some("nobody")).ask(get("q"), |_| true)), Code::Unknown);
    assert_eq!(run.len("q")["taken"], 0);
    // So many may wait, and no more.
    let (stream, mut lines) = run.raw();
    for id in 0..17 {
        writeln!(&stream, "{}", json!({"id": id, "do": "get", "queue": "q"})).expect("it is read");
    }
    let refused = read(&mut lines);
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(16), &json!("not_now")), "{refused}");
    // All of them are served in their turn, and none is served twice.
    let items: Vec<String> = (0..16).map(|number| number.to_string()).collect();
    client.ask(put("q", &items.iter().map(String::as_str).collect::<Vec<_>>()), |_| true).expect("it is taken");
    for (id, item) in items.iter().enumerate() {
        let answer = read(&mut lines);
        assert_eq!((&answer["id"], &answer["ok"]["item"]), (&json!(id), &json!(item)), "{answer}");
    }
    run.go().exits(0);
}

#[test]
fn whatever_a_client_waits_for_there_is_a_bound() {
    let run = Run::start("");
    let (stream, mut lines) = run.raw();
    let kinds = [json!({"do": "wait"}), json!({"do": "logs", "follow": true}), json!({"do": "get", "queue": "q"}), json!({"do": "attach"})];
    for (id, kind) in kinds.iter().cycle().take(17).enumerate() {
        let mut request = kind.clone();
        request["id"] = json!(id);
        writeln!(&stream, "{request}").expect("it is read");
    }
    let refused = std::iter::repeat_with(|| read(&mut lines)).find(|answer| answer.get("event").is_none()).expect("an answer");
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(16), &json!("not_now")), "{refused}");
    run.go().exits(0);
}

#[test]
fn who_waits_when_the_run_ends_is_told_so() {
    let run = Run::start("");
    let (stream, mut lines) = run.raw();
    writeln!(&stream, "{}", json!({"id": 1, "do": "get", "queue": "q"})).expect("it is read");
    writeln!(&stream, "{}", json!({"id": 2, "do": "len", "queue": "q"})).expect("it is read");
    assert_eq!(read(&mut lines)["id"], 2);
    run.go().exits(0);
    let answer = read(&mut lines);
    // The queue ends with its last producer, before the run.
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!("closed")), "{answer}");
}
