//! The reading ends of streams whose lines go into queues.
//!
//! A stream is read only while nothing of it is on offer: its writer meets a full pipe when the queue is full, and
//! no more than one read of it is kept here. What is read becomes lines; what becomes of them is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};

use super::payload::{Payload, Splitter, TooLong};
use crate::base::ids::{JobId, OfferId, QueueId};
use crate::io::pipe;
use crate::io::poller::Poller;

/// What one read brings at most.
const PER_READ: usize = 64 * 1024;

/// What came of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Brought {
    /// The stream.
    pub key: usize,
    /// Whose it is.
    pub job: JobId,
    /// Where its lines go.
    pub queue: QueueId,
    /// The lines, in order.
    pub lines: Vec<Payload>,
    /// Then came one that is too long; the stream is closed.
    pub bad: bool,
}

#[derive(Debug)]
struct Source {
    file: File,
    job: JobId,
    queue: QueueId,
    splitter: Splitter,
    /// What of it is on offer.
    offer: Option<OfferId>,
    /// There may be something to read: the kernel tells only once.
    more: bool,
    /// One read brings no more, so that a bounded queue holds its producer back soon.
    per_read: usize,
}

/// All such streams.
#[derive(Debug)]
pub struct Sources {
    open: BTreeMap<usize, Source>,
    /// Those that can be read now.
    ready: BTreeSet<usize>,
    buffer: Vec<u8>,
}

impl Default for Sources {
    fn default() -> Self {
        Self { open: BTreeMap::new(), ready: BTreeSet::new(), buffer: vec![0; PER_READ] }
    }
}

impl Sources {
    /// Watches a reading end, which must not block.
    ///
    /// # Errors
    /// The system's error.
    pub fn add(&mut self, key: usize, end: OwnedFd, job: JobId, queue: QueueId, poller: &Poller) -> io::Result<()> {
        poller.add(end.as_raw_fd(), key)?;
        let per_read = pipe::capacity(&end).min(PER_READ);
        let file = File::from(end);
        self.open.insert(key, Source { file, job, queue, splitter: Splitter::default(), offer: None, more: false, per_read });
        Ok(())
    }

    /// The kernel says that a stream can be read.
    pub fn mark_ready(&mut self, key: usize) {
        if let Some(source) = self.open.get_mut(&key) {
            source.more = true;
            if source.offer.is_none() {
                self.ready.insert(key);
            }
        }
    }

    /// Whether a stream can be read now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether a job has streams.
    pub fn has(&self, job: JobId) -> bool {
        self.open.values().any(|source| source.job == job)
    }

    /// Reads once from every stream that can be read.
    pub fn read_ready(&mut self, poller: &Poller) -> Vec<Brought> {
        std::mem::take(&mut self.ready).into_iter().filter_map(|key| self.read(key, poller)).collect()
    }

    /// Lines of a stream are on offer: it is read no further.
    pub fn offered(&mut self, key: usize, offer: OfferId) {
        if let Some(source) = self.open.get_mut(&key) {
            source.offer = Some(offer);
            self.ready.remove(&key);
        }
    }

    /// Nothing of a stream is on offer any more.
    pub fn offer_over(&mut self, key: usize) {
        if let Some(source) = self.open.get_mut(&key) {
            source.offer = None;
            if source.more {
                self.ready.insert(key);
            }
        }
    }

    /// Closes a stream: who writes into it meets an error.
    fn close(&mut self, key: usize, poller: &Poller) {
        self.ready.remove(&key);
        if let Some(source) = self.open.remove(&key) {
            poller.remove(source.file.as_raw_fd());
        }
    }

    /// Looks at all streams into a queue, also at those of which the kernel has told nothing.
    pub fn look_at(&mut self, queue: QueueId) {
        for (key, source) in self.open.iter_mut().filter(|(_, source)| source.queue == queue && source.offer.is_none()) {
            source.more = true;
            self.ready.insert(*key);
        }
    }

    /// Reads all that an ended job has left in its streams, and closes them. What was on offer of each goes with it.
    pub fn drain(&mut self, job: JobId, poller: &Poller) -> Vec<(Brought, Option<OfferId>)> {
        let keys = self.keys(|source| source.job == job);
        keys.into_iter().filter_map(|key| self.drain_one(key, poller)).collect()
    }

    /// Reads all that is in a stream now, and closes it.
    pub fn drain_one(&mut self, key: usize, poller: &Poller) -> Option<(Brought, Option<OfferId>)> {
        self.ready.remove(&key);
        let mut source = self.open.remove(&key)?;
        poller.remove(source.file.as_raw_fd());
        let mut brought = Brought { key, job: source.job, queue: source.queue, lines: Vec::new(), bad: false };
        // Somebody may write on and on: what the job itself has written fits into the pipe.
        let mut left = pipe::capacity(&source.file);
        while left > 0 && !brought.bad {
            match source.file.read(&mut self.buffer[..left.min(PER_READ)]) {
                Ok(0) => break,
                Ok(count) => {
                    left -= count;
                    brought.bad = source.splitter.push(&self.buffer[..count], &mut brought.lines).is_err();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if !brought.bad {
            brought.lines.extend(source.splitter.finish());
        }
        Some((brought, source.offer))
    }

    /// Reads once.
    fn read(&mut self, key: usize, poller: &Poller) -> Option<Brought> {
        let source = self.open.get_mut(&key)?;
        let mut brought = Brought { key, job: source.job, queue: source.queue, lines: Vec::new(), bad: false };
        let ended = match source.file.read(&mut self.buffer[..source.per_read]) {
            Ok(0) => true,
            Ok(count) => {
                let pushed = source.splitter.push(&self.buffer[..count], &mut brought.lines);
                brought.bad = pushed == Err(TooLong);
                brought.bad
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => false,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                source.more = false;
                return None;
            }
            Err(_) => true,
        };
        if ended && !brought.bad {
            brought.lines.extend(source.splitter.finish());
        }
        if ended {
            self.close(key, poller);
        } else if brought.lines.is_empty() {
            self.ready.insert(key);
        }
        Some(brought)
    }

    fn keys(&self, which: impl Fn(&Source) -> bool) -> Vec<usize> {
        self.open.iter().filter(|(_, source)| which(source)).map(|(key, _)| *key).collect()
    }
}
