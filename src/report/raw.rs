//! Output as it comes, byte by byte, without a prefix.
//!
//! For output that another program reads, or that must keep its control characters. Lines of several
//! processes are still never mixed; whose they are is not told.

use super::{Out, Reporter, RunView};
use crate::notice::{Event, Notice};

/// Bytes as they are.
pub struct Raw;

impl Reporter for Raw {
    fn notice(&mut self, notice: &Notice, _: &RunView, out: &mut Out) {
        if let Event::Output { stream, lines, .. } = &notice.event {
            out.write(*stream, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TERMINAL, output, plan, told};
    use super::super::{OutputMode, Settings};
    use crate::notice::Stream;

    #[test]
    fn nothing_is_changed() {
        let settings = Settings { mode: OutputMode::Raw, stdout: TERMINAL, ..Settings::default() };
        let events = vec![(0, output(0, Stream::Stdout, b"a\r\n\x1b[2J")), (0, output(0, Stream::Stderr, b"b\n"))];
        let written = told(plan(&["a"]), settings, events);
        assert_eq!((written.stdout().as_str(), written.stderr().as_str()), ("a\r\n\u{1b}[2J", "b\n"));
    }
}
