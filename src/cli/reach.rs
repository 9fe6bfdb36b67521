//! From words to a run that goes on, and a connection to it.
//!
//! A run is named by its name or id; without a name it is the run that this program belongs to, else the only
//! one of this user. What is ambiguous is refused with all that it could mean.

use std::path::{Path, PathBuf};

use super::{Failure, Status, over};
use crate::control::auth::Secret;
use crate::control::client::{Client, Trouble};
use crate::control::message::{Code, Refusal};
use crate::control::place::{self, About, Place};

/// A connection, and the process that the words name beside the run.
pub struct Reached {
    /// The connection.
    pub client: Client,
    /// The process, if one is named.
    pub process: Option<String>,
}

/// A run's address.
struct Address {
    socket: PathBuf,
    key: Secret,
}

/// The run that is named, or the one that is meant without a name.
///
/// # Errors
/// There is no such run or more than one, or it does not answer.
pub fn run(name: Option<&str>) -> Result<Client, Failure> {
    try_run(name).map_err(|unreached| match unreached {
        Unreached::NoRun(failure) => failure,
        Unreached::Answered(trouble) => failure(trouble),
    })
}

/// Why a run was not reached.
pub enum Unreached {
    /// There is none of this name, or more than one.
    NoRun(Failure),
    /// It is there, and this came of it.
    Answered(Trouble),
}

/// The same for those who look at why not.
///
/// # Errors
/// As [`run`] has them.
pub fn try_run(name: Option<&str>) -> Result<Client, Unreached> {
    let find = || {
        let runs = runs()?;
        match name {
            Some(name) => named(&runs, name)?.map_or_else(|| no_run(&runs, name), Ok),
            None => default(&runs),
        }
    };
    try_connect(&find().map_err(Unreached::NoRun)?).map_err(Unreached::Answered)
}

/// Up to two words: a run and a process; a single word that is no run is a process.
///
/// # Errors
/// As [`run`] has them.
pub fn run_and_process(words: &[String]) -> Result<Reached, Failure> {
    let runs = runs()?;
    let (address, process) = match words {
        [run, process] => (named(&runs, run)?.map_or_else(|| no_run(&runs, run), Ok)?, Some(process.clone())),
        [word] => match named(&runs, word)? {
            Some(address) => (address, None),
            None if over::find(word, true)?.is_some() => (no_run(&runs, word)?, None),
            None => (default(&runs)?, Some(word.clone())),
        },
        _ => (default(&runs)?, None),
    };
    Ok(Reached { client: connect(&address)?, process })
}

/// All runs of this user.
///
/// # Errors
/// Their folder is not this user's own.
pub fn runs() -> Result<Vec<(About, Place)>, Failure> {
    place::alive().map_err(Failure::system)
}

fn named(runs: &[(About, Place)], name: &str) -> Result<Option<Address>, Failure> {
    let same: Vec<&(About, Place)> = runs.iter().filter(|(about, _)| about.id == name || about.name == name).collect();
    match same.as_slice() {
        [] => Ok(None),
        [one] => address(one).map(Some),
        several => Err(Failure::usage(format!("there are {} runs named `{name}`; give the id of one:\n{}", several.len(), list(several)))),
    }
}

fn default(runs: &[(About, Place)]) -> Result<Address, Failure> {
    if let (Some(socket), Ok(key)) = (std::env::var_os("FLOWRUN_SOCKET"), std::env::var("FLOWRUN_AUTHKEY")) {
        let key = Secret::parse(&key).ok_or_else(|| Failure::usage("FLOWRUN_AUTHKEY is no key: 64 hexadecimal digits"))?;
        return Ok(Address { socket: socket.into(), key });
    }
    match runs {
        [] => Err(Failure::usage("no run of this user is going on")),
        [one] => address(one),
        several => {
            let all: Vec<&(About, Place)> = several.iter().collect();
            Err(Failure::usage(format!("{} runs are going on; name one:\n{}", several.len(), list(&all))))
        }
    }
}

fn address((about, place): &(About, Place)) -> Result<Address, Failure> {
    let key = place.key().map_err(|error| Failure::system(format!("cannot read the key of the run {}: {error}", about.id)))?;
    Ok(Address { socket: place.socket(), key })
}

/// Why there is no address: the run is over, or never was.
fn no_run(runs: &[(About, Place)], name: &str) -> Result<Address, Failure> {
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

fn connect(address: &Address) -> Result<Client, Failure> {
    try_connect(address).map_err(failure)
}

fn try_connect(address: &Address) -> Result<Client, Trouble> {
    // A process of one run is an outsider to all others.
    let inside = std::env::var_os("FLOWRUN_SOCKET").is_some_and(|socket| address.socket == socket);
    let process = inside.then(|| std::env::var("FLOWRUN_PROCESS").ok()).flatten();
    Client::connect(&address.socket, &address.key, process)
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
