//! Nothing outlives flowrun: what processes leave running, however they hide it, and however flowrun ends.
//!
//! Victims are found by a mark, not by their number. `FLOWRUN_TEST_KILLS=300` kills a busy run at as many
//! random moments (else 60); `FLOWRUN_TEST_SEED` repeats those of an earlier run, which prints its seed.

mod common;

use std::time::Duration;

use common::victims::{Marked, lives, runner, state, until};
use common::{Live, Said};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn send(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a number")), signal);
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Normal,
    Timeout,
    /// A signal, and the exit status that it leads to.
    Signal(Signal, i32),
    /// Ctrl-C twice, while nobody wants to hear.
    Second,
    /// SIGKILL to the process that was called.
    KillKeeper,
    /// SIGKILL to the process that runs the workflow.
    KillRunner,
    StopAndKillKeeper,
    StopAndKillRunner,
    /// The runner is stopped and the keeper killed: only the kernel can wake the runner.
    StopRunnerKillKeeper,
}

fn contained(kind: &str, end: End) {
    let habit = match end {
        End::Normal => "ends",
        End::Second => "deaf",
        _ => "",
    };
    let more = if end == End::Timeout { "    timeout: 1s\n" } else { "" };
    let marked = Marked::new(&format!("processes:\n  p:\n    command: exec @fake {kind} @mark {habit}\n{more}"));
    let mut live = marked.flowrun("--stop-timeout 1h").start();
    if !matches!(end, End::Normal | End::Timeout) {
        marked.up();
    }
    let keeper = live.pid();
    let below = runner_of(&live, end);
    match end {
        End::Normal | End::Timeout => {}
        End::Signal(signal, _) => live.signal(signal),
        End::Second => {
            live.signal(Signal::SIGINT);
            live.wait_for("asked");
            // What comes within an instant of the first is the same wish; a person's second wish comes later.
            std::thread::sleep(Duration::from_millis(200));
            live.signal(Signal::SIGINT);
        }
        End::KillKeeper => live.signal(Signal::SIGKILL),
        End::KillRunner => send(below, Signal::SIGKILL),
        End::StopAndKillKeeper => stop_and_kill(keeper, keeper),
        End::StopAndKillRunner => stop_and_kill(below, below),
        End::StopRunnerKillKeeper => stop_and_kill(below, keeper),
    }
    let said = live.end();
    marked.none_alive();
    said.ended_by(end);
}

/// The runner where it is needed: a run that ends by itself may be gone already.
fn runner_of(live: &Live, end: End) -> u32 {
    if matches!(end, End::KillRunner | End::StopAndKillRunner | End::StopRunnerKillKeeper) { runner(live.pid()) } else { 0 }
}

fn stop_and_kill(stopped: u32, killed: u32) {
    send(stopped, Signal::SIGSTOP);
    until("it is stopped", || state(stopped) == Some('T'));
    send(killed, Signal::SIGKILL);
}

trait EndedBy {
    fn ended_by(self, end: End);
}

impl EndedBy for Said {
    #[track_caller]
    fn ended_by(self, end: End) {
        let status = match end {
            End::Normal => Some(0),
            End::Timeout => Some(1),
            End::Signal(_, status) => Some(status),
            End::Second => Some(130),
            End::KillRunner | End::StopAndKillRunner => Some(137),
            End::KillKeeper | End::StopAndKillKeeper | End::StopRunnerKillKeeper => None,
        };
        assert_eq!(self.status, status, "{self}");
        if status == Some(137) {
            self.told("was killed by signal 9 (SIGKILL)");
        }
    }
}

macro_rules! cells {
    ($($kind:ident: $word:literal),* $(,)?) => {
        $(mod $kind {
            use super::*;
            cells!(@ends $word,
                normal_end: End::Normal,
                timeout: End::Timeout,
                interrupt: End::Signal(Signal::SIGINT, 130),
                second_interrupt: End::Second,
                sigterm: End::Signal(Signal::SIGTERM, 143),
                sighup: End::Signal(Signal::SIGHUP, 129),
                sigquit: End::Signal(Signal::SIGQUIT, 131),
                keeper_killed: End::KillKeeper,
                runner_killed: End::KillRunner,
                keeper_stopped_and_killed: End::StopAndKillKeeper,
                runner_stopped_and_killed: End::StopAndKillRunner,
                runner_stopped_and_keeper_killed: End::StopRunnerKillKeeper,
            );
        })*
    };
    (@ends $word:literal, $($name:ident: $end:expr),* $(,)?) => {
        $(#[test] fn $name() { contained($word, $end); })*
    };
}

cells! {
    child: "child",
    grandchild: "grandchild",
    other_session: "session",
    double_forked: "daemon",
    double_forked_without_environment: "bare",
}

#[test]
fn a_stopped_keeper_cleans_up_when_it_goes_on() {
    let marked = Marked::new("processes: {p: {command: exec @fake daemon @mark}}\n");
    let live = marked.flowrun("").start();
    marked.up();
    let (keeper, below) = (live.pid(), runner(live.pid()));
    stop_and_kill(keeper, below);
    send(keeper, Signal::SIGCONT);
    live.end().exits(137);
    marked.none_alive();
}

#[test]
fn what_was_there_before_is_spared() {
    let marked = Marked::new("processes: {p: {command: 'sleep 1000 & echo done'}}\n");
    // It must not hold the output that the test reads to its end.
    let line = format!("sleep 1001 >/dev/null 2>&1 & echo $!; exec '{}' {}.yaml", env!("CARGO_BIN_EXE_flowrun"), marked.mark);
    let output = std::process::Command::new("sh").args(["-c", &line]).current_dir(marked.place.path(".")).output().expect("sh runs");
    let before: u32 = String::from_utf8_lossy(&output.stdout).lines().next().and_then(|pid| pid.parse().ok()).expect("a number");
    assert!(lives(before));
    send(before, Signal::SIGKILL);
}

/// A run of many short processes: locks, retries, daemons, and what they leave in every way.
const BUSY: &str = "locks: [l, m]
semaphores: {s: 2}
on_failure: continue
defaults: {env: {MARK: @name}}
processes:
  server: {daemon: true, command: 'setsid sh -c \"while :; do sleep 0.1; done\" & exec sleep 1000'}
  locked: {replicas: 8, lock: [l, m], command: ': quick'}
  leaves: {replicas: 8, lock: m, command: '(setsid sleep 1000 &) ; sleep 1000 & true'}
  bare: {replicas: 4, semaphore: s, command: 'env -i MARK=@name setsid sleep 1000 &'}
  again: {replicas: 4, lock: l, retries: 2, command: 'sleep 1000 & [ $FLOWRUN_ATTEMPT = 3 ]'}
  steps: {replicas: 4, join: server, steps: [{command: 'sleep 1000 &'}, {lock: l, command: ': step'}, {command: ': last'}]}
  hops: {command: '@fake hops @mark'}
";

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_busy_run_that_is_killed_at_any_moment_leaves_nothing() {
    let seed = variable("FLOWRUN_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20 | 4711);
    println!("FLOWRUN_TEST_SEED={seed}");
    let mut dice = Dice(seed);
    let marked = Marked::new(BUSY);
    for _ in 0..variable("FLOWRUN_TEST_KILLS").unwrap_or(60) {
        let live = marked.flowrun("-o quiet").start();
        std::thread::sleep(Duration::from_micros(dice.below(60_000)));
        let below = common::victims::children(live.pid()).first().copied();
        match below.filter(|_| dice.below(2) == 0) {
            Some(below) => send(below, Signal::SIGKILL),
            None => send(live.pid(), Signal::SIGKILL),
        }
        live.end();
        marked.none_alive();
    }
    // Every lock is to be had.
    marked.flowrun("-o quiet").run().exits(0);
    marked.none_alive();
}
