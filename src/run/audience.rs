//! Who is told what happens, as the loop sees it.

use serde_json::Value;

use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::control::message::Lines;
use crate::notice::{Notice, RunSummary, Stream};

/// Puts what happens into words.
pub trait Printer {
    /// What there is to say about it: bytes that end with a line break, and where they belong, in order.
    fn print(&mut self, notice: &Notice) -> Vec<(Stream, Vec<u8>)>;
}

/// Who is told what happens.
pub trait Audience {
    /// Takes a notice; must not block.
    fn tell(&self, notice: Notice);
    /// Whether more output may come. After a no, the run's poller must be woken when there is room.
    fn has_room(&self) -> bool;
    /// Asks that nothing be shown until [`Self::speak`], because somebody else has the terminal, and says whether
    /// that is so now. After a no, the run's poller must be woken when it is.
    fn hush(&self) -> bool {
        true
    }
    /// Everything may be shown again.
    fn speak(&self) {}
    /// The exit status that a run which ended like this has, from 0 to 255. What goes wrong afterwards, as when a report
    /// cannot be written, is not in it.
    fn exit_status(&self, summary: &RunSummary) -> u8;
    /// How things stand, all that was told included, as data.
    fn status(&self, now: RunTime) -> Value;
    /// How one process stands, as data.
    fn status_of(&self, process: ProcessId, now: RunTime) -> Value;
    /// Puts what happens from now on into words for somebody else.
    fn printer(&self, lines: &Lines) -> Box<dyn Printer>;
    /// The last lines of a process, at most so many, as far as they are kept, each with its line break.
    fn last_lines(&self, process: ProcessId, most: usize) -> Vec<u8>;
}
