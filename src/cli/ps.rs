//! `flowrun ps`: the runs of this user that go on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::control_args::PsArgs;
use super::{Failure, Status, columns, list::one_line, print, reach};
use crate::report::words;

/// Prints all runs, the oldest first.
///
/// # Errors
/// Their folder is not this user's own.
pub fn ps(args: &PsArgs) -> Result<Status, Failure> {
    let runs = reach::runs()?;
    if args.json {
        let all: Vec<_> = runs.iter().map(|(about, _)| about).collect();
        let text = serde_json::to_string_pretty(&all).map_err(|error| Failure::system(format!("cannot write JSON: {error}")))?;
        print::out(&(text + "\n"))?;
        return Ok(Status::Success);
    }
    let mut rows = vec![["ID", "NAME", "PID", "SINCE", "FILE"].map(str::to_owned)];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    rows.extend(runs.iter().map(|(about, _)| {
        let file = about.file.as_ref().map_or_else(|| "-".to_owned(), |file| file.display().to_string());
        let since = words::ticking(now.saturating_sub(Duration::from_secs(about.started)));
        [about.id.clone(), about.name.clone(), about.pid.to_string(), since, file].map(|cell| one_line(&cell))
    }));
    print::out(&columns::table(&rows))?;
    Ok(Status::Success)
}
