//! Runs in the background that have ended: how, and where it stands what they said.
//!
//! Who asks for a run that is over is told that it is over, and never that there was no such run.

use std::path::PathBuf;

use super::list::one_line;
use super::{Failure, Status, print, reach};
use crate::control::record::{self, End, Record};

/// A run that has ended, or is just ending.
pub struct Over(Record);

/// What the words of a command, a run and a process or one of them, name, if that is a run that is over and nothing
/// that goes on.
///
/// # Errors
/// The folder of all runs is not this user's own.
pub fn meant(words: &[String]) -> Result<Option<Over>, Failure> {
    words.first().map_or(Ok(None), |name| find(name, words.len() == 1))
}

/// The run of this name or id, if it is over. What `may_be_process` is that, while any run goes on; then only
/// an id names a run that is over.
///
/// # Errors
/// The folder of all runs is not this user's own.
pub fn find(name: &str, may_be_process: bool) -> Result<Option<Over>, Failure> {
    let runs = reach::runs()?;
    if runs.iter().any(|(about, _)| about.id == name || about.name == name) {
        return Ok(None);
    }
    let only_by_id = may_be_process && (!runs.is_empty() || std::env::var_os("FLOWRUN_SOCKET").is_some());
    let called = |record: &Record| record.about.id == name || !only_by_id && record.about.name == name;
    Ok(record::records().into_iter().rev().find(called).map(Over))
}

/// A run did not answer: if it has ended meanwhile, that is the answer.
///
/// # Errors
/// It has not, and `failure` stands.
pub fn instead(name: Option<&str>, failure: Failure) -> Result<Status, Failure> {
    let named = |record: &Record| name.is_some_and(|name| record.about.id == name || record.about.name == name);
    match record::records().into_iter().rev().find(named) {
        Some(record) if failure.status == Status::System && matches!(record.end(), End::Status(_)) => Over(record).tell(),
        _ => Err(failure),
    }
}

impl Over {
    /// Says that it has ended, and ends as it did.
    ///
    /// # Errors
    /// It was cut off, or is just ending.
    pub fn tell(&self) -> Result<Status, Failure> {
        match self.0.end() {
            End::Status(status) => {
                print::err(&self.sentence(&format!("has ended with exit status {status}")));
                Ok(Status::Recorded(status))
            }
            _ => Err(self.failure()),
        }
    }

    /// Why nothing can be asked of it any more.
    pub fn failure(&self) -> Failure {
        match self.0.end() {
            End::Status(status) => Failure::usage(self.sentence(&format!("has ended with exit status {status}"))),
            End::NotYet => Failure::system(self.sentence("is beginning or ending, and cannot be asked just now")),
            End::Unknown => Failure::system(self.sentence("was cut off and could not say how it ended")),
        }
    }

    /// Where what it said stands.
    pub fn log(&self) -> PathBuf {
        self.0.log()
    }

    fn sentence(&self, what: &str) -> String {
        let about = &self.0.about;
        format!("the run `{}` ({}) {what}; its log is {}", one_line(&about.name), about.id, self.log().display())
    }
}
