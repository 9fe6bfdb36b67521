//! Real processes: how they are started, watched, stopped and told of. Order is proved by construction:
//! one process waits for what another makes, never for time to pass.

mod common;

use common::Place;
use nix::sys::signal::Signal;

/// A workflow in a folder of its own.
fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow)
}

/// Whether a process with this number is alive (a zombie is not).
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn exit_codes_and_signals_are_told_and_fail_the_run() {
    let place = place(
        "on_failure: continue\nprocesses:\n  code: {command: exit 3}\n  signal: {command: kill -TERM $$}\n  allowed: {command: exit 4, allow_failure: true}\n  good: {command: exit 7, success_codes: [0, 7]}\n",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("code failed: exit code 3"), "{}", said.stderr);
    assert!(said.stderr.contains("signal failed") && said.stderr.contains("-15"), "{}", said.stderr);
    assert!(said.stderr.contains("1 succeeded, 2 failed, 1 failed as allowed"), "{}", said.stderr);
}

#[test]
fn an_attempt_that_takes_too_long_is_stopped_even_when_it_is_deaf() {
    let place = place(
        "processes:\n  deaf:\n    command: trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done\n    timeout: 200ms\n    stop: {grace: 100ms}\n",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("deaf failed: timed out after"), "{}", said.stderr);
    assert!(!alive(&place.read("pid")));
}

#[test]
fn one_signal_ends_the_run_in_order() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let place = place(
            "processes:
  db:
    daemon: true
    command: trap 'echo db ends; exit 0' TERM; touch db.up; while true; do sleep 0.05; done
  work:
    join: db
    command: trap 'echo work ends; exit 1' TERM; until [ -e db.up ]; do sleep 0.02; done; echo working; while true; do sleep 0.05; done
  later: {join: work, command: echo never}
  cleanup: {join: {work: exit}, command: echo cleaning}
",
        );
        let mut live = place.flowrun("").start();
        live.wait_for("working");
        live.signal(signal);
        let said = live.end();
        assert_eq!(said.status, Some(status), "{}", said.stderr);
        let order: Vec<&str> = said.stdout.lines().filter_map(|line| line.split(" | ").nth(1)).collect();
        assert_eq!(order, ["working", "work ends", "cleaning", "db ends"]);
        assert!(said.stderr.contains("waiting for"), "{}", said.stderr);
    }
}

#[test]
fn a_second_signal_kills() {
    let place = place(
        "processes:\n  deaf: {command: 'trap \"echo asked\" TERM; echo $$ > pid; echo up; while :; do sleep 0.05; done', stop: {grace: 1h}}\n  cleanup: {join: {deaf: exit}, command: echo never}\n",
    );
    let mut live = place.flowrun("--stop-timeout 1h").start();
    live.wait_for("up");
    live.signal(Signal::SIGINT);
    live.wait_for("asked");
    // What comes within an instant of the first is the same wish; a person's second wish comes later.
    std::thread::sleep(std::time::Duration::from_millis(200));
    live.signal(Signal::SIGINT);
    let said = live.end();
    assert_eq!(said.status, Some(130));
    assert!(!said.stdout.contains("never"), "{}", said.stdout);
    assert!(!alive(&place.read("pid")));
}

#[test]
fn the_time_for_stopping_is_bounded() {
    let place =
        place("processes:\n  deaf: {command: 'trap \"\" TERM; echo $$ > pid; echo up; while :; do sleep 0.05; done', stop: {grace: 1h}}\n");
    let mut live = place.flowrun("--stop-timeout 200ms").start();
    live.wait_for("up");
    live.signal(Signal::SIGTERM);
    assert_eq!(live.end().status, Some(143));
    assert!(!alive(&place.read("pid")));
}

#[test]
fn the_runs_own_timeout_has_a_status_of_its_own_and_cleanups_run() {
    let place = place(
        "timeout: 300ms\nprocesses:\n  work: {command: 'while :; do sleep 0.05; done'}\n  cleanup: {join: {work: exit}, command: echo cleaned}\n",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(124), "{}", said.stderr);
    assert!(said.stdout.contains("cleaned"));
}

#[test]
fn lines_stay_whole_and_bytes_stay_as_they_are() {
    let place = place(
        "processes:
  one: {command: 'printf first; until [ -e go ]; do sleep 0.02; done; printf \" half\\n\"; printf \"no end\"'}
  two: {command: 'printf other; : > go; printf \" line\\n\"; printf \"\\377\\376 raw\\n\"', stderr: stdout}
",
    );
    let mut call = std::process::Command::new(env!("CARGO_BIN_EXE_flowrun"));
    let output = call.args(["-o", "raw"]).current_dir(place.path(".")).output().expect("it runs");
    let mut lines: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [&b"first half"[..], b"no end", b"other line", b"\xff\xfe raw"]);
}

#[test]
fn a_flood_arrives_complete() {
    let place = place(
        "processes:\n  flood: {replicas: 4, command: 'i=0; while [ $i -lt 200 ]; do head -c 5000 /dev/zero | tr \"\\000\" x; echo; i=$((i+1)); done'}\n",
    );
    let said = place.flowrun("-o raw").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(said.stdout.lines().count(), 800);
    assert!(said.stdout.lines().all(|line| line.len() == 5000));
}

#[test]
fn input_and_output_go_where_the_file_says() {
    let place = place(
        "processes:
  text: {stdin: {text: \"b\\na\\n\"}, command: [sort], stdout: {file: sorted}}
  file: {join: text, stdin: {file: sorted}, command: cat}
  none: {command: cat}
  steps:
    stdout: {file: log}
    steps: [{command: echo one}, {command: echo two}, {task: print, with: {message: three}}]
  more: {join: steps, command: echo four, stdout: {file: log, append: true}}
  merged: {command: 'echo a; echo b >&2; echo c', stderr: stdout, stdout: {file: merged}}
  apart: {command: 'echo out; echo err >&2', stderr: {file: err}}
  same: {command: 'echo a; echo b >&2; echo c', stdout: {file: same}, stderr: {file: same}}
",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(place.read("sorted"), "a\nb\n");
    assert_eq!(place.read("log"), "one\ntwo\nthree\nfour\n");
    assert_eq!(place.read("merged"), "a\nb\nc\n");
    assert_eq!(place.read("same"), "a\nb\nc\n");
    assert_eq!(place.read("err"), "err\n");
    assert!(said.of("file") == ["a", "b"], "{}", said.stdout);
    assert!(said.of("apart") == ["out"], "{}", said.stdout);
}

#[test]
fn the_environment_is_layered() {
    let place = place(
        "env_file: top.env
env: {B: top, C: top}
processes:
  show:
    env_file: own.env
    env: {C: own, D: null}
    cwd: sub
    command: 'echo \"A=$A B=$B C=$C D=${D-unset} E=$E jobs=${FLOWRUN_JOBS-unset} pwd=${PWD##*/} $FLOWRUN_PROCESS $FLOWRUN_ATTEMPT\"'
",
    )
    .file("top.env", "A=file\nB=file\nD=file\n")
    .file("own.env", "E='own file'\nC=file\n")
    .file("sub/x", "");
    let said = place.flowrun("").env("FLOWRUN_JOBS", "4").env("A", "host").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(said.stdout, "show | A=file B=top C=own D=unset E=own file jobs=unset pwd=sub show 1\n");
}

#[test]
fn an_inner_run_is_named_after_the_outer() {
    let place = place("processes:\n  outer: {command: '\"$FLOWRUN\" inner.yaml'}\n")
        .file("inner.yaml", "processes:\n  inner: {command: 'echo \"id=$FLOWRUN_RUN_ID\"'}\n");
    let said = place.flowrun("-o raw").env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun")).run();
    let id = said.stdout.split("id=").nth(1).expect("the id is shown").trim();
    assert_eq!(id.split('/').count(), 2, "{id}");
}

#[test]
fn what_a_process_leaves_in_its_group_is_stopped_and_told() {
    let place = place("processes:\n  leaves: {command: 'sleep 1000 & echo $! > pid; echo done'}\n");
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("left 1 process running"), "{}", said.stderr);
    assert!(!alive(&place.read("pid")));
}

#[test]
fn what_cannot_be_started_says_why() {
    let place = place(
        "on_failure: continue
processes:
  missing: {command: [no-such-program-here]}
  path: {command: [./nothing]}
  folder: {command: [sh, -c, 'true'], cwd: nowhere}
  mode: {command: [./plain]}
  shell: {command: no-such-program-here}
  sink: {command: echo x, stdout: {file: no/such/file}}
  input: {command: cat, stdin: {file: no-such-input}}
  none: {join: {path: start}, command: echo never}
  after: {join: {path: exit}, command: echo cleanup}
",
    )
    .file("plain", "echo hi\n");
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(1));
    for words in [
        "missing failed: could not start: there is no program `no-such-program-here` in PATH",
        "nothing does not exist",
        "nowhere does not exist",
        "plain may not be executed",
        "shell failed: exit code 127",
        "cannot write output to",
        "cannot read standard input from",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert!(said.stdout.contains("cleanup") && !said.stdout.contains("never"), "{}", said.stdout);
}

#[test]
fn a_fifo_never_holds_up_the_run() {
    let place = place(
        "on_failure: continue
processes:
  reads: {command: cat, stdin: {file: fifo}}
  writes: {command: echo x, stdout: {file: fifo}}
  other: {command: echo fine}
",
    );
    nix::unistd::mkfifo(&place.path("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO can be made");
    let said = place.flowrun("").run().exits(1);
    assert_eq!(said.stderr.matches("it is a FIFO").count(), 4, "{said}");
    assert_eq!(said.of("other"), ["fine"]);
}

#[test]
fn a_script_without_an_interpreter_line_runs_as_in_a_shell() {
    use std::os::unix::fs::PermissionsExt;
    let place = place("processes:\n  script: {command: ./script one}\n").file("script", "echo \"got $1\"\n");
    std::fs::set_permissions(place.path("script"), std::fs::Permissions::from_mode(0o755)).expect("it is there");
    let said = place.flowrun("").run();
    assert_eq!(said.stdout, "script | got one\n", "{}", said.stderr);
}

#[test]
fn a_killed_holder_leaves_no_lock_behind() {
    let place = place(
        "locks: [l]\non_failure: continue\nprocesses:\n  dies: {lock: l, command: kill -KILL $$}\n  next: {lock: l, command: echo has it}\n",
    );
    let said = place.flowrun("").run();
    assert!(said.stdout.contains("has it"), "{}", said.stderr);
    assert!(said.stderr.contains("-9"), "{}", said.stderr);
}

#[test]
fn permits_have_numbers() {
    let place = place("semaphores: {gpu: 3}\nprocesses:\n  p: {semaphore: {gpu: 2}, command: 'echo \"slots $FLOWRUN_SLOT_GPU\"'}\n");
    assert_eq!(place.flowrun("").run().stdout, "p | slots 0,1\n");
}

#[test]
fn a_closed_standard_output_ends_the_printing_not_the_run() {
    let place = place("processes:\n  p: {command: 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; : > done'}\n");
    let line = format!("'{}' | head -n 1", env!("CARGO_BIN_EXE_flowrun"));
    let output = std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path(".")).output().expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "p | line 0\n");
    // The pipeline ends with `head`; the run itself goes on until its process has ended.
    for _ in 0..1000 {
        if place.path("done").exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the run was cut off");
}

#[test]
fn a_reader_that_never_reads_holds_up_nothing_but_the_writers() {
    let place = place(
        "processes:
  flood: {daemon: true, command: 'trap \"\" PIPE; while :; do echo flooding the pipe with a line of some length; done'}
  work: {join: flood, timeout: 1h, command: 'sleep 0.3; : > worked'}
",
    );
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_flowrun"))
        .args(["-o", "raw"])
        .current_dir(place.path("."))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    while !place.path("worked").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // The work has ended and the daemon is stopped; only the printing still waits, and a signal ends that.
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a number"));
    let mut status = None;
    for _ in 0..600 {
        let _ = nix::sys::signal::kill(pid, Signal::SIGTERM);
        status = child.try_wait().expect("it can be asked");
        if status.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(status.is_some(), "it never ended");
}

#[test]
fn a_full_disk_under_standard_output_is_told() {
    let place = place("processes:\n  p: {command: 'echo something'}\n");
    let line = format!("'{}' > /dev/full", env!("CARGO_BIN_EXE_flowrun"));
    let output = std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path(".")).output().expect("sh runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn too_few_descriptors_are_waited_for() {
    let place = place("processes:\n  p: {replicas: 60, command: [sleep, '0.1']}\n");
    let line = format!("ulimit -n 40; '{}'", env!("CARGO_BIN_EXE_flowrun"));
    let output = std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path(".")).output().expect("sh runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("60 succeeded") && stderr.contains("waiting until a process has ended"), "{stderr}");
}

#[test]
fn a_stop_command_runs_before_the_signal() {
    let place = place(
        "processes:
  db:
    daemon: true
    command: trap 'echo signal; exit' TERM; echo up; while :; do sleep 0.05; done
    stop: {command: echo stop command, grace: 10s}
  work: {join: db, command: 'sleep 0.3'}
",
    );
    let said = place.flowrun("").run();
    let order: Vec<&str> = said.stdout.lines().filter_map(|line| line.split(" | ").nth(1)).collect();
    assert_eq!(order, ["up", "stop command", "signal"], "{}", said.stderr);
}

#[test]
fn the_policy_kill_stops_everything_at_once() {
    let place = place(
        "on_failure: kill
processes:
  long: {command: 'trap \"echo asked; exit 1\" TERM; : > up; while :; do sleep 0.05; done'}
  fails: {command: 'until [ -e up ]; do sleep 0.02; done; exit 1'}
  cleanup: {join: {long: exit}, command: echo never}
",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(1));
    assert!(said.stdout.contains("asked") && !said.stdout.contains("never"), "{}", said.stdout);
}

#[test]
fn steps_are_critical_sections() {
    let place = place(
        "locks: [l]
processes:
  p:
    replicas: 5
    steps:
      - command: ': > ready.$FLOWRUN_INDEX; until [ $(ls ready.* | wc -l) = 5 ]; do sleep 0.02; done'
      - {lock: l, command: 'mkdir inside && sleep 0.01 && rmdir inside'}
",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
}

#[test]
fn nothing_of_a_run_is_left_when_it_ends() {
    let place = place(
        "processes:
  tree: {daemon: true, command: 'sh -c \"trap : TERM; echo \\$\\$ > inner; while :; do sleep 0.05; done\" & echo $! ; wait', stop: {grace: 100ms}}
  work: {join: tree, command: 'until [ -s inner ]; do sleep 0.02; done'}
",
    );
    let said = place.flowrun("").run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(!alive(&place.read("inner")));
}

#[test]
fn a_real_time_signal_is_an_end_like_any_other() {
    let place = place(
        "on_failure: continue\nprocesses:\n  rt: {command: [sh, -c, 'kill -35 $$']}\n  other: {join: {rt: exit}, command: echo other}\n",
    );
    let said = place.flowrun("").run().exits(1);
    assert_eq!(said.of("other"), ["other"]);
    said.told("-35");
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one_wish() {
    let place = place(
        "processes:
  main: {command: [sh, -c, 'trap \"echo graceful; exit 0\" TERM; echo up; while true; do sleep 0.05; done']}
  cleanup: {join: {main: exit}, command: echo cleaned}
",
    );
    let mut live = place.flowrun("").start();
    live.wait_for("up");
    // Stopped, it finds all of them at once when it goes on.
    for signal in [Signal::SIGSTOP, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGCONT] {
        live.signal(signal);
    }
    let said = live.end().exits(130);
    assert_eq!(said.of("main"), ["up", "graceful"]);
    assert_eq!(said.of("cleanup"), ["cleaned"]);
}

#[test]
fn the_whole_group_has_its_grace_though_the_shell_dies_first() {
    let place = place(
        "processes:
  server:
    daemon: true
    command: 'sh -c \"trap \\\"sleep 0.3; echo saved; exit 0\\\" TERM; touch up; while true; do sleep 0.05; done\"; true'
    stop: {grace: 1m}
  work: {join: server, command: 'until [ -e up ]; do sleep 0.02; done'}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("server"), ["saved"]);
}

#[test]
fn a_lock_is_not_free_while_something_of_its_holder_works() {
    let place = place(
        "locks: [l]
processes:
  a: {lock: l, command: '(trap \"sleep 0.2; touch done; exit\" TERM; touch ready; while true; do sleep 0.05; done) & until [ -e ready ]; do sleep 0.02; done'}
  b: {lock: l, command: '[ -e done ] && echo after'}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("b"), ["after"]);
    said.told("left");
}

#[test]
fn a_stop_command_leaves_nothing_behind() {
    let place = place(
        "processes:
  db: {daemon: true, command: 'until [ -e stop ]; do sleep 0.02; done', stop: {command: 'echo $$ > pid; sleep 1000 & echo $! >> pid; touch stop; exec sleep 1000', grace: 1m}}
  work: {join: db, command: 'true'}
",
    );
    place.flowrun("").run().exits(0);
    for pid in place.read("pid").lines() {
        assert!(!alive(pid), "{pid} is alive");
    }
}

#[test]
fn what_is_stopped_hears_the_stop_signal() {
    let place = place(
        "processes:
  stopped: {daemon: true, command: 'trap \"echo heard; exit\" TERM; touch up; kill -STOP $$; while true; do sleep 0.05; done', stop: {grace: 10m}}
  work: {join: stopped, command: 'until [ -e up ]; do sleep 0.02; done'}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("stopped"), ["heard"]);
}

#[test]
fn what_a_task_says_goes_where_its_standard_error_goes() {
    let place = place(
        "on_failure: continue
processes:
  file: {task: fail, with: {message: into a file}, stderr: {file: err}}
  both: {task: fail, with: {message: beside the output}, stdout: {file: out}, stderr: stdout}
",
    );
    place.flowrun("").run().exits(1);
    assert_eq!(place.read("err"), "into a file\n");
    assert_eq!(place.read("out"), "beside the output\n");
}

#[test]
fn two_processes_that_share_a_file_do_not_write_over_each_other() {
    let place = place(
        "processes:
  a: {stdout: {file: log}, command: 'until [ -e b-began ]; do sleep 0.02; done; echo a1; touch a; until [ -e b ]; do sleep 0.02; done; echo a2'}
  b: {stdout: {file: log}, command: 'touch b-began; until [ -e a ]; do sleep 0.02; done; echo b1; touch b'}
",
    );
    place.flowrun("").run().exits(0);
    assert_eq!(place.read("log"), "a1\nb1\na2\n");
}

#[test]
fn without_a_path_the_systems_folders_are_searched() {
    let place = place("processes:\n  p: {env: {PATH: null}, command: 'echo found; true'}\n");
    assert_eq!(place.flowrun("").run().exits(0).of("p"), ["found"]);
}

#[test]
fn waiting_for_another_process_takes_no_slot() {
    let place = place("jobs: 1\nprocesses:\n  w: {task: wait, with: {process: x}}\n  x: {command: echo x}\n");
    assert_eq!(place.flowrun("").run().exits(0).of("x"), ["x"]);
}
