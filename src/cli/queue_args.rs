//! What the command line may say to the queues of a run.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::args::time;

/// `flowrun queue`.
#[derive(Debug, Args)]
#[command(subcommand_help_heading = "Commands")]
#[command(after_help = "Exit status of all of them: 0 done, 2 there is no such queue or the command line is wrong, 3 there is \
no such run, or it has ended; 1 and 124 as each of them says.")]
pub struct QueueArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: QueueCommand,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Put items into a queue, and wait until it has taken them
    Put(PutArgs),
    /// Take an item from a queue and print it, waiting for one
    Get(GetArgs),
    /// Say that an item is done
    Done(DoneArgs),
    /// Print how many items wait in a queue
    Len(LenArgs),
    /// Close a queue: it takes nothing more, and what is in it is still delivered
    Close(CloseArgs),
}

/// Which run.
#[derive(Debug, Args)]
pub struct OfRun {
    /// The run, by its name or id; default inside a run this one, else the only one or that of this folder
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// `flowrun queue put`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:
    0  the queue has taken all
    1  it is closed or abandoned
    2  there is no such queue, or what was given cannot be an item
    3  there is no such run, or it has ended
  124  no room within --timeout")]
pub struct PutArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// The items: bytes without a line break, at most 1 MiB each; without any, or with `-`, each line of standard input; `--` before those that begin with `-`
    #[arg(value_name = "ITEM")]
    pub items: Vec<OsString>,
    /// The longest wait for room
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
    /// Which run.
    #[command(flatten)]
    pub of: OfRun,
}

/// `flowrun queue get`.
#[derive(Debug, Args)]
#[command(after_help = "A process of the run has the item in work until it says `flowrun queue done`, or ends: then the item is \
delivered again. For others the item is done when the run hands it over: one that then cannot be printed is lost.

Exit status, made for loops:
    0  an item
    1  the queue has ended, without a word
    2  there is no such queue, or the process may not take from it
    3  there is no such run, or it has ended
  124  no item within --timeout

while item=$(flowrun queue get buns); do eat \"$item\"; flowrun queue done buns; done")]
pub struct GetArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// As JSON: the item, its number, which delivery this is, from 1
    #[arg(long)]
    pub json: bool,
    /// The longest wait for an item
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
    /// Which run.
    #[command(flatten)]
    pub of: OfRun,
}

/// `flowrun queue done`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:
  0  done
  1  the process has no such item in work
  2  there is no such queue
  3  there is no such run, or it has ended")]
pub struct DoneArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// The number of the item; default the one that the process has had for the longest
    #[arg(long, value_name = "NUMBER")]
    pub item: Option<u64>,
    /// Which run.
    #[command(flatten)]
    pub of: OfRun,
}

/// `flowrun queue len`.
#[derive(Debug, Args)]
pub struct LenArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// As JSON, with the bound, the items in work, those taken and set aside, and whether it is closed or abandoned
    #[arg(long)]
    pub json: bool,
    /// Which run.
    #[command(flatten)]
    pub of: OfRun,
}

/// `flowrun queue close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Which run.
    #[command(flatten)]
    pub of: OfRun,
}
