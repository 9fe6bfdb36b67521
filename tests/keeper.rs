//! The keeper above a run: pauses, signals that are ignored, exit statuses, the run's cgroup.

mod common;

use common::Live;
use common::victims::{Marked, children, lives, runner, state, until};
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
fn a_pause_stops_all_that_runs_wherever_it_went_and_lets_it_go_on() {
    for kind in ["child", "grandchild", "session", "daemon"] {
        let marked = Marked::new(
            "processes:
  d: {daemon: true, command: 'exec @fake KIND @mark'}
  p: {join: {d: start}, command: 'until [ -e up ]; do sleep 0.02; done; echo up; until [ -e go ]; do sleep 0.02; done; echo went on'}
"
            .replace("KIND", kind)
            .as_str(),
        );
        let mut live = marked.flowrun("").own_group().start();
        live.wait_for("p | up");
        live.signal(Signal::SIGTSTP);
        let keeper = live.pid();
        waitpid(number(keeper), Some(WaitPidFlag::WUNTRACED)).expect("it can be waited for");
        until("all are stopped", || marked.alive().into_iter().all(|pid| state(pid) == Some('T')));
        assert!(marked.alive().len() >= 3, "{kind}: flowrun's two and the daemon carry the mark");
        live.signal(Signal::SIGCONT);
        until("all go on", || marked.alive().into_iter().all(|pid| state(pid) != Some('T')));
        let_go(&marked);
        assert_eq!(live.end().exits(0).of("p"), ["up", "went on"]);
        marked.none_alive();
    }
}

/// Starts a run in a group of its own and pauses it when it is up.
fn paused(marked: &Marked) -> Live {
    let mut live = marked.flowrun("").own_group().start();
    live.wait_for("up");
    live.signal(Signal::SIGTSTP);
    waitpid(number(live.pid()), Some(WaitPidFlag::WUNTRACED)).expect("it can be waited for");
    live
}

#[test]
fn nothing_starts_while_the_run_is_suspended_and_its_end_is_orderly() {
    let marked = Marked::new(
        "processes:
  p: {command: 'trap \"echo asked; exit 0\" TERM; echo up; while :; do sleep 0.02; done'}
  after: {join: {p: exit}, command: echo cleaned}
",
    );
    let live = paused(&marked);
    let states = marked.place.flowrun("ps").run().exits(0).stdout;
    assert!(states.contains("suspended"), "{states}");
    live.signal(Signal::SIGTERM);
    live.signal(Signal::SIGCONT);
    let said = live.end().exits(143);
    assert_eq!((said.of("p"), said.of("after")), (vec!["up", "asked"], vec!["cleaned"]), "{said}");
}

/// Starts a run whose runner, and not its keeper, was stopped by somebody else; that runner.
fn with_stopped_runner(marked: &Marked) -> (Live, u32) {
    let mut live = marked.flowrun("").start();
    live.wait_for("up");
    let below = runner(live.pid());
    nix::sys::signal::kill(number(below), Signal::SIGSTOP).expect("it is there");
    until("it is stopped", || state(below) == Some('T'));
    (live, below)
}

#[test]
fn a_runner_that_somebody_else_stopped_is_continued_with_the_keeper() {
    let marked = waits();
    let (live, below) = with_stopped_runner(&marked);
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
    let live = paused(&marked);
    live.signal(Signal::SIGTERM);
    live.signal(Signal::SIGCONT);
    live.end().exits(143);
}

#[test]
fn a_wish_to_end_reaches_a_runner_that_somebody_has_stopped() {
    let marked = waits();
    let (live, _) = with_stopped_runner(&marked);
    live.signal(Signal::SIGTERM);
    live.end().exits(143);
    marked.none_alive();
}

#[test]
fn a_keeper_without_room_says_so_and_nothing_is_started() {
    let mut both = [false; 2];
    for room in 8..40 {
        let marked = Marked::new("processes: {p: {command: [touch, started]}}\n");
        let said = marked.flowrun("").below(&["sh", "-c", &format!("ulimit -n {room}; exec \"$0\" \"$@\"")]).run();
        assert!(!said.stderr.contains("was killed"), "{room} descriptors: nobody was killed\n{said}");
        let started = marked.place.path("started").exists();
        assert_eq!(said.status, Some(if started { 0 } else { 3 }), "{room} descriptors\n{said}");
        assert!(started || said.stderr.starts_with("flowrun: cannot begin: "), "{room} descriptors\n{said}");
        both[usize::from(started)] = true;
    }
    assert_eq!(both, [true; 2], "some of these are too few, and some enough");
}

#[test]
fn nothing_is_left_when_its_whole_process_group_is_killed() {
    // As `timeout --signal KILL` does, and what cleans up after a job in CI.
    let marked = Marked::new("processes: {d: {daemon: true, command: 'exec @fake daemon @mark'}}\n");
    let live = marked.flowrun("").own_group().start();
    marked.up();
    nix::sys::signal::kill(Pid::from_raw(-number(live.pid()).as_raw()), Signal::SIGKILL).expect("it is there");
    marked.none_alive();
    live.end();
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
fn how_things_stand_is_told_when_asked_for() {
    let marked = Marked::new(
        "locks: [till]
processes:
  shop: {daemon: true, command: 'echo open; exec sleep 1000', ready: {log: open}}
  p: {join: shop, lock: till, command: 'echo up; until [ -e go ]; do sleep 0.02; done'}
  q: {join: {p: start}, lock: till, command: [echo, bought]}
  last: {join: [p, q], command: [echo, closed]}
",
    );
    let mut live = marked.flowrun("-q").start();
    let below = runner(live.pid());
    // Quiet, so that what processes say is not shown: how far they are is seen from outside.
    until("both run", || children(below).len() == 2);
    let pids = children(below);
    live.signal(Signal::SIGUSR1);
    let table = live.told_until("of 4 ended");
    let_go(&marked);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}:\n{table}")).to_owned();
    assert!(row("PROCESS").ends_with("WAITING FOR"), "{table}");
    assert!(row("shop").contains("ready") && row("shop").contains(&pids[0].to_string()), "{table}");
    assert!(row("p ").contains("running") && row("p ").contains(&pids[1].to_string()), "{table}");
    assert!(row("q ").contains("queued") && row("q ").ends_with("lock `till`, held by `p`"), "{table}");
    assert!(row("last").ends_with("`p` (success), `q` (success)"), "{table}");
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
fn a_test_that_gives_up_leaves_nothing_behind() {
    let marked = waits();
    let mut live = marked.flowrun("").own_session().start();
    live.wait_for("up");
    drop(live);
    marked.none_alive();
    let marked = waits();
    drop(paused(&marked));
    marked.none_alive();
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
    assert!(!said.stdout.contains("asked"), "{said}");
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
    let mut expected = [live.pid(), below];
    expected.sort_unstable();
    // Only flowrun's own carry the mark: it is in no word of what they run.
    until("nothing but these two carries the mark", || {
        let mut own = marked.alive();
        own.sort_unstable();
        own == expected
    });
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
