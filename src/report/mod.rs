//! What people see: one file a reporter, each reads notices and writes lines.
//!
//! Everything in here runs on one thread of its own (see [`channel`]), so that a slow terminal never
//! holds up supervision. Reporters know nothing of files, processes or clocks: time comes with the
//! notices, and what they write goes into an [`Out`], which puts batches of whole lines where they
//! belong. What several of them want to know is kept once, in [`RunView`]; the price is that a reporter
//! gets it as an argument and can not be used without it.

mod advice;
pub mod board;
pub mod channel;
pub mod ci;
mod clean;
mod desk;
pub mod explain;
mod fates;
pub mod formats;
pub mod graph;
mod grouped;
mod heartbeat;
mod held;
mod history;
mod markdown;
mod out;
pub mod page;
mod paint;
mod plain;
mod printer;
mod progress;
mod raw;
pub mod record;
mod screen;
mod sections;
mod sink;
pub mod snapshot;
mod stamp;
mod state;
pub mod status;
mod summary;
mod tail;
#[cfg(test)]
mod testing;
mod verdict;
pub mod view;
mod voice;
mod waiters;
pub mod words;
mod worker;

pub use channel::{Channel, Clock, Wake, Wall};
pub use history::History;
pub use out::Out;
pub use printer::Printer;
pub use sink::Finished;
pub use stamp::Stamp;
pub use view::RunView;

use std::time::Duration;

use crate::notice::Notice;

/// Something that reads notices and writes lines for people or machines.
pub trait Reporter: Send {
    /// One thing happened; `view` knows of it already.
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out);
    /// Whether it wants what processes wrote byte by byte, as it does not write it where a host of continuous integration reads.
    fn wants_original(&self) -> bool {
        false
    }
}

/// How the output of processes is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputMode {
    /// Line by line as it comes, each with the name of its process.
    #[default]
    Prefixed,
    /// Held back until a process ends, then shown in one block.
    Grouped,
    /// Line by line as it comes, without a prefix, byte by byte.
    Raw,
    /// Held back until a process ends, then shown in one block if it has failed.
    Failures,
    /// Not at all, except the last lines of what failed.
    Quiet,
}

/// What one of the two outputs is connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// A terminal: control characters of processes would spoil the layout and are taken out.
    pub terminal: bool,
    /// Whether colours are shown.
    pub color: bool,
}

/// All that the reporters are told from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How the output of processes is shown.
    pub mode: OutputMode,
    /// How much flowrun says itself: -1 only what a waiting person must know, 0 failures, 1 everything.
    pub verbosity: i8,
    /// Standard output.
    pub stdout: Surface,
    /// Standard error.
    pub stderr: Surface,
    /// Lines of progress at the bottom of the terminal that standard error is.
    pub progress: bool,
    /// A line from time to time of what still runs.
    pub heartbeat: Option<Duration>,
    /// The time before each line.
    pub stamp: Option<Stamp>,
    /// Whether blocks go to standard output as a whole: who reads a log wants them in one piece.
    pub whole_blocks: bool,
    /// Who reads the log and takes lines in it for commands.
    pub host: Option<ci::Host>,
}

impl Settings {
    /// Whether lines of progress are possible: raw bytes may move the cursor, and quiet is quiet.
    pub fn shows_progress(&self) -> bool {
        self.progress && self.stderr.terminal && matches!(self.mode, OutputMode::Prefixed | OutputMode::Grouped | OutputMode::Failures)
    }
}
