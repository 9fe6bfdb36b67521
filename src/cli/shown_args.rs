//! The words that say how output is shown.

use clap::ValueEnum;

use crate::control::message::Output;
use crate::report::OutputMode;

/// How the output of processes is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputArg {
    /// Line by line as it comes, each with the name of its process
    #[default]
    Prefixed,
    /// In one block for each process, when it has ended
    Grouped,
    /// Line by line as it comes, without prefix
    Raw,
    /// In one block for each process that has failed
    Failures,
    /// Only the last lines of what failed
    Quiet,
}

impl From<OutputArg> for Output {
    fn from(output: OutputArg) -> Self {
        match output {
            OutputArg::Prefixed => Self::Prefixed,
            OutputArg::Grouped => Self::Grouped,
            OutputArg::Raw => Self::Raw,
            OutputArg::Failures => Self::Failures,
            OutputArg::Quiet => Self::Quiet,
        }
    }
}

impl From<Output> for OutputMode {
    fn from(output: Output) -> Self {
        match output {
            Output::Prefixed => Self::Prefixed,
            Output::Grouped => Self::Grouped,
            Output::Raw => Self::Raw,
            Output::Failures => Self::Failures,
            Output::Quiet => Self::Quiet,
        }
    }
}

impl From<OutputArg> for OutputMode {
    fn from(output: OutputArg) -> Self {
        Output::from(output).into()
    }
}

/// The time before each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StampArg {
    /// Of the clock, as in 2026-11-21T22:33:56.123Z
    Clock,
    /// Seconds since the run began
    Relative,
}

/// When colours are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless NO_COLOR is set; everywhere with FORCE_COLOR or CLICOLOR_FORCE
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
