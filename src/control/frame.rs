//! Lines out of bytes that come in pieces, none longer than a bound.

/// The longest line that is taken: an item of a queue of 1 MiB in base64, with what stands around it.
pub const MAX_LINE: usize = 2 << 20;

/// The longest line that is taken of somebody who has proved nothing yet.
pub const MAX_PROOF: usize = 4096;

/// A line is longer than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What has come of lines that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Up to here lines were taken.
    taken: usize,
    /// Up to here no line break was found.
    searched: usize,
}

impl Frames {
    /// Takes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        // Once for many lines: each for itself would move the rest of a flood of short ones again and again.
        let taken = std::mem::take(&mut self.taken);
        self.bytes.drain(..taken);
        self.searched -= taken;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line, without its line break.
    ///
    /// # Errors
    /// What has come has no line break within `longest` bytes.
    pub fn next_line(&mut self, longest: usize) -> Result<Option<Vec<u8>>, TooLong> {
        match self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(at) if self.searched + at - self.taken > longest => Err(TooLong),
            Some(at) => {
                let line = self.bytes[self.taken..self.searched + at].to_vec();
                self.taken = self.searched + at + 1;
                self.searched = self.taken;
                Ok(Some(line))
            }
            None if self.bytes.len() - self.taken > longest => Err(TooLong),
            None => {
                self.searched = self.bytes.len();
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_pieces_fall() {
        let text = b"one\n\ntwo\nthr";
        for size in 1..=text.len() {
            let mut frames = Frames::default();
            let mut lines = Vec::new();
            for piece in text.chunks(size) {
                frames.push(piece);
                while let Ok(Some(line)) = frames.next_line(MAX_LINE) {
                    lines.push(String::from_utf8(line).expect("text"));
                }
            }
            assert_eq!(lines, ["one", "", "two"], "pieces of {size}");
        }
    }

    #[test]
    fn an_endless_line_is_refused_and_takes_bounded_memory() {
        let mut frames = Frames::default();
        let mut taken = 0;
        let refused = (0..100).any(|_| {
            frames.push(&[b'x'; 65536]);
            taken += 65536;
            frames.next_line(MAX_LINE) == Err(TooLong)
        });
        assert!(refused && taken <= MAX_LINE + 65536);
    }
}
