//! What a queue between two processes costs.
//!
//! Sends short lines through one queue, from one producer to one consumer, and prints how many go through in a second,
//! beside a bare pipe and Python's `multiprocessing.Queue`, each measured in the same minute on the same machine. The
//! goal is at least ten times Python. Then the time of one `get` and `done` over the control socket.
//!
//! `cargo bench --bench queue`; with a number, so many lines.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FLOWRUN: &str = env!("CARGO_BIN_EXE_flowrun");
const ROUND_TRIPS: u32 = 2000;

/// One process puts, the other takes until it is told that nothing follows.
const PYTHON: &str = "
import multiprocessing as m, sys, time
def put(queue, count):
    for number in range(count): queue.put(str(number))
    queue.put(None)
if __name__ == '__main__':
    count = int(sys.argv[1])
    queue = m.Queue(); began = time.perf_counter()
    putter = m.Process(target=put, args=(queue, count)); putter.start()
    while queue.get() is not None: pass
    print(time.perf_counter() - began)
";

/// Takes items over one connection, as the client in the reference does, and prints the seconds for one.
const TAKER: &str = "
import hmac, json, os, socket, sys, time
connection = socket.socket(socket.AF_UNIX); connection.connect(os.environ['FLOWRUN_SOCKET'])
stream = connection.makefile('rwb')
def say(message):
    stream.write(json.dumps(message).encode() + b'\\n'); stream.flush()
    return json.loads(stream.readline())
challenge = bytes.fromhex(json.loads(stream.readline())['challenge'])
key = bytes.fromhex(os.environ['FLOWRUN_AUTHKEY'])
say({'hmac': hmac.digest(key, challenge, 'sha256').hex(), 'process': os.environ['FLOWRUN_PROCESS']})
began = time.perf_counter(); count = 0
while 'ok' in say({'id': 1, 'do': 'get', 'queue': 'q'}):
    say({'id': 2, 'do': 'done', 'queue': 'q'}); count += 1
print((time.perf_counter() - began) / count)
";

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let pipe = pipe(count);
    let bounds = [("a queue", ""), ("a queue of 1000", "maxsize: 1000")];
    println!("{:24} {:>12} {:>16} {:>16}", "", "items/s", "of a bare pipe", "times Python's");
    let python = python(count / 5).map(|took| f64::from(count / 5) / took.as_secs_f64());
    for (name, bound) in bounds {
        let rate = f64::from(count) / queue(count, bound).as_secs_f64();
        let share = rate * pipe.as_secs_f64() / f64::from(count) * 100.0;
        let times = python.map_or_else(|| "no Python".to_owned(), |python| format!("{:.1}", rate / python));
        println!("{name:24} {rate:>12.0} {share:>14.1} % {times:>16}");
    }
    if let Some(seconds) = round_trip() {
        println!("get and done over the socket: {:.0} µs", seconds * 1e6);
    }
}

/// A bare pipe between the same two programs.
fn pipe(count: u32) -> Duration {
    timed(Command::new("sh").args(["-c", &format!("seq 1 {count} | wc -l")]))
}

fn queue(count: u32, bound: &str) -> Duration {
    let mut text = format!("queues: {{q: {{{bound}}}}}\nprocesses:\n");
    let _ = writeln!(text, "  gen: {{stdout: {{queue: q}}, command: [seq, '1', '{count}']}}");
    text.push_str("  eat: {stdin: {queue: q}, command: [wc, -l]}\n");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("queue.yaml");
    std::fs::write(&file, text).expect("a file");
    timed(Command::new(FLOWRUN).arg("--quiet").arg(file))
}

fn timed(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("it starts");
    assert!(status.success(), "{command:?}: {status}");
    began.elapsed()
}

/// None where there is no Python.
fn python(count: u32) -> Option<Duration> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("queue.py");
    std::fs::write(&file, PYTHON).expect("a file");
    let output = Command::new("python3").arg(file).arg(count.to_string()).output().ok()?;
    Some(Duration::from_secs_f64(String::from_utf8_lossy(&output.stdout).trim().parse().ok()?))
}

/// The seconds for one item; none where there is no Python to speak the protocol.
fn round_trip() -> Option<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("taker.py"), TAKER).expect("a file");
    let text = format!(
        "queues: [q]\nprocesses:\n  gen: {{stdout: {{queue: q}}, command: [seq, '1', '{ROUND_TRIPS}']}}\n  eat: {{consumes: q, command: [python3, taker.py], stdout: {{file: took}}}}\n"
    );
    std::fs::write(folder.path().join("flowrun.yaml"), text).expect("a file");
    let status = Command::new(FLOWRUN).arg("--quiet").current_dir(folder.path()).status().expect("it starts");
    let took = std::fs::read_to_string(folder.path().join("took")).ok()?;
    took.trim().parse().ok().filter(|_| status.success())
}
