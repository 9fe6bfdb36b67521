//! The exit statuses: the one table, from which help, manual pages and reference are made.

use std::process::ExitCode;

use crate::io::reap::Ended;
use crate::notice::RunSummary;

/// How flowrun ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: everything went well.
    Success,
    /// 1: a process failed, or a queue was not emptied.
    Failed,
    /// 2: the workflow or the command line is wrong; nothing was started.
    Usage,
    /// 3: flowrun itself could not go on.
    System,
    /// 124: the run's own timeout, or that of `lock`.
    TimedOut,
    /// 125: `lock --no-wait` found it held.
    NotFree,
    /// 126: the command of `lock` cannot be run.
    NotRunnable,
    /// 127: the command of `lock` does not exist.
    NotFound,
    /// 128 and the signal's number: 129, 130, 131 or 143.
    Interrupted(i32),
    /// What the process below, which ran the workflow or is the command of `lock`, has ended with; 128 and the signal's number if one
    /// killed it.
    Kept(Ended),
    /// That of a process, by its exit code as Python shows it: -15 is 128 and 15.
    Process(i32),
    /// What another run has ended with, as it said at its end or as is written down of it.
    Recorded(u8),
}

/// How a run ends and when, the first that applies first.
pub const TABLE: &[(&[Status], &str)] = &[
    (&[Status::Usage], "the workflow or the command line is wrong; nothing was started"),
    (&[Status::System], "flowrun itself could not go on"),
    (
        &[Status::Interrupted(1), Status::Interrupted(2), Status::Interrupted(3), Status::Interrupted(15)],
        "after SIGHUP, SIGINT, SIGQUIT, SIGTERM",
    ),
    (&[Status::Kept(Ended::Signal(9))], "flowrun itself was killed (it is two processes): 128 and the signal's number"),
    (&[Status::TimedOut], "the run's own `timeout`"),
    (&[Status::Failed], "a process failed, or a queue was not worked off: it was abandoned, or an item was set aside"),
    (&[Status::Success], "all went well"),
];

/// The numbers of a row of the table, as in `129, 130`.
pub fn numbers(row: &[Status]) -> String {
    let numbers: Vec<_> = row.iter().map(|status| status.code().to_string()).collect();
    numbers.join(", ")
}

/// What stands below the help of the whole program.
pub fn help() -> String {
    let mut text = "Exit status, the first that applies:\n".to_owned();
    for (row, meaning) in TABLE {
        text.push_str(&format!("  {}  {meaning}\n", numbers(row)));
    }
    text + "\nEvery flag but those of `lock` and `queue` can also be given as FLOWRUN_… in the environment, as in FLOWRUN_JOBS=4."
}

impl Status {
    /// The status of a run: the first that applies. Never `Success` unless every process is accounted for.
    pub fn of(summary: &RunSummary) -> Self {
        if summary.unaccounted > 0 {
            return Self::System;
        }
        match summary.interrupted {
            Some(signal) => Self::Interrupted(signal),
            None if summary.timed_out => Self::TimedOut,
            None if summary.failed + summary.queues > 0 => Self::Failed,
            None => Self::Success,
        }
    }

    /// Its number.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::System => 3,
            Self::TimedOut => 124,
            Self::NotFree => 125,
            Self::NotRunnable => 126,
            Self::NotFound => 127,
            Self::Recorded(code) => code,
            // As the system does it, the lowest eight bits count.
            Self::Process(code) => (if code < 0 { 128 - code } else { code } & 0xff) as u8,
            Self::Kept(Ended::Code(code)) => u8::try_from(code).unwrap_or(255),
            Self::Interrupted(signal) | Self::Kept(Ended::Signal(signal)) => u8::try_from(128 + signal).unwrap_or(255),
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_is_the_status() {
        let all = RunSummary { queues: 0, failed: 1, interrupted: Some(2), timed_out: true, unaccounted: 1 };
        assert_eq!(Status::of(&all).code(), 3);
        assert_eq!(Status::of(&RunSummary { unaccounted: 0, ..all.clone() }).code(), 130);
        assert_eq!(Status::of(&RunSummary { failed: 1, timed_out: true, ..RunSummary::default() }).code(), 124);
        assert_eq!(Status::of(&RunSummary { failed: 1, ..RunSummary::default() }).code(), 1);
        assert_eq!(Status::of(&RunSummary { queues: 1, ..RunSummary::default() }).code(), 1);
        assert_eq!(Status::of(&RunSummary::default()).code(), 0);
        for (signal, code) in [(1, 129), (2, 130), (3, 131), (15, 143)] {
            assert_eq!(Status::Interrupted(signal).code(), code);
            assert_eq!(Status::Kept(Ended::Signal(signal)).code(), code);
        }
    }
}
