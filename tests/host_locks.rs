//! Locks and permits that runs share with each other and with `flowrun lock`. Who holds one waits for a file or is
//! killed; that the other waits is known because it says so.

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};

use common::{Call, Live, Place};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// Holds the lock until the file `go` is there, or the folder is gone.
const HOLDER: &str = "touch in; until [ -e go ] || [ ! -e in ]; do sleep 0.02; done";

/// A place whose locks are nobody else's.
fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", &workflow.replace("HOLD", HOLDER))
}

fn flowrun(place: &Place, line: &str) -> Call {
    place.flowrun(line).env("XDG_RUNTIME_DIR", place.path(""))
}

/// A run that holds what it wants.
fn holding(place: &Place, line: &str) -> Live {
    let mut live = flowrun(place, line).start();
    live.wait_for("holds");
    live
}

fn go(place: &Place) {
    fs::write(place.path("go"), "").expect("a file");
}

/// The number in `(pid 12)`.
fn pid(text: &str) -> i32 {
    let number = text.split("(pid ").nth(1).and_then(|rest| rest.split(')').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number in {text}"))
}

const SHOP: &str = "name: shop
locks: {db: {scope: host}}
processes:
  first: {lock: db, command: 'echo holds; HOLD; echo first >>log'}
  second: {lock: db, join: {first: exit}, command: 'true'}
";

const OTHER: &str = "name: other
locks: {mine: {scope: host, name: shop/db}}
processes:
  last: {lock: mine, command: 'echo last >>log'}
";

#[test]
fn another_run_waits_says_for_whom_and_comes_after() {
    let place = place(SHOP).file("other.yaml", OTHER);
    let first = holding(&place, "");
    let mut other = flowrun(&place, "other.yaml").start();
    let told = other.told_until("held by");
    assert!(told.contains("flowrun: last waits for lock `mine`, held by `first` of `shop` (pid "), "{told}");
    assert!(!place.path("log").exists(), "it did not wait");
    go(&place);
    first.end().exits(0);
    other.end().exits(0);
    assert_eq!(place.read("log"), "first\nlast\n");
}

#[test]
fn a_run_that_is_killed_frees_what_it_held() {
    let place = place(SHOP).file("other.yaml", OTHER);
    let first = holding(&place, "");
    let mut other = flowrun(&place, "other.yaml").start();
    kill(Pid::from_raw(pid(&other.told_until("held by"))), Signal::SIGKILL).expect("it lives");
    other.end().exits(0);
    first.end().exits(137);
    assert_eq!(place.read("log"), "last\n");
}

#[test]
fn a_wait_for_another_run_is_bounded_and_can_be_interrupted() {
    let place = place(SHOP)
        .file("bounded.yaml", &OTHER.replace("{lock", "{acquire_timeout: 50ms, lock"))
        .file("patient.yaml", &format!("{OTHER}  clean: {{join: {{last: exit}}, command: 'true'}}\n"));
    let first = holding(&place, "");
    let said = flowrun(&place, "bounded.yaml").run().exits(1);
    said.told("last failed: lock `mine` not had within 50 ms");
    let mut patient = flowrun(&place, "patient.yaml").start();
    patient.told_until("held by");
    patient.signal(Signal::SIGTERM);
    patient.end().exits(143).told("last cancelled");
    go(&place);
    first.end().exits(0);
    assert_eq!(place.read("log"), "first\n");
}

#[test]
fn a_suspended_run_keeps_no_half_of_what_it_waits_for() {
    let place = place(
        "name: shop
locks: {a: {scope: host}, b: {scope: host}}
processes:
  both: {lock: [b, a], command: 'echo had'}
",
    );
    let mut first = flowrun(&place, "lock --host shop/b -- sh -c").arg(format!("echo holds; {HOLDER}")).start();
    first.wait_for("holds");
    let mut run = flowrun(&place, "").own_group().start();
    run.told_until("both waits for lock `b`, held by");
    let try_half = || flowrun(&place, "lock --host shop/a --no-wait -- true").run().status;
    assert_eq!(try_half(), Some(125), "it waits for the second without the first");
    run.signal(Signal::SIGTSTP);
    waitpid(Pid::from_raw(i32::try_from(run.pid()).expect("a number")), Some(WaitPidFlag::WUNTRACED)).expect("it stops");
    assert_eq!(try_half(), Some(0), "a suspended run keeps what it does not use");
    run.signal(Signal::SIGCONT);
    go(&place);
    first.end().exits(0);
    assert_eq!(run.end().exits(0).of("both"), ["had"]);
}

#[test]
fn readers_of_two_runs_read_together() {
    let reader = "name: shop
locks: {table: {scope: host}}
processes:
  read: {lock: {table: shared}, command: 'touch ME; until [ -e OTHER ]; do sleep 0.02; done'}
";
    let place = place(&reader.replace("ME", "a").replace("OTHER", "b")).file("two.yaml", &reader.replace("ME", "b").replace("OTHER", "a"));
    let one = flowrun(&place, "").start();
    flowrun(&place, "two.yaml").run().exits(0);
    one.end().exits(0);
}

#[test]
fn permits_are_numbered_for_all_runs_together_and_must_agree() {
    let place = place(
        "name: shop
semaphores: {gpu: {permits: 2, scope: host}}
processes:
  train: {semaphore: gpu, command: 'echo holds $FLOWRUN_SLOT_GPU; HOLD'}
",
    );
    let three = fs::read_to_string(place.path("flowrun.yaml")).expect("the workflow").replace("permits: 2", "permits: 3");
    let place = place.file("three.yaml", &three);
    let mut first = flowrun(&place, "-o raw").start();
    first.wait_for("holds 0");
    let said = flowrun(&place, "lock --host shop/gpu --permits 1/2 -- sh -c").arg("echo $FLOWRUN_SLOT_SHOP_GPU").run().exits(0);
    assert_eq!(said.stdout, "1\n");
    let refused = flowrun(&place, "lock --host shop/gpu --permits 2/2 --no-wait -- true").run().exits(125);
    refused.told("flowrun: `shop/gpu` is held by `train` of `shop` (pid ");
    let said = flowrun(&place, "three.yaml").run().exits(1);
    said.told("it is a semaphore with 3 permits here and a semaphore with 2 permits to those who hold it");
    go(&place);
    first.end().exits(0);
}

#[test]
fn what_lacks_its_slot_when_the_host_grants_keeps_no_other_run_waiting() {
    // `first` of this run holds the only slot; what it waits for needs the lock that `locked` wants too.
    let place = place(
        "name: shop
jobs: 1
locks: {db: {scope: host}}
processes:
  first: {command: '$FLOWRUN lock --host shop/db -- touch inside; echo first >>log'}
  locked: {lock: db, command: 'echo locked >>log'}
",
    );
    flowrun(&place, "").env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun")).run().exits(0);
    assert_eq!(place.read("log"), "first\nlocked\n");
}

#[test]
fn the_command_of_lock_is_followed_to_its_end_and_keeps_nothing() {
    let place = Place::new();
    flowrun(&place, "lock --host x -- sh -c").arg("exit 7").run().exits(7);
    flowrun(&place, "lock --host x -- sh -c").arg("kill -9 $$").run().exits(137);
    flowrun(&place, "lock --host x -- no-such-program").run().exits(127).told("cannot run `no-such-program`: No such file");
    flowrun(&place, "lock --host x -- /").run().exits(126);
    flowrun(&place, "lock --host x --permits 3/2 -- true").run().exits(2);
    // What the command leaves running has no part in the lock: nobody but `flowrun lock` keeps it.
    let said = flowrun(&place, "lock --host x -- sh -c").arg("sleep 1000 >/dev/null 2>&1 & echo $!").run().exits(0);
    flowrun(&place, "lock --host x --no-wait -- true").run().exits(0);
    let left: i32 = said.stdout.trim().parse().expect("a number");
    kill(Pid::from_raw(left), Signal::SIGKILL).expect("it lives");
}

#[test]
fn lock_waits_gives_up_refuses_and_is_free_when_killed() {
    let place = Place::new();
    let mut first = flowrun(&place, "lock --host x --host a -- sh -c").arg(format!("echo holds; {HOLDER}")).start();
    first.wait_for("holds");
    let said = flowrun(&place, "lock --host a --no-wait -- true").run().exits(125);
    assert_eq!(pid(&said.stderr), i32::try_from(first.pid()).expect("a number"), "{said}");
    flowrun(&place, "lock --host x --timeout 30ms -- true").run().exits(124).told("`x` not had within 30 ms: it is held by");
    flowrun(&place, "lock --host x --permits 1/2 -- true").run().exits(2).told("a semaphore with 2 permits here and a lock");
    let mut patient = flowrun(&place, "lock --host x -- echo had").start();
    patient.told_until("waiting for `x`, held by");
    first.signal(Signal::SIGKILL);
    assert_eq!(patient.end().exits(0).stdout, "had\n");
    go(&place);
}

#[test]
fn a_name_that_would_steer_a_terminal_is_refused() {
    let place = Place::new();
    for name in ["a\nb", "\u{1b}[2Jdb", ""] {
        let said = place.flowrun("lock --host").arg(name).arg("--").arg("true").run().exits(2);
        assert!(said.stderr.contains("it must have 1 to 80 bytes, all of them visible"), "{said}");
        assert!(said.stderr.lines().count() == 1 && !said.stderr.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn a_signal_to_lock_is_the_commands() {
    let place = Place::new();
    let mut live = flowrun(&place, "lock --host x -- sh -c").arg(r#"trap "exit 9" TERM; echo holds; while :; do sleep 0.02; done"#).start();
    live.wait_for("holds");
    live.signal(Signal::SIGTERM);
    live.end().exits(9);
}

#[test]
fn nobody_waits_for_a_lock_that_is_kept_for_him() {
    let place = place(
        "name: shop
locks: {db: {scope: host}}
processes:
  own: {lock: db, command: '$FLOWRUN lock --host shop/db -- true'}
",
    );
    let call = |line: &str| flowrun(&place, line).env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun"));
    let said = call("-v").run().exits(1);
    said.tells_in_order(&["`shop/db` is held by `own` of `shop` (pid ", "own failed: exit code 125"]);
    let nested = "$FLOWRUN lock --host b -- $FLOWRUN lock --host a -- true";
    call("lock --host a -- sh -c").arg(nested).run().exits(125).told("which waits for this command: take it once");
}

#[test]
#[cfg(target_os = "linux")]
fn holders_with_the_same_pid_in_different_containers_are_different_holders() {
    let place = place("processes: {p: {command: 'true'}}\n");
    let contained = |extra: &str, command: &str| {
        let mut call = std::process::Command::new("unshare");
        call.args(["--map-root-user", "--pid", "--fork", "--kill-child", env!("CARGO_BIN_EXE_flowrun"), "lock", "--host", "gpus"]);
        call.args(["--permits", "1/2"]).args(extra.split_whitespace()).args(["--", "sh", "-c", command]);
        call.current_dir(place.path("")).env("XDG_RUNTIME_DIR", place.path("")).stdin(std::process::Stdio::piped());
        call.stdout(std::process::Stdio::piped()).spawn().expect("unshare of util-linux, and the right to use it")
    };
    let holders: Vec<_> = (0..2).map(|_| contained("", "echo in; read end")).collect();
    let mut holders: Vec<_> = holders.into_iter().map(|mut child| (child.stdout.take().map(BufReader::new), child)).collect();
    for (stdout, _) in &mut holders {
        let mut line = String::new();
        stdout.as_mut().expect("it is piped").read_line(&mut line).expect("it can be read");
        assert_eq!(line, "in\n");
    }
    let third = contained("--no-wait", "echo in").wait_with_output().expect("it ends");
    for (_, mut child) in holders {
        drop(child.stdin.take());
        child.wait().expect("it ends");
    }
    assert_eq!((third.status.code(), third.stdout.as_slice()), (Some(125), [].as_slice()), "both permits are taken");
}
