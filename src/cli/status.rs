//! `flowrun status`: how the processes of a run stand.

use std::time::Duration;

use serde::Deserialize;

use super::control_args::StatusArgs;
use super::{Failure, Status, columns, list::one_line, print, reach};
use crate::control::message::Request;
use crate::report::words;

/// What is shown of a run.
#[derive(Deserialize)]
struct Run {
    name: String,
    elapsed: f64,
    suspended: bool,
    ending: bool,
    processes: Vec<Row>,
    #[serde(default)]
    queues: Vec<QueueRow>,
}

/// What is shown of a queue.
#[derive(Deserialize)]
struct QueueRow {
    queue: String,
    waiting: u64,
    in_work: u64,
    taken: u64,
    set_aside: u64,
    closed: bool,
    abandoned: bool,
}

/// What is shown of a process.
#[derive(Deserialize)]
struct Row {
    process: String,
    state: String,
    pid: Option<u32>,
    parent: Option<u32>,
    code: Option<i32>,
    since: Option<f64>,
    waits_for: String,
}

/// Prints the table.
///
/// # Errors
/// There is no such run, or it does not answer.
pub fn status(args: &StatusArgs) -> Result<Status, Failure> {
    let answer = reach::run(args.run.as_deref())?.ask(Request::Status, |_| true).map_err(reach::failure)?;
    let text = if args.json {
        serde_json::to_string_pretty(&answer).map(|text| text + "\n")
    } else {
        serde_json::from_value(answer).map(|run| table(&run))
    };
    print::out(&text.map_err(|error| Failure::system(format!("the run speaks another version: {error}")))?)?;
    Ok(Status::Success)
}

fn table(run: &Run) -> String {
    let some = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
    let mut rows = vec![["PROCESS", "STATE", "PID", "PARENT", "SINCE", "CODE", "WAITING FOR"].map(str::to_owned)];
    rows.extend(run.processes.iter().map(|row| {
        let number = |number: Option<u32>| some(number.map(|number| number.to_string()));
        let (since, code) = (some(row.since.map(time)), some(row.code.map(|code| code.to_string())));
        let cells = [row.process.clone(), row.state.clone(), number(row.pid), number(row.parent), since, code, row.waits_for.clone()];
        cells.map(|cell| one_line(&cell))
    }));
    let more = [(run.suspended, ", suspended"), (run.ending, ", ending")];
    let more: String = more.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    format!("{}{}{}, for {}{more}\n", columns::table(&rows), queues(&run.queues), one_line(&run.name), time(run.elapsed))
}

/// The queues, if there are any, with a line before them.
fn queues(queues: &[QueueRow]) -> String {
    if queues.is_empty() {
        return String::new();
    }
    let mut rows = vec![["QUEUE", "STATE", "WAITING", "IN WORK", "TAKEN", "SET ASIDE"].map(str::to_owned)];
    rows.extend(queues.iter().map(|row| {
        let state = match (row.abandoned, row.closed) {
            (true, _) => "abandoned",
            (false, true) => "closed",
            (false, false) => "open",
        };
        let [waiting, in_work, taken, set_aside] = [row.waiting, row.in_work, row.taken, row.set_aside].map(|count| count.to_string());
        [one_line(&row.queue), state.to_owned(), waiting, in_work, taken, set_aside]
    }));
    format!("\n{}", columns::table(&rows))
}

fn time(seconds: f64) -> String {
    words::ticking(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
