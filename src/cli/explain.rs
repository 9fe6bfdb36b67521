//! `flowrun explain`: a report in plain words.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::{Failure, Status, print};
use crate::base::suggest;
use crate::io::machine::reason;
use crate::report::explain;
use crate::report::record::Report;
use crate::report::record::model::{Process, VERSION};

/// The most instances that are named.
const INSTANCES: usize = 20;

/// `flowrun explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A report that `flowrun --report json=FILE` wrote; `-` is standard input
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    /// The process; default the run as a whole
    #[arg(value_name = "PROCESS")]
    pub process: Option<String>,
}

/// Prints why the run, or the process, went as it did.
///
/// # Errors
/// The file cannot be read or is no report, or there is no such process.
pub fn explain(args: &ExplainArgs) -> Result<Status, Failure> {
    let report = read(&args.report)?;
    let text = match &args.process {
        None => explain::run(&report),
        Some(name) => named(&report, name, &args.report)?,
    };
    print::out(&text)?;
    Ok(Status::Success)
}

/// Reads a report.
///
/// # Errors
/// The file cannot be read, or is no report of this version.
pub fn read(path: &Path) -> Result<Report, Failure> {
    let cannot = |error: &std::io::Error| Failure::usage(format!("cannot read the report {}: {}", path.display(), reason(error)));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
    } else {
        bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    }
    parse(&bytes).map_err(|why| Failure::usage(format!("{} {why}", path.display())))
}

/// The version alone: a report of another one need not look like ours.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
    flowrun: String,
}

fn parse(bytes: &[u8]) -> Result<Report, String> {
    const FORM: &str = "`flowrun FILE --report json=report.json` writes one";
    let head: Versioned = serde_json::from_slice(bytes).map_err(|error| format!("is no report of flowrun: {error}; {FORM}"))?;
    if head.version != VERSION {
        let by = head.flowrun;
        return Err(format!("is a report of version {}, written by flowrun {by}; this flowrun reads version {VERSION}", head.version));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("is no whole report of flowrun: {error}; {FORM}"))
}

/// The process of this name, or the instances that were declared under it.
fn named(report: &Report, name: &str, path: &Path) -> Result<String, Failure> {
    if let Some(process) = report.processes.iter().find(|process| &*process.name == name) {
        return Ok(explain::process(report, process));
    }
    let instances: Vec<&Process> = report.processes.iter().filter(|process| &*process.declared == name).collect();
    match instances[..] {
        [] => {
            let names = report.processes.iter().flat_map(|process| [&*process.name, &*process.declared]);
            let meant = suggest::hint(name, names);
            Err(Failure::usage(format!("no process `{name}` is in {}{meant}", path.display())))
        }
        [one] => Ok(explain::process(report, one)),
        _ => Ok(explain::instances(name, &instances, INSTANCES)),
    }
}
