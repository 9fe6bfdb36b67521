//! The reading ends of children's outputs.
//!
//! Keys are never used twice, so that a late event can not be taken for another pipe's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};

use super::lines::{LineBuffer, without_returns};
use super::secrets::Hidden;
use crate::base::ids::ProcessId;
use crate::base::secret::Hider;
use crate::io::poller::Poller;
use crate::io::pty::{self, Size};
use crate::notice::Stream;

/// What one turn reads of one pipe at most, so that a flood holds up nobody else.
const PER_TURN: usize = 256 * 1024;
/// What is read at most of a pipe whose process has ended while somebody still writes into it.
const PER_DRAIN: usize = 256 * 1024;

/// Lines that a process wrote.
pub type Said = (ProcessId, Stream, Vec<u8>);

struct Pipe {
    file: File,
    process: ProcessId,
    stream: Stream,
    lines: LineBuffer,
    hider: Hider,
    /// It is a pseudo-terminal.
    terminal: bool,
}

impl Pipe {
    fn said(&self, lines: Vec<u8>) -> Said {
        let lines = if self.terminal { without_returns(&lines) } else { lines };
        (self.process, self.stream, lines)
    }
}

/// All pipes that are open.
pub struct Pipes {
    pipes: BTreeMap<usize, Pipe>,
    /// Keys of pipes that may have more to read: the kernel tells only once.
    ready: BTreeSet<usize>,
    /// Processes whose output is looked at piece by piece, and what they wrote: lines may never end.
    listened: BTreeSet<ProcessId>,
    heard: Vec<Said>,
    next_key: usize,
    buffer: Vec<u8>,
    hidden: Hidden,
}

impl Pipes {
    /// No pipes; keys from `first_key` on are theirs, and what is `hidden` does not come out as lines.
    pub fn new(first_key: usize, hidden: Hidden) -> Self {
        Self {
            pipes: BTreeMap::new(),
            ready: BTreeSet::new(),
            listened: BTreeSet::new(),
            heard: Vec::new(),
            next_key: first_key,
            buffer: vec![0; 64 * 1024],
            hidden,
        }
    }

    /// Watches a reading end; `terminal` when it is that of a pseudo-terminal.
    ///
    /// # Errors
    /// The system's error.
    pub fn add(&mut self, poller: &Poller, end: OwnedFd, process: ProcessId, stream: Stream, terminal: bool) -> io::Result<usize> {
        let key = self.next_key;
        self.next_key += 1;
        poller.add(end.as_raw_fd(), key)?;
        self.pipes
            .insert(key, Pipe { file: File::from(end), process, stream, lines: LineBuffer::default(), hider: Hider::default(), terminal });
        Ok(key)
    }

    /// Whether what a process writes is also kept as it comes, for [`take_heard`](Self::take_heard).
    pub fn listen(&mut self, process: ProcessId, on: bool) {
        if on {
            self.listened.insert(process);
        } else {
            self.listened.remove(&process);
        }
    }

    /// What was read of such processes since the last call, in pieces.
    pub fn take_heard(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.heard)
    }

    /// Tells all pseudo-terminals that flowrun's own terminal has another size.
    pub fn resize(&self, size: Size) {
        self.pipes.values().filter(|pipe| pipe.terminal).for_each(|pipe| pty::resize(&pipe.file, size));
    }

    /// The kernel says that a pipe can be read.
    pub fn mark_ready(&mut self, key: usize) {
        if self.pipes.contains_key(&key) {
            self.ready.insert(key);
        }
    }

    /// Whether some pipe may have more to read.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Reads a fair part of every pipe that can be read.
    pub fn read_ready(&mut self, poller: &Poller, said: &mut Vec<Said>) {
        for key in std::mem::take(&mut self.ready) {
            if self.read(key, PER_TURN, poller, said) {
                self.ready.insert(key);
            }
        }
    }

    /// Reads all that is there of a pipe whose process has ended.
    pub fn drain(&mut self, key: usize, poller: &Poller, said: &mut Vec<Said>) {
        self.read(key, PER_DRAIN, poller, said);
    }

    /// Processes whose pipes somebody still holds.
    pub fn holders(&self) -> Vec<ProcessId> {
        let mut processes: Vec<ProcessId> = self.pipes.values().map(|pipe| pipe.process).collect();
        processes.dedup();
        processes
    }

    /// Closes everything; what was written last comes out as lines.
    pub fn close_all(&mut self, poller: &Poller, said: &mut Vec<Said>) {
        while let Some((_, pipe)) = self.pipes.pop_first() {
            close(pipe, poller, &self.hidden, said);
        }
    }

    /// Reads up to `limit` bytes; true when there may be more.
    fn read(&mut self, key: usize, limit: usize, poller: &Poller, said: &mut Vec<Said>) -> bool {
        let Some(pipe) = self.pipes.get_mut(&key) else { return false };
        let mut total = 0;
        while total < limit {
            match pipe.file.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => {
                    total += count;
                    if self.listened.contains(&pipe.process) {
                        self.heard.push((pipe.process, pipe.stream, self.buffer[..count].to_vec()));
                    }
                    let shown = pipe.hider.push(&self.hidden.borrow(), &self.buffer[..count]);
                    if let Some(lines) = pipe.lines.push(&shown) {
                        said.push(pipe.said(lines));
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(_) => break,
            }
        }
        if total >= limit {
            return true;
        }
        if let Some(pipe) = self.pipes.remove(&key) {
            close(pipe, poller, &self.hidden, said);
        }
        false
    }
}

fn close(mut pipe: Pipe, poller: &Poller, hidden: &Hidden, said: &mut Vec<Said>) {
    poller.remove(pipe.file.as_raw_fd());
    let rest = pipe.hider.finish(&hidden.borrow());
    if let Some(lines) = pipe.lines.push(&rest) {
        said.push(pipe.said(lines));
    }
    if let Some(lines) = pipe.lines.finish() {
        said.push(pipe.said(lines));
    }
}
