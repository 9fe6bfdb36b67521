//! The keeper above a run: pauses, signals that are ignored, exit statuses, the run's cgroup.

mod common;

use common::Live;
use common::victims::{Marked, lives, runner, state, until};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A run that goes on until there is a file `go`, and has said that it is up.
fn waits() -> Marked {
    Marked::new("processes: {p: {command: 'echo up; until [ -e go ]; do sleep 0.02; done; echo went on'}}\n")
}

fn let_go(marked: &Marked) {
    std::fs::write(marked.place.path("go"), "").expect("a file");
}

fn number(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("a number"))
}

#[test]
fn a_pause_stops_both_and_the_shell_sees_it() {
    let marked = waits();
    let mut live = marked.flowrun("").own_group().start();
    live.wait_for("up");
    let (keeper, below) = (live.pid(), runner(live.pid()));
    for round in 0..3 {
        live.signal(Signal::SIGTSTP);
        let stopped = waitpid(number(keeper), Some(WaitPidFlag::WUNTRACED)).expect("it can be waited for");
        assert_eq!(stopped, WaitStatus::Stopped(number(keeper), Signal::SIGTSTP));
        assert_eq!(state(below), Some('T'), "the runner stops before its keeper");
        // As a shell does it, to the whole group, or as a person does it, to the keeper.
        let whom = if round == 0 { Pid::from_raw(-number(keeper).as_raw()) } else { number(keeper) };
        nix::sys::signal::kill(whom, Signal::SIGCONT).expect("it is there");
        // Both wait for events again, so that the next signal finds them as the first did.
        until("both go on", || state(keeper) == Some('S') && state(below) == Some('S'));
    }
    let_go(&marked);
    assert_eq!(live.end().exits(0).of("p"), ["up", "went on"]);
}

#[test]
fn a_runner_that_somebody_else_stopped_is_continued_with_the_keeper() {
    let marked = waits();
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    let below = runner(live.pid());
    nix::sys::signal::kill(number(below), Signal::SIGSTOP).expect("it is there");
    until("it is stopped", || state(below) == Some('T'));
    live.signal(Signal::SIGCONT);
    until("it goes on", || state(below) != Some('T'));
    let_go(&marked);
    live.end().exits(0);
}

#[test]
fn where_no_shell_watches_a_pause_holds_up_nothing() {
    let marked = waits();
    // A session of its own: its process group has no parent that could continue it.
    let mut live = marked.flowrun("").own_session().start();
    live.wait_for("up");
    let keeper = runner(live.pid());
    for _ in 0..20 {
        nix::sys::signal::kill(number(keeper), Signal::SIGTSTP).expect("it is there");
    }
    let_go(&marked);
    live.end().exits(0);
}

#[test]
fn a_pause_that_is_asked_for_while_ending_is_no_trouble() {
    let marked = Marked::new("processes: {p: {command: 'echo up; trap \"exit 1\" TERM; while :; do sleep 0.02; done'}}\n");
    let mut live = marked.flowrun("").own_group().start();
    live.wait_for("up");
    live.signal(Signal::SIGTSTP);
    let keeper = live.pid();
    until("it is stopped", || state(keeper) == Some('T'));
    live.signal(Signal::SIGTERM);
    live.signal(Signal::SIGCONT);
    live.end().exits(143);
}

#[test]
fn signals_that_were_ignored_stay_ignored() {
    let marked = waits();
    let mut live = marked.flowrun("").below(&["sh", "-c", "trap '' HUP INT QUIT; exec \"$0\" \"$@\""]).start();
    live.wait_for("up");
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        live.signal(signal);
    }
    let_go(&marked);
    assert_eq!(live.end().exits(0).of("p"), ["up", "went on"]);
}

#[test]
fn being_asked_how_things_stand_ends_nothing() {
    let marked = waits();
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    live.signal(Signal::SIGUSR1);
    let_go(&marked);
    live.end().exits(0);
}

#[test]
fn what_is_sent_to_the_whole_group_is_heard_once() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let marked = Marked::new(
            "processes:
  p: {command: 'trap \"sleep 0.2; echo in order; exit 1\" TERM; echo up; while :; do sleep 0.02; done'}
  cleanup: {join: {p: exit}, command: echo cleaned}
",
        );
        let mut live = marked.flowrun("").own_group().start();
        live.wait_for("up");
        nix::sys::signal::kill(Pid::from_raw(-number(live.pid()).as_raw()), signal).expect("it is there");
        let said = live.end().exits(status);
        assert_eq!((said.of("p"), said.of("cleanup")), (vec!["up", "in order"], vec!["cleaned"]));
    }
}

#[test]
fn quit_kills_at_once() {
    let marked =
        Marked::new("processes: {p: {command: 'trap \"echo asked\" TERM; echo up; while :; do sleep 0.02; done', stop: {grace: 1h}}}\n");
    let mut live = marked.flowrun("--stop-timeout 1h").start();
    live.wait_for("up");
    live.signal(Signal::SIGQUIT);
    let said = live.end().exits(131);
    said.told("killing what still runs");
    marked.none_alive();
}

#[test]
fn the_keeper_ends_as_its_runner_did() {
    for (signal, status) in [(Signal::SIGABRT, 134), (Signal::SIGUSR2, 140), (Signal::SIGKILL, 137)] {
        let marked = waits();
        let mut live = marked.flowrun("").start();
        live.wait_for("up");
        nix::sys::signal::kill(number(runner(live.pid())), signal).expect("it is there");
        let said = live.end().exits(status);
        assert_eq!(said.stderr.matches("the run was cut off").count(), 1, "{said}");
        marked.none_alive();
    }
}

#[test]
fn only_two_processes_are_flowruns_own() {
    let marked = waits();
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    let below = runner(live.pid());
    let own = |pid: &u32| [live.pid(), below].contains(pid);
    assert_eq!(marked.alive().iter().filter(|pid| own(pid)).count(), 2);
    let_go(&marked);
    live.end().exits(0);
    assert!(!lives(below));
}

/// The folder of a process's cgroup v2, as its last part.
fn cgroup(pid: u32) -> String {
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
    own.rsplit('/').next().unwrap_or_default().to_owned()
}

#[test]
fn a_run_that_lasts_has_a_cgroup_which_goes_with_it() {
    let Some(own) = flowrun::io::cgroup::Cgroup::create() else {
        println!("not tested: no cgroup can be made here");
        return;
    };
    own.remove();
    for killed in [false, true] {
        let marked = waits();
        let mut live = marked.flowrun("").start();
        live.wait_for("up");
        let below = runner(live.pid());
        let name = format!("flowrun-{}", live.pid());
        until("the runner is in its cgroup", || cgroup(below) == name);
        until("what it started is there too", || common::victims::children(below).iter().all(|child| cgroup(*child) == name));
        assert_ne!(cgroup(live.pid()), name, "the keeper stays outside");
        if killed {
            nix::sys::signal::kill(number(below), Signal::SIGKILL).expect("it is there");
        } else {
            let_go(&marked);
        }
        end_with_cgroup(live, &name, if killed { 137 } else { 0 });
        marked.none_alive();
    }
}

fn end_with_cgroup(live: Live, name: &str, status: i32) {
    live.end().exits(status);
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("there is a /proc");
    for mount in mounts.lines().filter(|line| line.split(' ').nth(2) == Some("cgroup2")) {
        let folder = std::path::Path::new(mount.split(' ').nth(1).expect("a place"));
        assert!(!folder.join(name).exists(), "{name} is still there");
    }
}
