//! The writing ends of standard inputs that are fed from queues.
//!
//! A consumer that has its queue alone gets items as its pipe takes them; the pipe is small where the queue is bounded.
//! Others get one only when their pipe is empty: whoever is free has the next, and nobody sits on items that others,
//! or its own next attempt, could do. That is exact where
//! a pipe can be made one page large (Linux); elsewhere a consumer can be given items ahead, as many as fit into
//! its pipe. An item counts as handed over when its first byte is written. Such a consumer is another taker each
//! time: the one before is over as soon as its item is written, so that nobody waits for the reading of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsRawFd, OwnedFd};

use super::payload::Payload;
use crate::base::ids::{ItemId, JobId, QueueId, TakerId};
use crate::io::pipe;
use crate::io::poller::Poller;

/// The pipe of a consumer that may be far ahead, in bytes.
const LARGE: usize = 256 * 1024;
/// So many items a consumer that may be ahead gets at once.
const MANY: u32 = 1024;

/// What a consumer may be handed before it has read what it was handed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Nothing.
    No,
    /// What a small pipe takes.
    Little,
    /// What a large pipe takes.
    Far,
}

impl Ahead {
    /// The size of the pipe, in bytes.
    pub fn pipe_size(self) -> usize {
        match self {
            Self::No | Self::Little => pipe::SMALLEST,
            Self::Far => LARGE,
        }
    }
}

/// A consumer that can take items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Who.
    pub taker: TakerId,
    /// Of which queue.
    pub queue: QueueId,
    /// The most at once.
    pub most: u32,
}

/// A consumer that takes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Who.
    pub taker: TakerId,
    /// Of which queue.
    pub queue: QueueId,
    /// The items of which no byte was written.
    pub back: Vec<ItemId>,
    /// Those that were handed over since it wanted some.
    pub done: Vec<ItemId>,
}

#[derive(Debug)]
struct Sink {
    file: File,
    job: JobId,
    /// As whom it has been handed items, or wants some.
    taker: Option<TakerId>,
    queue: QueueId,
    ahead: Ahead,
    /// What is still to be written, and how much of the first is.
    left: VecDeque<(ItemId, Payload)>,
    written: usize,
    writable: bool,
    /// It has said that it wants items, and has no answer yet.
    wants: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Sinks {
    open: BTreeMap<usize, Sink>,
    keys: BTreeMap<TakerId, usize>,
    /// Those for which something may be done now.
    active: BTreeSet<usize>,
}

impl Sinks {
    /// Feeds a writing end, which must not block.
    ///
    /// # Errors
    /// The system's error.
    pub fn add(&mut self, key: usize, end: OwnedFd, job: JobId, queue: QueueId, ahead: Ahead, poller: &Poller) -> io::Result<()> {
        poller.add_writable(end.as_raw_fd(), key)?;
        let (file, left) = (File::from(end), VecDeque::new());
        self.open.insert(key, Sink { file, job, taker: None, queue, ahead, left, written: 0, writable: false, wants: false });
        Ok(())
    }

    /// The kernel says that a pipe can be written.
    pub fn mark_ready(&mut self, key: usize) {
        if let Some(sink) = self.open.get_mut(&key) {
            sink.writable = true;
            self.active.insert(key);
        }
    }

    /// Whether something can be done at once.
    pub fn has_ready(&self) -> bool {
        !self.active.is_empty()
    }

    /// Whether a job is fed.
    pub fn has(&self, job: JobId) -> bool {
        self.open.values().any(|sink| sink.job == job)
    }

    /// Whether this is one of them.
    pub fn knows(&self, taker: TakerId) -> bool {
        self.keys.contains_key(&taker)
    }

    /// Writes what can be written; who takes no more, and who wants items now. `done` gets what was handed over.
    pub fn turn(
        &mut self,
        poller: &Poller,
        done: &mut Vec<(QueueId, ItemId)>,
        mut new_taker: impl FnMut() -> TakerId,
    ) -> (Vec<Over>, Vec<Want>) {
        let (mut over, mut wants) = (Vec::new(), Vec::new());
        for key in std::mem::take(&mut self.active) {
            over.extend(self.flush(key, poller, done));
            let Some(want) = self.open.get_mut(&key).and_then(|sink| sink.want(&mut new_taker)) else { continue };
            self.keys.insert(want.taker, key);
            wants.push(want);
        }
        (over, wants)
    }

    /// Items for one of them, in order; none is left of what it had before.
    pub fn hand(
        &mut self,
        taker: TakerId,
        items: VecDeque<(ItemId, Payload)>,
        poller: &Poller,
        done: &mut Vec<(QueueId, ItemId)>,
    ) -> Option<Over> {
        let key = *self.keys.get(&taker)?;
        let sink = self.open.get_mut(&key)?;
        sink.wants = false;
        sink.left.extend(items);
        // What it wants next is asked for in the next turn, so that one that takes much holds up nobody.
        self.active.insert(key);
        self.flush(key, poller, done)
    }

    /// Writes what can be written now; who takes no more by that, or until it wants more as another.
    fn flush(&mut self, key: usize, poller: &Poller, done: &mut Vec<(QueueId, ItemId)>) -> Option<Over> {
        let sink = self.open.get_mut(&key)?;
        if sink.flush(done).is_err() {
            return self.close(key, poller);
        }
        let taker = sink.taker.take_if(|_| sink.ahead == Ahead::No && !sink.wants && sink.left.is_empty())?;
        self.keys.remove(&taker);
        Some(Over { taker, queue: sink.queue, back: Vec::new(), done: Vec::new() })
    }

    /// There is nothing more for one of them: it sees the end of its input.
    pub fn end(&mut self, taker: TakerId, poller: &Poller) {
        if let Some(key) = self.keys.get(&taker) {
            self.close(*key, poller);
        }
    }

    /// A job is over: so are those that fed it.
    pub fn close_of(&mut self, job: JobId, poller: &Poller) -> Vec<Over> {
        let keys: Vec<usize> = self.open.iter().filter(|(_, sink)| sink.job == job).map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.close(key, poller)).collect()
    }

    fn close(&mut self, key: usize, poller: &Poller) -> Option<Over> {
        self.active.remove(&key);
        let sink = self.open.remove(&key)?;
        poller.remove(sink.file.as_raw_fd());
        let taker = sink.taker?;
        self.keys.remove(&taker);
        let begun = usize::from(sink.written > 0);
        let items = || sink.left.iter().map(|(item, _)| *item);
        Some(Over { taker, queue: sink.queue, back: items().skip(begun).collect(), done: items().take(begun).collect() })
    }
}

impl Sink {
    /// Writes as much as the pipe takes.
    fn flush(&mut self, done: &mut Vec<(QueueId, ItemId)>) -> io::Result<()> {
        while self.writable
            && let Some((_, first)) = self.left.front()
        {
            let (bytes, _) = first.run(self.left.iter().skip(1).map(|(_, next)| next));
            match self.file.write(&bytes[self.written..]) {
                Ok(count) => self.advance(count, done),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn advance(&mut self, count: usize, done: &mut Vec<(QueueId, ItemId)>) {
        self.written += count;
        while let Some((item, first)) = self.left.front()
            && self.written >= first.line().len()
        {
            self.written -= first.line().len();
            done.push((self.queue, *item));
            self.left.pop_front();
        }
    }

    /// What it wants, if nothing is left to be written and there is room for more.
    fn want(&mut self, new_taker: impl FnOnce() -> TakerId) -> Option<Want> {
        if self.wants || !self.left.is_empty() || !self.writable {
            return None;
        }
        if self.ahead == Ahead::No && !pipe::is_drained(&self.file) {
            self.writable = false;
            return None;
        }
        self.wants = true;
        let taker = *self.taker.get_or_insert_with(new_taker);
        Some(Want { taker, queue: self.queue, most: if self.ahead == Ahead::No { 1 } else { MANY } })
    }
}
