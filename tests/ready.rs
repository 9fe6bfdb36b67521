//! Readiness and liveness with real processes. Order is proved by construction: each server makes the file
//! `up` right before its condition can hold, and who waits for it finds that file.

mod common;

use std::net::TcpListener;

use common::{Place, Said};

/// A daemon `server` with a condition, and a process that joins it.
fn serve(condition: &str, server: &str) -> (Place, String) {
    let workflow = format!(
        "processes:
  server:
    daemon: true
    command: [python3, server.py]
    ready: {condition}
  user: {{join: server, command: test -e up && echo served}}
"
    );
    let script = format!("import os, signal, socket, sys, time\n\ndef up():\n    open('up', 'w').close()\n\n{server}\nsignal.pause()\n");
    (Place::new().file("flowrun.yaml", &workflow).file("server.py", &script), workflow)
}

/// Runs it; the user has found what the server made first.
#[track_caller]
fn is_served(condition: &str, server: &str) -> Said {
    let (place, workflow) = serve(condition, server);
    let said = place.flowrun("-v").run();
    assert_eq!(said.status, Some(0), "{workflow}\n{said}");
    assert_eq!(said.of("user"), ["served"], "{workflow}\n{said}");
    said.tells_in_order(&["server started", "server is ready", "user started"]);
    said
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

#[test]
fn a_port_that_accepts_makes_ready() {
    let port = free_port();
    let server = format!("s = socket.socket()\ns.bind(('127.0.0.1', {port}))\nup()\ns.listen()");
    is_served(&format!("{{tcp: {port}}}"), &server);
}

#[test]
fn a_unix_socket_that_accepts_makes_ready() {
    is_served("{unix: a.sock}", "s = socket.socket(socket.AF_UNIX)\ns.bind('a.sock')\nup()\ns.listen()");
}

#[test]
fn an_answer_with_the_right_status_makes_ready() {
    let port = free_port();
    let server = format!(
        "import http.server
asked = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        if asked == 3:
            up()
        self.send_response(200 if asked >= 3 and self.headers['X-Who'] == 'me' else 503)
        self.end_headers()
http.server.HTTPServer(('127.0.0.1', {port}), Handler).serve_forever()"
    );
    let condition = format!("{{http: 'http://localhost:{port}/health', headers: {{X-Who: me}}, status: 2xx}}");
    let said = is_served(&condition, &server);
    said.told("server is not ready yet: status 503, wanted 2xx");
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    let port = free_port();
    let server = format!(
        "import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', {port}), Handler)
up()
server.serve_forever()"
    );
    let (place, _) = serve(&format!("{{http: 'http://127.0.0.1:{port}/'}}"), &server);
    let proxy = "http://127.0.0.1:1";
    let call = place.flowrun("").env("ALL_PROXY", proxy).env("HTTP_PROXY", proxy).env("http_proxy", proxy);
    // The machine's own exceptions must not be what makes the test pass.
    let said = call.env("NO_PROXY", "").env("no_proxy", "").run().exits(0);
    assert_eq!(said.of("user"), ["served"]);
}

#[test]
fn a_command_that_succeeds_makes_ready_and_its_last_line_says_why_not() {
    let condition = "{exec: 'echo asking; test -e up && test \"$FLOWRUN_PROCESS\" = server || { echo not up; exit 4; }'}";
    // It is not up before the first probe has failed: that leaves a file.
    let condition = condition.replace("exit 4", "touch asked; exit 4");
    let said = is_served(&condition, "while not os.path.exists('asked'): time.sleep(0.01)\nup()");
    said.told("server is not ready yet: exit code 4: not up");
    assert!(!said.stdout.contains("asking"), "what a probe says is not the server's output:\n{said}");
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_its_group() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  server:
    daemon: true
    command: [sleep, 1h]
    ready: {exec: 'sleep 1h & echo $! > pid; wait', timeout: 100ms, interval: 1h, within: 5s}
  user: {join: server, command: echo never}
  killer: {command: 'until [ -s pid ] && ! kill -0 $(cat pid) 2>/dev/null; do sleep 0.05; done'}
  stop: {join: killer, task: stop, with: {process: server}}
",
    );
    let said = place.flowrun("").run();
    assert!(said.of("killer").is_empty() && said.of("user").is_empty(), "{said}");
    assert!(!std::path::Path::new(&format!("/proc/{}", place.read("pid").trim())).exists(), "{said}");
}

#[test]
fn a_command_finds_the_permits_of_the_process_it_asks_about() {
    let place = Place::new().file(
        "flowrun.yaml",
        "semaphores: {port: 2}
processes:
  server:
    replicas: 2
    daemon: true
    semaphore: port
    command: 'touch slot-$FLOWRUN_SLOT_PORT; while :; do sleep 0.05; done'
    ready: {exec: 'test -e slot-$FLOWRUN_SLOT_PORT', within: 20s}
  user: {join: server, command: 'test -e slot-0 && test -e slot-1'}
",
    );
    place.flowrun("").run().exits(0);
}

#[test]
fn a_command_that_asks_goes_with_the_run() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  server: {daemon: true, command: 'while :; do sleep 0.05; done', ready: {exec: 'echo $$ > pid; sleep 1h; true', timeout: 1h, within: 1h}}
  user: {join: server, command: echo never}
  witness: {command: 'until [ -s pid ]; do sleep 0.02; done; echo asked; while :; do sleep 0.05; done'}
",
    );
    let mut live = place.flowrun("").start();
    live.wait_for("asked");
    live.signal(nix::sys::signal::Signal::SIGINT);
    live.end().exits(130);
    let cmdline = format!("/proc/{}/cmdline", place.read("pid").trim());
    assert!(std::fs::read(cmdline).unwrap_or_default().is_empty(), "the probe lives on");
}

#[test]
fn a_line_makes_ready_with_colours_and_without_an_end() {
    is_served("{log: '^listening on \\d+$'}", "up()\nprint('\\033[32mlistening\\033[0m on 80', flush=True)");
    is_served("{log: 'login: $'}", "up()\nprint('login: ', end='', flush=True)");
    is_served("{log: ready}", "up()\nprint('ready', file=sys.stderr, flush=True)");
}

#[test]
fn a_file_makes_ready() {
    is_served("{file: run/server.pid}", "up()\nos.mkdir('run')\nopen('run/server.pid', 'w').close()");
}

/// What sd_notify and its barrier do.
const NOTIFY: &str = "
def notify(text, fds=[]):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ['NOTIFY_SOCKET'])
    if fds:
        socket.send_fds(s, [text], fds)
    else:
        s.send(text)
";

#[test]
fn a_process_says_itself_that_it_is_ready() {
    let server = format!(
        "{NOTIFY}
notify(b'STATUS=loading\\nUNKNOWN=1')
read, write = os.pipe()
notify(b'BARRIER=1', [write])
os.close(write)
assert os.read(read, 1) == b''
up()
notify(b'READY=1\\nSTATUS=serving')"
    );
    let said = is_served("{notify: true}", &server);
    said.tells_in_order(&["server says: loading", "server says: serving", "server is ready"]);
}

#[test]
fn a_built_in_task_and_a_finite_process_may_be_ready_too() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  work: {command: 'touch up; echo half; until [ -e done ]; do sleep 0.02; done', ready: {log: half}}
  user: {join: {work: ready}, command: 'test -e up && touch done'}
  task: {task: print, with: {message: all is well}, ready: {log: 'is well$'}}
  after: {join: {task: ready}, command: echo after}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("after"), ["after"]);
}

#[test]
fn what_is_never_ready_has_failed_and_who_waits_is_skipped() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  server: {daemon: true, command: 'echo trying; sleep 1h', ready: {file: never, within: 200ms}}
  user: {join: server, command: echo never}
",
    );
    let said = place.flowrun("").run().exits(1);
    said.told("server failed: not ready within 200 ms: file `");
    said.told("never`: ");
    assert!(said.of("user").is_empty(), "{said}");
}

#[test]
fn what_was_waited_for_in_vain_is_told_with_what_was_seen_last() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    for (condition, awaited, seen) in [
        ("log: 'listening on [0-9]+'".to_owned(), "no line of its output matched `listening on [0-9]+`".to_owned(), ""),
        (format!("tcp: '127.0.0.1:{free}'"), format!("tcp `127.0.0.1`, port {free}"), ": connection refused"),
        (format!("http: 'http://127.0.0.1:{free}/up'"), format!("`http://127.0.0.1:{free}/up`"), ": connection refused"),
        ("exec: 'echo not yet; exit 3'".to_owned(), "the `exec` probe".to_owned(), ": exit code 3: not yet"),
    ] {
        let workflow = format!("processes:\n  server: {{daemon: true, command: sleep 1h, ready: {{{condition}, within: 300ms}}}}\n");
        let said = Place::new().file("flowrun.yaml", &workflow).flowrun("").run().exits(1);
        let line = said.stderr.lines().find(|line| line.starts_with("✗ server")).unwrap_or_else(|| panic!("no failure in {said}"));
        let why = line.strip_prefix(&format!("✗ server failed: not ready within 300 ms: {awaited}")).unwrap_or_else(|| panic!("{said}"));
        // On a busy machine nothing may have answered in this time.
        let silent = !seen.is_empty() && why.starts_with(": no answer yet,");
        assert!(silent || why.starts_with(&format!("{seen},")), "{said}");
    }
}

#[test]
fn what_ends_before_it_is_ready_has_failed() {
    for condition in ["{file: never}", "{log: never}", "{notify: true}", "{exec: [test, -e, never]}"] {
        let workflow =
            format!("processes:\n  a: {{command: echo done, ready: {condition}}}\n  b: {{join: {{a: ready}}, command: echo never}}\n");
        let said = Place::new().file("flowrun.yaml", &workflow).flowrun("").run().exits(1);
        assert!(said.of("b").is_empty() && said.stderr.contains("a failed"), "{said}");
    }
}

#[test]
fn what_was_said_right_before_the_end_counts() {
    let script = format!("import os, socket\n{NOTIFY}\nnotify(b'READY=1')\n");
    let place = Place::new().file("say.py", &script).file(
        "flowrun.yaml",
        "processes:
  a: {command: [python3, say.py], ready: {notify: true}}
  b: {join: {a: ready}, command: echo b}
  c: {command: 'printf ready', ready: {log: ready}}
  d: {join: {c: ready}, command: echo d}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!((said.of("b"), said.of("d")), (vec!["b"], vec!["d"]));
}

#[test]
fn a_server_that_is_sick_is_started_again() {
    // Each attempt takes the sickness of the one before away; the test makes the first one sick.
    for (live, heal) in [("exec: '! test -e sick'", ""), ("file: healthy", "touch healthy;")] {
        let sicken = if heal.is_empty() { "touch sick" } else { "rm healthy" };
        let workflow = format!(
            "processes:
  server:
    daemon: true
    command: 'rm -f sick; {heal} touch attempt-$FLOWRUN_ATTEMPT; while :; do sleep 0.05; done'
    ready: {{exec: 'test -e attempt-$FLOWRUN_ATTEMPT'}}
    live: {{{live}, interval: 20ms, failures: 2}}
    restart: {{policy: on-failure, delay: 0}}
  user: {{join: server, command: 'test -e attempt-1 && {sicken}; until [ -e attempt-2 ]; do sleep 0.02; done'}}
"
        );
        let said = Place::new().file("flowrun.yaml", &workflow).flowrun("-v").run().exits(0);
        said.tells_in_order(&[
            "server is ready",
            "does not answer as it should, 1 of 2",
            "does not answer as it should, 2 of 2",
            "restart 1 of 5",
        ]);
    }
}

#[test]
fn a_server_that_says_nothing_any_more_is_not_live() {
    let script = format!(
        "import os, socket, time\n{NOTIFY}
assert int(os.environ['WATCHDOG_USEC']) == 300000
notify(b'READY=1')
while not os.path.exists('silent'):
    notify(b'WATCHDOG=1')
    print('beat', flush=True)
    time.sleep(0.02)
time.sleep(1000)
"
    );
    for live in ["notify: true", "log: beat"] {
        let script = if live == "log: beat" { script.replace("assert", "#") } else { script.clone() };
        let workflow = format!(
            "on_failure: kill
processes:
  server:
    daemon: true
    command: [python3, server.py]
    ready: {{notify: true}}
    live: {{{live}, interval: 300ms, failures: 1}}
  user: {{join: server, command: touch silent; while :; do sleep 0.05; done}}
"
        );
        let place = Place::new().file("flowrun.yaml", &workflow).file("server.py", &script);
        let said = place.flowrun("").run().exits(1);
        assert!(said.stderr.contains("server failed"), "{said}");
        said.told(if live == "log: beat" { "no line matched since the last look" } else { "no WATCHDOG=1 since the last look" });
    }
}

#[test]
fn a_daemon_that_nobody_uses_any_more_is_stopped() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  db: {daemon: true, command: 'trap \"touch gone; exit 0\" TERM; while :; do sleep 0.02; done', stop: {when: unused}}
  user: {join: db, command: echo used}
  last: {command: 'until [ -e gone ]; do sleep 0.02; done'}
",
    );
    place.flowrun("").run().exits(0);
}

#[test]
fn a_dry_run_takes_every_condition_for_granted() {
    let workflow = "processes:
  a: {daemon: true, command: sleep 1h, ready: {log: up}}
  b: {daemon: true, join: a, command: sleep 1h, ready: {notify: true}, restart: always}
  c: {join: b, command: echo c, ready: {tcp: 1}, live: {tcp: 1}}
  d: {join: {c: ready}, command: echo d}
";
    let said = Place::new().file("flowrun.yaml", workflow).flowrun("-n").run().exits(0);
    let place = |text: &str| said.stdout.find(text).unwrap_or_else(|| panic!("{text}\n{said}"));
    assert!(place("sleep 1h") < place("echo c") && place("echo c") < place("echo d"), "{said}");
}

#[test]
fn sockets_for_messages_are_gone_after_the_run() {
    let place = Place::new().file("flowrun.yaml", "processes:\n  a: {command: 'dirname $NOTIFY_SOCKET', live: {notify: true}}\n");
    let said = place.flowrun("").run().exits(0);
    let folder = said.of("a")[0].to_owned();
    assert!(folder.contains("/flowrun-") && !std::path::Path::new(&folder).exists(), "{said}");
}
