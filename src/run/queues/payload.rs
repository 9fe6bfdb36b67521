//! The bytes of items: cut out of blocks as they were read, never copied one by one.
//!
//! A block is what one read brought, shared by all items in it, so that a million short lines cost a few hundred
//! allocations. The price: one item that stays for long keeps its whole block: 64 KiB, and a long line that ended in it.

use std::rc::Rc;

pub use crate::control::message::MAX_ITEM;

/// The bytes of one item. A line break always stands behind them in their block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    block: Rc<[u8]>,
    start: u32,
    end: u32,
}

impl Payload {
    /// An item of its own: at most [`MAX_ITEM`] bytes without a line break.
    pub fn of(item: &[u8]) -> Self {
        let block: Rc<[u8]> = [item, b"\n"].concat().into();
        let end = position(item.len());
        Self { block, start: 0, end }
    }

    /// The item.
    pub fn bytes(&self) -> &[u8] {
        &self.block[self.start as usize..self.end as usize]
    }

    /// The item with its line break.
    pub fn line(&self) -> &[u8] {
        &self.block[self.start as usize..=self.end as usize]
    }

    /// This item and those that follow it in the same block without a gap, each with its line break; how many.
    pub fn run<'a>(&'a self, following: impl IntoIterator<Item = &'a Self>) -> (&'a [u8], usize) {
        let (mut end, mut count) = (self.end, 1);
        for next in following {
            if !Rc::ptr_eq(&self.block, &next.block) || next.start != end + 1 {
                break;
            }
            end = next.end;
            count += 1;
        }
        (&self.block[self.start as usize..=end as usize], count)
    }
}

/// A line is longer than an item may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Makes items of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl Splitter {
    /// Takes a piece, and puts the whole lines that are known now behind the others.
    ///
    /// # Errors
    /// A line is too long; those before it were put.
    pub fn push(&mut self, piece: &[u8], lines: &mut impl Extend<Payload>) -> Result<(), TooLong> {
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1) else {
            self.partial.extend_from_slice(piece);
            return self.bounded();
        };
        let mut block = std::mem::take(&mut self.partial);
        block.extend_from_slice(&piece[..end]);
        cut(block.into(), lines)?;
        self.partial.extend_from_slice(&piece[end..]);
        self.bounded()
    }

    /// The last line, if it lacks its line break.
    pub fn finish(&mut self) -> Option<Payload> {
        let partial = std::mem::take(&mut self.partial);
        (!partial.is_empty()).then(|| Payload::of(&partial))
    }

    fn bounded(&self) -> Result<(), TooLong> {
        if self.partial.len() > MAX_ITEM { Err(TooLong) } else { Ok(()) }
    }
}

/// The lines of a block that ends with a line break.
fn cut(block: Rc<[u8]>, lines: &mut impl Extend<Payload>) -> Result<(), TooLong> {
    let mut start = 0;
    let mut over = None;
    let ends = block.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    lines.extend(ends.map_while(|end| {
        if end - start > MAX_ITEM {
            over = Some(TooLong);
            return None;
        }
        let payload = Payload { block: Rc::clone(&block), start: position(start), end: position(end) };
        start = end + 1;
        Some(payload)
    }));
    over.map_or(Ok(()), Err)
}

/// A block has at most an item and what one read brings: far less than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Payload]) -> Vec<&[u8]> {
        lines.iter().map(Payload::bytes).collect()
    }

    #[test]
    fn lines_come_whole_however_the_pieces_fall() {
        let text = b"one\n\ntwo \xff\0\r\nlast";
        for size in 1..=text.len() {
            let mut splitter = Splitter::default();
            let mut lines = Vec::new();
            for piece in text.chunks(size) {
                splitter.push(piece, &mut lines).expect("they are short");
            }
            lines.extend(splitter.finish());
            assert_eq!(texts(&lines), [&b"one"[..], b"", b"two \xff\0\r", b"last"], "pieces of {size}");
            assert_eq!(lines.last().map(Payload::line), Some(&b"last\n"[..]));
            assert_eq!(splitter.finish(), None);
        }
    }

    #[test]
    fn the_longest_line_is_taken_and_one_byte_more_is_not() {
        for pieces in [1000, 65536, 3 << 20] {
            for (length, ends) in [(MAX_ITEM, "\n"), (MAX_ITEM, ""), (MAX_ITEM + 1, "\n"), (MAX_ITEM + 1, "")] {
                let text = format!("before\n{}{ends}", "x".repeat(length));
                let mut lines = Vec::new();
                let mut splitter = Splitter::default();
                let good = text.as_bytes().chunks(pieces).try_for_each(|piece| splitter.push(piece, &mut lines)).is_ok();
                assert_eq!(good, length == MAX_ITEM, "{length} in pieces of {pieces}");
                assert_eq!(lines[0].bytes(), b"before");
                lines.extend(splitter.finish().filter(|_| good));
                assert_eq!(lines.len(), if good { 2 } else { 1 }, "{length} in pieces of {pieces}");
            }
        }
    }

    #[test]
    fn what_lies_together_is_written_together() {
        let mut lines = Vec::new();
        let mut splitter = Splitter::default();
        splitter.push(b"a\nb\n\nc\n", &mut lines).expect("they are short");
        let run = |lines: &[Payload]| {
            let (bytes, count) = lines[0].run(&lines[1..]);
            (bytes.to_vec(), count)
        };
        assert_eq!(run(&lines), (b"a\nb\n\nc\n".to_vec(), 4));
        let gap = [lines[0].clone(), lines[2].clone()];
        assert_eq!(run(&gap), (b"a\n".to_vec(), 1));
        let apart = [lines[3].clone(), Payload::of(b"d")];
        assert_eq!(run(&apart), (b"c\n".to_vec(), 1));
    }
}
