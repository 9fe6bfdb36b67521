//! `flowrun check`: finds every mistake, runs nothing.

use std::path::PathBuf;

use super::args::{CheckArgs, MessageFormat};
use super::text::count;
use super::{Failure, Status, diagnostics, load, print, wrong_word};

/// Checks all files; one wrong file does not keep the others from being checked.
///
/// # Errors
/// A file cannot be read.
pub fn check(args: &CheckArgs) -> Result<Status, Failure> {
    load::enter(&args.workflow)?;
    let files: Vec<Option<PathBuf>> = if args.files.is_empty() { vec![None] } else { args.files.iter().cloned().map(Some).collect() };
    let mut status = Status::Success;
    for file in files {
        let source = match load::read(file.as_deref(), &[]) {
            Ok(source) => source,
            Err(failure) => {
                print::err(&failure.message);
                status = failure.status;
                continue;
            }
        };
        let Some(plan) = load::plan(&source, &load::options(&source, &args.workflow), &args.workflow) else {
            status = Status::Usage;
            continue;
        };
        diagnostics::show(&source, &wrong_word::named_as_commands(&source, &plan), &args.workflow);
        if args.workflow.message_format == MessageFormat::Human {
            print::out(&format!("{}: ok ({})\n", source.name, count(plan.processes.len(), "process")))?;
        }
        // As with what was read: the program ends soon.
        std::mem::forget(plan);
    }
    Ok(status)
}
