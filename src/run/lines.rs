//! Bytes in pieces become whole lines.

/// A line longer than this is broken, so that a stream without line breaks takes no unbounded memory.
pub const MAX_LINE: usize = 1 << 20;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub struct LineBuffer {
    partial: Vec<u8>,
}

impl LineBuffer {
    /// Takes a piece; returns the whole lines that are known now, each with its line break.
    pub fn push(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1) else {
            self.partial.extend_from_slice(piece);
            if self.partial.len() < MAX_LINE {
                return None;
            }
            return self.finish();
        };
        let mut lines = std::mem::take(&mut self.partial);
        lines.extend_from_slice(&piece[..end]);
        self.partial.extend_from_slice(&piece[end..]);
        Some(lines)
    }

    /// The last line, given the line break that it lacks.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        if self.partial.is_empty() {
            return None;
        }
        let mut line = std::mem::take(&mut self.partial);
        line.push(b'\n');
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_pieces_fall() {
        let text = b"one\ntwo \xff\xfe\n\nlast";
        for size in 1..text.len() {
            let mut buffer = LineBuffer::default();
            let mut all = Vec::new();
            for piece in text.chunks(size) {
                let lines = buffer.push(piece).unwrap_or_default();
                assert!(lines.is_empty() || lines.ends_with(b"\n"));
                all.extend(lines);
            }
            all.extend(buffer.finish().unwrap_or_default());
            assert_eq!(all, b"one\ntwo \xff\xfe\n\nlast\n");
        }
    }

    #[test]
    fn an_endless_line_is_broken() {
        let mut buffer = LineBuffer::default();
        let mut broken = 0;
        for _ in 0..100 {
            broken += usize::from(buffer.push(&[b'x'; 65536]).is_some());
        }
        assert_eq!(broken, 100 * 65536 / MAX_LINE);
    }
}
