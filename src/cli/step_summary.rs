//! `GITHUB_STEP_SUMMARY`: the file to which a run appends what GitHub shows beside the log.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::io::{files, machine::reason};
use crate::notice::{Event, Notice, Stream};
use crate::report::ci::markdown;
use crate::report::{Out, Reporter, RunView};

/// Appends to the file when the run has ended.
pub struct StepSummary(pub PathBuf);

impl StepSummary {
    fn append(&self, text: &str) -> io::Result<()> {
        files::open(&self.0, OpenOptions::new().append(true).create(true))?.write_all(text.as_bytes())
    }
}

impl Reporter for StepSummary {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        if let Event::RunEnded { summary } = &notice.event
            && let Err(error) = self.append(&markdown::summary(view, summary))
        {
            let why = reason(&error);
            out.line(Stream::Stderr, &format!("flowrun: warning: cannot append the summary to {}: {why}", self.0.display()));
        }
    }
}
