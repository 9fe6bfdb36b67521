//! One client of the control socket: bytes in, lines out, a bounded backlog.
//!
//! Never blocks: what the client does not take now is kept until it can, and one that takes nothing is given
//! up when too much is kept. Knows whether the client has proved that it belongs to the run, and nothing of
//! what requests mean.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::control::auth::Secret;
use crate::control::frame::{Frames, MAX_LINE, MAX_PROOF};

/// A client that has proved nothing after this time is let go.
const PROOF: Duration = Duration::from_secs(10);
/// Who has taken so little that more than this waits for it is given up when there is another line.
const BACKLOG: usize = 4 << 20;
/// What one turn reads of one client at most.
const PER_TURN: usize = 64 * 1024;

/// How far a client has come.
#[derive(Debug)]
pub enum Trust {
    /// It was sent this challenge and has to answer until then.
    Asked(Secret, Instant),
    /// It knows the key; the process that it says it belongs to.
    Proved(Option<String>),
}

/// The other end has gone, or has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over;

/// A client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    frames: Frames,
    backlog: VecDeque<u8>,
    /// The client sends nothing more.
    ended: bool,
    /// How far it has come.
    pub trust: Trust,
}

impl Connection {
    /// A client that is to answer a challenge; the stream must not block.
    pub fn new(stream: UnixStream, challenge: Secret, now: Instant) -> Self {
        Self { stream, frames: Frames::default(), backlog: VecDeque::new(), ended: false, trust: Trust::Asked(challenge, now + PROOF) }
    }

    /// Its descriptor.
    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Until when it must have proved what it is; none when it has.
    pub fn deadline(&self) -> Option<Instant> {
        match self.trust {
            Trust::Asked(_, until) => Some(until),
            Trust::Proved(_) => None,
        }
    }

    /// Reads a fair part of what has come; true when there may be more.
    pub fn read(&mut self) -> Result<bool, Over> {
        let mut buffer = [0; 16 * 1024];
        let mut total = 0;
        while total < PER_TURN {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(count) => {
                    total += count;
                    self.frames.push(&buffer[..count]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(Over),
            }
        }
        Ok(true)
    }

    /// The next whole line that has come. A client that sends nothing more is over when the last was taken.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, Over> {
        let longest = match self.trust {
            Trust::Asked(..) => MAX_PROOF,
            Trust::Proved(_) => MAX_LINE,
        };
        match self.frames.next_line(longest) {
            Ok(None) if self.ended => Err(Over),
            line => line.map_err(|_| Over),
        }
    }

    /// Sends a line, or keeps it until the client takes it.
    pub fn send(&mut self, line: &[u8]) -> Result<(), Over> {
        if self.backlog.len() > BACKLOG {
            return Err(Over);
        }
        self.backlog.extend(line);
        self.flush()
    }

    /// Sends what can be sent now of what was kept.
    pub fn flush(&mut self) -> Result<(), Over> {
        while !self.backlog.is_empty() {
            match self.stream.write(self.backlog.as_slices().0) {
                Ok(0) => return Err(Over),
                Ok(count) => drop(self.backlog.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Over),
            }
        }
        // What a large answer took is not kept for as long as the client stays.
        self.backlog.shrink_to(BACKLOG / 64);
        Ok(())
    }

    /// Whether something is kept for it.
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    fn pair() -> (Connection, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("it is a socket");
        (Connection::new(ours, Secret::random().expect("random bytes"), Instant::now()), theirs)
    }

    #[test]
    fn what_is_not_taken_is_kept_up_to_a_bound_and_then_given_up() {
        let (mut connection, theirs) = pair();
        let line = [vec![b'x'; 1 << 20], b"\n".to_vec()].concat();
        let sent = (0..100).take_while(|_| connection.send(&line).is_ok()).count();
        assert!((4..=6).contains(&sent), "{sent} lines were kept");
        drop(theirs);
        assert_eq!(connection.flush(), Err(Over));
    }

    #[test]
    fn a_slow_client_gets_everything_in_order() {
        let (mut connection, theirs) = pair();
        let lines: Vec<String> = (0..40_000).map(|number| format!("line {number}\n")).collect();
        lines.iter().for_each(|line| connection.send(line.as_bytes()).expect("it is kept"));
        assert!(connection.has_backlog());
        let reader = std::thread::spawn(move || {
            BufReader::new(theirs).lines().take(40_000).map(|line| line.expect("text") + "\n").collect::<Vec<_>>()
        });
        while connection.has_backlog() {
            connection.flush().expect("somebody reads");
            std::thread::yield_now();
        }
        assert_eq!(reader.join().expect("it reads"), lines);
    }

    #[test]
    fn reading_is_fair_and_sees_the_end() {
        let (mut connection, mut theirs) = pair();
        let big = vec![b'y'; PER_TURN + 10];
        let writer = std::thread::spawn(move || theirs.write_all(&big).map(|()| theirs));
        let mut more = false;
        while !more {
            more = connection.read().expect("it is there");
        }
        assert_eq!(connection.next_line(), Err(Over), "nothing is proved");
        connection.trust = Trust::Proved(None);
        assert_eq!(connection.next_line(), Ok(None));
        let mut theirs = writer.join().expect("it writes").expect("it is read");
        theirs.write_all(b"\nlast\n").expect("it is read");
        drop(theirs);
        while connection.read() != Ok(false) {}
        let lines: Vec<usize> = (0..2).map(|_| connection.next_line().expect("a line").expect("it has come").len()).collect();
        assert_eq!(lines, [PER_TURN + 10, 4]);
        assert_eq!(connection.next_line(), Err(Over));
    }
}
