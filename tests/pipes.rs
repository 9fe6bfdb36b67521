//! Pipes between processes: who starts with whom, what becomes of each end, and what a shell would do.

mod common;

use common::Place;
use nix::sys::signal::Signal;

/// A workflow in a folder of its own.
fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow)
}

#[test]
fn a_whole_output_goes_through_three_processes_with_one_slot() {
    let place = place(
        "jobs: 1\nprocesses:\n  gen: {command: seq 1 200000}\n  filter: {stdin: {process: gen}, command: grep 7}\n  count: {stdin: {process: filter}, command: [wc, -l]}\n  after: {join: gen, command: echo after}\n",
    );
    let said = place.flowrun("").run().exits(0);
    let mut lines = said.lines();
    lines.sort_unstable();
    assert_eq!(lines, [("after", "after"), ("count", "81902")]);
}

#[test]
fn partners_start_together_when_the_joins_of_all_hold() {
    let place = place(
        "processes:
  slow: {command: 'until [ -e go ]; do sleep 0.02; done; echo slow'}
  quick: {command: touch go}
  gen: {join: quick, command: [echo, through]}
  read: {join: slow, stdin: {process: gen}, command: cat}
",
    );
    let said = place.flowrun("-v").run().exits(0);
    said.tells_in_order(&["slow succeeded", "gen started"]);
    assert!(said.lines().contains(&("read", "through")), "{said}");
}

#[test]
fn an_end_that_nobody_reads_ends_its_writer_as_in_a_shell() {
    let place =
        place("processes:\n  gen: {command: [yes], allow_failure: true}\n  head: {stdin: {process: gen}, command: [head, -n, '1']}\n");
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.lines(), [("head", "y")]);
    assert!(said.stderr.contains("gen failed (allowed): signal 13 (SIGPIPE)"), "{said}");
}

#[test]
fn a_writer_that_cannot_be_started_is_the_end_of_the_input() {
    let place = place("processes:\n  gen: {command: [./no-such-program]}\n  count: {stdin: {process: gen}, command: [wc, -l]}\n");
    let said = place.flowrun("-k").run().exits(1);
    assert_eq!(said.lines(), [("count", "0")]);
    assert!(said.stderr.contains("gen failed: could not start"), "{said}");
}

#[test]
fn a_reader_that_cannot_be_started_ends_its_writer() {
    let place = place("processes:\n  gen: {command: [yes]}\n  read: {stdin: {process: gen}, command: [./no-such-program]}\n");
    let said = place.flowrun("-k").run().exits(1);
    assert!(said.stderr.contains("gen failed: signal 13 (SIGPIPE)"), "{said}");
}

#[test]
fn who_will_not_start_takes_the_partners_along() {
    let place = place(
        "processes:
  bad: {command: exit 1}
  gen: {join: bad, command: [echo, never]}
  read: {stdin: {process: gen}, command: cat}
  off: {if: false, command: [echo, never]}
  tied: {stdin: {process: off}, command: cat}
  after: {join: tied, command: echo after}
",
    );
    let said = place.flowrun("-k").run().exits(1);
    assert_eq!(said.lines(), [("after", "after")]);
    assert!(said.stderr.contains("`gen` is tied to it by a pipe and was not started"), "{said}");
}

#[test]
fn selecting_one_selects_its_partners_and_copies_are_paired() {
    let place = place(
        "processes:
  gen: {replicas: 2, command: 'echo from $FLOWRUN_INDEX'}
  read: {replicas: 2, stdin: {process: 'gen[${{ index }}]'}, command: 'echo \"$(cat) to $FLOWRUN_INDEX\"'}
  other: {command: echo other}
",
    );
    let said = place.flowrun("flowrun.yaml gen[1]").run().exits(0);
    assert_eq!(said.lines(), [("read[1]", "from 1 to 1")]);
    let said = place.flowrun("flowrun.yaml read").run().exits(0);
    let mut lines = said.lines();
    lines.sort_unstable();
    assert_eq!(lines, [("read[0]", "from 0 to 0"), ("read[1]", "from 1 to 1")]);
}

#[test]
fn daemons_in_a_pipe_serve_together_and_are_stopped() {
    let place = place(
        "processes:
  gen: {daemon: true, command: 'echo up; while :; do sleep 0.05; done'}
  log: {daemon: true, stdin: {process: gen}, ready: {log: up}, command: [cat]}
  work: {join: log, command: echo work}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.lines(), [("log", "up"), ("work", "work")]);
}

#[test]
fn an_interrupt_ends_both_ends() {
    let place =
        place("processes:\n  gen: {command: 'echo up; while :; do sleep 0.05; done'}\n  read: {stdin: {process: gen}, command: [cat]}\n");
    let mut live = place.flowrun("").start();
    live.wait_for("up");
    live.signal(Signal::SIGINT);
    assert_eq!(live.end().status, Some(130));
}

/// A child that lists its descriptors sees the three that it should have: no end of a pipe stays open in a stranger.
#[test]
fn nobody_else_keeps_a_pipe_open() {
    let place = place(
        "processes:
  gen: {command: 'ls /proc/$$/fd > gen.txt; echo x'}
  read: {stdin: {process: gen}, command: 'ls /proc/$$/fd > read.txt; cat'}
",
    );
    place.flowrun("").run().exits(0);
    for file in ["gen.txt", "read.txt"] {
        let listed: Vec<u32> = place.read(file).lines().filter_map(|line| line.parse().ok()).filter(|fd| *fd < 10).collect();
        assert_eq!(listed, [0, 1, 2], "{file}");
    }
}
