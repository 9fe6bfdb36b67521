//! Requests and answers, as they stand on the socket: version 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::base64;

/// The version that the greeting names; it changes only when an older client would misunderstand.
pub const VERSION: u32 = 1;

/// The longest item of a queue, in bytes; its line break does not count.
pub const MAX_ITEM: usize = 1 << 20;

/// What the run says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The version of these words.
    pub flowrun: u32,
    /// The run's id.
    pub run: String,
    /// 64 hexadecimal digits, new for each connection.
    pub challenge: String,
}

/// What the client says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The answer to the challenge: 64 hexadecimal digits.
    pub hmac: String,
    /// The process that the client belongs to, from its `FLOWRUN_PROCESS`; none for outsiders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}

/// What the run says to a client whose proof is right. The others are told nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Always true.
    pub ok: bool,
}

/// A request and its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    /// Chosen by the client; the answer bears the same.
    pub id: u64,
    /// What is asked for.
    #[serde(flatten)]
    pub request: Request,
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// How things stand: a table as data.
    Status,
    /// The last lines of one process or of all, each an event; with `follow`, also what comes.
    Logs {
        /// Whose; all without.
        process: Option<String>,
        /// Go on until the run has ended.
        #[serde(default)]
        follow: bool,
        /// At most so many lines of each; without it all that are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<u32>,
    },
    /// Every notice from now on, each an event, until the run has ended.
    Attach {
        /// In lines for people instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lines: Option<Lines>,
    },
    /// Stop one process, or the whole run in order, as its first interrupt would.
    Stop {
        /// Which; the run without.
        process: Option<String>,
    },
    /// Stop a process that runs and begin it anew, whatever its restart policy says.
    Restart {
        /// Which.
        process: String,
    },
    /// Send a signal to what runs of a process.
    Signal {
        /// Which.
        process: String,
        /// The signal's number.
        signal: i32,
    },
    /// Put items into a queue, one after another; answered when it has taken all of them.
    Put {
        /// Which.
        queue: String,
        /// The items: at least one.
        items: Vec<ItemText>,
        /// The longest wait in seconds; none is unbounded. The refusal then tells how many were taken.
        timeout: Option<f64>,
    },
    /// Take an item from a queue: a process has it in work until it says that it is done or ends; for an outsider it is
    /// done when handed over.
    Get {
        /// Which.
        queue: String,
        /// The longest wait in seconds; none is unbounded.
        timeout: Option<f64>,
    },
    /// Say that an item is done.
    Done {
        /// Of which queue.
        queue: String,
        /// Its number, as `get` told it; without, the one that the process has had for the longest.
        item: Option<u64>,
    },
    /// How many items wait in a queue, and how many are in work.
    Len {
        /// Which.
        queue: String,
    },
    /// Close a queue: it takes nothing more, and what is in it is still delivered.
    Close {
        /// Which.
        queue: String,
    },
    /// Take locks and permits that the workflow declares, all at once, for as long as the connection stays open or
    /// until `unlock`.
    Lock {
        /// Their names.
        names: Vec<String>,
        /// Hold the locks among them together with others that do.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shared: bool,
        /// How many permits of each semaphore among them; none is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permits: Option<u32>,
        /// The longest wait in seconds; none is unbounded, 0 does not wait at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<f64>,
        /// What `section` said for those that the client runs in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        within: Vec<String>,
    },
    /// Give back what a request of this connection has brought, or give it up.
    Unlock {
        /// The number of that request.
        request: u64,
    },
    /// Wait until a process, or the run, has ended.
    Wait {
        /// Which; the run without.
        process: Option<String>,
        /// The longest wait in seconds; none is unbounded.
        timeout: Option<f64>,
    },
}

/// An item of a queue: as text, or in base64 where it is no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ItemText {
    /// UTF-8.
    Text(String),
    /// Any bytes.
    Base64 {
        /// In base64, with its padding.
        base64: String,
    },
}

impl ItemText {
    /// An item in the form that is the shorter: as text, or in base64 where it is no text or has many characters
    /// that JSON would have to write out.
    pub fn of(item: &[u8]) -> Self {
        let more = |byte: &u8| match byte {
            b'"' | b'\\' => 1,
            0..b' ' => 5,
            _ => 0,
        };
        match str::from_utf8(item) {
            Ok(text) if item.iter().map(more).sum::<usize>() <= item.len() / 4 => Self::Text(text.to_owned()),
            _ => Self::Base64 { base64: base64::encode(item) },
        }
    }

    /// Its bytes; none when it is not in base64 although it should be.
    pub fn bytes(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        match self {
            Self::Text(text) => Some(text.as_bytes().into()),
            Self::Base64 { base64 } => base64::decode(base64).map(Into::into),
        }
    }
}

/// How what happens is told in lines for people: what a run in the foreground would print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lines {
    /// How the output of processes is shown.
    pub output: Output,
    /// How much flowrun says itself: from -1, little, to 1, everything.
    pub verbosity: i8,
    /// Where what processes write to standard output is shown.
    pub stdout: Surface,
    /// Where all else is shown.
    pub stderr: Surface,
}

/// How the output of processes is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Line by line as it comes, each with the name of its process.
    #[default]
    Prefixed,
    /// In one block for each process, when it has ended.
    Grouped,
    /// Line by line as it comes, without prefix.
    Raw,
    /// In one block for each process that has failed.
    Failures,
    /// Only the last lines of what failed.
    Quiet,
}

/// What lines are shown on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Surface {
    /// A terminal: control characters of processes are taken out.
    pub terminal: bool,
    /// Whether colours are shown.
    pub color: bool,
}

/// An answer: to the request with this number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request's number.
    pub id: u64,
    /// What it says.
    #[serde(flatten)]
    pub body: Body,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Something on the way; more follows.
    Event(Value),
    /// The end: it was done.
    Ok(Value),
    /// The end: it was not.
    Error(Refusal),
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
}

/// The kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The line is no request of this version, or a value in it cannot be.
    BadRequest,
    /// There is no such process, lock or queue.
    Unknown,
    /// It cannot be done now.
    NotNow,
    /// The time given for it is over.
    Timeout,
    /// It would wait for ever.
    Deadlock,
    /// The queue is closed: it takes nothing more; or it has ended: it has nothing more.
    Closed,
    /// The process is not among those that may.
    NotAllowed,
    /// The run is ending.
    Ending,
    /// There are too many clients.
    Busy,
}

impl Answer {
    /// As a line of the socket.
    pub fn line(&self) -> Vec<u8> {
        line(self)
    }
}

/// A value as a line of the socket.
pub fn line(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no texts fail, and there are none.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_look_as_documented() {
        let request = Numbered { id: 7, request: Request::Wait { process: Some("db".into()), timeout: Some(2.5) } };
        let text = r#"{"id":7,"do":"wait","process":"db","timeout":2.5}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        assert_eq!(serde_json::from_str::<Numbered>(text).unwrap(), request);
        let short = serde_json::from_str::<Numbered>(r#"{"id":1,"do":"logs"}"#).unwrap();
        assert_eq!(short.request, Request::Logs { process: None, follow: false, last: None });
        let attach = serde_json::from_str::<Numbered>(r#"{"id":1,"do":"attach"}"#).unwrap();
        assert_eq!(attach.request, Request::Attach { lines: None });
        let plain = serde_json::from_str::<Numbered>(r#"{"id":1,"do":"attach","lines":{}}"#).unwrap();
        assert_eq!(plain.request, Request::Attach { lines: Some(Lines::default()) });
        let answer = Answer { id: 7, body: Body::Error(Refusal { code: Code::Timeout, message: "late".into() }) };
        assert_eq!(answer.line(), b"{\"id\":7,\"error\":{\"code\":\"timeout\",\"message\":\"late\"}}\n");
        assert_eq!(Answer { id: 1, body: Body::Ok(Value::Null) }.line(), b"{\"id\":1,\"ok\":null}\n");
    }
}
