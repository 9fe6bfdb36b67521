//! The control socket: takes connections, checks who they are, and passes on what they ask.
//!
//! Everything is bounded: clients, the length of a line, what waits for a client that does not read, the time
//! a client may take to prove that it knows the key. One that breaks a bound is let go and is told nothing; only
//! one too many is told that all places are taken. A client that sends nothing more is taken for gone, since that is
//! all that can be seen of its death. Knows nothing of what requests do: the runner carries them out and answers when it can.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use super::connection::{Connection, Over, Trust};
use super::keys;
use crate::control::auth::Secret;
use crate::control::message::{Answer, Body, Code, Greeting, Numbered, Proof, Refusal, Request, VERSION, Welcome, line};
use crate::control::place::{self, About, Place};
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::socket::{accept_own, listen_unix};

/// Clients at once; a further one is told so and let go.
const MOST_CLIENTS: usize = 256;
/// Connections that one turn takes at most.
const PER_TURN: usize = 32;
/// Requests of one client that one turn takes at most.
const REQUESTS_PER_TURN: usize = 16;
/// After this the system is asked again for a connection that it had no room for.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// A client, never the same number twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(usize);

/// What clients do.
#[derive(Debug, PartialEq)]
pub enum News {
    /// One asks for something.
    Asked(Asked),
    /// One is gone, with all that it has asked for.
    Gone(ClientId),
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Who asks.
    pub client: ClientId,
    /// The request's number.
    pub id: u64,
    /// The process that the client says it belongs to; none for outsiders.
    pub process: Option<String>,
    /// What is asked for.
    pub request: Request,
}

/// The run's end of the control socket.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    place: Place,
    key: Secret,
    run: String,
    clients: BTreeMap<usize, Connection>,
    /// Clients, or the listener, that may have more to take: the kernel tells only once.
    pending: BTreeSet<usize>,
    /// The listener is left alone until then.
    accept_at: Option<Instant>,
    next_key: usize,
    gone: Vec<ClientId>,
}

impl Server {
    /// Makes the run's folder and listens in it.
    ///
    /// # Errors
    /// What was being done, to which path, and why it went wrong.
    pub fn open(about: &About, poller: &Poller) -> Result<Self, String> {
        let key = Secret::random().map_err(|error| format!("cannot make a key: {}", reason(&error)))?;
        Self::listen(place::make(about, &key)?, key, about.id.clone(), poller)
    }

    /// Listens in a folder that is made.
    fn listen(place: Place, key: Secret, run: String, poller: &Poller) -> Result<Self, String> {
        let listener =
            listen_unix(&place.socket()).and_then(|listener| poller.add(listener.as_raw_fd(), *keys::CLIENTS.start()).map(|()| listener));
        match listener {
            Ok(listener) => Ok(Self {
                listener,
                place,
                key,
                run,
                clients: BTreeMap::new(),
                pending: BTreeSet::new(),
                accept_at: None,
                next_key: *keys::CLIENTS.start() + 1,
                gone: Vec::new(),
            }),
            Err(error) => {
                place.remove();
                let path = place.socket();
                Err(match error.kind() {
                    ErrorKind::InvalidInput => format!(
                        "cannot listen at {}: its {} bytes are more than the path of a socket may have, about a hundred; set XDG_RUNTIME_DIR to a shorter path",
                        path.display(),
                        path.as_os_str().len()
                    ),
                    _ => format!("cannot listen at {}: {}", path.display(), reason(&error)),
                })
            }
        }
    }

    /// Where it listens.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What clients have to know.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// The kernel says that something can be read or written; whether it is the server's.
    pub fn mark_ready(&mut self, key: usize) -> bool {
        let own = keys::CLIENTS.contains(&key);
        if own {
            self.pending.insert(key);
        }
        own
    }

    /// Whether there is something to do at once.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty() || !self.gone.is_empty()
    }

    /// When there will be something to do by itself.
    pub fn deadline(&self) -> Option<Instant> {
        self.clients.values().filter_map(Connection::deadline).chain(self.accept_at).min()
    }

    /// Takes a fair part of what has come from everybody.
    pub fn turn(&mut self, poller: &Poller, now: Instant) -> Vec<News> {
        if self.accept_at.take_if(|at| *at <= now).is_some() {
            self.pending.insert(*keys::CLIENTS.start());
        }
        let late = self.clients.iter().filter(|(_, client)| client.deadline().is_some_and(|at| at <= now)).map(|(key, _)| *key);
        for key in late.collect::<Vec<_>>() {
            self.let_go(key, poller);
        }
        let mut news = Vec::new();
        for key in std::mem::take(&mut self.pending) {
            if key == *keys::CLIENTS.start() {
                self.accept(poller, now);
            } else {
                self.serve(key, poller, &mut news);
            }
        }
        news.extend(std::mem::take(&mut self.gone).into_iter().map(News::Gone));
        news
    }

    /// Sends an answer, or something on the way to it; false when the client is gone.
    pub fn answer(&mut self, client: ClientId, id: u64, body: Body, poller: &Poller) -> bool {
        let Some(connection) = self.clients.get_mut(&client.0) else { return false };
        let sent = connection.send(&Answer { id, body }.line()).is_ok();
        if !sent {
            self.let_go(client.0, poller);
        }
        sent
    }

    /// Whether somebody has not taken all that was sent.
    pub fn has_backlog(&self) -> bool {
        self.clients.values().any(Connection::has_backlog)
    }

    /// Sends what can be sent now.
    pub fn flush(&mut self, poller: &Poller) {
        let over: Vec<usize> = self.clients.iter_mut().filter_map(|(key, client)| client.flush().is_err().then_some(*key)).collect();
        over.into_iter().for_each(|key| self.let_go(key, poller));
    }

    fn accept(&mut self, poller: &Poller, now: Instant) {
        for _ in 0..PER_TURN {
            match accept_own(&self.listener) {
                Ok(stream) => self.welcome(stream, poller, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(_) => {
                    // No descriptor is free: what waits would not be told of again.
                    self.accept_at = Some(now + TRY_AGAIN);
                    return;
                }
            }
        }
        self.pending.insert(*keys::CLIENTS.start());
    }

    /// Greets a new client, and sends away one too many.
    fn welcome(&mut self, stream: UnixStream, poller: &Poller, now: Instant) {
        let Ok(challenge) = Secret::random() else { return };
        let greeting = line(&Greeting { flowrun: VERSION, run: self.run.clone(), challenge: challenge.hex() });
        let mut client = Connection::new(stream, challenge, now);
        if self.clients.len() >= MOST_CLIENTS {
            let message = format!("{MOST_CLIENTS} clients are connected already; try again later");
            let _ = client.send(&Answer { id: 0, body: refusal(Code::Busy, message) }.line());
            return;
        }
        let key = self.next_key;
        if poller.add_both(client.fd(), key).is_err() {
            return;
        }
        self.next_key += 1;
        let sent = client.send(&greeting);
        self.clients.insert(key, client);
        if sent.is_err() {
            self.let_go(key, poller);
        }
    }

    fn serve(&mut self, key: usize, poller: &Poller, news: &mut Vec<News>) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        match converse(client, &self.key, ClientId(key), news) {
            Ok(false) => {}
            Ok(true) => {
                self.pending.insert(key);
            }
            Err(Over) => self.let_go(key, poller),
        }
    }

    fn let_go(&mut self, key: usize, poller: &Poller) {
        let Some(client) = self.clients.remove(&key) else { return };
        poller.remove(client.fd());
        self.pending.remove(&key);
        if matches!(client.trust, Trust::Proved(_)) {
            self.gone.push(ClientId(key));
        }
    }
}

impl Drop for Server {
    /// Takes the socket away, so that the run is not found any more.
    fn drop(&mut self) {
        self.place.remove();
    }
}

/// Sends what waits for a client and takes its lines; true when there may be more.
fn converse(client: &mut Connection, key: &Secret, name: ClientId, news: &mut Vec<News>) -> Result<bool, Over> {
    client.flush()?;
    let mut more = None;
    for _ in 0..REQUESTS_PER_TURN {
        match (client.next_line()?, more) {
            (Some(line), _) => hear(client, key, name, &line, news)?,
            // Lines that have come are taken before more is read.
            (None, None) => more = Some(client.read()?),
            (None, Some(more)) => return Ok(more),
        }
    }
    Ok(true)
}

fn hear(client: &mut Connection, key: &Secret, name: ClientId, text: &[u8], news: &mut Vec<News>) -> Result<(), Over> {
    match &client.trust {
        Trust::Asked(challenge, _) => {
            let proof: Proof = serde_json::from_slice(text).map_err(|_| Over)?;
            if !key.accepts(challenge, &proof.hmac) {
                return Err(Over);
            }
            client.trust = Trust::Proved(proof.process);
            client.send(&line(&Welcome { ok: true }))
        }
        Trust::Proved(process) => match serde_json::from_slice::<Numbered>(text) {
            Ok(Numbered { id, request }) => {
                news.push(News::Asked(Asked { client: name, id, process: process.clone(), request }));
                Ok(())
            }
            Err(error) => {
                let id = serde_json::from_slice::<serde_json::Value>(text).ok().and_then(|value| value.get("id")?.as_u64());
                let body = refusal(Code::BadRequest, format!("this is no request: {error}"));
                client.send(&Answer { id: id.unwrap_or(0), body }.line())
            }
        },
    }
}

/// A request was not carried out.
pub fn refusal(code: Code, message: impl Into<String>) -> Body {
    Body::Error(Refusal { code, message: message.into() })
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
