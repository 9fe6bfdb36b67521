//! Requests whose answers come later: for the end of processes, for what happens from now on.
//!
//! Knows who waits for what and until when; answers nobody.

use std::time::Instant;

use super::server::ClientId;
use crate::base::ids::ProcessId;

/// Which request of which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Who asked.
    pub client: ClientId,
    /// The request's number.
    pub id: u64,
}

/// What a follower wants to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Everything.
    All,
    /// What these processes write.
    Output(Vec<ProcessId>),
}

/// Somebody waits for the end of processes.
#[derive(Debug, PartialEq, Eq)]
pub struct EndWait {
    /// Who.
    pub pending: Pending,
    /// For the end of all of these; none for the end of the run.
    pub processes: Option<Vec<ProcessId>>,
    /// Not longer than until then.
    pub until: Option<Instant>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Waits {
    ends: Vec<EndWait>,
    followers: Vec<(Pending, Interest)>,
}

impl Waits {
    /// Somebody waits for ends.
    pub fn add_end(&mut self, wait: EndWait) {
        self.ends.push(wait);
    }

    /// Somebody wants to hear what happens.
    pub fn add_follower(&mut self, pending: Pending, interest: Interest) {
        self.followers.push((pending, interest));
    }

    /// Those who want to hear what happens.
    pub fn followers(&self) -> &[(Pending, Interest)] {
        &self.followers
    }

    /// Takes out those that wait for processes that have all ended.
    pub fn take_ended(&mut self, has_ended: impl Fn(ProcessId) -> bool) -> Vec<EndWait> {
        let over = |wait: &mut EndWait| wait.processes.as_ref().is_some_and(|all| all.iter().all(|process| has_ended(*process)));
        self.ends.extract_if(.., over).collect()
    }

    /// Takes out those that have waited long enough.
    pub fn take_late(&mut self, now: Instant) -> Vec<Pending> {
        let late = |wait: &mut EndWait| wait.until.is_some_and(|until| until <= now);
        self.ends.extract_if(.., late).map(|wait| wait.pending).collect()
    }

    /// Takes everybody out: those that wait for ends, and followers.
    pub fn take_all(&mut self) -> (Vec<Pending>, Vec<Pending>) {
        let ends = std::mem::take(&mut self.ends).into_iter().map(|wait| wait.pending).collect();
        (ends, std::mem::take(&mut self.followers).into_iter().map(|(pending, _)| pending).collect())
    }

    /// How many requests of a client wait.
    pub fn requests_of(&self, client: ClientId) -> usize {
        let ends = self.ends.iter().filter(|wait| wait.pending.client == client).count();
        ends + self.followers.iter().filter(|(pending, _)| pending.client == client).count()
    }

    /// A client is gone.
    pub fn forget(&mut self, client: ClientId) {
        self.ends.retain(|wait| wait.pending.client != client);
        self.followers.retain(|(pending, _)| pending.client != client);
    }

    /// When the next one has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        self.ends.iter().filter_map(|wait| wait.until).min()
    }
}
