//! `flowrun queue`: putting into the queues of a run and taking from them, for scripts.
//!
//! The exit statuses are made for shell loops: the end of a queue is no trouble and is told by the status alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use serde::Deserialize;
use serde_json::Value;

use super::queue_args::{CloseArgs, DoneArgs, GetArgs, LenArgs, OfRun, PutArgs, QueueArgs, QueueCommand};
use super::until::Until;
use super::{Failure, Status, print, reach};
use crate::control::client::{Client, Trouble};
use crate::control::message::{Code, ItemText, MAX_ITEM, Request};
use crate::io::machine::reason;

/// Items of one request: so many bytes, or so many of them. In base64 it still is less than a line may have.
const BATCH_BYTES: usize = 256 * 1024;
const BATCH_ITEMS: usize = 1000;

/// Does what was asked for.
///
/// # Errors
/// The run or the queue is not there, or does not do it.
pub fn queue(args: &QueueArgs) -> Result<Status, Failure> {
    match &args.command {
        QueueCommand::Put(args) => put(args),
        QueueCommand::Get(args) => get(args),
        QueueCommand::Done(args) => done(args),
        QueueCommand::Len(args) => len(args),
        QueueCommand::Close(args) => close(args),
    }
}

fn put(args: &PutArgs) -> Result<Status, Failure> {
    let until = Until::after(args.timeout);
    if !args.items.is_empty() && args.items != ["-"] {
        // All are looked at before anything is sent.
        args.items.iter().try_for_each(|item| check(item.as_bytes()))?;
        let mut client = connect(&args.of, until)?;
        let mut batch = Batch::default();
        for item in &args.items {
            batch.add(item.as_bytes(), &mut client, &args.queue, until)?;
        }
        return batch.send(&mut client, &args.queue, until).map(|()| Status::Success);
    }
    let mut client = connect(&args.of, until)?;
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(|error| unreadable(&error))?;
    let mut input = BufReader::with_capacity(BATCH_BYTES, File::from(input));
    let mut batch = Batch::default();
    loop {
        if !input.buffer().contains(&b'\n') {
            // The next read may wait for long: nothing that has come waits with it.
            batch.send(&mut client, &args.queue, until)?;
        }
        let mut line = Vec::new();
        // One byte more than the longest line shows that a line is longer.
        io::Read::take(&mut input, MAX_ITEM as u64 + 2).read_until(b'\n', &mut line).map_err(|error| unreadable(&error))?;
        if line.is_empty() {
            return Ok(Status::Success);
        }
        let item = line.strip_suffix(b"\n").unwrap_or(&line);
        check(item)?;
        batch.add(item, &mut client, &args.queue, until)?;
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::system(format!("cannot read standard input: {}", reason(error)))
}

fn check(item: &[u8]) -> Result<(), Failure> {
    let shown = || String::from_utf8_lossy(&item[..item.len().min(40)]).into_owned();
    if item.contains(&b'\n') {
        return Err(Failure::usage(format!("an item cannot have a line break in it: {:?}", shown())));
    }
    if item.len() > MAX_ITEM {
        return Err(Failure::usage(format!("an item has at most {MAX_ITEM} bytes, and this one has more: {:?}…", shown())));
    }
    Ok(())
}

/// Items that go in one request.
#[derive(Default)]
struct Batch {
    items: Vec<ItemText>,
    bytes: usize,
    /// Items of the requests before it, all of them taken.
    taken: usize,
}

impl Batch {
    fn add(&mut self, item: &[u8], client: &mut Client, queue: &str, until: Until) -> Result<(), Failure> {
        if self.items.len() >= BATCH_ITEMS || self.bytes + item.len() > BATCH_BYTES {
            self.send(client, queue, until)?;
        }
        self.items.push(ItemText::of(item));
        self.bytes += item.len();
        Ok(())
    }

    fn send(&mut self, client: &mut Client, queue: &str, until: Until) -> Result<(), Failure> {
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        if items.is_empty() {
            return Ok(());
        }
        let count = items.len();
        let request = Request::Put { queue: queue.to_owned(), items, timeout: until.left() };
        client.ask(request, |_| true).map_err(|trouble| self.incomplete(failure(trouble)))?;
        self.taken += count;
        Ok(())
    }

    /// A run knows of the items of one request only.
    fn incomplete(&self, failure: Failure) -> Failure {
        if self.taken == 0 {
            return failure;
        }
        let Failure { message, status } = failure;
        Failure { message: format!("{message}; before that, {} items were taken", self.taken), status }
    }
}

/// An item, as a run tells it.
#[derive(Deserialize)]
struct Handed {
    item: ItemText,
}

fn get(args: &GetArgs) -> Result<Status, Failure> {
    let until = Until::after(args.timeout);
    let mut client = connect(&args.of, until)?;
    let request = Request::Get { queue: args.queue.clone(), timeout: until.left() };
    let answer = match client.ask(request, |_| true) {
        // What ends a loop is nothing to be told.
        Err(Trouble::Refused(refusal)) if refusal.code == Code::Closed => return Ok(Status::Failed),
        other => other.map_err(failure)?,
    };
    if args.json {
        print::out(&format!("{answer}\n"))?;
        return Ok(Status::Success);
    }
    let handed: Handed = serde_json::from_value(answer).map_err(|error| foreign(&error))?;
    let bytes = handed.item.bytes().ok_or_else(|| Failure::system("the run speaks another version: an item is not in base64"))?;
    print::bytes(&[&bytes, &b"\n"[..]].concat())?;
    Ok(Status::Success)
}

fn done(args: &DoneArgs) -> Result<Status, Failure> {
    ask(&args.of, Request::Done { queue: args.queue.clone(), item: args.item }).map(|_| Status::Success)
}

fn close(args: &CloseArgs) -> Result<Status, Failure> {
    ask(&args.of, Request::Close { queue: args.queue.clone() }).map(|_| Status::Success)
}

fn len(args: &LenArgs) -> Result<Status, Failure> {
    let answer = ask(&args.of, Request::Len { queue: args.queue.clone() })?;
    if args.json {
        print::out(&format!("{answer}\n"))?;
        return Ok(Status::Success);
    }
    let waiting = answer.get("waiting").and_then(Value::as_u64).ok_or_else(|| Failure::system("the run speaks another version"))?;
    print::out(&format!("{waiting}\n"))?;
    Ok(Status::Success)
}

fn ask(of: &OfRun, request: Request) -> Result<Value, Failure> {
    connect(of, Until::after(None))?.ask(request, |_| true).map_err(failure)
}

/// Reaches the run. Where it has too many clients, who waits for a queue waits for his turn too.
fn connect(of: &OfRun, until: Until) -> Result<Client, Failure> {
    // Whatever is wrong with the run must not look like the end of a queue.
    let run = reach::find(of.run.as_deref()).map_err(|failure| Failure { status: Status::System, ..failure })?;
    until.connect(|| run.connect()).map(|(client, _)| client).map_err(failure)
}

fn failure(trouble: Trouble) -> Failure {
    let status = match &trouble {
        Trouble::Refused(refusal) if matches!(refusal.code, Code::Ending | Code::BadRequest) => Some(Status::System),
        // There was no turn within the time given.
        Trouble::Refused(refusal) if refusal.code == Code::Busy => Some(Status::TimedOut),
        _ => None,
    };
    let failure = reach::failure(trouble);
    Failure { status: status.unwrap_or(failure.status), ..failure }
}

fn foreign(error: &serde_json::Error) -> Failure {
    Failure::system(format!("the run speaks another version: {error}"))
}
