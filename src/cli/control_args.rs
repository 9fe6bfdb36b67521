//! What the command line may say to runs that go on.

use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use nix::sys::signal::Signal;

use super::args::{ColorArg, OutputArg, time};

/// `flowrun ps`.
#[derive(Debug, Args)]
pub struct PsArgs {
    /// Also runs in the background that have ended, with their exit status; of the last 50
    #[arg(short, long)]
    pub all: bool,
    /// As JSON
    #[arg(long, env = "FLOWRUN_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `flowrun status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The run, by its name or id; default inside a run this one, else the only one or that of this folder
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// As JSON
    #[arg(long, env = "FLOWRUN_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `flowrun logs`.
#[derive(Debug, Args)]
#[command(override_usage = "flowrun logs [OPTIONS] [RUN] [PROCESS]")]
pub struct LogsArgs {
    /// The run, and the process; a single word that is no run is a process. Default all processes
    #[arg(value_names = ["RUN", "PROCESS"], num_args = 0..=2)]
    pub words: Vec<String>,
    /// At most so many last lines of each process; default all that are kept
    #[arg(short = 'n', long, value_name = "N", value_parser = number_of_lines, env = "FLOWRUN_LINES")]
    pub lines: Option<u32>,
    /// Go on with what comes, until the run has ended
    #[arg(short = 'f', long, env = "FLOWRUN_FOLLOW", value_parser = FalseyValueParser::new())]
    pub follow: bool,
}

/// `flowrun stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// The run, and the process; a single word that is no run is a process. Default the whole run
    #[arg(value_names = ["RUN", "PROCESS"], num_args = 0..=2, action = ArgAction::Set)]
    pub words: Vec<String>,
}

/// `flowrun restart`.
#[derive(Debug, Args)]
#[command(override_usage = "flowrun restart [RUN] PROCESS")]
pub struct RestartArgs {
    /// The run (where it is neither the only one nor that of this folder), and the process
    #[arg(value_names = ["RUN", "PROCESS"], num_args = 1..=2, action = ArgAction::Set)]
    pub words: Vec<String>,
}

/// `flowrun signal`.
#[derive(Debug, Args)]
#[command(override_usage = "flowrun signal [RUN] PROCESS SIGNAL")]
pub struct SignalArgs {
    /// The run (where it is neither the only one nor that of this folder), the process, and the signal: SIGHUP, HUP or 1
    #[arg(value_names = ["RUN", "PROCESS", "SIGNAL"], num_args = 1..=3, action = ArgAction::Set)]
    pub words: Vec<String>,
}

/// `flowrun wait`.
#[derive(Debug, Args)]
#[command(override_usage = "flowrun wait [OPTIONS] [RUN] [PROCESS]")]
pub struct WaitArgs {
    /// The run, and the process; a single word that is no run is a process. Default the end of the run
    #[arg(value_names = ["RUN", "PROCESS"], num_args = 0..=2)]
    pub words: Vec<String>,
    /// The longest wait; then the exit status is 124
    #[arg(long, value_name = "TIME", value_parser = time, env = "FLOWRUN_TIMEOUT")]
    pub timeout: Option<Duration>,
}

/// `flowrun attach`.
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// The run, by its name or id; default inside a run this one, else the only one or that of this folder
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// As JSON, one object a line
    #[arg(long, env = "FLOWRUN_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// How to show the output of processes
    #[arg(short = 'o', long, value_name = "MODE", default_value = "prefixed", env = "FLOWRUN_OUTPUT")]
    pub output: OutputArg,
    /// Say more: each start, end, wait and lock
    #[arg(short = 'v', long, env = "FLOWRUN_VERBOSE", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
    /// When to show colours
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "FLOWRUN_COLOR")]
    pub color: ColorArg,
}

fn number_of_lines(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write a number of lines, as in `-n 20`".to_owned())
}

/// The number of a signal: `SIGHUP`, `hup` or `1`.
///
/// # Errors
/// There is no such signal; what would be right.
pub fn signal(text: &str) -> Result<i32, String> {
    let upper = text.to_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    let number = text.parse().ok().filter(|number| (1..=64).contains(number));
    number
        .or_else(|| name.parse::<Signal>().ok().map(|signal| signal as i32))
        .ok_or_else(|| format!("there is no signal `{text}`; write a name such as SIGHUP, or a number from 1 to 64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        assert_eq!(["SIGHUP", "HUP", "hup", "1"].map(signal), [Ok(1), Ok(1), Ok(1), Ok(1)]);
        assert_eq!(signal("64"), Ok(64));
        for wrong in ["0", "65", "-1", "SIG", "nonsense", ""] {
            assert!(signal(wrong).is_err_and(|why| why.contains("SIGHUP")), "{wrong}");
        }
    }
}
