//! `flowrun ps`: the runs of this user that go on.

use super::control_args::PsArgs;
use super::{Failure, Status, columns, list::one_line, print, reach};

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
    let mut rows = vec![["ID", "NAME", "PID", "FILE"].map(str::to_owned)];
    rows.extend(runs.iter().map(|(about, _)| {
        let file = about.file.as_ref().map_or_else(|| "-".to_owned(), |file| file.display().to_string());
        [about.id.clone(), about.name.clone(), about.pid.to_string(), file].map(|cell| one_line(&cell))
    }));
    print::out(&columns::table(&rows))?;
    Ok(Status::Success)
}
