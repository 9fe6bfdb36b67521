//! `flowrun lock NAME` inside of a run: a command that runs while it holds what the workflow declares.
//!
//! The run keeps the queue and decides; here is only the connection, which the run takes for the section: it
//! ends with this program, however that ends.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::args::LockArgs;
use super::lock::within;
use super::until::Until;
use super::{Failure, Status};
use crate::control::auth::Secret;
use crate::control::client::{Client, Trouble};
use crate::control::message::{Code, Refusal, Request};
use crate::source::model::names::env_form;

/// A section: it lasts as long as the connection.
pub struct Section {
    /// The connection.
    _client: Client,
    /// What sections inside of it are to say.
    pub name: String,
    /// The variables that name its permits.
    pub slots: Vec<(String, String)>,
}

/// What the run answers.
#[derive(Deserialize)]
struct Granted {
    section: String,
    permits: serde_json::Map<String, Value>,
}

/// Waits until the run grants it.
///
/// # Errors
/// This is no process of a run, or the run refuses it.
pub fn take(args: &LockArgs) -> Result<Section, Failure> {
    let (socket, key, process) = inside(&args.names)?;
    let until = Until::after(args.timeout.or(args.no_wait.then_some(Duration::ZERO)));
    let failure = |trouble| failure(trouble, args.no_wait);
    let (mut client, waited) = until.connect(|| Client::connect(&socket, &key, Some(process.clone()))).map_err(failure)?;
    let request = Request::Lock {
        names: args.names.clone(),
        shared: args.shared,
        permits: args.permits.map(|permits| permits.count),
        timeout: match args.timeout {
            _ if args.no_wait => Some(0.0),
            // The run tells the time that it was given.
            Some(timeout) if !waited => Some(timeout.as_secs_f64()),
            _ => until.left(),
        },
        within: within(),
    };
    let answer = client.ask(request, |_| true).map_err(failure)?;
    let granted: Granted =
        serde_json::from_value(answer).map_err(|error| Failure::system(format!("the run speaks another version: {error}")))?;
    let slots = granted.permits.into_iter().map(|(name, numbers)| (format!("FLOWRUN_SLOT_{}", env_form(&name)), list(&numbers)));
    Ok(Section { _client: client, name: granted.section, slots: slots.collect() })
}

/// Where the run of this process is asked, its key, and which process of it this is.
fn inside(names: &[String]) -> Result<(PathBuf, Secret, String), Failure> {
    let found = (std::env::var_os("FLOWRUN_SOCKET"), std::env::var("FLOWRUN_AUTHKEY"), std::env::var("FLOWRUN_PROCESS"));
    let (Some(socket), Ok(key), Ok(process)) = found else {
        let names: String = names.iter().map(|name| format!(" --host {name}")).collect();
        return Err(Failure::usage(format!(
            "`flowrun lock NAME` takes a lock of the workflow that it runs in, and this is no process of a run; for a lock of this machine write `flowrun lock{names} -- …`"
        )));
    };
    let key = Secret::parse(&key).ok_or_else(|| Failure::usage("FLOWRUN_AUTHKEY is no key: 64 hexadecimal digits"))?;
    Ok((socket.into(), key, process))
}

fn list(numbers: &Value) -> String {
    let numbers: Vec<String> = numbers.as_array().into_iter().flatten().map(Value::to_string).collect();
    numbers.join(",")
}

fn failure(trouble: Trouble, no_wait: bool) -> Failure {
    let status = match &trouble {
        Trouble::Gone(_) | Trouble::NotAccepted | Trouble::Foreign(_) => Status::System,
        Trouble::Refused(Refusal { code, .. }) => match code {
            Code::BadRequest | Code::Unknown => Status::Usage,
            Code::Busy if no_wait => Status::NotFree,
            Code::Timeout | Code::Busy => Status::TimedOut,
            Code::NotNow | Code::NotAllowed | Code::Deadlock => Status::NotFree,
            Code::Ending | Code::Closed => Status::System,
        },
    };
    Failure { message: trouble.to_string(), status }
}
