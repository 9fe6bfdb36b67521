//! `flowrun man`: the manual pages, made from the description of the command line.
//!
//! Written by the program and not kept beside it: so a package has those of its own version, and nothing can
//! be out of date. The price is that the program must run where the package is made.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::args::Cli;
use super::{Failure, Status, print};
use crate::io::machine::reason;

/// `flowrun man`.
#[derive(Debug, Args)]
#[command(after_help = "For a user: flowrun man ~/.local/share/man/man1
For a package: flowrun man \"$DESTDIR/usr/share/man/man1\"")]
pub struct ManArgs {
    /// The folder, made if it is not there: it gets flowrun.1 and a page for each command, as flowrun-check.1
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Writes a page for the program and for each command, over those that are there.
///
/// # Errors
/// The folder cannot be made or written to.
pub fn man(args: &ManArgs) -> Result<Status, Failure> {
    let path = args.folder.display();
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    fs::create_dir_all(&args.folder)
        .and_then(|()| write(&program, &args.folder))
        .map_err(|error| Failure::usage(format!("cannot write manual pages into {path}: {}", reason(&error))))?;
    print::out(&format!("wrote the manual pages into {path}; read one with `man {path}/flowrun.1`\n"))?;
    Ok(Status::Success)
}

fn write(command: &Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands() {
        write(below, folder)?;
    }
    let man = Man::new(command.clone()).source(concat!("flowrun ", env!("CARGO_PKG_VERSION"))).manual("flowrun manual");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    // What stands below the help has a heading of the generator's that no other manual page has.
    let page = with_synopsis(&page, &synopsis(command)).replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    fs::write(folder.join(man.get_filename()), page)
}

/// The usage that `--help` shows; the generator would list every option, and none with its value.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let lines = usage.trim_start_matches("Usage:").lines().map(|line| line.trim().replace('\\', "\\e").replace('-', "\\-"));
    lines.collect::<Vec<_>>().join("\n.br\n")
}

fn with_synopsis(page: &str, synopsis: &str) -> String {
    const HEAD: &str = "\n.SH SYNOPSIS\n";
    let parts = page.split_once(HEAD).and_then(|(before, rest)| Some((before, rest.split_once("\n.SH ")?.1)));
    parts.map_or_else(|| page.to_owned(), |(before, after)| format!("{before}{HEAD}{synopsis}\n.SH {after}"))
}
