//! `flowrun attach`: what happens in a run from now on, as the run itself would show it, or as JSON.
//!
//! To end it ends nothing of the run.

use std::io::{self, Write as _};

use serde::Deserialize;
use serde_json::Value;

use super::control_args::AttachArgs;
use super::{Failure, Status, color, over, print, reach, wait};
use crate::control::message::{Lines, Request, Surface};
use crate::report;

/// Prints what is told until the run has ended, or nobody reads it any more; ends as the run does.
///
/// # Errors
/// There is no such run, or it does not answer.
pub fn attach(args: &AttachArgs) -> Result<Status, Failure> {
    if let Some(over) = args.run.as_deref().map_or_else(over::newest, |name| over::find(name, false))? {
        return over.tell(None);
    }
    let mut open = true;
    let tell = |event: Value| {
        open = if args.json { print::piece(&format!("{event}\n")) } else { show(event) };
        open
    };
    let lines = (!args.json).then(|| lines(args));
    let found = match reach::find(args.run.as_deref()) {
        Ok(found) => found,
        Err(failure) => return over::instead(args.run.as_deref(), false, failure, None),
    };
    let answer = found.ask(Request::Attach { lines }, tell);
    match answer {
        _ if !open => Ok(Status::Success),
        Ok(answer) => over::all_is_written(&found, None).and_then(|()| wait::status(answer)),
        Err(trouble) => over::meanwhile(&found, trouble, None),
    }
}

fn lines(args: &AttachArgs) -> Lines {
    let surface = |surface: report::Surface| Surface { terminal: surface.terminal, color: surface.color };
    let (stdout, stderr) = color::surfaces(args.color);
    Lines { output: args.output.into(), verbosity: i8::from(args.verbose), stdout: surface(stdout), stderr: surface(stderr) }
}

/// What the run would print.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "stream", content = "lines")]
enum Piece {
    Stdout(String),
    Stderr(String),
}

/// Prints a piece where it belongs; whether more can be printed.
fn show(event: Value) -> bool {
    match serde_json::from_value(event) {
        Ok(Piece::Stdout(text)) => print::piece(&text),
        Ok(Piece::Stderr(text)) => {
            // Who has closed it does not want to know.
            let _ = io::stderr().lock().write_all(text.as_bytes());
            true
        }
        // Of another version: nothing that could be shown.
        Err(_) => true,
    }
}
