//! What processes leave behind while the run goes on: whose it is and when it is ended. Order is proved by
//! construction, as in `run.rs`.

mod common;

use common::victims::{Marked, children, runner, state, until};

#[test]
fn a_lock_is_not_free_while_a_daemon_of_its_holder_works() {
    for kind in ["session", "daemon", "bare"] {
        let marked = Marked::new(
            "locks: [l]
processes:
  a: {lock: l, command: exec @fake KIND @mark ends}
  b: {lock: l, command: 'kill -0 $(cat up) 2>/dev/null || echo after'}
"
            .replace("KIND", kind)
            .as_str(),
        );
        let said = marked.flowrun("").run().exits(0);
        assert_eq!(said.of("b"), ["after"], "{kind}: {said}");
        said.told("warning: a: left 1 process running, now being stopped (");
        marked.none_alive();
    }
}

#[test]
fn what_a_step_leaves_lives_until_the_last_step_has_ended() {
    let marked = Marked::new(
        "locks: [l]
processes:
  a:
    lock: l
    steps:
      - command: 'sleep 1000 & echo $! > group'
      - command: exec @fake daemon @mark ends
      - {task: sleep, with: {duration: 1ms}}
      - command: 'kill -0 $(cat up) && kill -0 $(cat group) && echo lives'
      - LAST
  b: {lock: l, command: 'kill -0 $(cat up) 2>/dev/null || kill -0 $(cat group) 2>/dev/null || echo after'}
"
        .replace("LAST", "{task: print, with: {message: last}}")
        .as_str(),
    );
    let said = marked.flowrun("").run().exits(0);
    assert_eq!(said.of("a"), ["lives", "last"], "{said}");
    assert_eq!(said.of("b"), ["after"], "{said}");
    said.told("a: left 2 processes running, now being stopped (");
}

#[test]
fn the_next_attempt_begins_without_the_rest_of_the_last() {
    let marked = Marked::new(
        "processes:
  a:
    retries: 1
    steps:
      - command: '[ ! -e up ] || ! kill -0 $(cat up) 2>/dev/null && echo alone'
      - command: exec @fake daemon @mark ends
      - command: '[ $FLOWRUN_ATTEMPT = 2 ]'
",
    );
    let said = marked.flowrun("").run().exits(0);
    assert_eq!(said.of("a"), ["alone", "alone"], "{said}");
    marked.none_alive();
}

#[test]
fn among_several_jobs_the_marks_in_the_environment_tell_whose_it_is() {
    let marked = Marked::new(
        "processes:
  other: {command: 'touch other; until [ -e after ]; do sleep 0.02; done'}
  a: {command: 'until [ -e other ]; do sleep 0.02; done; exec @fake daemon @mark ends'}
  after: {join: a, command: 'kill -0 $(cat up) 2>/dev/null || echo after; touch after'}
",
    );
    let said = marked.flowrun("").run().exits(0);
    assert_eq!(said.of("after"), ["after"], "{said}");
    said.told("warning: a: left 1 process running, now being stopped (");
}

#[test]
fn what_is_nobodys_lives_until_the_end_of_the_run_and_is_told() {
    let marked = Marked::new(
        "processes:
  other: {command: 'touch other; until [ -e after ]; do sleep 0.02; done'}
  a: {command: 'until [ -e other ]; do sleep 0.02; done; exec @fake bare @mark ends'}
  after: {join: a, command: 'kill -0 $(cat up) && echo lives; touch after'}
",
    );
    let said = marked.flowrun("").run().exits(0);
    assert_eq!(said.of("after"), ["lives"], "{said}");
    said.told("nothing tells whose it is");
    marked.none_alive();
}

#[test]
fn the_rest_in_another_session_hears_the_stop_signal() {
    let marked = Marked::new(
        "processes:
  server:
    daemon: true
    command: 'setsid sh -c \"trap \\\"echo rest heard; exit\\\" USR2; touch up; while :; do sleep 0.05; done\" & trap \"exit 0\" USR2; wait'
    stop: {signal: SIGUSR2, grace: 1h}
  work: {join: server, command: 'until [ -e up ]; do sleep 0.02; done'}
",
    );
    let said = marked.flowrun("--stop-timeout 1h").run().exits(0);
    assert_eq!(said.of("server"), ["rest heard"], "{said}");
}

#[test]
fn an_inner_run_stops_what_is_its_own() {
    let marked = Marked::new("processes:\n  outer: {command: '\"$FLOWRUN\" inner.yaml', stop: {grace: 1h}}\n");
    std::fs::write(
        marked.place.path("inner.yaml"),
        "processes:
  db: {daemon: true, command: 'setsid -w sh -c \"trap \\\"touch early\\\" TERM; trap \\\"echo db ends; exit 0\\\" INT; touch db; while :; do sleep 0.05; done\"', stop: {signal: SIGINT, grace: 1h}}
  work: {join: {db: start}, command: 'trap \"echo work ends; exit 1\" TERM; until [ -e db ]; do sleep 0.02; done; echo working; while :; do sleep 0.05; done'}
  cleanup: {join: {work: exit}, command: '[ -e early ] || echo in order'}
",
    )
    .expect("a file");
    let mut live = marked.flowrun("--stop-timeout 1h").env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun")).start();
    live.wait_for("working");
    live.signal(nix::sys::signal::Signal::SIGTERM);
    let said = live.end().exits(143);
    let texts: Vec<&str> = said.of("outer").iter().filter_map(|line| line.split(" | ").nth(1)).collect();
    assert_eq!(texts, ["working", "work ends", "in order", "db ends"], "{said}");
    marked.none_alive();
}

#[test]
fn a_stop_command_takes_along_what_left_its_group() {
    let marked = Marked::new(
        "processes:
  db: {daemon: true, command: 'until [ -e up ]; do sleep 0.02; done', stop: {command: exec @fake daemon @mark ends, grace: 1h}}
  work: {join: db, command: 'true'}
",
    );
    marked.flowrun("").run().exits(0);
    marked.none_alive();
}

#[test]
fn orphans_that_end_are_not_kept_as_zombies() {
    let marked = Marked::new(
        "processes:
  p: {command: 'for i in 1 2 3 4 5 6 7 8 9; do (setsid true &); done; touch left; until [ -e go ]; do sleep 0.02; done'}
",
    );
    let live = marked.flowrun("").start();
    until("it has left all", || marked.place.path("left").exists());
    let below = runner(live.pid());
    until("no child is a zombie", || children(below).len() == 1 && children(below).iter().all(|child| state(*child) != Some('Z')));
    std::fs::write(marked.place.path("go"), "").expect("a file");
    live.end().exits(0);
}

#[test]
fn ill_behaved_leftovers_end_too() {
    for habits in ["ends stopped", "ends deaf stopped", "ends talks", "fails deaf talks"] {
        let marked = Marked::new(&format!("processes: {{p: {{command: exec @fake daemon @mark {habits}}}}}\n"));
        marked.flowrun("").run().exits(i32::from(habits.contains("fails")));
        marked.none_alive();
    }
}

#[test]
fn what_may_be_kept_lives_until_the_end_of_the_run_and_holds_no_lock() {
    let marked = Marked::new(
        "locks: [l]
processes:
  daemon: {daemon: true, command: 'trap \"kill -0 \\$(cat up) && touch outlived; exit 0\" TERM; touch ready; while :; do sleep 0.02; done'}
  leaves: {join: {daemon: start}, lock: l, leftovers: keep, command: 'until [ -e ready ]; do sleep 0.02; done; exec @fake daemon @mark ends'}
  after: {lock: l, join: leaves, command: 'kill -0 $(cat up) && echo it lives'}
",
    );
    let said = marked.flowrun("-v").run().exits(0);
    assert_eq!(said.of("after"), ["it lives"], "{said}");
    said.tells_in_order(&["leaves left 1 process running, kept until the end of the run (", "after started", "daemon stopped"]);
    assert!(marked.place.path("outlived").exists(), "it was ended before the daemon\n{said}");
    assert!(!said.stderr.contains("warning"), "{said}");
    marked.none_alive();
}
