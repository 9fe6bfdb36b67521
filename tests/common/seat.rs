//! Somebody at a terminal: the program has a pseudo-terminal as its standard streams and as its controlling
//! terminal, the test types and reads.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// After this a test has failed. Nothing in here takes long; the machine may.
const LIMIT: Duration = Duration::from_secs(20);

/// Makes a session whose controlling terminal is standard input, and becomes the program.
const BECOME: &str = "import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])";

/// The terminal and the program at it.
pub struct Seat {
    child: Child,
    terminal: File,
    seen: Vec<u8>,
    /// What has been waited for already.
    read: usize,
}

impl Seat {
    /// Starts a program at a terminal of this size, given with its environment and folder.
    pub fn new(program: &Command, columns: u16, rows: u16) -> Self {
        let pty = nix::pty::openpty(None, None).expect("a pseudo-terminal");
        let mut command = Command::new("python3");
        command.args(["-c", BECOME]).arg(program.get_program()).args(program.get_args());
        program.get_current_dir().map(|folder| command.current_dir(folder));
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("TERM", "xterm");
        resize(pty.master.as_fd(), columns, rows);
        let slave = File::from(pty.slave);
        let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("python3 starts");
        // The test keeps no slave: when all others are closed, reading ends.
        drop(command);
        drop(slave);
        Self { child, terminal: File::from(pty.master), seen: Vec::new(), read: 0 }
    }

    /// The number of the program's process, which leads the terminal's session.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a number")
    }

    /// Types keys.
    pub fn types(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("the terminal takes them");
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        resize(self.terminal.as_fd(), columns, rows);
    }

    /// Waits until this is shown, after all that was waited for before.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let since = Instant::now();
        loop {
            let rest = &self.seen[self.read..];
            if let Some(at) = rest.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.read += at + text.len();
                return;
            }
            assert!(since.elapsed() < LIMIT && self.more(), "`{text}` never came:\n{}", self.all());
        }
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < LIMIT, "{what} never came about:\n{}", self.all());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The group that is the terminal's foreground.
    pub fn foreground(&self) -> i32 {
        rustix::termios::tcgetpgrp(&self.terminal).map_or(0, |group| group.as_raw_nonzero().get())
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).expect("a terminal").local_modes.contains(LocalModes::ECHO)
    }

    /// All that was shown so far.
    pub fn all(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Waits for the program's end: its exit status, and all that was shown.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let since = Instant::now();
        while self.more() {
            assert!(since.elapsed() < LIMIT, "it never ended:\n{}", self.all());
        }
        let status = self.child.wait().expect("it ends");
        (status.code(), self.all())
    }

    /// Reads what is there, waiting a moment for it; false when nobody is at the other end any more.
    fn more(&mut self) -> bool {
        let readable = poll(&mut [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)], PollTimeout::from(100_u8));
        if readable == Ok(0) {
            return true;
        }
        let mut bytes = [0; 65536];
        match self.terminal.read(&mut bytes) {
            Ok(count @ 1..) => {
                self.seen.extend_from_slice(&bytes[..count]);
                true
            }
            Ok(_) | Err(_) => false,
        }
    }
}

impl Drop for Seat {
    /// A test that fails leaves nothing behind: the terminal hangs up, as when its window is closed.
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, kill};
        let pid = nix::unistd::Pid::from_raw(self.pid());
        let since = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            let signal = if since.elapsed() < LIMIT { Signal::SIGHUP } else { Signal::SIGKILL };
            let _ = kill(pid, signal);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn resize(terminal: impl std::os::fd::AsFd, columns: u16, rows: u16) {
    tcsetwinsize(terminal, Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }).expect("a terminal");
}
