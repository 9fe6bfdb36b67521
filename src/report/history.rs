//! What processes wrote last, for those who ask later: much more than the few lines that explain a failure, also of
//! what has ended, and over all attempts.
//!
//! Knows bytes only, in pieces of whole lines. Each process has a bound, and all together have one: beyond it the
//! oldest piece of all goes, so that 100,000 processes cost no more than a few. All of it, however it is escaped,
//! fits into what a client may leave unread.

use std::collections::{BTreeMap, VecDeque};

use crate::base::ids::ProcessId;

/// The most lines of a process that are kept.
const LINES: usize = 1000;
/// The most bytes of a process that are kept.
const BYTES: usize = 64 << 10;
/// The most bytes of all processes: a byte takes six in JSON at most, and clients may leave 4 MiB unread.
const TOTAL: usize = 640 << 10;
/// Lines are gathered into pieces of about this size.
const PIECE: usize = 2 << 10;

/// What all processes wrote last.
#[derive(Debug, Default)]
pub struct History {
    processes: BTreeMap<ProcessId, Log>,
    /// Which process each piece is of, the oldest first.
    order: BTreeMap<u64, ProcessId>,
    next: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Log {
    pieces: VecDeque<Piece>,
    lines: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Piece {
    number: u64,
    text: Vec<u8>,
    lines: usize,
}

impl History {
    /// Adds what a process wrote: whole lines.
    pub fn push(&mut self, process: ProcessId, lines: &[u8]) {
        let mut text = &lines[lines.len().saturating_sub(BYTES)..];
        while !text.is_empty() {
            let size = text.iter().skip(PIECE).position(|byte| *byte == b'\n').map_or(text.len(), |at| PIECE + at + 1);
            let (piece, rest) = text.split_at(size.min(text.len()));
            self.add(process, piece);
            text = rest;
        }
        while self.bytes > TOTAL
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            self.drop_oldest_of(*oldest);
        }
    }

    fn add(&mut self, process: ProcessId, text: &[u8]) {
        let lines = count(text);
        let log = self.processes.entry(process).or_default();
        match log.pieces.back_mut().filter(|last| last.text.len() + text.len() <= PIECE) {
            Some(last) => {
                last.text.extend_from_slice(text);
                last.lines += lines;
            }
            None => {
                log.pieces.push_back(Piece { number: self.next, text: text.to_vec(), lines });
                self.order.insert(self.next, process);
                self.next += 1;
            }
        }
        log.lines += lines;
        log.bytes += text.len();
        self.bytes += text.len();
        while let Some(log) = self.processes.get(&process)
            && log.is_too_long()
        {
            self.drop_oldest_of(process);
        }
    }

    fn drop_oldest_of(&mut self, process: ProcessId) {
        let Some(log) = self.processes.get_mut(&process) else { return };
        if let Some(piece) = log.pieces.pop_front() {
            self.order.remove(&piece.number);
            log.lines -= piece.lines;
            log.bytes -= piece.text.len();
            self.bytes -= piece.text.len();
        }
        if log.pieces.is_empty() {
            self.processes.remove(&process);
        }
    }

    /// The last lines of a process, at most so many, each with its line break.
    pub fn last(&self, process: ProcessId, most: usize) -> Vec<u8> {
        let Some(log) = self.processes.get(&process) else { return Vec::new() };
        let text: Vec<u8> = log.pieces.iter().flat_map(|piece| &piece.text).copied().collect();
        let body = text.strip_suffix(b"\n").unwrap_or(&text);
        let most = most.min(LINES);
        let Some(before) = most.checked_sub(1) else { return Vec::new() };
        let mut breaks = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index);
        breaks.nth(before).map_or_else(|| text.clone(), |at| text[at + 1..].to_vec())
    }
}

impl Log {
    /// Whether the bounds hold without the oldest piece: what is kept is never less than they say.
    fn is_too_long(&self) -> bool {
        let oldest = self.pieces.front().map_or((0, 0), |piece| (piece.text.len(), piece.lines));
        self.pieces.len() > 1 && (self.bytes - oldest.0 >= BYTES || self.lines - oldest.1 >= LINES)
    }
}

fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ProcessId = ProcessId(0);

    fn lines(history: &History, process: ProcessId, most: usize) -> Vec<String> {
        String::from_utf8_lossy(&history.last(process, most)).lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_lines_are_kept_however_they_come() {
        for at_once in [1, 3, 5000] {
            let mut history = History::default();
            let all: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
            for some in all.chunks(at_once) {
                history.push(A, (some.join("\n") + "\n").as_bytes());
            }
            assert_eq!(lines(&history, A, usize::MAX), all[4000..], "{at_once} at once");
            assert_eq!(lines(&history, A, 2), ["4998", "4999"]);
            assert!(lines(&history, A, 0).is_empty() && lines(&history, ProcessId(1), 9).is_empty());
            assert!(history.bytes <= BYTES + 2 * PIECE && history.order.len() == history.processes[&A].pieces.len());
        }
    }

    #[test]
    fn long_lines_are_bounded_too() {
        let mut history = History::default();
        for byte in [b'x', b'y'] {
            history.push(A, &[vec![byte; 10 * BYTES], b"\n".to_vec()].concat());
        }
        assert_eq!(lines(&history, A, 9), ["y".repeat(BYTES - 1)]);
        assert_eq!(history.bytes, BYTES);
    }

    #[test]
    fn the_oldest_of_all_goes_when_there_is_much() {
        let mut history = History::default();
        let line = [vec![b'x'; 1023], b"\n".to_vec()].concat();
        for round in 0..10 {
            for process in 0..1000 {
                history.push(ProcessId(process), &line);
                assert!(history.bytes <= TOTAL, "round {round}");
            }
        }
        assert_eq!(history.bytes, TOTAL);
        assert_eq!(lines(&history, ProcessId(999), 9).len(), 1);
        assert!(lines(&history, A, 9).is_empty() && history.processes.len() < 1000);
    }
}
