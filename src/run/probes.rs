//! What is known of the conditions of processes that run: lines looked for, sockets for messages, the probe
//! that is under way.
//!
//! One [`Watch`] for each process that has a condition, renewed with each attempt, so that nothing an old
//! attempt said counts for the new one. Starts nothing and reads no pipe; knows nothing of when to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::time::Duration;

use super::keys;
use crate::base::ids::{JobId, ProcessId, ResourceId};
use crate::io::poller::Poller;
use crate::notice::Stream;
use crate::plan::{Probe, Process};
use crate::ready::log::LogMatcher;
use crate::ready::notify::{Folder, NotifySocket, Said};

/// News of a condition that was seen in passing.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// What makes the process ready has happened.
    Ready(JobId),
    /// It is about to end.
    Stopping(JobId),
    /// How it is, in its own words.
    Status(ProcessId, String),
}

/// A probe that has not been answered.
#[derive(Debug)]
pub struct UnderWay {
    /// Its number.
    pub probe: u32,
    /// The child that answers it, and the file of what it says; none when a thread does.
    pub child: Option<(u32, File)>,
}

/// The conditions of one attempt.
#[derive(Debug)]
struct Watch {
    job: JobId,
    permits: Vec<(ResourceId, Vec<u32>)>,
    /// For `ready`, until a line has matched: standard output and standard error.
    ready: Option<[LogMatcher; 2]>,
    /// For `live`.
    live: Option<[LogMatcher; 2]>,
    says_ready: bool,
    says_alive: bool,
    /// What `live` waits for has happened since the last look.
    alive: bool,
    socket: Option<(usize, NotifySocket)>,
    watchdog: Option<Duration>,
    under_way: Option<UnderWay>,
}

/// All of them.
#[derive(Debug)]
pub struct Probes {
    watches: BTreeMap<ProcessId, Watch>,
    sockets: BTreeMap<usize, ProcessId>,
    /// Sockets that may have more to say: the kernel tells only once.
    pending: BTreeSet<usize>,
    /// Processes of which it was told that they cannot be asked.
    in_vain: BTreeSet<ProcessId>,
    /// Made when the first process needs it.
    folder: Option<Folder>,
    next_key: usize,
}

impl Probes {
    /// Nothing is watched.
    pub fn new() -> Self {
        Self {
            watches: BTreeMap::new(),
            sockets: BTreeMap::new(),
            pending: BTreeSet::new(),
            in_vain: BTreeSet::new(),
            folder: None,
            next_key: *keys::PROBES.start(),
        }
    }

    /// A step of a job is about to start. In a new attempt all is forgotten that was seen of the one before.
    ///
    /// # Errors
    /// The system's error about the socket for messages.
    pub fn begin(&mut self, job: JobId, process: &Process, permits: &[(ResourceId, Vec<u32>)], poller: &Poller) -> io::Result<()> {
        let (ready, live) = (&process.work.ready, &process.work.live);
        if ready.is_none() && live.is_none() {
            return Ok(());
        }
        if let Some(watch) = self.watches.get_mut(&job.process).filter(|watch| watch.job == job) {
            permits.clone_into(&mut watch.permits);
            return Ok(());
        }
        self.forget(job.process, poller);
        let says = |probe: &Option<Probe>| matches!(probe, Some(Probe::Notify));
        let socket = if says(ready) || says(live) { Some(self.socket(job.process, poller)?) } else { None };
        let watch = Watch {
            job,
            permits: permits.to_vec(),
            ready: matchers(ready),
            live: matchers(live),
            says_ready: says(ready),
            says_alive: says(live),
            alive: false,
            socket,
            watchdog: process.control.live.filter(|_| says(live)).map(|live| live.rhythm.interval),
            under_way: None,
        };
        self.watches.insert(job.process, watch);
        Ok(())
    }

    fn socket(&mut self, process: ProcessId, poller: &Poller) -> io::Result<(usize, NotifySocket)> {
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none.insert(Folder::new()?),
        };
        let socket = folder.socket()?;
        let key = self.next_key;
        self.next_key += 1;
        poller.add(socket.fd(), key)?;
        self.sockets.insert(key, process);
        Ok((key, socket))
    }

    /// It is told that a process cannot be asked; false when that was told before.
    pub fn in_vain(&mut self, process: ProcessId) -> bool {
        self.in_vain.insert(process)
    }

    /// A process has ended for good, or begins anew.
    pub fn forget(&mut self, process: ProcessId, poller: &Poller) {
        if let Some(Watch { socket: Some((key, socket)), .. }) = self.watches.remove(&process) {
            poller.remove(socket.fd());
            self.sockets.remove(&key);
            self.pending.remove(&key);
        }
    }

    /// Numbers of the permits that a job holds, as far as it has conditions.
    pub fn permits(&self, job: JobId) -> &[(ResourceId, Vec<u32>)] {
        self.watch(job).map_or(&[], |watch| &watch.permits)
    }

    /// Puts what a process needs to say something into its environment.
    pub fn add_environment(&self, job: JobId, env: &mut Vec<(OsString, OsString)>) {
        let Some(Watch { socket: Some((_, socket)), watchdog, .. }) = self.watch(job) else { return };
        // Those of whoever runs this program are not this process's.
        env.retain(|(name, _)| !["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].iter().any(|own| name == own));
        env.push(("NOTIFY_SOCKET".into(), socket.path().into()));
        if let Some(interval) = watchdog {
            env.push(("WATCHDOG_USEC".into(), interval.as_micros().to_string().into()));
        }
    }

    /// Whether anybody looks for lines of a process.
    pub fn listens(&self, process: ProcessId) -> bool {
        self.watches.get(&process).is_some_and(|watch| watch.ready.is_some() || watch.live.is_some())
    }

    /// Output of a process, in the order of its pieces. `all`: nothing more is there to be read now.
    pub fn hear(&mut self, process: ProcessId, stream: Stream, piece: &[u8], all: bool) -> Option<Seen> {
        let watch = self.watches.get_mut(&process)?;
        let number = usize::from(stream == Stream::Stderr);
        let found = |matchers: &mut Option<[LogMatcher; 2]>| {
            matchers.as_mut().is_some_and(|matchers| {
                let found = matchers[number].feed(piece);
                found || all && matchers[number].unfinished()
            })
        };
        watch.alive |= found(&mut watch.live);
        let ready = found(&mut watch.ready);
        if ready {
            watch.ready = None;
        }
        ready.then_some(Seen::Ready(watch.job))
    }

    /// The kernel says that something can be read; whether it is a socket for messages.
    pub fn mark_ready(&mut self, key: usize) -> bool {
        let known = self.sockets.contains_key(&key);
        if known {
            self.pending.insert(key);
        }
        known || keys::PROBES.contains(&key)
    }

    /// Whether some socket may have more to say.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes a fair part of the messages of every socket that has some.
    pub fn receive(&mut self) -> Vec<Seen> {
        let processes: Vec<ProcessId> = self.pending.iter().filter_map(|key| self.sockets.get(key).copied()).collect();
        processes.into_iter().flat_map(|process| self.receive_of(process)).collect()
    }

    /// Takes a fair part of the messages of one process.
    pub fn receive_of(&mut self, process: ProcessId) -> Vec<Seen> {
        let Some(watch) = self.watches.get_mut(&process) else { return Vec::new() };
        let Some((key, socket)) = &watch.socket else { return Vec::new() };
        let (said, more) = socket.receive();
        if !more {
            self.pending.remove(key);
        }
        let mut seen = Vec::new();
        for said in said {
            match said {
                Said::Ready if watch.says_ready => seen.push(Seen::Ready(watch.job)),
                Said::Ready => {}
                Said::Watchdog => watch.alive |= watch.says_alive,
                Said::Stopping => seen.push(Seen::Stopping(watch.job)),
                Said::Status(text) => seen.push(Seen::Status(process, text)),
            }
        }
        seen
    }

    /// Whether what `live` waits for has happened since the last call.
    pub fn take_alive(&mut self, job: JobId) -> bool {
        self.watch_mut(job).is_some_and(|watch| std::mem::take(&mut watch.alive))
    }

    /// A probe begins. False when the job is not watched any more: then there is nobody to ask.
    pub fn set_under_way(&mut self, job: JobId, under_way: UnderWay) -> bool {
        let Some(watch) = self.watch_mut(job) else { return false };
        watch.under_way = Some(under_way);
        true
    }

    /// Takes out the probe that is under way.
    pub fn take_under_way(&mut self, job: JobId) -> Option<UnderWay> {
        self.watch_mut(job)?.under_way.take()
    }

    /// Takes it out if it is this one.
    pub fn take_under_way_if(&mut self, job: JobId, is_it: impl FnOnce(&UnderWay) -> bool) -> Option<UnderWay> {
        self.watch_mut(job)?.under_way.take_if(|under_way| is_it(under_way))
    }

    fn watch(&self, job: JobId) -> Option<&Watch> {
        self.watches.get(&job.process).filter(|watch| watch.job == job)
    }

    fn watch_mut(&mut self, job: JobId) -> Option<&mut Watch> {
        self.watches.get_mut(&job.process).filter(|watch| watch.job == job)
    }
}

fn matchers(probe: &Option<Probe>) -> Option<[LogMatcher; 2]> {
    let Some(Probe::Log(pattern)) = probe else { return None };
    Some([LogMatcher::new(pattern.clone()), LogMatcher::new(pattern.clone())])
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
