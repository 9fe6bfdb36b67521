//! Runs in the background, and what is known of them afterwards.

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Call, Place, Said};
use flowrun::control::auth::Secret;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getsid};
use serde_json::Value;

/// Until the test says `go`, `main` runs; it fails if the test has said so. A test that falls leaves no run behind.
const SHOP: &str = "processes:
  main: {command: 'echo up; until [ -e go ] || [ ! -e shop.yaml ]; do sleep 0.02; done; echo over; [ ! -e bad ]'}
  web: {daemon: true, command: 'echo $$ > web; exec sleep 1000'}
";

/// A folder with a workflow, and folders of its own for runs and their records.
fn shop() -> Place {
    Place::new().file("shop.yaml", SHOP).file("runtime/.keep", "").file("state/.keep", "")
}

/// flowrun of the user whose folders these are.
fn call(place: &Place, line: &str) -> Call {
    place.flowrun(line).env("XDG_RUNTIME_DIR", place.path("runtime")).env("XDG_STATE_HOME", place.path("state"))
}

fn ask(place: &Place, line: &str) -> Said {
    call(place, line).run()
}

fn say(place: &Place, word: &str) {
    std::fs::write(place.path(word), "").expect("a file");
}

/// Starts it and gives its id.
fn start(place: &Place) -> String {
    ask(place, "--detach shop.yaml").exits(0).stdout.trim().to_owned()
}

fn log(place: &Place, id: &str) -> String {
    place.read(&format!("state/flowrun/runs/{id}/log"))
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

/// The process that leads the run, and the one that `web` is.
fn pids(place: &Place) -> (i32, i32) {
    let runner = || {
        let status: Value = serde_json::from_str(&ask(place, "status --json").stdout).ok()?;
        i32::try_from(status["pid"].as_i64()?).ok()
    };
    wait_until("web runs", || std::fs::read_to_string(place.path("web")).is_ok_and(|text| text.ends_with('\n')));
    (runner().expect("a number"), place.read("web").trim().parse().expect("a number"))
}

#[test]
fn a_run_goes_on_in_the_background_and_says_how_to_follow_it() {
    let place = shop();
    let said = ask(&place, "--detach shop.yaml").exits(0);
    let id = said.stdout.trim().to_owned();
    let log_path = place.path(&format!("state/flowrun/runs/{id}/log"));
    let expected = format!(
        "flowrun: `shop` runs in the background as {id}\n  follow it with `flowrun attach {id}` or `flowrun logs -f {id}`, \
         end it with `flowrun stop {id}`\n  its log is {}\n",
        log_path.display()
    );
    assert_eq!(said.stderr, expected);
    let runs: Value = serde_json::from_str(&ask(&place, "ps --json").exits(0).stdout).expect("JSON");
    assert_eq!((runs[0]["id"].as_str(), runs[0]["log"].as_str()), (Some(id.as_str()), log_path.to_str()));
    say(&place, "go");
    // It may be over already, which makes no difference.
    ask(&place, &format!("wait {id}")).exits(0);
    wait_until("all is written", || log(&place, &id).contains("1 succeeded, 1 stopped"));
    let text = log(&place, &id);
    assert!(text.starts_with("main | up\nmain | over\nshop: "), "{text}");
    wait_until("nothing of the run is left", || place.names("runtime") == [".keep"]);
    // The line about an end is the same however often one asks.
    let told = format!("flowrun: the run `shop` ({id}) has ended with exit status 0; its log is {}\n", log_path.display());
    for line in [format!("wait {id}"), "wait shop".to_owned(), format!("attach {id}"), "attach shop".to_owned()] {
        assert_eq!(ask(&place, &line).exits(0).stderr, told, "{line}");
    }
    for line in [format!("status {id}"), format!("stop {id}"), format!("wait {id} main"), format!("signal {id} main HUP")] {
        assert_eq!(ask(&place, &line).exits(2).stderr, told, "{line}");
    }
    assert_eq!(ask(&place, &format!("logs {id}")).exits(0).stdout, text);
    let all: Value = serde_json::from_str(&ask(&place, "ps --all --json").exits(0).stdout).expect("JSON");
    let ended = |row: &Value| (row["id"].as_str() == Some(&id), row["state"].clone(), row["code"].clone());
    assert_eq!(all.as_array().map(|all| all.iter().map(ended).collect::<Vec<_>>()), Some(vec![(true, "ended".into(), 0.into())]));
    let table = ask(&place, "ps -a").exits(0).stdout;
    assert!(table.contains("ended") && table.contains("shop"), "{table}");
    // Without a name it is the newest of those that are over, as long as none goes on.
    for line in ["wait", "attach"] {
        assert_eq!(ask(&place, line).exits(0).stderr, told, "{line}");
    }
    let logs = ask(&place, "logs").exits(0);
    assert_eq!((logs.stdout.as_str(), logs.stderr.as_str()), (text.as_str(), told.as_str()));
    ask(&place, "status").exits(2).told("no run of this user is going on; `flowrun ps -a` shows those in the background that are over");
    assert_eq!(ask(&place, "logs shop -n 2").exits(0).stdout, text.split_inclusive('\n').skip(1).collect::<String>());
}

#[test]
fn the_end_of_the_terminal_and_of_the_shell_is_not_its_end() {
    let place = shop();
    let mut seat =
        call(&place, "--detach shop.yaml").below(&["/bin/sh", "-c", "\"$@\" > id; echo begun; sleep 1000", "sh"]).at_a_terminal();
    seat.sees("begun");
    // The window is closed: all at the terminal hear a hang-up, and its shell dies of it.
    assert_eq!(seat.leave(), None);
    let (runner, web) = pids(&place);
    let session = |pid: i32| getsid(Some(Pid::from_raw(pid))).expect("it is alive");
    assert_ne!(session(runner), session(0));
    assert!(is_alive(web));
    assert_eq!(std::fs::read_link(format!("/proc/{runner}/fd/0")).expect("it is there"), PathBuf::from("/dev/null"));
    let terminal = std::fs::read_to_string(format!("/proc/{runner}/stat")).expect("it is there");
    let terminal = terminal.rsplit_once(')').expect("a name").1.split_whitespace().nth(4).map(str::to_owned);
    assert_eq!(terminal.as_deref(), Some("0"), "no terminal");
    say(&place, "bad");
    say(&place, "go");
    let id = place.read("id").trim().to_owned();
    ask(&place, &format!("wait {id}")).exits(1);
    assert!(!is_alive(web) || ask(&place, "ps --json").stdout.contains(&id), "web lives no longer than the run");
    wait_until("nothing of the run is left", || place.names("runtime") == [".keep"] && !is_alive(web));
}

#[test]
fn what_is_wrong_is_told_in_the_foreground_and_nothing_is_started() {
    let place = shop()
        .file("bad.yaml", "processes: {a: {command: touch ran, join: b}}\n")
        .file("edit.yaml", "processes: {edit: {command: touch ran, stdin: inherit}, quiet: {command: 'true'}}\n");
    let said = ask(&place, "--detach bad.yaml").exits(2);
    assert!(said.stderr.contains("`b`") && said.stdout.is_empty(), "{said}");
    let expected = "flowrun: `edit` needs a terminal (`stdin: inherit`), and a run in the background has none; leave out --detach, or name the \
                    processes that are to run\n";
    assert_eq!(ask(&place, "-d edit.yaml").exits(2).stderr, expected);
    let id = ask(&place, "-qd edit.yaml quiet").exits(0).stdout;
    ask(&place, &format!("wait {id}")).exits(0);
    assert!(!place.path("ran").exists());
}

#[test]
fn a_process_has_a_terminal_of_its_own_also_in_the_background() {
    let place = shop().file("bell.yaml", "processes: {bell: {command: 'test -t 1 && echo a terminal', tty: true}}\n");
    let id = ask(&place, "-d bell.yaml").exits(0).stdout.trim().to_owned();
    ask(&place, &format!("wait {id}")).exits(0);
    wait_until("all is written", || log(&place, &id).contains("1 succeeded"));
    assert!(log(&place, &id).starts_with("bell | a terminal"), "{}", log(&place, &id));
}

#[test]
fn a_run_that_nobody_could_reach_or_that_has_no_log_is_not_begun() {
    let long = "x".repeat(100);
    let place = shop().file(&format!("{long}/.keep"), "");
    let said = call(&place, "-d shop.yaml").env("XDG_RUNTIME_DIR", place.path(&long)).run().exits(3);
    assert!(said.stderr.starts_with("flowrun: cannot begin a run in the background: cannot listen at "), "{said}");
    assert_eq!(said.stderr.lines().count(), 1, "{said}");
    let said = call(&place, "-d shop.yaml").env("XDG_STATE_HOME", place.path("shop.yaml")).run().exits(3);
    assert!(said.stderr.contains("cannot make the folder for what the run says, "), "{said}");
    let said = call(&place, "-d shop.yaml").env("XDG_STATE_HOME", "").env("HOME", "").run().exits(3);
    assert!(said.stderr.contains("set XDG_STATE_HOME or HOME"), "{said}");
    assert_eq!(place.names("state"), [".keep", "flowrun"]);
    assert!(place.names("state/flowrun/runs").is_empty() && !place.path("web").exists());
}

#[test]
fn attaching_shows_what_a_run_in_the_foreground_would_and_ends_as_it_does() {
    let place = shop();
    let id = start(&place);
    // Who attaches is told only what is said from then on.
    wait_until("main is up", || log(&place, &id).contains("main | up"));
    let mut attached = call(&place, "attach").start();
    let mut quiet = call(&place, &format!("attach {id} -o quiet -v")).start();
    // Both are there when they are told that main was signalled into nothing.
    wait_until("both follow", || followers(&place, &id) == 2);
    let interrupted = call(&place, "attach").start();
    wait_until("a third one follows", || followers(&place, &id) == 3);
    interrupted.signal(Signal::SIGINT);
    assert_eq!(interrupted.end().status, None);
    say(&place, "bad");
    say(&place, "go");
    attached.wait_for("main | over");
    let told = quiet.told_until("1 failed, 1 stopped");
    assert!(told.contains("main failed") && told.contains("  | over"), "{told}");
    let quiet = quiet.end().exits(1);
    assert_eq!(quiet.stdout, "");
    let attached = attached.end().exits(1);
    assert_eq!(attached.stdout, "main | over\n");
    assert!(attached.stderr.contains("\n✗ main failed: exit code 1") && attached.stderr.contains("1 failed, 1 stopped"), "{attached}");
    wait_until("all is written", || log(&place, &id).contains("1 failed"));
    let text = log(&place, &id);
    assert!(text.ends_with(&attached.stderr), "{text}{attached}");
}

#[test]
fn who_waits_ends_as_the_run_does_whatever_decides_that() {
    let place = shop();
    let text = "processes: {main: {command: 'until [ -e go ] || [ ! -e seven.yaml ]; do sleep 0.02; done; exit 7', success_codes: [7]}}\n";
    let place = place.file("seven.yaml", text);
    let id = ask(&place, "-d seven.yaml --exit-code-from main").exits(0).stdout.trim().to_owned();
    let all = ["wait".to_owned(), format!("wait {id}"), "attach".to_owned(), "attach --json".to_owned()];
    let all: Vec<_> = all.iter().map(|line| call(&place, line).start()).collect();
    wait_until("all follow", || followers(&place, &id) == 4);
    say(&place, "go");
    all.into_iter().for_each(|one| drop(one.end().exits(7)));
    wait_until("nothing of the run is left", || place.names("runtime") == [".keep"]);
    ask(&place, &format!("wait {id}")).exits(7);
}

/// A run that goes away when it has been asked, without an answer.
fn dies_when_asked(place: &Place, id: &str) -> std::thread::JoinHandle<()> {
    let folder = place.path(&format!("runtime/flowrun/{id}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let only_own = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(place.path("runtime/flowrun"), only_own).expect("it is ours");
    std::fs::write(folder.join("about.json"), about(id)).expect("a file");
    std::fs::write(folder.join("key"), Secret::random().expect("random bytes").hex()).expect("a file");
    let listener = UnixListener::bind(folder.join("socket")).expect("a socket");
    std::thread::spawn(move || {
        let read = |stream: &mut BufReader<UnixStream>| {
            let mut line = String::new();
            // Those that only look are gone, some before they have read what they were told.
            stream.read_line(&mut line).unwrap_or(0) > 0
        };
        let challenge = Secret::random().expect("random bytes").hex();
        loop {
            let mut stream = BufReader::new(listener.accept().expect("somebody comes").0);
            let _ = writeln!(stream.get_mut(), "{}", serde_json::json!({"flowrun": 1, "run": "x", "challenge": challenge}));
            if read(&mut stream) {
                writeln!(stream.get_mut(), "{{\"ok\":true}}").expect("it is read");
                assert!(read(&mut stream), "a request");
                std::fs::remove_dir_all(&folder).expect("it was there");
                return;
            }
        }
    })
}

fn about(id: &str) -> String {
    serde_json::json!({"id": id, "name": "shop", "file": null, "pid": std::process::id(), "started": 1}).to_string()
}

#[test]
fn a_run_that_ends_while_it_is_asked_has_ended() {
    let place = shop().file("state/flowrun/runs/kept/about.json", &about("kept")).file("state/flowrun/runs/kept/status", "4\n");
    for line in ["wait", "wait kept", "attach", "attach shop"] {
        let run = dies_when_asked(&place, "kept");
        let said = ask(&place, line).exits(4);
        assert!(said.stderr.starts_with("flowrun: the run `shop` (kept) has ended with exit status 4; its log is "), "{line} {said}");
        run.join().expect("it was asked");
    }
    let run = dies_when_asked(&place, "kept");
    let said = ask(&place, "wait main").exits(2);
    assert!(said.stderr.contains("has ended with exit status 4"), "{said}");
    run.join().expect("it was asked");
    for line in ["wait", "attach shop", "wait shop main"] {
        let run = dies_when_asked(&place, "other");
        let told = "flowrun: the run `shop` (other) ended while it was asked; how is known only of runs in the background\n";
        assert_eq!(ask(&place, line).exits(3).stderr, told, "{line}");
        run.join().expect("it was asked");
    }
}

/// How many connections a run has, this one not counted.
fn followers(place: &Place, id: &str) -> usize {
    let socket = place.path(&format!("runtime/flowrun/{id}/socket")).display().to_string();
    let text = std::fs::read_to_string("/proc/net/unix").expect("it can be read");
    let connected = text.lines().filter(|line| line.ends_with(&socket) && line.split_whitespace().nth(5) == Some("03"));
    connected.count()
}

#[test]
fn a_run_that_was_killed_has_ended_too() {
    let place = shop();
    let id = start(&place);
    let (runner, web) = pids(&place);
    let keeper: i32 = id.rsplit_once('-').and_then(|(_, pid)| pid.parse().ok()).expect("a number");
    kill(Pid::from_raw(runner), Signal::SIGKILL).expect("it is alive");
    let status = place.path(&format!("state/flowrun/runs/{id}/status"));
    wait_until("its end is known", || status.exists());
    wait_until("nothing of it lives", || !is_alive(web) && !is_alive(keeper));
    let said = ask(&place, &format!("wait {id}")).exits(137);
    assert!(said.stderr.contains("has ended with exit status 137"), "{said}");
    assert!(log(&place, &id).contains("was killed by signal 9 (SIGKILL)"));
    std::fs::remove_file(status).expect("it is there");
    let said = ask(&place, &format!("attach {id}")).exits(3);
    assert!(said.stderr.contains("was cut off and could not say how it ended"), "{said}");
}

#[test]
fn the_workflow_may_come_from_standard_input() {
    let place = shop();
    let id = call(&place, "-d -").input("processes: {a: {command: [cat]}}\n").run().exits(0).stdout;
    ask(&place, &format!("wait {id}")).exits(0);
    wait_until("all is written", || log(&place, id.trim()).contains("stdin: 1 succeeded"));
}

#[test]
fn records_and_runs_may_share_a_folder() {
    let place = shop();
    let call = |line: &str| call(&place, line).env("XDG_STATE_HOME", place.path("runtime"));
    let id = call("-d shop.yaml").run().exits(0).stdout.trim().to_owned();
    say(&place, "go");
    call(&format!("wait {id}")).run().exits(0);
    wait_until("nothing of the run is left", || place.names("runtime/flowrun") == ["runs"]);
    call(&format!("wait {id}")).run().exits(0).told("has ended with exit status 0");
    assert_eq!(call("ps --json").run().exits(0).stdout, "[]\n");
}

#[test]
fn what_is_no_record_is_passed_over() {
    let place = shop().file("state/flowrun/runs/stray/about.json", "{").file("state/flowrun/runs/file", "");
    let id = start(&place);
    ask(&place, "stop").exits(0);
    ask(&place, &format!("wait {id}")).exits(143);
}

/// Paths are those of who started it, also when the folder is not that of the workflow.
#[test]
fn a_run_in_the_background_writes_reports_and_logs_where_somebody_stood() {
    let place = shop().file("here/.keep", "");
    let line = "../shop.yaml --report html=out/r.html,json=r.json --report junit=r.xml --log-dir logs --timestamps=relative";
    let said = call(&place, line).arg("--detach").in_folder(place.path("here")).run().exits(0);
    let id = said.stdout.trim().to_owned();
    say(&place, "go");
    ask(&place, &format!("wait {id}")).exits(0);
    let report: Value = serde_json::from_str(&place.read("here/r.json")).expect("JSON");
    assert_eq!((report["run"]["outcome"].as_str(), report["run"]["id"].as_str()), (Some("success"), Some(&*id)));
    assert!(place.read("here/out/r.html").contains("</html>") && place.read("here/r.xml").contains("</testsuites>"));
    let stamped = regex_lite::Regex::new(r"(?m)^ *[0-9]+\.[0-9]+.*\bover$").expect("a pattern");
    assert!(stamped.is_match(&log(&place, &id)), "{}", log(&place, &id));
    assert_eq!(place.read("here/logs/main.log"), "up\nover\n");
}

/// Two runs: of the folder that somebody stands in, and of another one.
#[test]
fn of_several_runs_the_one_of_this_folder_is_meant() {
    let place = shop().file("one/flowrun.yaml", SHOP).file("two/flowrun.yaml", SHOP).file("one/below/.keep", "");
    for folder in ["one", "two"] {
        std::fs::write(place.path(&format!("{folder}/shop.yaml")), "").expect("a file");
    }
    let ids = ["one", "two"].map(|folder| ask(&place, &format!("-C {folder} --detach")).exits(0).stdout.trim().to_owned());
    let there = |folder: &str, line: &str| call(&place, line).in_folder(place.path(folder)).run();
    let pid = |folder: &str, run: &str| {
        let status: Value = serde_json::from_str(&there(folder, &format!("status --json {run}")).exits(0).stdout).expect("JSON");
        status["pid"].as_i64().expect("a number")
    };
    for folder in ["one", "one/below"] {
        assert_eq!([pid(folder, ""), pid(folder, "flowrun")], [pid("", &ids[0]); 2], "{folder}");
    }
    assert_eq!(pid("two", ""), pid("", &ids[1]));
    for line in ["stop", "status", "logs main", "stop flowrun"] {
        let said = there("", line).exits(2);
        assert!(ids.iter().all(|id| said.stderr.contains(id)) && said.stderr.contains("give the id of one"), "{said}");
    }
    there("two", "stop").exits(0);
    ask(&place, &format!("wait {}", ids[1])).exits(143);
    let left = ask(&place, "ps").exits(0);
    assert!(left.stdout.contains(&ids[0]) && !left.stdout.contains(&ids[1]), "{left}");
    std::fs::write(place.path("one/go"), "").expect("a file");
    ask(&place, &format!("wait {}", ids[0])).exits(0);
}
