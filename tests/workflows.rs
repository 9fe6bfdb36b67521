//! What the files of `workflows/` do: each is checked, run from another folder, and leaves nothing behind.
//!
//! Order and concurrency are asserted where the workflow or the runner makes them so, never by how long
//! something takes.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{Place, Said, has_postgres, repository, workflow_path, workflows};

/// Runs a workflow, copied to a folder of its own, from the folder above. Whatever it writes must be
/// gone when it has ended.
#[track_caller]
fn lesson(name: &str, arguments: &str) -> Said {
    let text = fs::read_to_string(workflow_path(name)).expect("the workflow");
    let place = Place::new().file(&format!("copy/{name}.yaml"), &text);
    let said = place.flowrun(&format!("copy/{name}.yaml {arguments}")).with_itself_in_path().run();
    assert_eq!(place.names("copy"), [format!("{name}.yaml")], "something is left behind\n{said}");
    assert_eq!(place.names(""), ["copy"], "something is left behind\n{said}");
    said
}

fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

/// The whole numbers in a text.
fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn every_workflow_is_introduced_and_tested() {
    let tests = concat!(include_str!("workflows.rs"), include_str!("web_app.rs"));
    for name in workflows() {
        let path = workflow_path(&name);
        let text = fs::read_to_string(&path).expect("the workflow");
        let mut lines = text.lines();
        let schema = lines.next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let schema = schema.unwrap_or_else(|| panic!("{name} does not begin with the line that names its schema"));
        assert!(path.with_file_name(schema).is_file(), "{name}: there is no {schema}");
        let header: Vec<_> = lines.take_while(|line| line.starts_with('#')).collect();
        assert!(header.len() > 3, "{name} has no header that says what it teaches");
        assert!(header.iter().any(|line| line.contains(&format!("workflows/{name}.yaml"))), "{name} does not say how to run it");
        let tested = ["lesson", "workflow_path"].map(|call| tests.contains(&format!("{call}(\"{name}\"")));
        assert_ne!(tested, [false, false], "{name} has no test here");
    }
}

#[test]
fn every_workflow_is_right_but_those_that_are_refused() {
    let place = Place::new();
    for name in workflows().iter().filter(|name| !name.starts_with("refused/")) {
        let said = place.flowrun("check").arg(workflow_path(name)).run().exits(0);
        assert!(said.stdout.contains("ok ("), "{said}");
        // Programs that are missing are warned of.
        assert!(said.stderr.is_empty() || name == "web-app" && !has_postgres(), "{name} has warnings\n{said}");
    }
}

#[test]
fn every_command_in_a_header_is_one() {
    for name in workflows() {
        let text = fs::read_to_string(workflow_path(&name)).expect("the workflow");
        for line in text.lines().filter_map(|line| line.strip_prefix("#   flowrun ")) {
            let line = line.split(" #").next().unwrap_or_default();
            let line = line.replace("workflows/", &format!("{}/workflows/", repository().display()));
            // Planned, not run: `check` and `lock` know no such flag, and need none.
            let dry = if line.starts_with("check ") || line.starts_with("lock ") { "" } else { " --dry-run" };
            Place::new().flowrun(&format!("{line}{dry}")).run().exits(if name.starts_with("refused/") { 2 } else { 0 });
        }
    }
}

#[test]
fn hello_greets_twice_from_one_template() {
    let said = lesson("hello", "").exits(0);
    let expected =
        [("alice", "Hello, world! I am calm, and my name is alice."), ("bob", "Hello, everybody! I am in a hurry, and my name is bob.")];
    assert_eq!(sorted(said.lines()), expected);
    let said = lesson("hello", "--set greeting=Ahoy alice").exits(0);
    assert_eq!(said.lines(), [("alice", "Ahoy, world! I am calm, and my name is alice.")]);
}

#[test]
fn join_starts_three_together_and_the_last_after_them() {
    let said = lesson("join", "-v").exits(0);
    for begun in ["long started", "middle started", "short started"] {
        for ended in ["long succeeded", "middle succeeded", "short succeeded"] {
            said.tells_in_order(&[begun, ended, "everyone started"]);
        }
    }
    assert_eq!(said.lines().last(), Some(&("everyone", "all three are done")));
}

#[test]
fn join_serial_starts_each_after_the_one_before() {
    let said = lesson("join-serial", "-v").exits(0);
    said.tells_in_order(&[
        "long started",
        "long succeeded",
        "middle started",
        "middle succeeded",
        "short started",
        "short succeeded",
        "everyone started",
    ]);
    let said = lesson("join-serial", "middle").exits(0);
    let expected = [("long", "begins 0.5 s of work"), ("long", "is done"), ("middle", "begins 0.3 s of work"), ("middle", "is done")];
    assert_eq!(said.lines(), expected);
}

#[test]
fn ordered_output_has_a_first_and_a_last_line() {
    let said = lesson("ordered-output", "--set pages=20").exits(0);
    let lines = said.lines();
    assert_eq!(lines.first(), Some(&("title", "A short story")));
    assert_eq!(lines.last(), Some(&("end", "The end.")));
    let pages = sorted(said.of("page").into_iter().flat_map(numbers));
    assert_eq!(pages, (1..=20).collect::<Vec<_>>());
    assert_eq!(lines.len(), 22);
}

#[test]
fn join_timeout_stops_waiting() {
    // `download` ends only when `impatient`, which waits for it, has started.
    let said = lesson("join-timeout", "-v").exits(0);
    let failed = "strict failed (allowed): join timeout: waited 200 ms for `download`";
    said.tells_in_order(&["download started", failed, "impatient started", "download succeeded", "flowrun: patient started"]);
    let expected = [
        ("download", "goes on until somebody says that it is enough"),
        ("impatient", "goes on without the download"),
        ("download", "ends"),
        ("patient", "comes when the download has ended"),
    ];
    assert_eq!(said.lines(), expected);
    said.told("join-timeout: 5 succeeded, 1 failed as allowed in");
}

#[test]
fn daemon_heartbeat_beats_until_the_work_is_done() {
    let said = lesson("daemon-heartbeat", "-v").exits(0);
    let beats = said.of("heartbeat");
    assert!(!beats.is_empty() && beats.iter().all(|beat| *beat == "beat"), "{said}");
    assert_eq!(said.of("work"), ["begins", "is done"]);
    assert_eq!(said.of("reading"), ["page 1", "page 2", "page 3"]);
    // Both run while it beats, side by side.
    for (first, second) in [("work", "reading"), ("reading", "work")] {
        said.tells_in_order(&[
            "heartbeat started",
            &format!("{first} started"),
            &format!("{second} succeeded"),
            "heartbeat is asked to end within 2 s: the work has ended",
            "heartbeat stopped",
        ]);
    }
    said.told("signal 15 (SIGTERM), exit code -15");
    said.told("daemon-heartbeat: 2 succeeded, 1 stopped in");
}

#[test]
fn terminate_stops_a_process_and_finds_it_gone() {
    let said = lesson("terminate", "-v").exits(0);
    assert_eq!(said.of("terminator"), ["sleeper is alive", "sleeper is not alive"]);
    said.tells_in_order(&[
        "sleeper started",
        "(`alive`)",
        "sleeper is asked to end within 10 s: on request",
        "sleeper stopped after",
        "(`not alive`)",
        "clean-up started",
    ]);
    let stopped = said.stderr.lines().nth(said.told("sleeper stopped after")).expect("the line");
    assert!(stopped.ends_with(": signal 15 (SIGTERM), exit code -15"), "{stopped}");
    let pid = numbers(said.of("sleeper")[0])[0];
    said.told(&format!("sleeper started, pid {pid}"));
    said.told("terminate: 3 succeeded, 1 stopped in");
}

#[test]
fn identity_shows_numbers_names_and_codes() {
    let said = lesson("identity", "-v").exits(0);
    let mut pids = BTreeSet::new();
    let mut parents = BTreeSet::new();
    for name in ["first", "second", "copy[0]", "copy[1]"] {
        let line = said.of(name)[0];
        assert!(line.starts_with(&format!("I am {name}, pid ")), "{line}");
        let numbers = numbers(line.split_once(", pid ").expect("a number").1);
        pids.insert(numbers[0]);
        parents.insert(numbers[1]);
        said.told(&format!("{name} started, pid {}", numbers[0]));
    }
    assert_eq!(pids.len(), 4, "each has a number of its own");
    assert_eq!(parents.len(), 1, "they have one parent");
    assert!(!parents.contains(&said.pid), "the parent is the runner, not the keeper above it");
    let success = said.stderr.lines().nth(said.told("found-nothing succeeded in")).expect("the line");
    assert!(success.ends_with(": exit code 1"), "{success}");
    said.told("leaves-with-a-code failed (allowed): exit code 3");
    said.told("identity: 5 succeeded, 1 failed as allowed in");
    lesson("identity", "--set code=0").exits(0).told("identity: 6 succeeded in");
}

#[test]
fn isolation_keeps_changes_to_oneself() {
    let said = lesson("isolation", "--set value=7").exits(0);
    assert_eq!(said.of("changer"), ["made it VALUE changed in the folder /", "in its next step sees VALUE 7 in the folder copy"]);
    for other in ["beside", "after"] {
        assert_eq!(said.of(other), ["sees VALUE 7 in the folder copy"]);
    }
}

#[test]
fn print_lock_prints_in_blocks() {
    let said = lesson("print-lock", "").exits(0);
    let lines: Vec<_> = said.of("show").into_iter().map(numbers).collect();
    let blocks: Vec<_> = lines.chunks(3).map(|block| block[0][0]).collect();
    assert_eq!(sorted(blocks.clone()), [0, 1, 2], "{said}");
    let expected: Vec<_> = blocks.iter().flat_map(|printer| [1, 2, 3].map(|line| vec![*printer, line])).collect();
    assert_eq!(lines, expected, "{said}");
}

#[test]
fn print_lock_without_the_lock_mixes() {
    let said = lesson("print-lock-without", "").exits(0);
    let lines: Vec<_> = said.of("show").into_iter().map(numbers).collect();
    // Nobody prints a second line before all have printed a first one.
    assert_eq!(sorted(lines[..3].to_vec()), [[0, 1], [1, 1], [2, 1]], "{said}");
    assert_eq!(sorted(lines), [0, 1, 2].map(|printer| [1, 2, 3].map(|line| [printer, line])).concat(), "{said}");
}

#[test]
fn tickets_are_sold_as_many_as_there_are() {
    for (arguments, sold, left) in [("", 5, 5), ("--set tickets=1", 1, 1), ("--set tickets=12", 10, 12), ("--set tickets=0", 0, 0)] {
        let said = lesson("tickets", arguments).exits(0);
        let buyers = said.of("buyer");
        // Nobody leaves the window before all ten are there.
        let query = format!("sees {left} left, one of 10 at the window");
        assert_eq!(buyers.iter().filter(|line| **line == query).count(), 10, "{said}");
        assert_eq!(buyers.iter().filter(|line| line.starts_with("buys a ticket")).count(), sold, "{said}");
        assert_eq!(buyers.iter().filter(|line| **line == "comes too late").count(), 10 - sold, "{said}");
        assert_eq!(said.of("audit"), [format!("{sold} of {left} tickets sold")]);
        let mut seen = buyers.iter().filter(|line| line.starts_with("buys")).flat_map(|line| numbers(line));
        assert!((0..sold).all(|n| seen.next() == u32::try_from(left - 1 - n).ok()), "each sale sees the one before it\n{said}");
    }
}

#[test]
fn only_the_middle_of_a_script_is_serial() {
    let program = env!("CARGO_BIN_EXE_flowrun");
    let said = lesson("in-script-lock", &format!("-v --set flowrun={program}")).exits(0);
    let buyers = said.of("buyer");
    let count = |text: &str| buyers.iter().filter(|line| line.starts_with(text)).count();
    assert_eq!([count("is at the window"), count("buys a ticket"), count("comes too late"), count("goes home")], [10, 5, 5, 10], "{said}");
    let mut seen = buyers.iter().filter(|line| line.starts_with("buys")).flat_map(|line| numbers(line));
    assert!((0..5).rev().all(|left| seen.next() == Some(left)), "each sale sees the one before it\n{said}");
    assert_eq!(said.stderr.matches("(flowrun lock) holds lock `till`").count(), 10, "{said}");
}

#[test]
fn tickets_are_sold_with_few_slots_too() {
    let said = lesson("tickets", "-j 3").exits(0);
    assert_eq!(said.of("audit"), ["5 of 5 tickets sold"]);
}

#[test]
fn tickets_race_sells_every_ticket_many_times() {
    let said = lesson("tickets-race", "").exits(0);
    assert_eq!(said.of("buyer"), ["buys a ticket, 4 left"; 10]);
    assert_eq!(said.of("audit")[0], "10 of 5 tickets sold");
    said.told("audit failed (allowed): exit code 1");
    said.told("tickets-race: 12 succeeded, 1 failed as allowed in");
}

#[test]
fn karaoke_has_a_microphone_for_everybody_in_the_room() {
    for (arguments, room) in [("", 4), ("--set room=1", 1)] {
        let said = lesson("karaoke", arguments).exits(0);
        let singers: Vec<_> = said.of("singer").into_iter().map(numbers).collect();
        assert_eq!(singers.len(), 10, "{said}");
        // The first ones come in before any of them leaves: every microphone is used.
        let microphones: BTreeSet<_> = singers.iter().map(|line| line[0]).collect();
        assert_eq!(microphones, (0..room).collect(), "{said}");
        assert!(singers.iter().all(|line| (1..=room).contains(&line[1])), "{said}");
        assert_eq!(said.of("close"), ["10 songs were sung"]);
    }
}

#[test]
fn counter_threads_count_to_zero() {
    let said = lesson("counter-threads", "").exits(0);
    assert_eq!(said.of("verify"), ["100 threads took one each, and 0 is left"]);
    said.told("counter-threads: 103 succeeded in");
    lesson("counter-threads", "--set threads=7").exits(0).told("counter-threads: 10 succeeded in");
}

#[test]
fn check_runs_a_part_of_what_this_repository_is_checked_by() {
    let format = || {
        let mut cargo = std::process::Command::new("cargo");
        cargo.arg("fmt").current_dir(repository());
        cargo
    };
    if !format().arg("--version").output().is_ok_and(|output| output.status.success()) {
        return;
    }
    let formatted = format().arg("--check").output().expect("cargo starts").status.success();
    let said = Place::new().flowrun("-v").arg(workflow_path("check")).arg("format").run().exits(if formatted { 0 } else { 1 });
    said.told("check: 1 process");
    said.told(if formatted { "format succeeded" } else { "format failed" });
}

#[test]
fn deadlock_is_refused_with_both_places() {
    let name = "refused/deadlock";
    for command in ["", "check "] {
        let text = fs::read_to_string(workflow_path("refused/deadlock")).expect("the workflow");
        let place = Place::new().file("deadlock.yaml", &text);
        let said = place.flowrun(&format!("{command}deadlock.yaml")).run().exits(2);
        let line_of = |start: &str| 1 + text.lines().position(|line| line.starts_with(start)).expect(start);
        let (held, asked) = (line_of("    lock: db"), line_of("        lock: db"));
        said.told("`report` asks for the lock `db` while it holds it");
        said.told(&format!("[deadlock.yaml:{asked}:15]"));
        let shown = |line: usize| said.stderr.lines().position(|text| text.starts_with(&format!(" {line} │"))).expect("the line is shown");
        let lines: Vec<_> = said.stderr.lines().collect();
        assert!(lines[shown(held) + 2].contains("held from here on"), "{name}: {said}");
        assert!(lines[shown(asked) + 2].contains("asked for here: would wait for itself"), "{name}: {said}");
        assert_eq!(said.stdout, "");
        assert_eq!(place.names(""), ["deadlock.yaml"]);
    }
}

#[test]
fn outputs_hand_values_from_process_to_process() {
    let said = lesson("outputs", "").exits(0);
    let expected = [
        ("notes", "Faster."),
        ("notes", "It's smaller."),
        ("notes", "It's smaller."),
        ("notes", "is 21 characters long, Faster."),
        ("tag", "v1.4"),
        ("total", "30 in all"),
    ];
    assert_eq!(sorted(said.lines()), expected);
}

#[test]
fn pipeline_counts_what_went_through_two_pipes() {
    let whole = [("count", "sold in the north: 300"), ("prepare", "Counting tickets"), ("report", "All three have ended well")];
    for arguments in ["", "--jobs 1"] {
        let said = lesson("pipeline", arguments).exits(0);
        assert_eq!(sorted(said.lines()), whole);
    }
    let said = lesson("pipeline", "north").exits(0);
    assert_eq!(sorted(said.lines()), whole[..2]);
}

#[test]
fn echo_server_answers_twenty_clients_in_capitals() {
    for arguments in ["", "--set at_once=1"] {
        let said = lesson("echo-server", arguments).exits(0);
        let mut expected: Vec<String> = (0..20).map(|client| format!("HELLO FROM CLIENT {client}")).collect();
        expected.sort();
        assert_eq!(sorted(said.of("client")), expected, "{said}");
        assert_eq!(said.lines().last(), Some(&("report", "All twenty have their answer")), "{said}");
    }
}

#[test]
fn two_runs_share_one_till_and_three_counters() {
    let text = fs::read_to_string(workflow_path("two-runs")).expect("the workflow");
    let place = Place::new().file("two-runs.yaml", &text);
    let both = [place.flowrun("two-runs.yaml").start(), place.flowrun("two-runs.yaml").start()];
    for said in both.map(|live| live.end().exits(0)) {
        assert_eq!(said.of("seller").iter().filter(|line| **line == "sells").count(), 6, "{said}");
        assert!(said.of("seller").iter().flat_map(|line| numbers(line)).all(|counter| counter < 3), "{said}");
    }
    assert_eq!(place.names(""), ["two-runs.yaml"]);
}

#[test]
fn thread_list_shows_who_is_alive_and_who_holds_what_another_waits_for() {
    let text = fs::read_to_string(workflow_path("thread-list")).expect("the workflow");
    let place = Place::new().file("thread-list.yaml", &text).file("runtime/.keep", "");
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_flowrun")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    let said = place.flowrun("thread-list.yaml").env("PATH", path).env("XDG_RUNTIME_DIR", place.path("runtime")).run().exits(0);
    let list = said.of("list");
    // Every number of a process and every time is another in each run.
    let cells = |line: &str| {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        let cell = |cell: &str| match cell.strip_suffix(" s").unwrap_or(cell).parse::<i32>() {
            Ok(_) if cell.ends_with(" s") => "T".to_owned(),
            Ok(number) if number > 0 => "N".to_owned(),
            _ => cell.to_owned(),
        };
        cells.map(cell).collect::<Vec<_>>().join(" | ")
    };
    let shown: Vec<String> = list[..list.len() - 1].iter().map(|line| cells(line)).collect();
    let expected = [
        "PROCESS | STATE | PID | PARENT | SINCE | CODE | WAITING FOR",
        "prepare | success | - | - | T | 0",
        "early | success | - | - | T | 0",
        "gone | failed | - | - | T | -15",
        "beat | running | N | N | T | -",
        "lamp | running | N | N | T | -",
        "owner | running | N | N | T | -",
        "waiter | queued | - | - | T | - | lock `ledger`, held by `owner`",
        "later | waiting | - | - | - | - | `waiter` (success)",
        "list | running | N | N | T | -",
        "release | waiting | - | - | - | - | `list` (exit)",
        "clean-up | waiting | - | - | - | - | `owner` (exit), `release` (exit)",
    ];
    assert_eq!(shown, expected, "{said}");
    let parents: BTreeSet<&str> =
        list.iter().filter(|line| line.contains(" running ")).filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(parents.len(), 1, "{said}");
    assert_eq!(place.names(""), ["runtime", "thread-list.yaml"]);
}

#[test]
fn producer_consumer_needs_no_sentinel_for_any_number_of_them() {
    for (arguments, bakers, eaters) in
        [("", 1, 1), ("--set bakers=3 --set eaters=2", 3, 2), ("--set bakers=2 --set buns=100 --jobs 1", 2, 1)]
    {
        let said = lesson("producer-consumer", arguments).exits(0);
        let buns = if arguments.contains("buns") { 100 } else { 5 };
        let lines = said.of("eater");
        assert_eq!(lines.iter().filter(|line| **line == "sees the end").count(), eaters, "{said}");
        let eaten: Vec<_> = lines.into_iter().filter(|line| line.starts_with("eats")).map(numbers).collect();
        let baked: Vec<_> = (1..=buns).flat_map(|bun| (0..bakers).map(move |baker| vec![bun, baker])).collect();
        assert_eq!(sorted(eaten.clone()), baked, "{said}");
        for eater in 0..eaters {
            for baker in 0..bakers {
                let of = said.of(&format!("eater[{eater}]"));
                let buns = of.into_iter().map(numbers).filter(|bun| bun.get(1) == Some(&baker));
                assert!(buns.is_sorted_by_key(|bun| bun[0]), "{said}");
            }
        }
    }
}

#[test]
fn bounded_queue_never_has_more_than_its_table_can_hold() {
    for (arguments, table) in [("", 3), ("--set table=1", 1)] {
        let said = lesson("bounded-queue", arguments).exits(0);
        let eaten: Vec<_> = said.of("eater").into_iter().map(numbers).collect();
        assert_eq!(eaten.iter().map(|line| line[1]).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>(), "{said}");
        assert_eq!(eaten[0][0], table, "{said}");
        assert!(eaten.iter().all(|line| line[0] <= table), "{said}");
    }
}

#[test]
fn joinable_queue_ends_when_every_bun_is_eaten() {
    let said = lesson("joinable-queue", "-v").exits(0);
    let eaten = sorted(said.of("eater"));
    let baked: Vec<_> = (1..=4).flat_map(|bun| (0..3).map(move |baker| format!("eats bun {bun} of baker {baker}"))).collect();
    assert_eq!(eaten, baked, "{said}");
    assert!(said.stderr.contains("3 succeeded, 2 stopped"), "{said}");
}

#[test]
fn fan_out_delivers_again_what_failed_and_sets_aside_what_never_succeeds() {
    let shrunk =
        |said: &Said| sorted(said.of("shrink").into_iter().filter(|line| line.starts_with("shrinks")).map(|line| numbers(line)[0]));
    let said = lesson("fan-out", "").exits(0);
    assert_eq!(shrunk(&said), (1..=9).collect::<Vec<_>>(), "{said}");
    assert_eq!(
        said.of("shrink").into_iter().filter(|line| line.starts_with("fails")).collect::<Vec<_>>(),
        ["fails with picture 4, delivery 1"]
    );
    let said = lesson("fan-out", "--set stubborn=true").exits(1);
    assert_eq!(shrunk(&said), [1, 2, 3, 5, 6, 7, 8, 9], "{said}");
    assert_eq!(said.of("shrink").iter().filter(|line| line.starts_with("fails")).count(), 3, "{said}");
    said.told("an item was delivered 3 times and never done, and is set aside: 4");
    assert_eq!(said.of("report"), ["No picture is left"]);
}
