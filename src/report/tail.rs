//! The last lines of a process's output, in bounded memory.
//!
//! Knows bytes only. Cuts lazily: up to twice the bound is kept so that most writes only append.

/// The most lines that are kept.
const LINES: usize = 10;
/// The most bytes that are kept.
const BYTES: usize = 4096;

/// The end of what was written.
#[derive(Clone, Debug, Default)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Adds lines.
    pub fn push(&mut self, lines: &[u8]) {
        let whole = lines.len();
        let lines = last(lines);
        if lines.len() < whole {
            // What came before is not the neighbour of what is kept.
            self.0.clear();
        }
        if self.0.len() + lines.len() > 2 * BYTES {
            let keep = last(&self.0).len();
            self.0.drain(..self.0.len() - keep);
        }
        self.0.extend_from_slice(lines);
    }
    /// The last lines, each without its line break.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let kept = last(&self.0);
        let body = kept.strip_suffix(b"\n").unwrap_or(kept);
        let lines = (!kept.is_empty()).then(|| body.split(|byte| *byte == b'\n'));
        lines.into_iter().flatten()
    }
    /// Gives back memory that is not needed when nothing is added any more.
    pub fn close(&mut self) {
        self.0 = last(&self.0).to_vec();
    }
}

/// The last lines of `bytes`; the end of the last one when it alone is too long.
fn last(bytes: &[u8]) -> &[u8] {
    let cut = bytes.len().saturating_sub(BYTES);
    let window = &bytes[cut..];
    let inner = window.strip_suffix(b"\n").unwrap_or(window);
    let mut breaks = inner.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index);
    if let Some(at) = breaks.nth(LINES - 1) {
        return &window[at + 1..];
    }
    let begins_whole = cut == 0 || bytes[cut - 1] == b'\n';
    if begins_whole { window } else { inner.iter().position(|byte| *byte == b'\n').map_or(window, |at| &window[at + 1..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tail: &Tail) -> Vec<String> {
        tail.lines().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut tail = Tail::default();
        assert!(texts(&tail).is_empty());
        tail.push(b"a\n\nb\n");
        assert_eq!(texts(&tail), ["a", "", "b"]);
        for number in 0..5000 {
            tail.push(format!("{number}\n").as_bytes());
            assert!(tail.0.len() <= 2 * BYTES);
        }
        assert_eq!(texts(&tail), (4990..5000).map(|number| number.to_string()).collect::<Vec<_>>());
        tail.close();
        assert_eq!(tail.0.len(), 50);
    }

    #[test]
    fn long_lines_are_cut_at_their_beginning() {
        let mut tail = Tail::default();
        tail.push(b"first\n");
        tail.push(&[vec![b'x'; 3000], b"\n".to_vec(), vec![b'y'; 2000], b"\n".to_vec()].concat());
        assert_eq!(texts(&tail), ["y".repeat(2000)]);
        tail.push(&[vec![b'z'; 10_000], b"\n".to_vec()].concat());
        assert_eq!(texts(&tail), ["z".repeat(BYTES - 1)]);
    }
}
