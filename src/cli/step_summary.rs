//! `GITHUB_STEP_SUMMARY`: the file to which a run appends what GitHub shows beside the log.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::Status;
use crate::io::{files, machine::reason};
use crate::notice::{Event, Notice, Stream};
use crate::report::ci::markdown;
use crate::report::formats::critical_path;
use crate::report::record::Recorder;
use crate::report::{Out, Reporter, RunView};

/// Appends to the file when the run has ended.
pub struct StepSummary {
    path: PathBuf,
    /// Until then.
    recorder: Option<Recorder>,
}

impl StepSummary {
    /// Appends to this file what was recorded.
    pub fn new(path: PathBuf, recorder: Recorder) -> Self {
        Self { path, recorder: Some(recorder) }
    }

    fn append(&self, text: &str) -> io::Result<()> {
        files::open(&self.path, OpenOptions::new().append(true).create(true))?.write_all(text.as_bytes())
    }
}

impl Reporter for StepSummary {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        if let Some(recorder) = &mut self.recorder {
            recorder.notice(notice, view);
        }
        let Event::RunEnded { summary } = &notice.event else { return };
        let report = self.recorder.take().map(|recorder| recorder.finish(Status::of(summary).code()));
        let path = report.as_ref().map(critical_path).unwrap_or_default();
        if let Err(error) = self.append(&(markdown::summary(view, summary) + &path)) {
            let why = reason(&error);
            out.line(Stream::Stderr, &format!("flowrun: warning: cannot append the summary to {}: {why}", self.path.display()));
        }
    }
}
