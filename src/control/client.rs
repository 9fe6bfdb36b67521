//! The asking side: one connection, one request after another.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::auth::Secret;
use super::message::{Answer, Body, Greeting, Numbered, Proof, Refusal, Request, VERSION, Welcome, line};
use crate::io::machine::reason;

/// The longest wait for the greeting: a run that is well greets at once.
const GREETING: Duration = Duration::from_secs(10);

/// A connection to a run that has accepted the proof.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    next: u64,
}

/// Why a request brought no answer.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody listens: the run has ended.
    Gone(io::Error),
    /// The run does not accept the key.
    NotAccepted,
    /// It speaks another version.
    Foreign(String),
    /// It was not carried out.
    Refused(Refusal),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone(error) if error.kind() == io::ErrorKind::UnexpectedEof => f.write_str("the run has closed the connection"),
            Self::Gone(error) if error.kind() == io::ErrorKind::WouldBlock => f.write_str("the run does not answer; it may be suspended"),
            Self::Gone(error) => write!(f, "the run does not answer: {}", reason(error)),
            Self::NotAccepted => f.write_str("the run does not accept this key"),
            Self::Foreign(what) => write!(f, "the run speaks another version: {what}"),
            Self::Refused(refusal) => f.write_str(&refusal.message),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl Client {
    /// Connects and proves that it knows the key.
    ///
    /// # Errors
    /// Nobody listens, the key is not accepted or the version is another.
    pub fn connect(socket: &Path, key: &Secret, process: Option<String>) -> Result<Self, Trouble> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(GREETING))?;
        let mut client = Self { stream: BufReader::new(stream), next: 0 };
        let greeting = client.greeting()?;
        if greeting.flowrun != VERSION {
            return Err(Trouble::Foreign(greeting.flowrun.to_string()));
        }
        let challenge = Secret::parse(&greeting.challenge).ok_or_else(|| Trouble::Foreign("its challenge".to_owned()))?;
        client.send(&Proof { hmac: key.answer(&challenge), process })?;
        let welcome: Welcome = client.read().map_err(|trouble| match trouble {
            Trouble::Gone(_) => Trouble::NotAccepted,
            other => other,
        })?;
        if !welcome.ok {
            return Err(Trouble::NotAccepted);
        }
        client.stream.get_ref().set_read_timeout(None)?;
        Ok(client)
    }

    /// The first line: a greeting, or why there is none.
    fn greeting(&mut self) -> Result<Greeting, Trouble> {
        let first: Value = self.read()?;
        if let Ok(Answer { body: Body::Error(refusal), .. }) = serde_json::from_value(first.clone()) {
            return Err(Trouble::Refused(refusal));
        }
        serde_json::from_value(first).map_err(|error| Trouble::Foreign(error.to_string()))
    }

    /// Asks, and waits for the answer; what comes on the way is given to `event`, which says whether to go on.
    /// When it says no, nothing more is heard of the request and the answer is null.
    ///
    /// # Errors
    /// The run has ended, or does not do it.
    pub fn ask(&mut self, request: Request, event: impl FnMut(Value) -> bool) -> Result<Value, Trouble> {
        let asked = self.begin(request)?;
        self.finish(asked, event)
    }

    /// Asks, and waits for nothing; the number of the request.
    ///
    /// # Errors
    /// The run has ended.
    pub fn begin(&mut self, request: Request) -> Result<u64, Trouble> {
        self.next += 1;
        self.send(&Numbered { id: self.next, request })?;
        Ok(self.next)
    }

    /// What can be read when an answer has come.
    pub fn descriptor(&self) -> RawFd {
        self.stream.get_ref().as_raw_fd()
    }

    /// The second half of [`Self::ask`].
    ///
    /// # Errors
    /// As there.
    pub fn finish(&mut self, asked: u64, mut event: impl FnMut(Value) -> bool) -> Result<Value, Trouble> {
        loop {
            let answer: Answer = self.read()?;
            if answer.id != asked {
                continue;
            }
            match answer.body {
                Body::Event(value) => {
                    if !event(value) {
                        return Ok(Value::Null);
                    }
                }
                Body::Ok(value) => return Ok(value),
                Body::Error(refusal) => return Err(Trouble::Refused(refusal)),
            }
        }
    }

    /// Sends a line as it is, and gives the next that comes.
    ///
    /// # Errors
    /// The run has let this client go.
    pub fn exchange(&mut self, text: &str) -> Result<Value, Trouble> {
        self.stream.get_mut().write_all(format!("{text}\n").as_bytes())?;
        self.read()
    }

    fn send(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        self.stream.get_mut().write_all(&line(value))
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T, Trouble> {
        let mut text = Vec::new();
        self.stream.read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Err(Trouble::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_slice(&text).map_err(|error| Trouble::Foreign(error.to_string()))
    }
}
