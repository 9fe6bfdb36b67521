//! Forms and places of output: blocks of failures, times, a folder of logs, the exit status of one process.

mod common;

use common::Place;

fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow)
}

#[test]
fn only_failures_are_shown() {
    let place = place(
        "on_failure: continue
processes:
  good: {command: 'echo fine'}
  bad: {join: good, command: 'echo one; echo two; exit 3'}
  allowed: {join: {bad: exit}, allow_failure: true, command: 'echo three; exit 4'}
  again: {join: {allowed: exit}, retries: 1, command: 'echo try; [ -e again ] || { touch again; exit 1; }'}
",
    );
    let said = place.flowrun("--output failures").run().exits(1);
    let expected = "\
┌── bad
one
two
└── bad failed: exit code 3
┌── allowed
three
└── allowed failed (allowed): exit code 4
";
    assert_eq!(said.stdout, expected);
}

#[test]
fn times_stand_before_each_line() {
    let clock =
        regex_lite::Regex::new(r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z (.*)$").expect("a pattern");
    let relative = regex_lite::Regex::new(r"^ +[0-9]+\.[0-9]{3} (.*)$").expect("a pattern");
    let place = place("processes: {a: {command: 'echo one; echo; echo three >&2; exit 3'}}");
    for (flag, pattern) in [("--timestamps", &clock), ("--timestamps=clock", &clock), ("--timestamps=relative", &relative)] {
        let said = place.flowrun(flag).run().exits(1);
        let texts = |text: &str| -> Vec<String> {
            text.lines().map(|line| pattern.captures(line).unwrap_or_else(|| panic!("{flag}: {line}"))[1].to_owned()).collect()
        };
        assert_eq!(texts(&said.stdout), ["a | one", "a |"]);
        assert_eq!(texts(&said.stderr)[..2], ["a | three", "flowrun: a failed: exit code 3"]);
    }
    let said = place.flowrun("--timestamps --output grouped").run().exits(1);
    assert!(said.stdout.lines().all(|line| clock.is_match(line)), "{said}");
}

#[test]
fn each_process_has_a_log() {
    let place = place(
        "processes:
  build: {command: 'echo one; echo two >&2; printf ::stop', stderr: stdout}
  copy: {replicas: 2, secrets: [TOKEN], env: {TOKEN: hidden-value}, command: 'echo $FLOWRUN_INDEX $TOKEN'}
  silent: {command: 'true'}
",
    );
    for host in ["", "true"] {
        // For a host of continuous integration what it would obey is broken up, but not in files.
        place.flowrun("--log-dir logs/today").env("GITHUB_ACTIONS", host).run().exits(0);
        assert_eq!(place.names("logs/today"), ["build.log", "copy.0.log", "copy.1.log"]);
        assert_eq!(place.read("logs/today/build.log"), "one\ntwo\n::stop\n");
        assert_eq!(place.read("logs/today/copy.1.log"), "1 ***\n");
    }
}

#[test]
fn a_folder_that_takes_no_logs_is_told_before_anything_starts() {
    let place = place("processes: {a: {command: touch started}}").file("logs", "a file");
    let said = place.flowrun("--log-dir logs").run().exits(2);
    assert!(said.stderr.contains("cannot write logs into the folder ") && said.stderr.contains("/logs: "), "{said}");
    assert!(!place.path("started").exists());
}

/// A log that cannot be written, here because it is a full device, is told once.
#[test]
fn a_full_disk_is_told_once_and_the_run_goes_on() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let place = place("processes: {a: {command: 'for n in 1 2 3; do echo $n; done'}, b: {join: a, command: echo b}}");
    std::fs::create_dir(place.path("logs")).expect("a folder");
    for name in ["a", "b"] {
        std::os::unix::fs::symlink("/dev/full", place.path(&format!("logs/{name}.log"))).expect("a link");
    }
    let said = place.flowrun("--log-dir logs").run().exits(0);
    assert_eq!(said.of("b"), ["b"]);
    assert_eq!(said.stderr.matches("cannot write to the log ").count(), 1, "{said}");
    said.told("logs/a.log: No space left on device; the run goes on");
}

#[test]
fn the_exit_status_is_that_of_a_process() {
    let place = place(
        "on_failure: continue
processes:
  seven: {command: exit 7, success_codes: [7]}
  good: {command: 'true'}
  bad: {command: exit 3}
  killed: {command: kill -KILL $$}
  skipped: {join: bad, command: 'true'}
  copy: {replicas: 2, command: 'true'}
",
    );
    for (name, status) in [("seven", 7), ("good", 0), ("bad", 3), ("killed", 137), ("skipped", 1), ("copy[1]", 0)] {
        place.flowrun("--exit-code-from").arg(name).run().exits(status);
    }
    for (name, told) in [
        ("goood", "--exit-code-from goood: there is no such process in this run; did you mean `good`?"),
        ("copy", "--exit-code-from copy: there are 2 copies of it, and one of them must be named, as in copy[0]"),
    ] {
        place.flowrun("--exit-code-from").arg(name).run().exits(2).told(told);
    }
    // One that is not selected is not in the run.
    place.flowrun("good --exit-code-from bad").run().exits(2);
}
