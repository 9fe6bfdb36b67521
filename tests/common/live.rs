//! A call that still runs: what it says is read as it comes, and it does not outlive its test.

use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::victims::{PATIENCE, children};
use super::{Call, Said};

/// A call that still runs: its standard output is read line by line, to learn how far it is.
pub struct Live {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The lines so far.
    pub seen: Vec<String>,
    /// Gone with this; what waits for that ends a call on which a test waits in vain.
    _watched: Sender<()>,
}

/// Longer than any call lasts, however slow the machine.
const LONGEST: Duration = Duration::from_secs(180);

/// Ends a call that has lasted too long, so that a test that waits for what it does not say fails and shows what it said.
fn watch(pid: u32) -> Sender<()> {
    let (watched, over) = channel();
    std::thread::spawn(move || {
        if over.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
            tell(pid, Signal::SIGQUIT);
            tell(pid, Signal::SIGCONT);
        }
    });
    watched
}

/// Sends a signal to a call and what is directly below it: it may be below another program, and either may be stopped.
fn tell(pid: u32, signal: Signal) {
    let all = children(pid).into_iter().chain([pid]).filter_map(|pid| i32::try_from(pid).ok());
    all.for_each(|pid| _ = kill(Pid::from_raw(pid), signal));
}

impl Call {
    /// Starts it and goes on.
    pub fn start(mut self) -> Live {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let watched = watch(child.id());
        Live { child, lines, seen: Vec::new(), _watched: watched }
    }
}

impl Live {
    /// Waits until a line contains this.
    pub fn wait_for(&mut self, text: &str) {
        while !self.seen.last().is_some_and(|line| line.contains(text)) {
            match self.lines.next() {
                Some(line) => self.seen.push(line.expect("text")),
                None => panic!("`{text}` never came: {:?}", self.seen),
            }
        }
    }

    /// The number of the process that was called.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its standard error up to a line that contains this.
    pub fn told_until(&mut self, text: &str) -> String {
        let pipe = self.child.stderr.as_mut().expect("a pipe");
        let mut told = Vec::new();
        let mut byte = [0];
        while !(told.ends_with(b"\n") && String::from_utf8_lossy(&told).lines().last().is_some_and(|line| line.contains(text))) {
            assert_eq!(pipe.read(&mut byte).expect("it can be read"), 1, "`{text}` never came: {}", String::from_utf8_lossy(&told));
            told.push(byte[0]);
        }
        String::from_utf8_lossy(&told).into_owned()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a number");
        kill(Pid::from_raw(pid), signal).expect("it is alive");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Said {
        let pid = self.child.id();
        let mut stderr = Vec::new();
        let mut pipe = self.child.stderr.take().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let _ = pipe.read_to_end(&mut stderr);
            stderr
        });
        for line in self.lines.by_ref() {
            self.seen.push(line.expect("text"));
        }
        let status = self.child.wait().expect("it ends");
        let stderr = String::from_utf8_lossy(&reader.join().expect("it is read")).into_owned();
        let stdout = self.seen.iter().map(|line| format!("{line}\n")).collect();
        Said { status: status.code(), stdout, stderr, pid }
    }
}

impl Drop for Live {
    /// A test that fails leaves nothing behind: flowrun is told to kill all that it runs, at once.
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        tell(self.child.id(), Signal::SIGQUIT);
        tell(self.child.id(), Signal::SIGCONT);
        let since = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if since.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
