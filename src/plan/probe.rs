//! Conditions as plain data: what an executor or a helper thread needs to ask whether a process serves.

use std::path::PathBuf;

use super::model::Step;
use crate::base::pattern::Pattern;

/// One condition of `ready` or `live`.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A connection is accepted.
    Tcp {
        /// The host; none is this machine, by IPv4 or IPv6.
        host: Option<String>,
        /// At least 1.
        port: u16,
    },
    /// A connection to this Unix socket is accepted; absolute.
    Unix(PathBuf),
    /// A server answers.
    Http(HttpProbe),
    /// A command succeeds.
    Exec(Box<Step>),
    /// A line of its output matches.
    Log(Pattern),
    /// Something is at this path; absolute.
    File(PathBuf),
    /// It says so itself.
    Notify,
}

/// A request and the answers that are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// Known to be one of the scheme `http` or `https`.
    pub url: String,
    /// In capitals.
    pub method: &'static str,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The lowest and the highest status of each form; never empty.
    pub status: Vec<(u16, u16)>,
    /// The certificate is not checked.
    pub insecure: bool,
}

impl Probe {
    /// Whether somebody has to ask for it; otherwise it is seen in what the process says.
    pub fn is_polled(&self) -> bool {
        !matches!(self, Self::Log(_) | Self::Notify)
    }

    /// What was missing for a process to count as ready, as it was written: with secrets and control characters.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Tcp { host: None, port } => format!("tcp port {port}"),
            Self::Tcp { host: Some(host), port } => format!("tcp `{host}`, port {port}"),
            Self::Unix(socket) => format!("socket `{}`", socket.display()),
            Self::Http(probe) => format!("`{}`", probe.url),
            Self::File(file) => format!("file `{}`", file.display()),
            Self::Exec(_) => "the `exec` probe".to_owned(),
            Self::Log(pattern) => format!("no line of its output matched `{}`", pattern.text()),
            Self::Notify => "it did not say `READY=1`".to_owned(),
        }
    }
}
