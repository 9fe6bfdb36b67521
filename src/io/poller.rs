//! Readiness of descriptors, and a waker for other threads: the only file that names mio.
//!
//! mio is edge-triggered: a source is reported once and must then be read until it would block. Who
//! stops earlier has to remember it.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

/// The token of the waker.
const WAKER: Token = Token(usize::MAX);

/// Waits for many descriptors at once.
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    events: Events,
    waker: Waker,
}

/// Wakes a poller from another thread. Clones wake the same one.
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    /// Makes the poller's current or next wait return.
    pub fn wake(&self) {
        // Fails only when the poller is gone, and then nobody waits.
        let _ = self.0.wake();
    }
}

impl Poller {
    /// A poller without sources.
    ///
    /// # Errors
    /// The system's error.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker(Arc::new(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(Self { poll, events: Events::with_capacity(1024), waker })
    }

    /// Its waker.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Adds a descriptor under a key, which is told when it can be read.
    ///
    /// # Errors
    /// The system's error.
    pub fn add(&self, fd: RawFd, key: usize) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd), Token(key), Interest::READABLE)
    }

    /// Adds a descriptor under a key, which is told when it can be written.
    ///
    /// # Errors
    /// The system's error.
    pub fn add_writable(&self, fd: RawFd, key: usize) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd), Token(key), Interest::WRITABLE)
    }

    /// Adds a descriptor under a key, which is told when it can be read or written.
    ///
    /// # Errors
    /// The system's error.
    pub fn add_both(&self, fd: RawFd, key: usize) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd), Token(key), Interest::READABLE | Interest::WRITABLE)
    }

    /// Takes a descriptor away; to be called before it is closed.
    pub fn remove(&self, fd: RawFd) {
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
    }

    /// Waits until something can be read or written, somebody wakes it or the time is over; gives the keys.
    ///
    /// # Errors
    /// The system's error.
    pub fn wait(&mut self, timeout: Option<Duration>, keys: &mut Vec<usize>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Ok(()) | Err(_) => {}
        }
        keys.extend(self.events.iter().map(mio::event::Event::token).filter(|token| *token != WAKER).map(|token| token.0));
        Ok(())
    }
}
