//! Notices that are kept while nothing may be shown, because somebody else has the terminal.
//!
//! What is little stays in memory; output beyond that goes into an unnamed file. So nobody who writes has
//! to wait for who sits at the terminal, who may in turn wait for them. Nothing is lost but by a full or
//! broken disk, which is told.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::notice::{Event, Notice};

/// A queue, partly on disk.
#[derive(Default)]
pub struct Held {
    queue: VecDeque<Kept>,
    file: Option<File>,
    /// Where in the file the next output begins that is read, and written.
    read: u64,
    written: u64,
}

/// A notice; its lines may be in the file.
struct Kept {
    notice: Notice,
    spilled: Option<usize>,
}

/// A notice as it was kept.
pub struct Back {
    /// Which.
    pub notice: Notice,
    /// How many bytes of it come from the file.
    pub spilled: usize,
    /// Why these could not be read.
    pub trouble: Option<io::Error>,
}

impl Held {
    /// Keeps a notice in memory.
    pub fn push(&mut self, notice: Notice) {
        self.queue.push_back(Kept { notice, spilled: None });
    }

    /// Keeps a notice, its output in the file. Says how many bytes less are in memory: none when it is no output, or
    /// the disk takes nothing.
    pub fn spill(&mut self, mut notice: Notice) -> usize {
        let spilled = match &mut notice.event {
            Event::Output { lines, .. } if self.write(lines).is_ok() => Some(std::mem::take(lines).len()),
            _ => None,
        };
        self.queue.push_back(Kept { notice, spilled });
        spilled.unwrap_or(0)
    }

    /// The oldest.
    pub fn pop(&mut self) -> Option<Back> {
        let Some(Kept { mut notice, spilled }) = self.queue.pop_front() else {
            // Gives the disk back.
            *self = Self::default();
            return None;
        };
        let mut trouble = None;
        if let (Some(bytes), Event::Output { lines, .. }) = (spilled, &mut notice.event) {
            match self.read(bytes) {
                Ok(read) => *lines = read,
                Err(error) => trouble = Some(error),
            }
        }
        Some(Back { notice, spilled: spilled.unwrap_or(0), trouble })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let done = file.write_all_at(lines, self.written);
        self.file = Some(file);
        done?;
        self.written += lines.len() as u64;
        Ok(())
    }

    fn read(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut lines = vec![0; bytes];
        let at = self.read;
        self.read += bytes as u64;
        match &self.file {
            Some(file) => file.read_exact_at(&mut lines, at).map(|()| lines),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{note, output, run_started};
    use super::*;
    use crate::notice::Stream;

    #[test]
    fn all_comes_back_in_order() {
        let mut held = Held::default();
        let notices: Vec<Notice> = (0..9_u8)
            .map(|n| note(u64::from(n), if n % 4 == 0 { run_started() } else { output(0, Stream::Stdout, &vec![n; usize::from(n) * 7]) }))
            .collect();
        for round in 0..2 {
            let mut spilled = 0;
            for (n, notice) in notices.iter().enumerate() {
                if n % 2 == round { held.push(notice.clone()) } else { spilled += held.spill(notice.clone()) }
            }
            assert!(spilled > 0);
            let back: Vec<Back> = std::iter::from_fn(|| held.pop()).collect();
            assert_eq!(back.iter().map(|back| back.spilled).sum::<usize>(), spilled);
            assert!(back.into_iter().map(|back| back.notice).eq(notices.iter().cloned()));
            assert!(held.file.is_none() && held.read == 0 && held.written == 0);
        }
    }
}
