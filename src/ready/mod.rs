//! Conditions that say whether a process serves: one file for each.
//!
//! What can block (a connection, a request, a look at a file system that hangs) is asked by [`check`], which
//! is meant for a helper thread. What is seen in passing (lines of output, messages of the process itself)
//! is a small machine that is fed. Knows nothing of when to ask, of how often, or of what follows: that is
//! decided elsewhere. An answer is a few words for people, without the name of the process.

mod escapes;
pub mod exec;
mod file;
mod http;
pub mod log;
pub mod notify;
mod tcp;
mod unix;

use std::io;
use std::time::Duration;

use crate::io::machine;
use crate::plan::Probe;

/// Asks a condition once; blocks for about `timeout` at most, looking up a host name not counted.
///
/// # Errors
/// Why it does not hold, in a few words.
pub fn check(probe: &Probe, timeout: Duration) -> Result<(), String> {
    match probe {
        Probe::Tcp { host, port } => tcp::check(host.as_deref(), *port, timeout),
        Probe::Unix(path) => unix::check(path),
        Probe::Http(probe) => http::check(probe, timeout),
        Probe::File(path) => file::check(path),
        Probe::Exec(_) | Probe::Log(_) | Probe::Notify => Err("this condition cannot be asked from outside".to_owned()),
    }
}

/// The system's words for an error, as a part of a sentence.
fn words(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::TimedOut {
        return "no answer in time".to_owned();
    }
    let reason = machine::reason(error);
    let mut chars = reason.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
