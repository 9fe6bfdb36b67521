//! `listen` with real processes and real clients. Order is proved by construction: who waits for what is a file,
//! an answer or the end of a connection, never a time.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use common::victims::{Marked, lives, until};
use common::{Live, Place, Said};
use nix::sys::signal::Signal;

/// Runs until the test says so, beside a daemon that it joins, and says that it has begun.
const MAIN: &str = "  main: {join: server, command: 'echo up; until [ -e go ]; do sleep 0.01; done; echo over'}\n";

/// A run whose daemon `server` listens at the socket `s`.
struct Run {
    place: Place,
    live: Live,
}

impl Run {
    fn start(server: &str) -> Self {
        let place = Place::new().file("flowrun.yaml", &format!("processes:\n  server: {{daemon: true, {server}}}\n{MAIN}"));
        let mut live = place.flowrun("-v").start();
        live.wait_for("up");
        Self { place, live }
    }

    /// One whose connections have a command each.
    fn accepting(command: &str, more: &str) -> Self {
        Self::start(&format!("listen: {{unix: s, accept: true{more}}}, command: '{command}'"))
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.place.path("s")).expect("somebody listens")
    }

    /// Lets `main` end, and so the run.
    fn end(self) -> (Place, Said) {
        std::fs::write(self.place.path("go"), "").expect("a file");
        let said = self.live.end();
        (self.place, said)
    }
}

/// All that comes until the other end is closed.
fn rest(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    text
}

/// One line.
fn line(stream: &UnixStream) -> String {
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text).expect("a line");
    text.trim_end().to_owned()
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Serves one connection with what is known of the socket that was handed over.
const SERVER: &str = "import os, socket
assert int(os.environ['LISTEN_PID']) == os.getpid(), os.environ['LISTEN_PID']
listener = socket.socket(fileno=3)
client, _ = listener.accept()
said = ' '.join([os.environ['LISTEN_FDS'], os.environ['LISTEN_FDNAMES'], os.environ['FLOWRUN_ATTEMPT']])
client.sendall(said.encode())
";

const CLIENT: &str = "import socket, sys
host, _, port = sys.argv[1].rpartition(':')
client = socket.create_connection((host, int(port)))
print(client.makefile().read())
";

#[test]
fn a_socket_is_handed_over_with_the_number_of_who_gets_it() {
    for command in ["[python3, server.py]", "'exec python3 server.py'", "'true; exec python3 server.py'"] {
        let address = format!("127.0.0.1:{}", free_port());
        let workflow = format!(
            "processes:
  my-server: {{daemon: true, listen: '{address}', umask: '027', command: {command}}}
  client: {{join: my-server, command: [python3, client.py, '{address}']}}
"
        );
        let place = Place::new().file("flowrun.yaml", &workflow).file("server.py", SERVER).file("client.py", CLIENT);
        // Of whoever runs flowrun, and none of its processes' business.
        let said = place.flowrun("").env("LISTEN_PID", "1").env("LISTEN_FDS", "7").env("LISTEN_FDNAMES", "a:b").run().exits(0);
        assert_eq!(said.of("client"), ["1 my-server 1"], "{command}: {said}");
    }
}

#[test]
fn a_finite_process_may_listen_too() {
    let place = Place::new()
        .file("flowrun.yaml", "processes:\n  server: {listen: 'unix:s', command: [python3, server.py]}\n  client: {join: {server: start}, command: [python3, client.py]}\n")
        .file("server.py", SERVER)
        .file("client.py", "import socket\nclient = socket.socket(socket.AF_UNIX)\nclient.connect('s')\nprint(client.makefile().read())\n");
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("client"), ["1 server 1"], "{said}");
    assert!(!place.path("s").exists());
}

/// Each attempt serves one client, when that has spoken. Those of later attempts say in their first step that they
/// are there, and begin to serve when the test says so.
#[test]
fn clients_that_come_before_and_between_attempts_are_answered_by_the_next() {
    let server = "listen: 'unix:s', restart: {policy: always, delay: 0}, steps: [\
                  {command: '[ $FLOWRUN_ATTEMPT = 1 ] || { touch down; until [ -e waits ]; do sleep 0.01; done; }'}, \
                  {command: [python3, server.py]}]";
    let place = Place::new()
        .file("flowrun.yaml", &format!("processes:\n  server: {{daemon: true, {server}}}\n{MAIN}"))
        .file("server.py", &SERVER.replace("said =", "client.recv(1)\nsaid ="));
    let mut live = place.flowrun("").start();
    live.wait_for("up");
    let run = Run { place, live };
    let answer = |mut client: UnixStream| {
        client.write_all(b"x").expect("it is read");
        rest(client)
    };
    let (first, before) = (run.connect(), run.connect());
    assert_eq!(answer(first), "1 server 1");
    until("the server is down", || run.place.path("down").exists());
    let between = run.connect();
    std::fs::write(run.place.path("waits"), "").expect("a file");
    assert_eq!(answer(before), "1 server 2");
    assert_eq!(answer(between), "1 server 3");
    let (place, said) = run.end();
    said.exits(0);
    assert!(!place.path("s").exists());
}

#[test]
fn nobody_else_has_the_socket() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  server:
    daemon: true
    listen: unix:s
    steps: [{command: 'ls /proc/$$/fd > first.txt'}, {command: 'ls /proc/$$/fd > server.txt; touch up; exec sleep 1000'}]
    stop: {command: 'ls /proc/$$/fd > stop.txt'}
  accepting: {daemon: true, listen: {unix: a, accept: true}, command: 'ls /proc/$$/fd > connection.txt; exec cat'}
  other: {join: [server, accepting], command: 'until [ -e up ]; do sleep 0.01; done; ls /proc/$$/fd > other.txt; exec python3 client.py'}
",
    );
    let place = place.file(
        "client.py",
        "import socket\nclient = socket.socket(socket.AF_UNIX)\nclient.connect('a')\nclient.sendall(b'x')\nclient.recv(1)\n",
    );
    place.flowrun("").run().exits(0);
    for (file, expected) in
        [("first", &[0, 1, 2][..]), ("server", &[0, 1, 2, 3]), ("stop", &[0, 1, 2]), ("connection", &[0, 1, 2]), ("other", &[0, 1, 2])]
    {
        let text = place.read(&format!("{file}.txt"));
        let listed: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).filter(|fd| *fd < 10).collect();
        assert_eq!(listed, expected, "{file}");
    }
}

/// Each command begins its answer only when all twenty are there.
#[test]
fn twenty_clients_are_served_at_once() {
    let run = Run::accepting(
        "mkdir -p in; mktemp -p in >/dev/null; until [ $(ls in | wc -l) = 20 ]; do sleep 0.01; done; exec tr a-z A-Z",
        ", max: 20",
    );
    let mut clients: Vec<UnixStream> = (0..20).map(|_| run.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("client {number}\n").as_bytes()).expect("it is read");
        client.shutdown(Shutdown::Write).expect("open");
    }
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(rest(client), format!("CLIENT {number}\n"));
    }
    let (_, said) = run.end();
    said.exits(0);
}

/// Each command counts those that are alive beside it; a further one is there only when another is not.
#[test]
fn no_more_than_the_bound_are_served_at_once() {
    let run = Run::accepting("mkdir -p in/$$; ls in | wc -l; cat; rmdir in/$$", ", max: 2");
    let clients: Vec<UnixStream> = (0..6).map(|_| run.connect()).collect();
    let (first, others) = clients.split_at(2);
    let mut counts: Vec<String> = first.iter().map(line).collect();
    for (served, client) in clients.iter().zip(others) {
        // The next has its command only when this one has gone.
        served.shutdown(Shutdown::Both).expect("open");
        counts.push(line(client));
    }
    assert!(counts.iter().all(|count| ["1", "2"].contains(&count.as_str())), "{counts:?}");
    drop(clients);
    let (_, said) = run.end();
    said.exits(0);
}

/// Each command takes a descriptor of flowrun's; those for which there is none have their turn when others are gone.
#[test]
fn connections_for_which_the_machine_has_no_room_wait() {
    let place = Place::new()
        .file("flowrun.yaml", &format!("processes:\n  server: {{daemon: true, listen: {{unix: s, accept: true}}, command: cat}}\n{MAIN}"));
    let mut live = place.flowrun("").below(&["sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"]).start();
    live.wait_for("up");
    let mut run = Run { place, live };
    let clients: Vec<UnixStream> = (0..60).map(|_| run.connect()).collect();
    run.live.told_until("the system allows no more open files (`ulimit -n` shows how many); trying again");
    for mut client in clients {
        client.write_all(b"x").expect("it is read");
        client.shutdown(Shutdown::Write).expect("open");
        assert_eq!(rest(client), "x");
    }
    let (_, said) = run.end();
    said.exits(0);
}

#[test]
fn a_command_knows_its_client_and_what_it_says_is_shown() {
    let port = free_port();
    let run = Run::start(&format!(
        "listen: {{tcp: {port}, accept: true}}, command: 'echo \"$FLOWRUN_PROCESS $FLOWRUN_ATTEMPT $FLOWRUN_REMOTE\"; echo seen >&2'"
    ));
    let client = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    let own = client.local_addr().expect("an address");
    assert_eq!(rest(client), format!("server 1 {own}\n"));
    let (_, said) = run.end();
    let said = said.exits(0);
    said.told("seen");
    said.tells_in_order(&["server started", "server is ready", "main started"]);
}

#[test]
fn standard_error_goes_where_it_is_sent() {
    let answer = "echo answer; echo error >&2";
    let run = Run::start(&format!("listen: {{unix: s, accept: true}}, stderr: stdout, command: '{answer}'"));
    assert_eq!(rest(run.connect()), "answer\nerror\n");
    run.end().1.exits(0);
    let run = Run::start(&format!("listen: {{unix: s, accept: true}}, stderr: {{file: e}}, command: '{answer}'"));
    for _ in 0..3 {
        assert_eq!(rest(run.connect()), "answer\n");
    }
    let (place, said) = run.end();
    said.exits(0);
    assert_eq!(place.read("e"), "error\nerror\nerror\n");
}

#[test]
fn a_command_that_fails_fails_nobody_else() {
    let mut run = Run::accepting("read code; exit $code", "");
    let mut told = String::new();
    for code in ["0", "3", "4"] {
        let mut client = run.connect();
        client.write_all(format!("{code}\n").as_bytes()).expect("it is read");
        assert_eq!(rest(client), "");
        // Which of several that end at once is told first is left open.
        if code != "0" {
            told += &run.live.told_until(&format!("warning: server: the command for the connection from unix failed: exit code {code}"));
        }
    }
    assert!(!told.contains("failed: exit code 0"), "{told}");
    let (_, said) = run.end();
    said.exits(0);
}

#[test]
fn a_command_that_cannot_be_started_closes_its_connection() {
    let run = Run::start("listen: {unix: s, accept: true}, command: [./no-such-program]");
    for _ in 0..2 {
        assert_eq!(rest(run.connect()), "");
    }
    let (_, said) = run.end();
    said.exits(0).told("warning: server: the connection from unix was closed: ");
}

#[test]
fn connections_are_asked_to_end_with_the_stop_signal() {
    let run = Run::start("listen: {unix: s, accept: true}, command: [python3, server.py], stop: {signal: SIGUSR1}");
    std::fs::write(
        run.place.path("server.py"),
        "import os, signal\ndef bye(*_):\n    os.write(1, b'bye\\n')\n    os._exit(0)\nsignal.signal(signal.SIGUSR1, bye)\nos.write(1, b'here\\n')\nwhile True:\n    signal.pause()\n",
    )
    .expect("a file");
    let clients = [run.connect(), run.connect()];
    assert_eq!(clients.each_ref().map(line), ["here", "here"]);
    let (_, said) = run.end();
    said.exits(0);
    assert_eq!(clients.map(rest), ["bye\n", "bye\n"]);
}

#[test]
fn a_connection_that_hangs_is_killed_with_its_tree() {
    let marked = Marked::new(&format!(
        "processes:\n  server: {{daemon: true, listen: {{unix: s, accept: true}}, command: exec @fake session @mark deaf, stop: {{grace: 100ms}}}}\n{MAIN}"
    ));
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    let mut client = UnixStream::connect(marked.place.path("s")).expect("somebody listens");
    let victim = marked.up();
    std::fs::write(marked.place.path("go"), "").expect("a file");
    // They hear that they are asked, and stay.
    let mut heard = [0; 6];
    client.read_exact(&mut heard).expect("an answer");
    assert_eq!(&heard, b"asked\n");
    live.end().exits(0);
    assert!(!lives(victim));
    marked.none_alive();
    rest(client);
}

#[test]
fn what_a_connection_leaves_running_does_not_outlive_the_process() {
    for kind in ["grandchild", "session", "daemon"] {
        let marked = Marked::new(&format!(
            "processes:\n  server: {{daemon: true, listen: {{unix: s, accept: true}}, command: exec @fake {kind} @mark ends}}\n{MAIN}"
        ));
        let mut live = marked.flowrun("").start();
        live.wait_for("up");
        let _client = UnixStream::connect(marked.place.path("s")).expect("somebody listens");
        marked.up();
        std::fs::write(marked.place.path("go"), "").expect("a file");
        live.end().exits(0);
        marked.none_alive();
    }
}

#[test]
fn nothing_is_left_when_flowrun_is_killed() {
    let marked = Marked::new(&format!(
        "processes:\n  server: {{daemon: true, listen: {{unix: s, accept: true}}, command: exec @fake daemon @mark}}\n{MAIN}"
    ));
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    let _client = UnixStream::connect(marked.place.path("s")).expect("somebody listens");
    marked.up();
    live.signal(Signal::SIGKILL);
    live.end();
    marked.none_alive();
    // A socket that nobody listens at any more is in nobody's way.
    let place = &marked.place;
    std::fs::write(place.path("go"), "").expect("a file");
    marked.flowrun("").run().exits(0);
    assert!(!place.path("s").exists());
}

/// Begun anew, it goes on listening: its old connections end, and new ones are the new attempt's.
#[test]
fn an_accepting_process_can_be_begun_anew_and_signalled() {
    let marker = "echo $FLOWRUN_ATTEMPT; exec sleep 1000";
    let place = Place::new().file("runtime/.keep", "").file(
        "flowrun.yaml",
        &format!("processes:\n  server: {{daemon: true, listen: {{unix: s, accept: true}}, command: '{marker}'}}\n{MAIN}"),
    );
    let runtime = place.path("runtime");
    let mut live = place.flowrun("").env("XDG_RUNTIME_DIR", &runtime).start();
    live.wait_for("up");
    let mut run = Run { place, live };
    let ask = |line: &str| run.place.flowrun(line).env("XDG_RUNTIME_DIR", &runtime).run();
    ask("signal server USR1").exits(1);
    let old = run.connect();
    assert_eq!(line(&old), "1");
    ask("restart server").exits(0);
    assert_eq!(rest(old), "");
    let new = run.connect();
    assert_eq!(line(&new), "2");
    ask("signal server USR1").exits(0);
    assert_eq!(rest(new), "");
    run.live.told_until("the command for the connection from unix failed: SIGUSR1");
    let (_, said) = run.end();
    said.exits(0);
}

#[test]
fn an_address_in_use_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    for accept in [false, true] {
        let workflow =
            format!("processes:\n  server: {{daemon: true, listen: {{tcp: '{address}', accept: {accept}}}, command: cat}}\n{MAIN}");
        let said = Place::new().file("flowrun.yaml", &workflow).flowrun("").run().exits(1);
        said.told(&format!("cannot listen at {address}: somebody listens there already (`ss -ltnp` shows who)"));
        said.told("main skipped");
    }
}

fn fails_at(place: &Place, path: &Path) -> Said {
    let workflow = format!("processes:\n  server: {{daemon: true, listen: {{unix: '{}'}}, command: cat}}\n{MAIN}", path.display());
    std::fs::write(place.path("flowrun.yaml"), workflow).expect("a file");
    place.flowrun("").run().exits(1)
}

#[test]
fn what_is_in_the_way_of_a_socket_stays_and_is_told() {
    let place = Place::new().file("mine", "mine");
    fails_at(&place, &place.path("mine")).told("mine: what is there is no socket; remove it, or choose another path");
    assert_eq!(place.read("mine"), "mine");
    let _living = UnixListener::bind(place.path("living")).expect("a socket");
    fails_at(&place, &place.path("living")).told("living: somebody listens there already");
    assert!(place.path("living").exists());
    fails_at(&place, &place.path("no/folder")).told("its folder does not exist; make it before");
    fails_at(&place, &place.path(&"long".repeat(30))).told("are more than the path of a socket may have");
    if !common::is_root() {
        fails_at(&place, Path::new("/s")).told("this user may not write to its folder");
    }
}

#[test]
fn an_address_that_comes_free_is_had_by_the_next_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let place = Place::new().file(
        "flowrun.yaml",
        &format!("processes:\n  server: {{daemon: true, listen: {{tcp: {port}, accept: true}}, command: cat, restart: {{policy: on-failure, max: 100000, delay: 1ms, backoff: constant}}}}\n{MAIN}"),
    );
    let mut live = place.flowrun("").start();
    live.told_until("cannot listen at");
    drop(listener);
    live.wait_for("up");
    let (_, said) = Run { place, live }.end();
    said.exits(0);
}

#[test]
fn the_dry_run_and_the_list_show_addresses() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:\n  a: {daemon: true, listen: {tcp: '[::1]:7000', accept: true}, command: cat}\n  b: {listen: 7001, command: cat}\n",
    );
    let said = place.flowrun("--dry-run").run().exits(0);
    assert!(said.stdout.contains("a  cat  [daemon, listens at [::1]:7000, a command for each connection, 64 at once]"), "{said}");
    assert!(said.stdout.contains("b  cat  [listens at 127.0.0.1:7001]"), "{said}");
    let list: serde_json::Value = serde_json::from_str(&place.flowrun("list --json").run().exits(0).stdout).expect("JSON");
    assert_eq!(list[0]["listen"], serde_json::json!({"address": "[::1]:7000", "accept": true, "max": 64}));
    assert_eq!(list[1]["listen"], serde_json::json!({"address": "127.0.0.1:7001", "accept": false, "max": null}));
}
