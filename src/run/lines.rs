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

/// Lines as a terminal ends them, `\r\n`, with plain line breaks. Other `\r` stay: a line that overwrites itself is made of them.
pub fn without_returns(lines: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
                plain.extend_from_slice(&line[..end]);
                plain.push(b'\n');
            }
            None => plain.extend_from_slice(line),
        }
    }
    plain
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
    fn returns_go_only_where_a_line_ends() {
        for (lines, plain) in
            [(&b"one\r\ntwo\r\n"[..], &b"one\ntwo\n"[..]), (b"10 %\r50 %\r\r\n", b"10 %\r50 %\n"), (b"\r\n\n", b"\n\n"), (b"", b"")]
        {
            assert_eq!(without_returns(lines), plain);
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
