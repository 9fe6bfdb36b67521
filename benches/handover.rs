//! How fast a lock goes from one to the next, against flock(1).
//!
//! `queued`: a hundred wait for one lock, each to note the time; the median of the times between two notes, which is
//! the end of one command, the hand-over, and the start of the next. `flock` is flock(1), `lock` is `flowrun lock`
//! inside of a run, `declared` are processes with `lock:`. `loops`: two shells take the lock again and again for
//! `true`, which is mostly the start of the program that takes it; told for each time it was taken. The goal is a
//! ratio to flock(1) of at most 1.
//!
//! `cargo bench --bench handover`

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ROUNDS: usize = 5;
const WAITING: usize = 100;
const TIMES: usize = 150;
/// Until then all that are to wait do.
const SETTLE: Duration = Duration::from_millis(2500);

fn main() {
    if std::env::args().nth(1).as_deref() == Some("note") {
        return note();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let stamp = std::env::current_exe().expect("this program").display().to_string();
    let mut queued: [Vec<f64>; 3] = Default::default();
    let mut loops: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        queued[0].extend(noted(folder.path(), || shells(folder.path(), &hundred("flock lock", &stamp))));
        queued[1].extend(noted(folder.path(), || run(folder.path(), &script(&hundred("$FLOWRUN lock db --", &stamp)))));
        queued[2].extend(noted(folder.path(), || run(folder.path(), &declared(&stamp))));
        loops[0].push(timed(|| shells(folder.path(), &format!("{0} & {0} & wait", again("flock lock")))));
        loops[1].push(timed(|| run(folder.path(), &two(&again("$FLOWRUN lock db --")))));
    }
    println!("queued: one to the next of {WAITING}");
    tell(&["flock", "lock", "declared"], queued.map(median));
    println!("loops: two shells, each {TIMES} times");
    tell(&["flock", "lock"], loops.map(|rounds| median(rounds) / (2 * TIMES) as f64));
}

/// Appends the time, in nanoseconds of the system's own clock, to a file.
fn note() {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time of today").as_nanos();
    let mut file = fs::OpenOptions::new().append(true).create(true).open("notes").expect("a file");
    file.write_all(format!("{nanos}\n").as_bytes()).expect("there is room");
}

/// A hundred that wait until one gives the lock back.
fn hundred(lock: &str, stamp: &str) -> String {
    let first = format!("{lock} sh -c 'until [ -e go ]; do sleep 0.05; done' & sleep 0.3");
    format!("{first}; for i in $(seq {WAITING}); do {lock} {stamp} note & done; wait")
}

fn again(lock: &str) -> String {
    format!("(i=0; while [ $i -lt {TIMES} ]; do {lock} true; i=$((i+1)); done)")
}

fn script(text: &str) -> String {
    format!("locks: [db]\nprocesses:\n  all:\n    command: |\n      {text}\n")
}

fn two(text: &str) -> String {
    format!("locks: [db]\nprocesses:\n  loop:\n    replicas: 2\n    command: |\n      {text}\n")
}

fn declared(stamp: &str) -> String {
    let first = "  first: {lock: db, command: [sh, -c, 'until [ -e go ]; do sleep 0.05; done']}\n";
    format!("locks: [db]\nprocesses:\n{first}  all: {{replicas: {WAITING}, lock: db, command: [{stamp}, note]}}\n")
}

fn shells(folder: &Path, text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]).current_dir(folder);
    command
}

fn run(folder: &Path, workflow: &str) -> Command {
    fs::write(folder.join("flowrun.yaml"), workflow).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
    command.arg("-q").env("FLOWRUN", env!("CARGO_BIN_EXE_flowrun")).env("XDG_RUNTIME_DIR", folder).current_dir(folder);
    command
}

/// The times between two notes, in microseconds.
fn noted(folder: &Path, command: impl Fn() -> Command) -> Vec<f64> {
    let (go, notes) = (folder.join("go"), folder.join("notes"));
    let _ = (fs::remove_file(&go), fs::remove_file(&notes));
    let mut child = command().stdout(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(SETTLE);
    fs::write(&go, "").expect("a file");
    assert!(child.wait().expect("it ends").success(), "it fails");
    let text = fs::read_to_string(&notes).expect("notes");
    let times: Vec<f64> = text.lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(times.len(), WAITING);
    times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000.0).collect()
}

/// How long it takes, in microseconds.
fn timed(command: impl Fn() -> Command) -> f64 {
    let began = Instant::now();
    assert!(command().stdout(Stdio::null()).status().expect("it starts").success(), "it fails");
    began.elapsed().as_secs_f64() * 1e6
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn tell<const N: usize>(names: &[&str; N], micros: [f64; N]) {
    for (name, each) in names.iter().zip(micros) {
        println!("  {name:10} {each:>9.1} µs, {:>6.3} of flock", each / micros[0]);
    }
}
