//! What the command line may say.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::control_args::{AttachArgs, LogsArgs, PsArgs, RestartArgs, SignalArgs, StatusArgs, StopArgs, WaitArgs};
use super::reports::Wanted;
use crate::base::duration;
use crate::source::model::JobLimit;
use crate::source::read::Scalar;

/// Runs the processes that a YAML workflow names: what can run at once does, what shares a lock takes
/// turns, daemons live as long as they are needed.
#[derive(Debug, Parser)]
#[command(name = "flowrun", version, args_conflicts_with_subcommands = true, subcommand_help_heading = "Commands")]
#[command(after_help = "Exit status:
  0  all well                      1  a process failed
  2  the workflow or the command line is wrong, nothing was started
  3  flowrun itself could not go on
  124  the run's timeout           129, 130, 143  after SIGHUP, SIGINT, SIGTERM

Every flag but those of `lock` can also be given as FLOWRUN_… in the environment, as in FLOWRUN_JOBS=4.")]
pub struct Cli {
    /// What to do; without a command, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// For `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a workflow (the default)
    Run(RunArgs),
    /// Find every mistake in workflows without running anything
    Check(CheckArgs),
    /// List the processes of a workflow
    List(ListArgs),
    /// Draw what waits for what
    Graph(GraphArgs),
    /// Run a command while it holds locks or permits that runs share on this machine
    Lock(LockArgs),
    /// Print the JSON schema of workflow files
    Schema,
    /// List the built-in tasks with their arguments
    Tasks(TasksArgs),
    /// Write an example workflow
    Init(InitArgs),
    /// List the runs that go on
    Ps(PsArgs),
    /// Show how the processes of a run stand
    Status(StatusArgs),
    /// Print the last lines of processes of a run
    Logs(LogsArgs),
    /// Ask a run, or a process of it, to end
    Stop(StopArgs),
    /// Stop a process of a run and begin it anew
    Restart(RestartArgs),
    /// Send a signal to a process of a run
    Signal(SignalArgs),
    /// Wait until a run, or a process of it, has ended
    Wait(WaitArgs),
    /// Print everything that a run tells, as JSON
    Attach(AttachArgs),
}

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
    /// Only the last lines of what failed
    Quiet,
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

/// How mistakes in a workflow are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With the source underlined
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

/// What every command that reads a workflow takes.
#[derive(Clone, Debug, Default, Args)]
pub struct WorkflowArgs {
    /// Set a variable of the workflow
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_value, env = "FLOWRUN_SET")]
    pub set: Vec<(String, String)>,
    /// Read environment variables from this file too, over those of the workflow
    #[arg(short = 'e', long = "env-file", value_name = "FILE", env = "FLOWRUN_ENV_FILE")]
    pub env_file: Vec<PathBuf>,
    /// Go to this folder first
    #[arg(short = 'C', long = "directory", value_name = "DIR", env = "FLOWRUN_DIRECTORY")]
    pub directory: Option<PathBuf>,
    /// When to show colours
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "FLOWRUN_COLOR")]
    pub color: ColorArg,
    /// How to show mistakes in the workflow
    #[arg(long, value_name = "FORMAT", default_value = "human", env = "FLOWRUN_MESSAGE_FORMAT")]
    pub message_format: MessageFormat,
}

/// `flowrun run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The workflow (what ends in .yaml or .yml, has a `/` or is `-`; else flowrun.yaml here or above), and the
    /// processes to run: these, what they join, and their cleanups. Default all
    #[arg(value_names = ["FILE", "PROCESS"], num_args = 0..)]
    pub words: Vec<String>,
    /// The workflow, whatever its name; `-` is standard input
    #[arg(short = 'f', long = "file", value_name = "FILE", env = "FLOWRUN_FILE")]
    pub file: Option<PathBuf>,
    /// The most processes at once: a number, a percentage of the processors such as 50%, or `cpus`
    #[arg(short = 'j', long, value_name = "N", value_parser = job_limit, env = "FLOWRUN_JOBS")]
    pub jobs: Option<JobLimit>,
    /// After a failure run all that does not depend on it
    #[arg(short = 'k', long, env = "FLOWRUN_KEEP_GOING", value_parser = FalseyValueParser::new())]
    pub keep_going: bool,
    /// Print what would start, in order, and start nothing
    #[arg(short = 'n', long, env = "FLOWRUN_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
    /// The most time for stopping and cleaning up; then everything is killed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time, env = "FLOWRUN_STOP_TIMEOUT")]
    pub stop_timeout: Duration,
    /// How to show the output of processes
    #[arg(short = 'o', long, value_name = "MODE", default_value = "prefixed", env = "FLOWRUN_OUTPUT")]
    pub output: OutputArg,
    /// Say little: no output of processes, and nothing at all when everything went well
    #[arg(short = 'q', long, env = "FLOWRUN_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
    /// Say more: each start, end, wait and lock
    #[arg(short = 'v', long, env = "FLOWRUN_VERBOSE", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
    /// When the run is over write a report: json, junit, trace or markdown, as in junit=report.xml; `-` is standard output
    #[arg(long, value_name = "KIND=FILE", value_parser = Wanted::parse, env = "FLOWRUN_REPORT")]
    pub report: Vec<Wanted>,
    /// No lines of progress on a terminal
    #[arg(long, env = "FLOWRUN_NO_PROGRESS", value_parser = FalseyValueParser::new())]
    pub no_progress: bool,
    /// What all commands that read a workflow take.
    #[command(flatten)]
    pub workflow: WorkflowArgs,
}

/// `flowrun check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The workflows; `-` is standard input; default flowrun.yaml here or above
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What all commands that read a workflow take.
    #[command(flatten)]
    pub workflow: WorkflowArgs,
}

/// `flowrun list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The workflow; `-` is standard input; default flowrun.yaml here or above
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// As JSON
    #[arg(long, env = "FLOWRUN_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// What all commands that read a workflow take.
    #[command(flatten)]
    pub workflow: WorkflowArgs,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Indented text
    #[default]
    Text,
    /// For Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// Nodes and edges
    Json,
}

/// `flowrun graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The workflow; `-` is standard input; default flowrun.yaml here or above
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The form
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "FLOWRUN_FORMAT")]
    pub format: GraphFormat,
    /// What all commands that read a workflow take.
    #[command(flatten)]
    pub workflow: WorkflowArgs,
}

/// `flowrun tasks`.
#[derive(Debug, Args)]
pub struct TasksArgs {
    /// Only this task
    #[arg(value_name = "TASK")]
    pub task: Option<String>,
}

/// `flowrun init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write
    #[arg(value_name = "FILE", default_value = "flowrun.yaml")]
    pub file: PathBuf,
    /// Write over a file that is there
    #[arg(long, env = "FLOWRUN_FORCE", value_parser = FalseyValueParser::new())]
    pub force: bool,
}

/// `flowrun lock`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: that of the command, 128 and the number of the signal that ended it, or
  124  not had within --timeout    125  held: with --no-wait, or by what waits for this command
  126  the command cannot be run   127  there is no such command
  2  the command line is wrong, or holders know it with another number of permits
  3  flowrun itself could not go on")]
pub struct LockArgs {
    /// The name on this machine of a lock with `scope: host`, as in shop/db; several are taken in the order of their names
    #[arg(long, value_name = "NAME", required = true)]
    pub host: Vec<String>,
    /// Hold it together with others that hold it shared
    #[arg(long, conflicts_with = "permits")]
    pub shared: bool,
    /// Hold permits of a semaphore: how many, and how many it has, as in 1/8; their numbers are in FLOWRUN_SLOT_<NAME>
    #[arg(long, value_name = "N/ALL", value_parser = HostPermits::parse)]
    pub permits: Option<HostPermits>,
    /// Give up when it is not had within this time
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "no_wait")]
    pub timeout: Option<Duration>,
    /// Give up at once when it is held
    #[arg(long)]
    pub no_wait: bool,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub command: Vec<String>,
}

/// Permits of a semaphore that runs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPermits {
    /// How many are wanted, at least 1 and at most `of`.
    pub count: u32,
    /// How many there are.
    pub of: u32,
}

impl HostPermits {
    fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(count, of)| Some((count.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((count, of)) if (1..=of).contains(&count) => Ok(Self { count, of }),
            Some((0, _)) => Err("at least one permit is needed, as in 1/8".to_owned()),
            Some((count, of)) => Err(format!("{count} permits of {of} would be waited for for ever")),
            None => Err("write how many, and how many it has, as in 1/8".to_owned()),
        }
    }
}

fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

fn job_limit(text: &str) -> Result<JobLimit, String> {
    JobLimit::parse(text)
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text)
}
