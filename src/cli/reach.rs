//! From words to a run that goes on, and a connection to it.
//!
//! A run is named by its name or id; without a name it is the run that this program belongs to, else the only
//! one of this user. Of several it is the one of the workflow that is found here, or of a workflow in this folder. What is
//! still ambiguous is refused with all that it could mean.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Failure, Status, load, over, print};
use crate::control::auth::Secret;
use crate::control::client::{Client, Trouble};
use crate::control::message::{Code, Refusal, Request};
use crate::control::place::{self, About, Place};

/// A run that is there, and the process that the words name beside it.
pub struct Found {
    /// The run, as it tells itself; none if it has just gone.
    pub about: Option<About>,
    /// The process, if one is named.
    pub process: Option<String>,
    door: Door,
    /// It was meant only because there is no other: nothing named it, and its workflow is not in this folder.
    by_default: bool,
}

/// Where a run is asked, and what it wants to hear first.
enum Door {
    /// In the folder that is found.
    Place(Place),
    /// The environment says it.
    Told(PathBuf, Secret),
}

impl Found {
    /// Says which run is meant where nothing but its being the only one says so: for what changes a run.
    pub fn tell_default(&self) {
        let Some(about) = self.about.as_ref().filter(|_| self.by_default) else { return };
        let file = about.file.as_deref().unwrap_or(Path::new("standard input"));
        print::err(&format!("the only run is `{}` ({}) of {}, so that is meant", about.name, about.id, file.display()));
    }

    /// Connects.
    ///
    /// # Errors
    /// It does not answer any more.
    pub fn connect(&self) -> Result<Client, Trouble> {
        let (socket, key) = match &self.door {
            Door::Place(place) => (place.socket(), place.key()?),
            Door::Told(socket, key) => (socket.clone(), *key),
        };
        // A process of one run is an outsider to all others.
        let inside = std::env::var_os("FLOWRUN_SOCKET").is_some_and(|own| socket == own);
        let process = inside.then(|| std::env::var("FLOWRUN_PROCESS").ok()).flatten();
        Client::connect(&socket, &key, process)
    }

    /// Asks, and waits for the answer, as [`Client::ask`] does.
    ///
    /// # Errors
    /// As [`Client::ask`] has them.
    pub fn ask(&self, request: Request, event: impl FnMut(Value) -> bool) -> Result<Value, Trouble> {
        self.connect()?.ask(request, event)
    }
}

/// The run that is named, or the one that is meant without a name.
///
/// # Errors
/// There is no such run, or more than one.
pub fn find(name: Option<&str>) -> Result<Found, Failure> {
    let runs = runs()?;
    match name {
        Some(name) => named(&runs, name)?.map_or_else(|| no_run(&runs, name), Ok),
        None => default(&runs),
    }
}

/// The same, and a connection to it.
///
/// # Errors
/// There is no such run or more than one, or it does not answer.
pub fn run(name: Option<&str>) -> Result<Client, Failure> {
    find(name)?.connect().map_err(failure)
}

/// As [`run`], of a command that takes a process after the run.
///
/// # Errors
/// As [`run`] has them.
pub fn run_of_process(command: &str, name: Option<&str>) -> Result<Client, Failure> {
    let found = find(name).map_err(|failure| name.and_then(|name| one_at_a_time(command, name)).unwrap_or(failure))?;
    found.tell_default();
    found.connect().map_err(failure)
}

/// Up to two words of a command: a run and a process; a single word that is no run is a process.
///
/// # Errors
/// As [`find`] has them.
pub fn run_and_process(command: &str, words: &[String]) -> Result<Found, Failure> {
    let runs = runs()?;
    let (found, process) = match words {
        [run, process] => {
            let found = named(&runs, run)?.map_or_else(|| no_run(&runs, run), Ok);
            (found.map_err(|failure| one_at_a_time(command, run).unwrap_or(failure))?, Some(process.clone()))
        }
        [word] => match named(&runs, word)? {
            Some(found) => (found, None),
            None if over::find(word, true)?.is_some() => (no_run(&runs, word)?, None),
            None => (default(&runs)?, Some(word.clone())),
        },
        _ => (default(&runs)?, None),
    };
    Ok(Found { process, ..found })
}

/// What to say to two processes, when the first stands where a run does and is a process of the only one.
fn one_at_a_time(command: &str, word: &str) -> Option<Failure> {
    let request = Request::Logs { process: Some(word.to_owned()), follow: false, last: Some(0) };
    find(None).ok()?.ask(request, |_| true).ok()?;
    let signal = if command == "signal" { " SIGNAL" } else { "" };
    Some(Failure::usage(format!("one process at a time: `flowrun {command} {word}{signal}`")))
}

/// All runs of this user.
///
/// # Errors
/// Their folder is not this user's own.
pub fn runs() -> Result<Vec<(About, Place)>, Failure> {
    place::alive().map_err(Failure::system)
}

fn named(runs: &[(About, Place)], name: &str) -> Result<Option<Found>, Failure> {
    let same: Vec<&(About, Place)> = runs.iter().filter(|(about, _)| about.id == name || about.name == name).collect();
    match same.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(found(one))),
        several => of_here(several).map(found).map(Some).ok_or_else(|| {
            Failure::usage(format!("there are {} runs named `{name}`; give the id of one:\n{}", several.len(), list(several)))
        }),
    }
}

fn default(runs: &[(About, Place)]) -> Result<Found, Failure> {
    if let (Some(socket), Ok(key)) = (std::env::var_os("FLOWRUN_SOCKET"), std::env::var("FLOWRUN_AUTHKEY")) {
        let key = Secret::parse(&key).ok_or_else(|| Failure::usage("FLOWRUN_AUTHKEY is no key: 64 hexadecimal digits"))?;
        let socket = PathBuf::from(socket);
        let about = runs.iter().find(|(_, place)| place.socket() == socket).map(|(about, _)| about.clone());
        return Ok(Found { about, process: None, door: Door::Told(socket, key), by_default: false });
    }
    match runs {
        [] => Err(Failure::usage("no run of this user is going on; `flowrun ps -a` shows those in the background that are over")),
        [one] => Ok(Found { by_default: of_here(&[one]).is_none(), ..found(one) }),
        several => {
            let all: Vec<&(About, Place)> = several.iter().collect();
            let which = |all: &[&(About, Place)]| {
                format!("{} runs are going on, and not just one of them in this folder; give the id of one:\n{}", several.len(), list(all))
            };
            of_here(&all).map(found).ok_or_else(|| Failure::usage(which(&all)))
        }
    }
}

/// Of several runs the one that somebody in this folder means, if it is one.
fn of_here<'a>(runs: &[&'a (About, Place)]) -> Option<&'a (About, Place)> {
    let here = std::env::current_dir().ok()?;
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let own = load::find_above(&here).and_then(|file| real(&file));
    let file = |run: &(About, Place)| run.0.file.as_deref().and_then(real);
    let all =
        |fits: &dyn Fn(&Path) -> bool| runs.iter().copied().filter(|run| file(run).is_some_and(|file| fits(&file))).collect::<Vec<_>>();
    let found = Some(all(&|file| own.as_deref() == Some(file))).filter(|found| !found.is_empty());
    let here = real(&here);
    match found.unwrap_or_else(|| all(&|file| file.parent() == here.as_deref())).as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn found((about, place): &(About, Place)) -> Found {
    Found { about: Some(about.clone()), process: None, door: Door::Place(place.clone()), by_default: false }
}

/// Why there is none: the run is over, or never was.
fn no_run(runs: &[(About, Place)], name: &str) -> Result<Found, Failure> {
    if let Some(over) = over::find(name, false)? {
        return Err(over.failure());
    }
    let all: Vec<&(About, Place)> = runs.iter().collect();
    let others = if all.is_empty() { "; none is going on".to_owned() } else { format!("; these are going on:\n{}", list(&all)) };
    Err(Failure::usage(format!("there is no run `{name}`{others}")))
}

fn list(runs: &[&(About, Place)]) -> String {
    let line = |(about, _): &&(About, Place)| {
        let file = about.file.as_deref().unwrap_or(Path::new("standard input"));
        format!("  {}  {}  {}", about.id, about.name, file.display())
    };
    runs.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a request that brought no answer means for the exit status.
pub fn failure(trouble: Trouble) -> Failure {
    let status = match &trouble {
        Trouble::Gone(_) | Trouble::NotAccepted | Trouble::Foreign(_) => Status::System,
        Trouble::Refused(Refusal { code, .. }) => match code {
            Code::Unknown | Code::NotAllowed => Status::Usage,
            Code::Timeout => Status::TimedOut,
            Code::BadRequest | Code::NotNow | Code::Deadlock | Code::Ending | Code::Closed | Code::Busy => Status::Failed,
        },
    };
    Failure { message: trouble.to_string(), status }
}
