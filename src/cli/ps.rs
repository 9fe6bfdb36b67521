//! `flowrun ps`: the runs of this user that go on, and those in the background that are over.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::control_args::PsArgs;
use super::{Failure, Status, columns, list::one_line, print, reach};
use crate::control::place::About;
use crate::control::record::{self, End};
use crate::io::procfs;
use crate::report::words;

/// A run, and how it stands.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    about: About,
    /// `running`, `suspended`, `ending`, `ended`, or `lost`: cut off before it could say how it ended.
    state: &'static str,
    /// The exit status of one that has ended.
    code: Option<u8>,
}

/// Prints all runs, the oldest first.
///
/// # Errors
/// Their folder is not this user's own.
pub fn ps(args: &PsArgs) -> Result<Status, Failure> {
    let mut rows: Vec<Row> = reach::runs()?.into_iter().map(|(about, _)| alive(about)).collect();
    if args.all {
        let over: Vec<Row> =
            record::records().into_iter().filter(|record| rows.iter().all(|row| row.about.id != record.about.id)).map(over).collect();
        rows.splice(0..0, over);
    }
    if args.json {
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::system(format!("cannot write JSON: {error}")))?;
        print::out(&(text + "\n"))?;
        return Ok(Status::Success);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut table = vec![["ID", "NAME", "STATE", "PID", "SINCE", "CODE", "FILE"].map(str::to_owned)];
    table.extend(rows.iter().map(|row| cells(row, now)));
    print::out(&columns::table(&table))?;
    Ok(Status::Success)
}

fn alive(about: About) -> Row {
    let suspended = procfs::facts(about.pid).is_some_and(|facts| facts.stopped);
    Row { about, state: if suspended { "suspended" } else { "running" }, code: None }
}

fn over(record: record::Record) -> Row {
    let (state, code) = match record.end() {
        End::Status(code) => ("ended", Some(code)),
        End::NotYet => ("ending", None),
        End::Unknown => ("lost", None),
    };
    Row { about: record.about, state, code }
}

/// The number of a process that is gone may be another's by now: it is left out.
fn cells(row: &Row, now: Duration) -> [String; 7] {
    let Row { about, state, code } = row;
    let none = || "-".to_owned();
    let gone = ["ended", "lost"].contains(state);
    let file = about.file.as_ref().map_or_else(none, |file| file.display().to_string());
    let since = words::ticking(now.saturating_sub(Duration::from_secs(about.started)));
    let pid = if gone { none() } else { about.pid.to_string() };
    let code = code.map_or_else(none, |code| code.to_string());
    [about.id.clone(), about.name.clone(), (*state).to_owned(), pid, since, code, file].map(|cell| one_line(&cell))
}
