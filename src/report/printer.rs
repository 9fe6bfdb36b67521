//! Reporters for somebody who comes later and sits elsewhere: what they write is given back, and not written.
//!
//! Begins with all that is known of the run, so that its end is told whole; the price is a copy of that.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::desk::Desk;
use super::sink::Drain;
use super::{Out, RunView, Settings};
use crate::notice::{Notice, Stream};

/// Where everything is written, in order.
type Part = (Stream, Vec<u8>);

/// A run's reporters, for one reader.
pub struct Printer {
    desk: Desk,
    out: Out,
    written: Receiver<Part>,
}

struct Collect(Sender<Part>);

impl Drain for Collect {
    fn drain(&mut self, parts: &[(Stream, &[u8])]) {
        for (stream, bytes) in parts {
            // The other end is in the same hands.
            let _ = self.0.send((*stream, bytes.to_vec()));
        }
    }
}

impl Printer {
    /// For a run of which this much is known. Nothing is drawn, whatever the settings say.
    pub fn new(view: RunView, settings: Settings) -> Self {
        let (sender, written) = channel();
        let settings = Settings { progress: false, ..settings };
        Self { desk: Desk::later(view, settings), out: Out::new(Box::new(Collect(sender))), written }
    }

    /// What there is to say about it.
    pub fn print(&mut self, notice: &Notice) -> Vec<Part> {
        self.desk.notice(notice, &mut self.out);
        self.out.flush();
        self.written.try_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{ended, note, output, plan, started};
    use super::*;
    use crate::notice::{Event, Outcome, RunSummary};

    #[test]
    fn who_comes_later_reads_what_follows_and_the_end_of_everything() {
        let mut view = RunView::new(Arc::new(plan(&["a", "b"])));
        for event in [started(0, 1), started(1, 1), output(0, Stream::Stdout, b"early\n"), ended(0, Outcome::Success)] {
            view.apply(&note(0, event));
        }
        let mut printer = Printer::new(view, Settings::default());
        let mut said = printer.print(&note(1, output(1, Stream::Stderr, b"late\n")));
        said.extend(printer.print(&note(2, ended(1, Outcome::Success))));
        said.extend(printer.print(&note(3, Event::RunEnded { summary: RunSummary::default() })));
        let text: String = said.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
        assert_eq!(text, "b | late\nshop: 2 succeeded in 3 ms\n");
    }
}
