//! What the command line may say.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::completion::CompletionsArgs;
use super::control_args::{AttachArgs, LogsArgs, PsArgs, RestartArgs, SignalArgs, StatusArgs, StopArgs, WaitArgs};
use super::exit;
use super::explain::ExplainArgs;
use super::man::ManArgs;
use super::queue_args::QueueArgs;
use super::reports::Wanted;
pub use super::shown_args::{ColorArg, OutputArg, StampArg};
use crate::base::duration;
use crate::source::model::JobLimit;
use crate::source::read::Scalar;

/// Runs the processes that a YAML workflow names: what can run at once does, what shares a lock takes
/// turns, daemons live as long as they are needed.
#[derive(Debug, Parser)]
#[command(name = "flowrun", version, args_conflicts_with_subcommands = true, subcommand_help_heading = "Commands")]
#[command(after_help = exit::help())]
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
    /// Tell from a report why a run, or a process of it, went as it did
    Explain(ExplainArgs),
    /// Run a command while it holds locks or permits: of the workflow that it runs in, or of this machine
    Lock(LockArgs),
    /// Print the JSON schema of workflow files
    Schema,
    /// List the built-in tasks with their arguments
    Tasks(TasksArgs),
    /// Write an example workflow
    Init(InitArgs),
    /// Print what makes a shell complete flowrun's command line
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    Man(ManArgs),
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
    /// Put items into a queue of a run, or take them from it
    Queue(QueueArgs),
    /// Show what happens in a run, as it does itself, until it has ended
    Attach(AttachArgs),
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
    /// Run in the background, without a terminal: returns when the run goes on, and prints its id
    #[arg(short = 'd', long, env = "FLOWRUN_DETACH", value_parser = FalseyValueParser::new())]
    pub detach: bool,
    /// Print what would start, in order, and start nothing
    #[arg(short = 'n', long, env = "FLOWRUN_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
    /// The most time for stopping and cleaning up; then everything is killed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time, env = "FLOWRUN_STOP_TIMEOUT")]
    pub stop_timeout: Duration,
    /// How to show the output of processes; default prefixed, in continuous integration (CI=true) grouped
    #[arg(short = 'o', long, value_name = "MODE", env = "FLOWRUN_OUTPUT")]
    pub output: Option<OutputArg>,
    /// The time before each line: of the clock, in UTC, or since the run began
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "clock", env = "FLOWRUN_TIMESTAMPS")]
    pub timestamps: Option<StampArg>,
    /// Write all that each process writes into a file of its own in this folder
    #[arg(long, value_name = "DIR", env = "FLOWRUN_LOG_DIR")]
    pub log_dir: Option<PathBuf>,
    /// End with the exit status of this process
    #[arg(long, value_name = "PROCESS", env = "FLOWRUN_EXIT_CODE_FROM")]
    pub exit_code_from: Option<String>,
    /// Tell what still runs each time so long has passed, or with 0 never; in continuous integration (CI=true) 30s
    #[arg(long, value_name = "TIME", value_parser = time_or_zero, env = "FLOWRUN_HEARTBEAT")]
    pub heartbeat: Option<Duration>,
    /// Say little: no output of processes, and nothing at all when everything went well
    #[arg(short = 'q', long, env = "FLOWRUN_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
    /// Say more: each start, end, wait and lock
    #[arg(short = 'v', long, env = "FLOWRUN_VERBOSE", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
    /// When the run is over write a report: json, junit, trace, markdown or html, as in junit=report.xml; `-` is standard output
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
    /// A picture
    Svg,
    /// A page with the picture, which can be moved, zoomed and searched
    Html,
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
    /// A report that `flowrun --report json=FILE` wrote: pictures tell what became of each process
    #[arg(long, value_name = "REPORT", env = "FLOWRUN_RUN")]
    pub run: Option<PathBuf>,
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
  124  not had within --timeout
  125  held: with --no-wait, or by what waits for this command; or in a ring
       of requests that would wait for each other for ever
  126  the command cannot be run   127  there is no such command
  2  the command line is wrong, this is no process of a run, the workflow
     declares no such lock, or holders know another number of permits
  3  flowrun itself could not go on")]
pub struct LockArgs {
    /// Inside of a run: locks and semaphores that its workflow declares; all are taken together, in the same queue as by
    /// processes that declare them
    #[arg(value_name = "NAME", required_unless_present = "host", conflicts_with = "host")]
    pub names: Vec<String>,
    /// The name on this machine of a lock with `scope: host`, as in shop/db; several are taken in the order of their names
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// Hold it together with others that hold it shared
    #[arg(long)]
    pub shared: bool,
    /// Hold permits of a semaphore: how many, and with --host how many it has, as in 1/8; their numbers are in
    /// FLOWRUN_SLOT_<NAME>
    #[arg(long, value_name = "N", value_parser = Permits::parse, conflicts_with = "shared")]
    pub permits: Option<Permits>,
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

/// Permits of a semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permits {
    /// How many are wanted, at least 1 and at most `of`.
    pub count: u32,
    /// How many there are, where it is said.
    pub of: Option<u32>,
}

impl Permits {
    fn parse(text: &str) -> Result<Self, String> {
        let numbers: Option<(u32, Option<u32>)> = match text.split_once('/') {
            Some((count, of)) => count.parse().ok().zip(of.parse().ok().map(Some)),
            None => text.parse().ok().map(|count| (count, None)),
        };
        match numbers {
            Some((0, _)) => Err("at least one permit is needed, as in 1 or 1/8".to_owned()),
            Some((count, Some(of))) if count > of => Err(format!("{count} permits of {of} would be waited for for ever")),
            Some((count, of)) => Ok(Self { count, of }),
            None => Err("write how many, and with --host how many it has, as in 1/8".to_owned()),
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

fn time_or_zero(text: &str) -> Result<Duration, String> {
    duration::parse_or_zero(text)
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text)
}
