//! The sockets at which the run listens for its processes.
//!
//! Each is made when the first step of its process is about to start and stays open until the process has ended,
//! attempts and restarts between: clients wait in the meantime and are not refused. Knows which sockets have a
//! connection to be taken, not who may take it; starts nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;

use nix::errno::Errno;

use super::keys;
use super::runner::Runner;
use super::starting::PendingStart;
use crate::base::address::Address;
use crate::base::ids::{JobId, ProcessId, ResourceId};
use crate::base::time::RunTime;
use crate::exec::command::StartError;
use crate::io::listener::{Accepted, Listener};
use crate::io::poller::Poller;

/// All sockets that are open.
#[derive(Debug)]
pub struct Listeners {
    open: BTreeMap<ProcessId, Open>,
    /// Those whose connections are taken here.
    keys: BTreeMap<usize, ProcessId>,
    next_key: usize,
}

#[derive(Debug)]
struct Open {
    listener: Listener,
    /// None when the socket is handed over.
    accepting: Option<Accepting>,
}

/// A socket whose connections are taken here.
#[derive(Debug)]
struct Accepting {
    key: usize,
    job: JobId,
    permits: Vec<(ResourceId, Vec<u32>)>,
    /// More may wait: the kernel tells only once.
    pending: bool,
    /// It is left alone until then.
    not_before: RunTime,
    /// One that was taken when there was no room for its command.
    taken: Option<Accepted>,
    /// Whether a connection of this attempt has had its command.
    begun: bool,
}

/// What the command of a connection shares with those before it.
#[derive(Debug)]
pub struct Turn {
    /// Numbers of the permits that the job holds.
    pub permits: Vec<(ResourceId, Vec<u32>)>,
    /// Whether it is the first of its attempt.
    pub first: bool,
}

impl Listeners {
    /// None is open.
    pub fn new() -> Self {
        Self { open: BTreeMap::new(), keys: BTreeMap::new(), next_key: *keys::LISTENERS.start() }
    }

    /// The socket of a process that is handed over, if it has one.
    pub fn socket(&self, process: ProcessId) -> Option<BorrowedFd<'_>> {
        self.open.get(&process).filter(|open| open.accepting.is_none()).map(|open| open.listener.fd())
    }

    /// From now on connections are taken for this attempt.
    ///
    /// # Errors
    /// The system's error.
    pub fn begin(&mut self, start: &PendingStart, poller: &Poller) -> io::Result<()> {
        let Some(open) = self.open.get_mut(&start.job.process) else { return Ok(()) };
        let key = match &open.accepting {
            Some(accepting) => accepting.key,
            None => {
                open.listener.set_nonblocking()?;
                poller.add(open.listener.raw_fd(), self.next_key)?;
                self.keys.insert(self.next_key, start.job.process);
                self.next_key += 1;
                self.next_key - 1
            }
        };
        let taken = open.accepting.take().and_then(|before| before.taken);
        let (job, permits) = (start.job, start.permits.clone());
        open.accepting = Some(Accepting { key, job, permits, pending: true, not_before: RunTime::ZERO, taken, begun: false });
        Ok(())
    }

    /// The kernel says that a connection has come; whether it is one of these.
    pub fn mark_ready(&mut self, key: usize) -> bool {
        let accepting = self.keys.get(&key).and_then(|process| self.open.get_mut(process)?.accepting.as_mut());
        accepting.into_iter().for_each(|accepting| accepting.pending = true);
        keys::LISTENERS.contains(&key)
    }

    /// Jobs for which a connection may wait, and from when on it may be taken.
    pub fn pending(&self) -> impl Iterator<Item = (JobId, RunTime)> + '_ {
        let accepting = self.keys.values().filter_map(|process| self.open.get(process)?.accepting.as_ref());
        accepting.filter(|accepting| accepting.pending).map(|accepting| (accepting.job, accepting.not_before))
    }

    /// Takes a connection; none when none waits.
    ///
    /// # Errors
    /// The system's error.
    pub fn take(&mut self, process: ProcessId) -> io::Result<Option<(Accepted, Turn)>> {
        let Some(Open { listener, accepting: Some(accepting) }) = self.open.get_mut(&process) else { return Ok(None) };
        let accepted = match accepting.taken.take().map_or_else(|| listener.accept(), Ok) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                accepting.pending = false;
                return Ok(None);
            }
            other => other?,
        };
        Ok(Some((accepted, Turn { permits: accepting.permits.clone(), first: !accepting.begun })))
    }

    /// The connection that was taken last has its command.
    pub fn mark_begun(&mut self, process: ProcessId) {
        if let Some(accepting) = self.accepting(process) {
            accepting.begun = true;
        }
    }

    /// There was no room: nothing more is taken until then, and what was taken is first.
    pub fn rest(&mut self, process: ProcessId, taken: Option<Accepted>, until: RunTime) {
        if let Some(accepting) = self.accepting(process) {
            accepting.not_before = until;
            accepting.taken = taken;
        }
    }

    /// A process has ended: nobody is served there any more.
    pub fn close(&mut self, process: ProcessId, poller: &Poller) {
        let Some(open) = self.open.remove(&process) else { return };
        if let Some(accepting) = open.accepting {
            self.keys.remove(&accepting.key);
            poller.remove(open.listener.raw_fd());
        }
    }

    fn accepting(&mut self, process: ProcessId) -> Option<&mut Accepting> {
        self.open.get_mut(&process)?.accepting.as_mut()
    }
}

/// Tells a process of the socket that is its descriptor 3, as `sd_listen_fds` expects it; its own number is added
/// when it has one.
pub fn add_environment(name: &str, env: &mut Vec<(OsString, OsString)>) {
    env.retain(|(name, _)| !["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"].iter().any(|own| name == own));
    env.extend([("LISTEN_FDS".into(), "1".into()), ("LISTEN_FDNAMES".into(), name.into())]);
}

impl Runner<'_> {
    /// Listens for a process that is about to start, unless an earlier step or attempt has begun it.
    pub(super) fn listen(&mut self, job: JobId) -> Result<(), StartError> {
        let Some(listen) = &self.setup.plan.processes[job.process].work.listen else { return Ok(()) };
        if self.listeners.open.contains_key(&job.process) {
            return Ok(());
        }
        let listener = Listener::bind(&listen.address).map_err(|error| cannot_listen(&listen.address, &error))?;
        self.listeners.open.insert(job.process, Open { listener, accepting: None });
        Ok(())
    }
}

fn cannot_listen(address: &Address, error: &io::Error) -> StartError {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let why = match (errno, address) {
        (Some(Errno::EADDRINUSE), Address::Tcp(_)) => {
            "somebody listens there already (`ss -ltnp` shows who); stop that, or choose another port".to_owned()
        }
        (Some(Errno::EADDRINUSE), Address::Unix(_)) => "somebody listens there already; stop that, or choose another path".to_owned(),
        (Some(Errno::EADDRNOTAVAIL), _) => "this machine has no such address; `127.0.0.1` is itself, `0.0.0.0` all that it has".to_owned(),
        (Some(Errno::EAFNOSUPPORT), _) => "this machine has no IPv6; write an address of IPv4, as in `127.0.0.1:7000`".to_owned(),
        (Some(Errno::EACCES), Address::Tcp(address)) if address.port() < 1024 => {
            "this user may not use ports below 1024; choose a higher one".to_owned()
        }
        (Some(Errno::EACCES), Address::Unix(_)) => "this user may not write to its folder".to_owned(),
        (Some(Errno::ENOENT), Address::Unix(_)) => "its folder does not exist; make it before, as `task: mkdir` does".to_owned(),
        (None, Address::Unix(path)) if error.kind() == ErrorKind::InvalidInput => {
            format!(
                "its {} bytes are more than the path of a socket may have, about a hundred; choose a shorter one",
                path.as_os_str().len()
            )
        }
        _ => return StartError::of(&format!("cannot listen at {address}"), error),
    };
    StartError::Failed(format!("cannot listen at {address}: {why}"))
}
