//! The command line: one file a subcommand, one table of exit codes.
//!
//! Records and checks what was asked for first and touches the system later.

mod args;
mod attach;
mod candidates;
mod check;
mod ci;
mod color;
mod columns;
mod completion;
mod control_args;
mod detach;
pub mod diagnostics;
mod dry_run;
mod ears;
pub mod excerpt;
pub mod exit;
mod exit_from;
mod explain;
mod graph;
mod hidden;
mod init;
mod list;
mod load;
mod lock;
mod log_dir;
mod logs;
mod man;
mod over;
mod print;
mod ps;
mod queue;
mod queue_args;
mod reach;
mod reporters;
mod reports;
mod restart;
mod run;
pub mod schema;
mod section;
mod shown_args;
mod signal;
mod status;
mod step_summary;
mod stop;
mod tasks;
mod text;
mod typed;
mod until;
mod wait;
mod wrong_flag;
mod wrong_word;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
pub use exit::Status;

/// Parses the command line, does what it says and gives the program's exit status.
pub fn main() -> ExitCode {
    // Called by itself to start a program, it does nothing else.
    if let Some(status) = crate::io::shim::serve() {
        return status;
    }
    if let Some(status) = completion::serve() {
        return status;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no mistake.
            let status = if error.use_stderr() { Status::Usage } else { Status::Success };
            let _ = wrong_flag::advise(error).print();
            return status.into();
        }
    };
    let result = match cli.command {
        None => run::run(cli.run),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Graph(args)) => graph::graph(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Lock(args)) => lock::lock(&args),
        Some(Command::Schema) => schema::print(),
        Some(Command::Tasks(args)) => tasks::tasks(&args),
        Some(Command::Init(args)) => init::init(&args),
        Some(Command::Completions(args)) => completion::print(&args),
        Some(Command::Man(args)) => man::man(&args),
        Some(Command::Ps(args)) => ps::ps(&args),
        Some(Command::Status(args)) => status::status(&args),
        Some(Command::Logs(args)) => logs::logs(&args),
        Some(Command::Stop(args)) => stop::stop(&args),
        Some(Command::Restart(args)) => restart::restart(&args),
        Some(Command::Signal(args)) => signal::signal(&args),
        Some(Command::Wait(args)) => wait::wait(&args),
        Some(Command::Queue(args)) => queue::queue(&args),
        Some(Command::Attach(args)) => attach::attach(&args),
    };
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            print::err(&failure.message);
            failure.status.into()
        }
    }
}

/// The names of the environment forms of all flags: none of them reaches a process.
pub fn flag_variables() -> Vec<String> {
    fn collect(command: &clap::Command, names: &mut Vec<String>) {
        names.extend(command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned())));
        command.get_subcommands().for_each(|command| collect(command, names));
    }
    let mut names = Vec::new();
    collect(&Cli::command(), &mut names);
    names.sort();
    names.dedup();
    names
}

/// Why a command could not be carried out: one sentence for people, and the exit status.
#[derive(Debug)]
pub struct Failure {
    /// What was being done, to what, why it went wrong and what to do.
    pub message: String,
    /// The exit status.
    pub status: Status,
}

impl Failure {
    /// The command line or a file on it is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: Status::Usage }
    }
    /// flowrun itself could not go on.
    pub fn system(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: Status::System }
    }
}
