//! Completion, as shells ask for it: real ones, with the scripts that flowrun prints.

#[path = "../common/mod.rs"]
mod common;
mod shells;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Place;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Prints what the words complete to, one a line, sorted where the shell sorts.
const ASK: &str = "source <(flowrun completions bash)
COMP_WORDS=(flowrun \"$@\") COMP_CWORD=$#
_clap_complete_flowrun flowrun \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
[ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"";

/// Ends with its folder, so that a test that falls leaves no run behind.
const SHOP: &str = "queues: [buns]
processes:
  main: {produces: buns, command: 'until [ -e go ] || [ ! -e shop.yaml ]; do sleep 0.02; done'}
  oven: {daemon: true, command: sleep 1000, replicas: 2}
  after: {join: main, consumes: buns, command: 'true'}
";

fn place() -> Place {
    Place::new()
        .file("shop.yaml", SHOP)
        .file("runtime/.keep", "")
        .file("state/.keep", "")
        .file("there/flowrun.yml", "processes: {a: , b: }")
}

fn program(place: &Place, name: &str) -> Command {
    let here = std::path::Path::new(env!("CARGO_BIN_EXE_flowrun")).parent().expect("a folder");
    let path = std::env::join_paths([here.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("a path"))));
    let mut command = Command::new(name);
    command.current_dir(place.path("")).env("PATH", path.expect("a path")).stdin(Stdio::null());
    command.env("XDG_RUNTIME_DIR", place.path("runtime")).env("XDG_STATE_HOME", place.path("state"));
    std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("FLOWRUN_")).for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// What bash offers for the last of these words; `_` is one that is not begun.
fn completed(place: &Place, words: &str) -> Vec<String> {
    let words = words.split_whitespace().map(|word| if word == "_" { "" } else { word });
    let output = program(place, "bash").args(["--norc", "-c", ASK, "bash"]).args(words).output().expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing disturbs who types");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn files_and_the_processes_in_them_are_offered() {
    let place = place();
    for (words, expected) in [
        ("shop.yaml _", "main oven after"),
        ("shop.yaml main o", "oven"),
        ("run -k -j 4 shop.yaml a", "after"),
        ("--file=shop.yaml mai", "main"),
        (
            "-C there _",
            "run check list graph explain lock schema tasks init completions man ps status logs stop restart signal wait queue attach help shop.yaml \
                       runtime/ state/ there/ a b",
        ),
        ("run -C there -n b", "b"),
        ("s", "schema status stop signal shop.yaml state/"),
        ("check sh", "shop.yaml"),
        ("check there/", "there/flowrun.yml"),
        ("list -C", ""),
        ("graph --format m", "mermaid"),
        ("--det", "--detach"),
        ("tasks co", "copy"),
        ("completions _", "bash zsh fish elvish powershell nushell"),
        ("there/none.yaml a", ""),
        ("-f there mai", ""),
        ("nonsense nonsense --nonsense mai", ""),
    ] {
        assert_eq!(completed(&place, words).join(" "), expected, "{words}");
    }
}

#[test]
fn runs_and_their_processes_are_offered() {
    let place = place();
    let said = program(&place, "flowrun").args(["--detach", "shop.yaml"]).output().expect("flowrun starts");
    let id = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let processes = "main oven oven[0] oven[1] after";
    for (words, expected) in [
        ("status _", format!("shop {id}")),
        ("attach s", "shop".to_owned()),
        ("stop _", format!("shop {id} {processes}")),
        ("restart shop ov", "oven oven[0] oven[1]".to_owned()),
        (&format!("logs -f {id} _"), processes.to_owned()),
        ("wait --timeout 3s m", "main".to_owned()),
        ("signal shop main SIGH", "SIGHUP".to_owned()),
        ("signal main SIGINT", "SIGINT".to_owned()),
        ("stop shop main _", String::new()),
        ("status nobody _", "--json".to_owned()),
        ("stop nobody _", String::new()),
        ("queue len --run _", format!("shop {id}")),
        ("queue put _", "buns".to_owned()),
        ("queue close --run shop b", "buns".to_owned()),
        ("queue put buns _", "--timeout --run".to_owned()),
    ] {
        assert_eq!(completed(&place, words).join(" "), expected, "{words}");
    }
    std::fs::write(place.path("go"), "").expect("a file");
    program(&place, "flowrun").args(["wait", &id]).output().expect("flowrun starts");
    let began = Instant::now();
    while !completed(&place, "stop _").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "what is over is not offered");
    }
}

#[test]
fn a_run_that_does_not_answer_and_a_file_that_never_ends_hold_nobody_up() {
    let place = place();
    nix::unistd::mkfifo(&place.path("pipe.yaml"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    assert!(completed(&place, "pipe.yaml m").is_empty());
    let said = program(&place, "flowrun").args(["--detach", "shop.yaml"]).output().expect("flowrun starts");
    let id = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let status = program(&place, "flowrun").args(["status", "--json"]).output().expect("flowrun starts").stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).expect("JSON");
    let runner = Pid::from_raw(i32::try_from(status["pid"].as_i64().expect("a number")).expect("a number"));
    kill(runner, Signal::SIGSTOP).expect("it is alive");
    assert!(completed(&place, "stop shop _").is_empty());
    kill(runner, Signal::SIGCONT).expect("it is alive");
    std::fs::write(place.path("go"), "").expect("a file");
    program(&place, "flowrun").args(["wait", &id]).output().expect("flowrun starts");
}

#[test]
fn every_shell_has_a_script_and_none_of_them_has_an_error() {
    let place = place();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "nushell"] {
        let said = place.flowrun(&format!("completions {shell}")).run().exits(0);
        assert!(said.stdout.contains("flowrun") && said.stderr.is_empty(), "{said}");
        assert!(said.stdout.contains("_FLOWRUN_COMPLETE"), "{said}");
    }
    place.flowrun("completions tcsh").run().exits(2);
    let said = place.flowrun("-- flowrun _").env("_FLOWRUN_COMPLETE", "tcsh").run().exits(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
}
