//! Terminals, driven through a real pseudo-terminal: `tty: true`, `stdin: inherit`, and the file mask that
//! takes the same way to a process.

mod common;

use common::Place;

/// A workflow in a folder of its own.
fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow)
}

#[test]
fn a_terminal_of_its_own_is_one_for_both_outputs_and_not_for_input() {
    let place = place(
        "processes:
  look:
    tty: true
    command: test -t 1 && test -t 2 && ! test -t 0 && stty size <&1 && test -t 9 9>/dev/tty && cat && printf '\\033[31mred\\033[0m\\n' >&2
",
    );
    let said = place.flowrun("-o raw").env("COLUMNS", "99").env("LINES", "33").run().exits(0);
    assert_eq!(said.stdout, "33 99\n\x1b[31mred\x1b[0m\n");
    assert!(!said.stderr.contains("red"), "{said}");
}

#[test]
fn lines_of_a_terminal_come_plain_and_all_of_them() {
    let place = place(
        "processes:
  many: {tty: true, command: 'seq 1 50000; printf \"10 %%\\r50 %%\\r\\nno end\"'}
",
    );
    let said = place.flowrun("-o raw").run().exits(0);
    let expected: String = (1..=50000).map(|n| format!("{n}\n")).collect::<String>() + "10 %\r50 %\nno end\n";
    assert!(said.stdout == expected, "{} bytes: …{:?}", said.stdout.len(), &said.stdout[said.stdout.len().saturating_sub(60)..]);
}

#[test]
fn a_daemon_may_have_a_terminal_and_is_stopped_like_others() {
    let place = place(
        "processes:
  server: {daemon: true, tty: true, command: 'trap \"echo stopped; exit 0\" TERM; test -t 1 && : > up; while :; do sleep 0.05; done'}
  work: {join: server, command: 'until [ -e up ]; do sleep 0.02; done'}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("server").last(), Some(&"stopped"), "{said}");
}

#[test]
fn a_terminal_of_its_own_follows_the_size_of_flowruns() {
    let place = place(
        "processes:
  look: {tty: true, command: 'trap \"stty size <&1; exit 0\" WINCH; stty size <&1; while :; do sleep 0.05; done'}
",
    );
    let mut seat = place.flowrun("--no-progress").at_a_terminal();
    seat.sees("30 100");
    seat.resize(77, 22);
    seat.sees("22 77");
    assert_eq!(seat.end().0, Some(0));
}

#[test]
fn a_line_is_typed_to_the_process_that_inherits() {
    let place = place(
        "processes:
  ask: {stdin: inherit, command: 'test -t 0 && test -t 1 && printf \"name? \" && read name && echo \"hello $name\"'}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("name? ");
    seat.types("bob\n");
    seat.sees("hello bob");
    let (status, all) = seat.end();
    assert_eq!(status, Some(0), "{all}");
}

#[test]
fn without_a_terminal_flowruns_standard_input_is_handed_on() {
    let place = place("processes:\n  count: {stdin: inherit, command: wc -l}\n");
    let said = place.flowrun("").input("one\ntwo\n").run().exits(0);
    assert_eq!(said.of("count"), ["2"]);
}

#[test]
fn the_terminal_is_the_process_s_while_it_runs_and_flowrun_s_after() {
    let place = place(
        "processes:
  first: {stdin: inherit, command: 'echo $$ > pid; echo ready; read line'}
  after: {join: first, command: 'until [ -e go ]; do sleep 0.02; done'}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("ready");
    let pid: i32 = place.read("pid").trim().parse().expect("a number");
    assert_eq!(seat.foreground(), pid);
    seat.types("\n");
    seat.until("flowrun's foreground", |seat| seat.foreground() == seat.pid());
    std::fs::write(place.path("go"), "").expect("a file");
    assert_eq!(seat.end().0, Some(0));
}

/// Asks for a password on the terminal itself, as `ssh` and `sudo` do, and is killed before it can tidy up.
#[test]
fn modes_that_a_killed_prompt_has_left_are_set_back() {
    let place = place(
        "on_failure: continue
processes:
  ask: {stdin: inherit, command: 'exec </dev/tty; stty -echo; printf \"password: \"; read password; echo \"got $password\"; kill -KILL $$', allow_failure: true}
  after: {join: {ask: exit}, command: 'until [ -e go ]; do sleep 0.02; done'}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("password: ");
    assert!(!seat.echoes());
    seat.types("secret\n");
    seat.sees("got secret");
    seat.until("the echo", common::seat::Seat::echoes);
    std::fs::write(place.path("go"), "").expect("a file");
    let (status, all) = seat.end();
    assert_eq!(status, Some(0), "{all}");
    assert_eq!(all.matches("secret").count(), 1, "{all}");
}

#[test]
fn an_interrupt_that_ends_the_process_ends_the_run() {
    let place = place(
        "processes:
  ask: {stdin: inherit, command: 'until [ -e up ]; do sleep 0.02; done; echo ready; while :; do sleep 0.05; done'}
  other: {command: 'trap \"echo asked; exit 0\" TERM; : > up; while :; do sleep 0.05; done'}
  never: {join: ask, command: echo never}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("ready");
    seat.types("\x03");
    let (status, all) = seat.end();
    assert_eq!(status, Some(130), "{all}");
    assert!(all.contains("asked") && !all.contains("| never"), "{all}");
}

#[test]
fn so_does_the_key_for_quitting() {
    let place = place("processes:\n  ask: {stdin: inherit, command: 'ulimit -c 0; echo ready; while :; do sleep 0.05; done'}\n");
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("ready");
    seat.types("\x1c");
    let (status, all) = seat.end();
    assert_eq!(status, Some(131), "{all}");
}

/// Where no shell could continue flowrun the system does not stop it, and nothing hangs. The process starts no
/// others, since one that is stopped between its fork and its exec keeps its parent from being stopped.
#[test]
fn a_stop_without_a_shell_lets_the_process_go_on() {
    let place = place("processes:\n  ask: {stdin: inherit, command: [python3, ask.py]}\n").file(
        "ask.py",
        "import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
print('ready', flush=True)
signal.sigwait([signal.SIGCONT])
print('continued', flush=True)
print('got', input(), flush=True)
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("ready");
    seat.types("\x1a");
    seat.sees("continued");
    assert_ne!(seat.foreground(), seat.pid());
    seat.types("typed\n");
    seat.sees("got typed");
    assert_eq!(seat.end().0, Some(0));
}

#[test]
fn a_stop_command_has_no_part_in_the_terminal() {
    let place = place(
        "processes:
  console: {daemon: true, stdin: inherit, command: ': > up; exec sleep 1h', stop: {command: '! test -t 0 && ! test -t 1 && echo plain'}}
  colours: {daemon: true, tty: true, command: ': > up2; exec sleep 1h', stop: {command: '! test -t 1 && echo plain'}}
  work: {command: 'until [ -e up ] && [ -e up2 ]; do sleep 0.02; done'}
",
    );
    let (status, all) = place.flowrun("-o raw").at_a_terminal().end();
    assert_eq!(status, Some(0), "{all}");
    assert_eq!(all.matches("plain").count(), 2, "{all}");
}

#[test]
fn an_interrupt_that_the_process_handles_interrupts_nothing() {
    let place = place(
        "processes:
  ask: {stdin: inherit, command: 'trap \"echo handled; exit 0\" INT; echo ready; while :; do sleep 0.05; done'}
  after: {join: ask, command: echo went on}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("ready");
    seat.types("\x03");
    seat.sees("handled");
    let (status, all) = seat.end();
    assert_eq!(status, Some(0), "{all}");
    assert!(all.contains("went on"), "{all}");
}

/// One that is stopped with SIGINT by flowrun itself has met no Ctrl-C.
#[test]
fn a_stop_signal_of_flowrun_s_own_is_no_interrupt() {
    let place = place(
        "processes:
  ask: {stdin: inherit, timeout: 300ms, stop: {signal: SIGINT}, command: 'while :; do sleep 0.05; done'}
",
    );
    let (status, all) = place.flowrun("").at_a_terminal().end();
    assert_eq!(status, Some(1), "{all}");
    assert!(all.contains("timed out"), "{all}");
}

#[test]
fn two_that_inherit_never_run_at_once() {
    let place = place(
        "processes:
  ask:
    replicas: 4
    stdin: inherit
    command: mkdir busy && sleep 0.05 && rmdir busy
",
    );
    for said in [place.flowrun("").run(), place.flowrun("-j 4").run()] {
        said.exits(0);
    }
    let (status, all) = place.flowrun("").at_a_terminal().end();
    assert_eq!(status, Some(0), "{all}");
}

/// More than fits into all pipes and memory on the way: it was either shown or put aside when its writer is done.
#[test]
fn what_others_say_waits_until_the_terminal_is_free() {
    let place = place(
        "processes:
  edit: {stdin: inherit, command: 'touch open; echo begin; until [ -e said ]; do sleep 0.02; done; read line; echo finish'}
  other: {command: 'until [ -e open ]; do sleep 0.02; done; echo from the other; yes $(printf %01000d 0) | head -n 6000; echo more >&2; : > said'}
",
    );
    let mut seat = place.flowrun("-v").at_a_terminal();
    seat.sees("begin");
    seat.until("the word of the other", |_| place.path("said").exists());
    seat.types("\n");
    seat.sees("finish");
    let (status, all) = seat.end();
    assert_eq!(status, Some(0));
    let (before, rest) = all.split_once("begin").expect("it began");
    let (during, after) = rest.split_once("finish").expect("it finished");
    assert_eq!(during.trim(), "");
    assert!(!before.contains("from the other") && after.contains("from the other") && after.contains("more"));
    assert_eq!(after.matches(&"0".repeat(1000)).count(), 6000);
}

/// Draws on the whole screen, as an editor does; nobody else draws meanwhile.
#[test]
fn a_full_screen_program_has_the_screen_for_itself() {
    let place = place(
        "processes:
  edit: {stdin: inherit, command: [python3, screen.py]}
  busy: {command: 'until [ -e closed ]; do echo busy; sleep 0.01; done'}
",
    )
    .file(
        "screen.py",
        "import curses
def draw(screen):
    rows, columns = screen.getmaxyx()
    screen.addstr(2, 2, f'size {rows} {columns}')
    screen.refresh()
    while screen.getkey() != 'q':
        pass
curses.wrapper(draw)
open('closed', 'w')
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("size 30 100");
    let open = seat.all().len();
    seat.types("xyq");
    let (status, all) = seat.end();
    assert_eq!(status, Some(0), "{all}");
    // The alternate screen is left before anybody else says a word.
    let rest = &all[open..];
    let left = rest.find("\x1b[?1049l").expect("it leaves the screen");
    assert!(!rest[..left].contains("busy"), "{rest:?}");
    assert!(rest[left..].contains("busy"), "{rest:?}");
}

/// A shell with job control that has just shown its prompt, `shell> `.
fn shell(place: &Place) -> common::seat::Seat {
    let mut shell = std::process::Command::new("/bin/bash");
    shell.args(["--norc", "--noprofile", "-i"]).current_dir(place.path(".")).env("HISTFILE", "");
    let mut seat = common::seat::Seat::new(&shell, 100, 30);
    seat.types("PS1='she''ll> '\n");
    seat.sees("shell> ");
    seat
}

/// The shell's job goes on, and the process that reads a line gets one.
fn let_go_on(seat: &mut common::seat::Seat) {
    seat.types("fg\n");
    seat.sees("flowrun");
    seat.until("the process's foreground", |seat| seat.foreground() != seat.pid());
    seat.types("typed\n");
    seat.sees("got typed");
    seat.sees("shell> ");
}

/// Ctrl-Z stops the process and flowrun, `fg` lets both go on.
#[test]
fn a_stop_gives_the_terminal_to_the_shell_and_fg_gives_it_back() {
    let place = place(
        "processes:
  ask: {stdin: inherit, command: 'echo ready; read line; echo \"got $line\"; test -t 0'}
",
    );
    let mut seat = shell(&place);
    seat.types(&format!("{} --no-progress\n", env!("CARGO_BIN_EXE_flowrun")));
    seat.sees("ready");
    seat.types("\x1a");
    seat.sees("Stopped");
    seat.sees("shell> ");
    let_go_on(&mut seat);
    seat.types("echo status $?\n");
    seat.sees("status 0");
    seat.types("exit\n");
    seat.end();
}

/// The shell's job is the whole pipeline, of which Ctrl-Z has met only the process that has the terminal.
#[test]
fn a_stop_in_a_pipeline_stops_all_of_it() {
    let place = place("processes:\n  ask: {stdin: inherit, command: ': > up; read line; echo \"got $line\"'}\n");
    let mut seat = shell(&place);
    seat.types(&format!("{} --no-progress | cat\n", env!("CARGO_BIN_EXE_flowrun")));
    seat.until("it runs", |_| place.path("up").exists());
    seat.types("\x1a");
    seat.sees("Stopped");
    seat.sees("shell> ");
    let_go_on(&mut seat);
    seat.types("exit\n");
    seat.end();
}

#[test]
fn modes_are_set_back_also_when_the_runner_is_killed() {
    let place = place("processes:\n  raw: {stdin: inherit, command: 'stty -echo raw; echo \"runner $PPID.\"; exec sleep 1000'}\n");
    let mut seat = shell(&place);
    seat.types(&format!("{} --no-progress\n", env!("CARGO_BIN_EXE_flowrun")));
    seat.sees("runner ");
    seat.sees(".");
    assert!(!seat.echoes());
    let text = seat.all();
    let pid = text.rsplit("runner ").next().and_then(|rest| rest.split('.').next()).and_then(|pid| pid.parse().ok()).expect("a number");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).expect("it is there");
    seat.sees("was killed by");
    seat.sees("shell> ");
    seat.types("echo status $?; stty -a\n");
    seat.sees("status 137");
    seat.sees(" icanon");
    seat.sees(" echo ");
    seat.types("exit\n");
    seat.end();
}

/// In the background flowrun steals the terminal from nobody: who reads is stopped, and flowrun with it.
#[test]
fn a_flowrun_in_the_background_takes_no_terminal() {
    let place = place("processes:\n  ask: {stdin: inherit, command: 'read line; echo \"got $line\"'}\n");
    let mut seat = shell(&place);
    seat.types(&format!("{} --no-progress & wait\n", env!("CARGO_BIN_EXE_flowrun")));
    seat.sees("Stopped");
    let_go_on(&mut seat);
    seat.types("exit\n");
    seat.end();
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_in_order() {
    let place = place(
        "processes:
  d: {daemon: true, command: 'trap \"echo d >> order; exit 0\" TERM; : > up; while :; do echo talk; sleep 0.02; done'}
  p: {join: {d: start}, command: 'trap \"echo p >> order; exit 0\" TERM; until [ -e up ]; do sleep 0.02; done; echo here; while :; do sleep 0.02; done'}
  cleanup: {join: {p: exit}, command: echo c >> order}
",
    );
    let mut seat = place.flowrun("").at_a_terminal();
    seat.sees("here");
    assert_eq!(seat.leave(), Some(129));
    assert_eq!(place.read("order"), "p\nc\nd\n");
}

#[test]
fn a_file_mask_is_that_of_the_process_or_the_step() {
    let place = place(
        "vars: {mask: \"002\"}
defaults: {umask: \"027\"}
processes:
  one: {command: umask}
  two: {umask: \"0077\", command: umask}
  three: {umask: \"${{ vars.mask }}\", steps: [{command: umask}, {command: umask, umask: \"000\"}, {task: print, with: {message: done}}]}
  terminal: {tty: true, command: umask}
",
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("one"), ["0027"]);
    assert_eq!(said.of("two"), ["0077"]);
    assert_eq!(said.of("three"), ["0002", "0000", "done"]);
    assert_eq!(said.of("terminal"), ["0027"]);
}

/// What a program finds is the same, whichever way it was started.
#[test]
fn a_prepared_process_finds_what_others_find() {
    let look = "import os, signal, sys
fds = sorted(int(fd) for fd in os.listdir('/dev/fd') if os.path.exists(f'/dev/fd/{fd}'))
mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
import subprocess
ignored = [line for line in open('/proc/self/status') if line.startswith(('SigIgn', 'SigBlk'))]
print(sys.argv[1:], fds, sorted(mask), os.getpgid(0) == os.getpid(), os.environ.get('ODD'), os.getcwd(), ignored)
";
    let place = place(
        "processes:
  fast: {command: [python3, look.py, 'a b', '', 'é'], env: {ODD: ' x=y '}}
  shim: {command: [python3, look.py, 'a b', '', 'é'], env: {ODD: ' x=y '}, umask: \"022\"}
",
    )
    .file("look.py", look);
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("fast"), said.of("shim"));
    assert_eq!(said.of("shim").len(), 1);
    // `sigpipe` ends both: nobody ignores it.
    let place = self::place(
        "processes:
  fast: {command: 'yes | head -n 1; sh -c \"kill -PIPE \\$\\$\"', success_codes: [141]}
  shim: {umask: \"022\", command: 'yes | head -n 1; sh -c \"kill -PIPE \\$\\$\"', success_codes: [141]}
",
    );
    place.flowrun("").run().exits(0);
}

/// Errors of the exec come back as they are, and nothing a program does is taken for one.
#[test]
fn what_cannot_be_started_is_told_in_the_same_words() {
    let place = place(
        "on_failure: continue
processes:
  interpreter: {command: [./interpreter]}
  garbage: {command: [./garbage]}
  forbidden: {command: [./forbidden]}
  gone: {command: [./gone]}
  folder: {command: [sh, -c, 'exit 0'], cwd: nowhere}
  status: {command: [sh, -c, 'exit 127']}
",
    )
    .file("interpreter", "#!/no/such/interpreter\n")
    .file("garbage", "\u{1}\u{2} no program\n")
    .file("forbidden", "#!/bin/sh\n");
    for name in ["interpreter", "garbage"] {
        let path = place.path(name);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    }
    let told = |call: common::Call| {
        let said = call.run().exits(1);
        let lines = said.stderr.lines().filter(|line| line.starts_with("flowrun: ") && line.contains(" failed: "));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines.len(), 6, "{said}");
        lines
    };
    let fast = told(place.flowrun(""));
    let workflow = place.read("flowrun.yaml");
    std::fs::write(place.path("mask.yaml"), format!("defaults: {{umask: \"022\"}}\n{workflow}")).expect("a file");
    std::fs::write(place.path("tty.yaml"), format!("defaults: {{tty: true}}\n{workflow}")).expect("a file");
    assert_eq!(told(place.flowrun("mask.yaml")), fast);
    assert_eq!(told(place.flowrun("tty.yaml")), fast);
    assert!(fast.iter().any(|line| line.contains("exit code 127")), "{fast:?}");
}

/// The program's own file may be replaced while it runs.
#[test]
fn a_replaced_flowrun_goes_on_starting_processes() {
    let place = place(
        "processes:
  replace: {command: 'rm flowrun && printf \"#!/bin/sh\\necho wrong\\n\" > flowrun && chmod +x flowrun'}
  after: {join: replace, umask: \"022\", command: echo right}
",
    );
    place.copy_flowrun();
    let mut command = std::process::Command::new(place.path("flowrun"));
    let output = command.args(["-o", "raw"]).current_dir(place.path(".")).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "right\n", "{}", String::from_utf8_lossy(&output.stderr));
}
