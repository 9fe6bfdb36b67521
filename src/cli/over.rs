//! Runs in the background that have ended: how, and where it stands what they said.
//!
//! Who asks for a run that is over is told that it is over, and never that there was no such run.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::list::one_line;
use super::reach::Found;
use super::{Failure, Status, print, reach};
use crate::control::client::Trouble;
use crate::control::place::About;
use crate::control::record::{self, End, Record};
use crate::io::machine::reason;

/// A run that has ended, or is just ending.
pub struct Over(Record);

/// What the words of a command, a run and a process or one of them, name, if that is a run that is over and nothing
/// that goes on. No word is the newest, when nothing goes on.
///
/// # Errors
/// The folder of all runs is not this user's own.
pub fn meant(words: &[String]) -> Result<Option<Over>, Failure> {
    words.first().map_or_else(newest, |name| find(name, words.len() == 1))
}

/// The newest run in the background, if no run goes on and this program is no process of one: who names none means it.
///
/// # Errors
/// The folder of all runs is not this user's own.
pub fn newest() -> Result<Option<Over>, Failure> {
    let none = std::env::var_os("FLOWRUN_SOCKET").is_none() && reach::runs()?.is_empty();
    Ok(if none { record::records().pop().map(Over) } else { None })
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

/// A run was not found: if it, or without a name the newest, has ended meanwhile, that is the answer.
///
/// # Errors
/// It has not, and `failure` stands.
pub fn instead(name: Option<&str>, may_be_process: bool, failure: Failure, until: Option<Instant>) -> Result<Status, Failure> {
    let look = || name.map_or_else(newest, |name| find(name, may_be_process));
    let over = if failure.status == Status::Usage { look()? } else { None };
    over.filter(|over| matches!(over.0.end(), End::Status(_))).map_or(Err(failure), |over| over.tell(until))
}

/// A run was found and did not answer: if it has ended meanwhile, how that was is the answer.
///
/// # Errors
/// It goes on and `trouble` stands, nobody knows how it ended, or a process of it was asked for.
pub fn meanwhile(found: &Found, trouble: Trouble, until: Option<Instant>) -> Result<Status, Failure> {
    let silent = match &trouble {
        Trouble::Gone(error) => error.kind() != ErrorKind::WouldBlock,
        Trouble::NotAccepted => true,
        Trouble::Foreign(_) | Trouble::Refused(_) => false,
    };
    let goes_on = |about: &About| Ok::<bool, Failure>(reach::runs()?.iter().any(|(other, _)| other.id == about.id));
    let Some(about) = found.about.as_ref().filter(|_| silent) else { return Err(reach::failure(trouble)) };
    if goes_on(about)? {
        return Err(reach::failure(trouble));
    }
    let Some(over) = record::records().into_iter().rev().find(|record| record.about.id == about.id).map(Over) else {
        let name = one_line(&about.name);
        let why = format!("the run `{name}` ({}) ended while it was asked; how is known only of runs in the background", about.id);
        return Err(Failure::system(why));
    };
    if found.process.is_some() { Err(over.failure()) } else { over.tell(until) }
}

/// Waits until nothing of a run in the background is there any more, after it has told its end: then its reports and its
/// log are written.
///
/// # Errors
/// It takes longer than `until`.
pub fn all_is_written(found: &Found, until: Option<Instant>) -> Result<(), Failure> {
    let known = |about: &About| record::records().into_iter().rev().find(|record| record.about.id == about.id);
    found.about.as_ref().filter(|about| about.log.is_some()).and_then(known).map_or(Ok(()), |record| Over(record).written(until))
}

impl Over {
    fn written(&self, until: Option<Instant>) -> Result<(), Failure> {
        while self.0.is_alive() {
            if until.is_some_and(|until| Instant::now() >= until) {
                let message = self.sentence("has ended, and still writes its reports");
                return Err(Failure { message, status: Status::TimedOut });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Says that it has ended, when its reports are written too, and ends as it did.
    ///
    /// # Errors
    /// It was cut off, or is just ending; writing takes longer than `until`.
    pub fn tell(&self, until: Option<Instant>) -> Result<Status, Failure> {
        match self.0.end() {
            End::Status(status) => {
                self.written(until)?;
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

    /// Prints what it said; `last`: only so many lines, the last.
    ///
    /// # Errors
    /// The log cannot be read, or standard output not be written to.
    pub fn print_log(&self, last: Option<u32>) -> Result<Status, Failure> {
        let path = self.log();
        let cannot = |error| Failure::system(format!("cannot read the log {}: {}", path.display(), reason(&error)));
        let mut lines = BufReader::new(File::open(&path).map_err(cannot)?);
        let most = last.map(|last| usize::try_from(last).unwrap_or(usize::MAX));
        let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).map_err(cannot)? == 0 {
                break;
            }
            kept.push_back(line);
            // Without a bound nothing is kept back: a log may be larger than the memory.
            if most.is_none_or(|most| kept.len() > most)
                && let Some(first) = kept.pop_front()
                && most.is_none()
            {
                print::bytes(&first)?;
            }
        }
        kept.iter().try_for_each(|line| print::bytes(line))?;
        Ok(Status::Success)
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
