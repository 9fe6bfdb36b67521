//! Where reporters write: whole lines for standard output and standard error, in one order.
//!
//! A buffer that remembers which bytes are for which stream, and hands batches to a [`Drain`]. Keeping
//! both streams in one buffer is what keeps their order when both are the same terminal or pipe; the
//! price is that each change of stream is a write of its own.

use super::sink::{Drain, Finished};
use super::stamp::Stamp;
use crate::base::time::RunTime;
use crate::notice::Stream;

/// Written out when this much has gathered, even if more is to come.
pub const BATCH: usize = 64 * 1024;

/// Lines that wait to be written.
pub struct Out {
    bytes: Vec<u8>,
    /// Each part with the end of its bytes.
    parts: Vec<(Stream, usize)>,
    /// What stands before each line.
    stamp: Option<Stamp>,
    /// The time of the clock, and of the run, in milliseconds.
    now: (u64, u64),
    /// A line has begun.
    within: bool,
    drain: Box<dyn Drain>,
}

impl Out {
    /// An empty buffer before `drain`.
    pub fn new(drain: Box<dyn Drain>) -> Self {
        Self { bytes: Vec::new(), parts: Vec::new(), stamp: None, now: (0, 0), within: false, drain }
    }
    /// With the time before each line.
    pub fn stamped(self, stamp: Option<Stamp>) -> Self {
        Self { stamp, ..self }
    }
    /// The clock says so many milliseconds since 1970.
    pub fn set_clock(&mut self, millis: u64) {
        self.now.0 = millis;
    }
    /// The time of the clock, in seconds since 1970.
    pub fn clock(&self) -> u64 {
        self.now.0 / 1000
    }
    /// The run's time.
    pub fn set_run(&mut self, now: RunTime) {
        self.now.1 = u64::try_from(now.0.as_millis()).unwrap_or(u64::MAX);
    }
    /// The moment that stands before lines which are written now.
    pub fn moment(&self) -> u64 {
        if self.stamp == Some(Stamp::Relative) { self.now.1 } else { self.now.0 }
    }
    /// Adds bytes; they are written out later, at the end of a line.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) {
        self.write_of(self.moment(), stream, bytes);
    }
    /// The same for what came at an earlier moment.
    pub fn write_of(&mut self, moment: u64, stream: Stream, bytes: &[u8]) {
        let Some(stamp) = self.stamp else { return self.push(stream, bytes) };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.within {
                self.push(stream, stamp.text(moment).as_bytes());
            }
            self.push(stream, line);
            self.within = !line.ends_with(b"\n");
        }
    }
    /// Adds a line for a machine: nothing stands before it.
    pub fn command(&mut self, stream: Stream, text: &str) {
        self.push(stream, format!("{text}\n").as_bytes());
    }
    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.parts.last().is_none_or(|(last, _)| *last != stream) {
            self.parts.push((stream, 0));
        }
        self.bytes.extend_from_slice(bytes);
        if let Some((_, end)) = self.parts.last_mut() {
            *end = self.bytes.len();
        }
        if self.bytes.len() >= BATCH && bytes.ends_with(b"\n") {
            self.flush();
        }
    }
    /// Adds a line and its line break.
    pub fn line(&mut self, stream: Stream, text: &str) {
        self.write(stream, text.as_bytes());
        self.write(stream, b"\n");
    }
    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    /// Writes everything out.
    pub fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let mut start = 0;
        let mut slices: Vec<(Stream, &[u8])> = Vec::with_capacity(self.parts.len());
        for (stream, end) in self.parts.drain(..) {
            slices.push((stream, &self.bytes[start..end]));
            start = end;
        }
        self.drain.drain(&slices);
        self.bytes.clear();
        self.bytes.shrink_to(2 * BATCH);
    }
    /// Writes everything out and says how writing went.
    pub fn finish(&mut self) -> Finished {
        self.flush();
        self.drain.finished()
    }
    /// Keeps trouble of a reporter's own for the end.
    pub fn trouble(&mut self, message: String) {
        self.drain.trouble(message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Written;
    use super::*;

    #[test]
    fn both_streams_keep_their_order() {
        let written = Written::default();
        let mut out = Out::new(Box::new(written.clone()));
        out.line(Stream::Stdout, "one");
        out.line(Stream::Stderr, "two");
        out.line(Stream::Stdout, "three");
        assert_eq!(written.both(), "");
        out.flush();
        assert_eq!(written.both(), "one\ntwo\nthree\n");
        assert_eq!(written.stderr(), "two\n");
    }

    #[test]
    fn much_is_written_early_but_never_half_a_line() {
        let written = Written::default();
        let mut out = Out::new(Box::new(written.clone()));
        out.write(Stream::Stdout, &vec![b'x'; 2 * BATCH]);
        assert!(written.both().is_empty());
        out.write(Stream::Stdout, b"\n");
        assert_eq!(written.both().len(), 2 * BATCH + 1);
        assert!(out.is_empty());
    }
}
