//! Queues between real processes: what goes through them, who is held back, what becomes of what was not done.

mod common;

use common::{Place, Said};

/// Runs a workflow in a folder of its own; `$FLOW` is flowrun.
fn start(place: &Place, line: &str) -> Said {
    place.flowrun(line).env("FLOW", env!("CARGO_BIN_EXE_flowrun")).env("XDG_RUNTIME_DIR", place.path("runtime")).run()
}

/// Runs a workflow of which nothing but its output and its end are of interest.
fn run(workflow: &str) -> Said {
    start(&place(workflow), "")
}

fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow).file("runtime/.keep", "")
}

/// Asserts that a process has taken all of 1 to `last`, each once.
#[track_caller]
fn takes_each_once(said: &Said, process: &str, last: u32) {
    let taken = sorted(said.of(process).iter().map(|line| line.parse::<u32>().expect("a number")));
    assert!(taken.iter().copied().eq(1..=last), "{said}");
}

fn sorted<T: Ord>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.into_iter().collect();
    all.sort();
    all
}

#[test]
fn lines_go_through_a_queue_in_order_and_the_end_needs_no_sentinel() {
    let place = place(
        "queues: [q]
processes:
  gen: {stdout: {queue: q}, command: [seq, '1', '30000']}
  eat: {stdin: {queue: q}, command: cat > out}
",
    );
    start(&place, "").exits(0);
    let numbers: Vec<String> = (1..=30_000).map(|number: u32| number.to_string()).collect();
    assert_eq!(place.read("out").lines().collect::<Vec<_>>(), numbers);
}

#[test]
fn items_are_bytes_and_a_last_line_without_break_is_one_too() {
    let place = place(
        "queues: [q]
processes:
  gen: {stdout: {queue: q}, command: \"printf 'a\\\\n\\\\n\\\\377\\\\000b\\\\r\\\\nlast'\"}
  eat: {stdin: {queue: q}, command: cat > out}
",
    );
    start(&place, "").exits(0);
    assert_eq!(std::fs::read(place.path("out")).expect("it was written"), b"a\n\n\xff\0b\r\nlast\n");
}

#[test]
fn a_bounded_queue_loses_nothing_of_an_ended_producer() {
    let place = place(
        "queues: {q: {maxsize: 2}}
processes:
  gen: {stdout: {queue: q}, command: \"seq 1 700; touch ended; printf last\"}
  one: {for_each: q, command: 'until [ -e ended ]; do sleep 0.01; done; echo \"$FLOWRUN_ITEM\" >> out', join: {gen: start}}
",
    );
    // 700 lines are more than the queue holds and less than the pipe does.
    let said = start(&place, "-q").exits(0);
    let expected: Vec<String> = (1..=700).map(|number: u32| number.to_string()).chain(["last".to_owned()]).collect();
    assert_eq!(place.read("out").lines().collect::<Vec<_>>(), expected, "{said}");
}

#[test]
fn both_outputs_of_two_steps_go_into_the_queue() {
    let said = run("queues: [q]
processes:
  gen:
    stdout: {queue: q}
    stderr: {queue: q}
    steps:
      - command: echo out 1; echo err 1 >&2
      - command: echo out 2; echo err 2 >&2
  eat: {stdin: {queue: q}, command: cat}
")
    .exits(0);
    assert_eq!(sorted(said.of("eat")), ["err 1", "err 2", "out 1", "out 2"]);
    assert!(said.of("gen").is_empty());
}

#[test]
fn the_largest_item_passes_and_one_byte_more_fails_its_producer() {
    let workflow = "queues: [q]
vars: {size: 1048576}
processes:
  gen: {stdout: {queue: q}, command: \"echo before; head -c ${{ vars.size }} /dev/zero | tr '\\\\0' x; echo; echo after\"}
  eat: {stdin: {queue: q}, command: wc -c}
";
    let place = place(workflow);
    let said = start(&place, "").exits(0);
    assert_eq!(said.of("eat"), [(7 + 1_048_577 + 6).to_string()]);
    let said = start(&place, "--set size=1048577").exits(1);
    assert_eq!(said.of("eat"), ["7"], "{said}");
    said.told("gen failed: wrote what cannot be an item: a line for the queue `q` is longer than 1048576 bytes");
}

/// A million items in all.
const EACH: u32 = 500_000;

#[test]
fn two_producers_and_two_consumers_lose_nothing_and_keep_the_order_of_each() {
    let place = place(&format!(
        "queues: {{q: {{maxsize: 1000}}}}
processes:
  gen: {{replicas: 2, stdout: {{queue: q}}, command: 'seq -f \"$FLOWRUN_INDEX %.0f\" 1 {EACH}'}}
  eat: {{replicas: 2, stdin: {{queue: q}}, command: 'cat > out$FLOWRUN_INDEX'}}
"
    ));
    start(&place, "").exits(0);
    let mut seen = [vec![false; EACH as usize], vec![false; EACH as usize]];
    for file in ["out0", "out1"] {
        let mut last = [0, 0];
        for line in place.read(file).lines() {
            let (producer, number) = line.split_once(' ').expect("two numbers");
            let (producer, number): (usize, u32) = (producer.parse().expect("a number"), number.parse().expect("a number"));
            assert!(number > last[producer], "{line} after {}", last[producer]);
            last[producer] = number;
            let seen = &mut seen[producer][number as usize - 1];
            assert!(!std::mem::replace(seen, true), "{line} twice");
        }
    }
    assert!(seen.iter().flatten().all(|seen| *seen), "an item is lost");
}

#[test]
fn of_two_consumers_the_one_that_does_not_read_holds_up_nothing() {
    let said = run("queues: [q]
processes:
  gen: {stdout: {queue: q}, command: 'seq 1 100'}
  deaf: {stdin: {queue: q}, command: 'touch deaf; until [ -e go ]; do sleep 0.02; done; cat'}
  eat: {stdin: {queue: q}, command: 'until [ -e deaf ]; do sleep 0.02; done; cat; touch go'}
")
    .exits(0);
    // One item lies in the pipe of the deaf one; all others are eaten before it wakes.
    assert_eq!((said.of("deaf").len(), said.of("eat").len()), (1, 99), "{said}");
}

#[test]
fn what_a_consumer_would_not_take_goes_to_another() {
    let said = run("queues: [q]
processes:
  gone: {stdin: {queue: q}, command: 'exec <&-; touch closed; until [ -e go ]; do sleep 0.02; done'}
  gen: {stdout: {queue: q}, command: 'until [ -e closed ]; do sleep 0.02; done; seq 1 100'}
  eat: {stdin: {queue: q}, command: 'cat; touch go'}
")
    .exits(0);
    takes_each_once(&said, "eat", 100);
}

#[test]
fn a_producer_whose_consumers_have_gone_meets_a_closed_pipe_and_the_run_fails() {
    let said = run("queues: {q: {maxsize: 5}}
processes:
  gen: {stdout: {queue: q}, command: ['yes'], allow_failure: true}
  eat: {stdin: {queue: q}, command: [head, -n, '1']}
")
    .exits(1);
    assert_eq!(said.of("eat"), ["y"]);
    said.told("gen failed (allowed): signal 13 (SIGPIPE)");
    said.told("queue `q` is abandoned");
    assert!(said.stderr.lines().last().expect("a line").contains("1 queue not worked off"), "{said}");
}

#[test]
fn an_item_whose_worker_was_killed_is_delivered_again() {
    let said = run("queues: [q]
processes:
  gen: {stdout: {queue: q}, command: seq 1 6}
  eat:
    for_each: {queue: q, workers: 2}
    command: '[ $FLOWRUN_ITEM != 3 ] || [ $FLOWRUN_DELIVERY -gt 1 ] || kill -9 $$; echo \"$FLOWRUN_ITEM $FLOWRUN_DELIVERY\"'
")
    .exits(0);
    assert_eq!(sorted(said.of("eat")), ["1 1", "2 1", "3 2", "4 1", "5 1", "6 1"]);
}

#[test]
fn an_item_that_is_never_done_is_set_aside_and_told() {
    let said = run("queues: {q: {max_deliveries: 2}}
processes:
  gen: {stdout: {queue: q}, command: \"echo good; echo bad; echo better\"}
  eat: {for_each: q, command: 'echo \"${{ item }} $FLOWRUN_DELIVERY\"; test ${{ item }} != bad'}
")
    .exits(1);
    assert_eq!(said.of("eat"), ["good 1", "bad 1", "bad 2", "better 1"]);
    said.told("an item was delivered twice and never done, and is set aside: bad");
    said.told("eat failed: an item of its queue was set aside");
    // Its last lines are those about that item, not about what it did afterwards.
    assert!(said.stderr.lines().any(|line| line.trim() == "| bad 2") && !said.stderr.contains("better"), "{said}");
}

#[test]
fn an_item_that_no_environment_can_hold_is_set_aside_with_a_reason() {
    let place = place(
        "queues: {q: {max_deliveries: 1}}
vars: {size: 131058}
processes:
  gen: {stdout: {queue: q}, command: \"head -c ${{ vars.size }} /dev/zero | tr '\\\\0' x\"}
  eat: {for_each: q, command: 'echo ${#FLOWRUN_ITEM}'}
",
    );
    assert_eq!(start(&place, "").exits(0).of("eat"), ["131058"]);
    let said = start(&place, "-v --set size=131059").exits(1);
    said.told("its item has 131059 bytes, and FLOWRUN_ITEM can hold 131058");
    let place = place_with_nul();
    start(&place, "-v").exits(1).told("its item has a NUL character in it");
}

fn place_with_nul() -> Place {
    place(
        "queues: {q: {max_deliveries: 1}}
processes:
  gen: {stdout: {queue: q}, command: \"printf 'a\\\\000b'\"}
  eat: {for_each: q, command: echo never}
",
    )
}

#[test]
fn a_crawler_feeds_the_queue_that_it_takes_from_and_ends() {
    let said = run("queues: [pages]
processes:
  seed: {stdout: {queue: pages}, command: echo 5}
  crawl:
    for_each: {queue: pages, workers: 3}
    produces: pages
    command: 'echo $FLOWRUN_ITEM; [ $FLOWRUN_ITEM = 0 ] || \"$FLOW\" queue put pages $((FLOWRUN_ITEM - 1)) $((FLOWRUN_ITEM - 1))'
")
    .exits(0);
    assert_eq!(said.of("crawl").len(), (1 << 6) - 1, "{said}");
}

#[test]
fn a_crawler_may_put_by_its_output_too() {
    let said = run("queues: [pages]
processes:
  seed: {stdout: {queue: pages}, command: echo 4}
  crawl:
    for_each: {queue: pages, workers: 2}
    stdout: {queue: pages}
    command: 'echo $FLOWRUN_ITEM >&2; [ $FLOWRUN_ITEM = 0 ] || { echo $((FLOWRUN_ITEM - 1)); echo $((FLOWRUN_ITEM - 1)); }'
")
    .exits(0);
    assert_eq!(said.stderr.lines().filter(|line| line.starts_with("crawl")).filter(|line| line.contains('|')).count(), 31, "{said}");
}

#[test]
fn a_shell_loop_takes_items_until_the_queue_has_ended() {
    let said = run(
        "queues: [buns]
processes:
  bake: {produces: buns, command: 'for n in 1 2 3; do \"$FLOW\" queue put buns \"bun $n\" -- \"-$n\"; done; printf \"x\\\\ny\" | \"$FLOW\" queue put buns'}
  eat: {consumes: buns, command: 'while item=$(\"$FLOW\" queue get buns); do echo \"$item\"; \"$FLOW\" queue done buns; done; echo \"end $?\"'}
",
    ).exits(0);
    assert_eq!(said.of("eat"), ["bun 1", "-1", "bun 2", "-2", "bun 3", "-3", "x", "y", "end 0"]);
    let told = said.stderr.lines().filter(|line| !line.starts_with("slowest: "));
    assert_eq!(told.count(), 1, "the end is quiet: {said}");
}

#[test]
fn what_a_process_that_was_killed_had_in_work_goes_to_its_next_attempt() {
    let said = run("queues: [q]
processes:
  gen: {stdout: {queue: q}, command: \"echo one; echo two\"}
  eat:
    consumes: q
    retries: {count: 1, delay: 1ms}
    command: |
      while answer=$(\"$FLOW\" queue get --json q); do
        echo \"$answer\"
        [ $FLOWRUN_ATTEMPT = 2 ] || kill -9 $$
        \"$FLOW\" queue done q
      done
")
    .exits(0);
    let expected = [
        r#"{"item":"one","number":0,"delivery":1}"#,
        r#"{"item":"one","number":0,"delivery":2}"#,
        r#"{"item":"two","number":1,"delivery":1}"#,
    ];
    assert_eq!(said.of("eat"), expected);
}

#[test]
fn what_is_never_done_by_a_process_fails_the_run() {
    let said = run("queues: {q: {max_deliveries: 1}}
processes:
  gen: {stdout: {queue: q}, command: echo one}
  eat: {consumes: q, command: '\"$FLOW\" queue get q'}
")
    .exits(1);
    assert_eq!(said.of("eat"), ["one"]);
    said.told("an item was delivered once and never done, and is set aside: one");
    assert!(said.stderr.lines().last().expect("a line").contains("1 queue not worked off"), "{said}");
}

#[test]
fn consuming_daemons_are_stopped_when_every_item_is_done() {
    let said = run("queues: [buns]
processes:
  bake: {stdout: {queue: buns}, command: seq 1 20}
  eat:
    daemon: true
    replicas: 2
    consumes: buns
    command: 'while item=$(\"$FLOW\" queue get buns); do echo \"$item\"; \"$FLOW\" queue done buns; done; while :; do sleep 0.05; done'
")
    .exits(0);
    takes_each_once(&said, "eat", 20);
    assert!(said.stderr.contains("2 stopped"), "{said}");
}

#[test]
fn a_bounded_queue_never_holds_more_than_it_may() {
    let place = place(
        "queues: {q: {maxsize: 3}}
processes:
  gen: {produces: q, command: 'seq 1 30 | \"$FLOW\" queue put q'}
  eat:
    consumes: q
    command: |
      until [ $(\"$FLOW\" queue len q) -ge 3 ]; do sleep 0.01; done
      while item=$(\"$FLOW\" queue get q); do \"$FLOW\" queue len q; \"$FLOW\" queue done q; done
",
    );
    let said = start(&place, "-k").exits(0);
    assert_eq!(said.of("eat").len(), 30);
    assert!(said.of("eat").iter().all(|line| line.parse::<u32>().expect("a number") <= 3), "{said}");
}

#[test]
fn a_dry_run_shows_what_starts_for_each_item_and_ends() {
    let place = place(
        "queues: [q]
processes:
  gen: {stdout: {queue: q}, command: seq 1 3}
  eat: {for_each: {queue: q, workers: 2}, command: echo}
  after: {join: eat, command: echo after}
",
    );
    let said = start(&place, "--dry-run").exits(0);
    assert_eq!(said.stdout.matches("[each item of queue q]").count(), 2, "{said}");
    assert!(said.stdout.find("after").expect("it starts") > said.stdout.rfind("each item").expect("they start"), "{said}");
}

#[test]
fn workers_that_see_the_end_together_with_one_that_failed_have_succeeded() {
    run("queues: {q: {max_deliveries: 1}}
processes:
  gen: {stdout: {queue: q}, command: seq 1 6}
  eat:
    for_each: {queue: q, workers: 3}
    command: '[ $FLOWRUN_ITEM != 3 ]'
")
    .exits(1)
    .told("3 succeeded, 1 failed");
}

#[test]
fn with_kill_an_item_that_is_set_aside_stops_the_run_though_its_queue_has_no_end() {
    run("on_failure: kill
queues: {q: {max_deliveries: 1, maxsize: 3}}
processes:
  gen: {stdout: {queue: q}, command: [yes]}
  eat: {for_each: q, command: 'false'}
")
    .exits(1)
    .told("eat failed: an item of its queue was set aside");
}

#[test]
fn who_puts_without_saying_so_is_told_what_to_write() {
    run("queues: [q]\nprocesses: {p: {command: '$FLOW queue put q a'}, other: {command: 'true'}}\n")
        .exits(1)
        .told("the queue `q` is closed: write `produces: [q]` in the process that puts");
}

#[test]
fn what_is_written_into_a_queue_after_its_last_consumer_has_ended_is_never_lost_in_silence() {
    run("queues: [q]
processes:
  read: {stdin: {queue: q}, command: 'true'}
  after: {command: '$FLOW wait read'}
  late: {join: after, stdout: {queue: q}, command: seq 3, allow_failure: true}
")
    .exits(1)
    .told("queue `q` is abandoned, with 3 items left in it");
}

#[test]
fn what_a_closed_queue_did_not_take_is_told() {
    let place = place(
        "queues: {q: {maxsize: 1}}
processes:
  ended: {stdout: {queue: q}, command: seq 40}
  living: {stdout: {queue: q}, command: \"trap '' PIPE; seq 60; : > written; $FLOW wait close\"}
  close: {command: '$FLOW wait ended; until [ -e written ]; do sleep 0.01; done; $FLOW queue close q'}
  read: {consumes: [q], command: '$FLOW wait close; while item=$($FLOW queue get q); do $FLOW queue done q; done'}
",
    );
    let said = start(&place, "").exits(0);
    let lost = |name: &str| {
        let line = said.stderr.lines().find(|line| line.contains(name) && line.contains("before it was closed: "));
        let count = line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("nothing is told of {name}: {}", said.stderr));
        count.parse::<u32>().expect("a number")
    };
    assert_eq!(lost("ended") + lost("living"), 99, "one item got into the queue");
}

#[test]
fn a_reader_that_is_tried_again_finds_what_it_has_not_read() {
    let place = place(
        "queues: [q]
processes:
  put: {stdout: {queue: q}, command: seq 50}
  read: {stdin: {queue: q}, retries: 1, command: 'if [ -e tried ]; then cat; else : > tried; $FLOW wait put; head -n 1; exit 1; fi'}
",
    );
    let said = start(&place, "-o raw").exits(0);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines.len() >= 49 && lines.ends_with(&["49", "50"]), "{lines:?}");
}
