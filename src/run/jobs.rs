//! Which jobs are alive, and as what.

use std::collections::{BTreeMap, HashMap};

use crate::base::ids::{JobId, ProcessId};
use crate::task::Cancel;

/// A job that is alive.
#[derive(Debug)]
pub enum Job {
    /// As a child of this process.
    Child {
        /// Which step.
        step: u32,
        /// The leader of its group.
        pid: u32,
        /// Its pipes.
        pipes: Vec<usize>,
        /// Whether it was asked to end.
        asked: Asked,
    },
    /// As a socket: each connection is a child.
    Accepting {
        /// Which step.
        step: u32,
        /// The connections, by the leaders of their groups.
        connections: BTreeMap<u32, Connection>,
        /// Whether it was asked to end.
        asked: Asked,
    },
    /// As a thread.
    Task {
        /// Which step.
        step: u32,
        /// Ends it.
        cancel: Cancel,
        /// Whether it was asked to end.
        asked: Asked,
    },
}

/// A connection that has its command.
#[derive(Debug)]
pub struct Connection {
    /// The other end's address.
    pub peer: String,
    /// The command's pipes.
    pub pipes: Vec<usize>,
}

/// Whether a job was asked to end, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It ends when it likes.
    No,
    /// It got its stop signal.
    ToEnd,
    /// It was killed.
    Killed,
}

/// What a child is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The step of a job.
    Step(JobId),
    /// The stop command of a job.
    StopCommand(JobId),
    /// A command that is asked whether a job serves.
    Probe(JobId),
    /// The command of one connection of a job.
    Connection(JobId),
}

impl Role {
    /// The job that it is for.
    pub fn job(self) -> JobId {
        match self {
            Self::Step(job) | Self::StopCommand(job) | Self::Probe(job) | Self::Connection(job) => job,
        }
    }
}

/// All that is alive.
#[derive(Debug, Default)]
pub struct Jobs {
    alive: BTreeMap<JobId, Job>,
    roles: HashMap<u32, Role>,
    stop_commands: BTreeMap<JobId, (u32, Vec<usize>)>,
}

impl Jobs {
    /// A job runs as a child.
    pub fn add_child(&mut self, job: JobId, step: u32, pid: u32, pipes: Vec<usize>) {
        self.roles.insert(pid, Role::Step(job));
        self.alive.insert(job, Job::Child { step, pid, pipes, asked: Asked::No });
    }

    /// A job takes connections.
    pub fn add_accepting(&mut self, job: JobId, step: u32) {
        self.alive.insert(job, Job::Accepting { step, connections: BTreeMap::new(), asked: Asked::No });
    }

    /// A connection of a job has its command.
    pub fn add_connection(&mut self, job: JobId, pid: u32, connection: Connection) {
        self.roles.insert(pid, Role::Connection(job));
        if let Some(Job::Accepting { connections, .. }) = self.alive.get_mut(&job) {
            connections.insert(pid, connection);
        }
    }

    /// Takes a connection out, and tells whether its job was asked to end.
    pub fn remove_connection(&mut self, job: JobId, pid: u32) -> Option<(Connection, Asked)> {
        let Some(Job::Accepting { connections, asked, .. }) = self.alive.get_mut(&job) else { return None };
        Some((connections.remove(&pid)?, *asked))
    }

    /// The leaders of a job's connections.
    pub fn connections(&self, job: JobId) -> Vec<u32> {
        match self.alive.get(&job) {
            Some(Job::Accepting { connections, .. }) => connections.keys().copied().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a job may take another connection, of `max` at once.
    pub fn has_room(&self, job: JobId, max: u32) -> bool {
        let Some(Job::Accepting { connections, asked: Asked::No, .. }) = self.alive.get(&job) else { return false };
        connections.len() < max as usize
    }

    /// Takes out a job that was asked to end and has no connections any more.
    pub fn remove_deserted(&mut self, job: JobId) -> Option<(u32, Asked)> {
        match self.alive.get(&job) {
            Some(Job::Accepting { step, connections, asked }) if connections.is_empty() && *asked != Asked::No => {
                let (step, asked) = (*step, *asked);
                self.alive.remove(&job);
                Some((step, asked))
            }
            _ => None,
        }
    }

    /// A job runs as a thread.
    pub fn add_task(&mut self, job: JobId, step: u32, cancel: Cancel) {
        self.alive.insert(job, Job::Task { step, cancel, asked: Asked::No });
    }

    /// The stop command of a job runs.
    pub fn add_stop_command(&mut self, job: JobId, pid: u32, pipes: Vec<usize>) {
        self.roles.insert(pid, Role::StopCommand(job));
        self.stop_commands.insert(job, (pid, pipes));
    }

    /// A command is asked whether a job serves.
    pub fn add_probe(&mut self, job: JobId, pid: u32) {
        self.roles.insert(pid, Role::Probe(job));
    }

    /// A living job.
    pub fn get_mut(&mut self, job: JobId) -> Option<&mut Job> {
        self.alive.get_mut(&job)
    }

    /// Takes a job out.
    pub fn remove(&mut self, job: JobId) -> Option<Job> {
        self.alive.remove(&job)
    }

    /// The jobs whose steps or connections run as children, and the leaders of their groups.
    pub fn steps(&self) -> impl Iterator<Item = (JobId, u32)> + '_ {
        self.alive.iter().flat_map(|(job, alive)| {
            let leaders: Vec<u32> = match alive {
                Job::Child { pid, .. } => vec![*pid],
                Job::Accepting { connections, .. } => connections.keys().copied().collect(),
                Job::Task { .. } => Vec::new(),
            };
            leaders.into_iter().map(|leader| (*job, leader))
        })
    }

    /// What a child is for, if this program has started it.
    pub fn role(&self, pid: u32) -> Option<Role> {
        self.roles.get(&pid).copied()
    }

    /// The attempt of a process that is alive.
    pub fn current(&self, process: ProcessId) -> Option<JobId> {
        let attempts = JobId { process, attempt: 0 }..=JobId { process, attempt: u32::MAX };
        self.alive.range(attempts).next_back().map(|(job, _)| *job)
    }

    /// Whether a job is alive.
    pub fn is_alive(&self, job: JobId) -> bool {
        self.alive.contains_key(&job)
    }

    /// The jobs of all children.
    pub fn started(&self) -> impl Iterator<Item = JobId> + '_ {
        self.roles.values().map(|role| role.job())
    }

    /// What a child that has ended was for.
    pub fn take_role(&mut self, pid: u32) -> Option<Role> {
        self.roles.remove(&pid)
    }

    /// The stop command of a job, if it runs.
    pub fn stop_command(&self, job: JobId) -> Option<u32> {
        self.stop_commands.get(&job).map(|(pid, _)| *pid)
    }

    /// Takes a stop command out; its pipes.
    pub fn remove_stop_command(&mut self, job: JobId) -> Vec<usize> {
        self.stop_commands.remove(&job).map_or_else(Vec::new, |(_, pipes)| pipes)
    }

    /// The numbers of all children.
    pub fn pids(&self) -> impl Iterator<Item = u32> + '_ {
        self.roles.keys().copied()
    }

    /// Whether any child or task is alive.
    pub fn any_alive(&self) -> bool {
        !self.roles.is_empty() || !self.alive.is_empty()
    }
}
