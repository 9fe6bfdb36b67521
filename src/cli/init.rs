//! `flowrun init`: writes an example workflow to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use super::args::InitArgs;
use super::{Failure, Status, print};
use crate::io::machine::reason;

/// The example. It needs nothing but a POSIX shell.
pub const EXAMPLE: &str = include_str!("init.yaml");

/// Writes the example.
///
/// # Errors
/// The file is there already, or cannot be written.
pub fn init(args: &InitArgs) -> Result<Status, Failure> {
    let path = args.file.display();
    let mut options = OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(&args.file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!("{path} is there already; `flowrun init --force` writes over it")),
        _ => Failure::usage(format!("cannot write {path}: {}", reason(&error))),
    })?;
    file.write_all(EXAMPLE.as_bytes()).map_err(|error| Failure::system(format!("cannot write {path}: {}", reason(&error))))?;
    let word = if args.file == std::path::Path::new("flowrun.yaml") { "flowrun".to_owned() } else { format!("flowrun -f {path}") };
    print::out(&format!("wrote {path}; run it with `{word}`\n"))?;
    Ok(Status::Success)
}
