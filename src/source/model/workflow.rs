//! The top level of a workflow file.

use serde_json::{Value, json};

use super::declared::{Declaration, Declared};
use super::names::{EnvName, Name};
use super::process::Process;
use super::queue::Queues;
use super::scalars::{JobLimit, OnFailure, Period, ScalarText, words};
use crate::mapping;
use crate::source::read::{Field, Full, Map, OneOrMany, Shorthand, Tmpl};

mapping! {
    /// A flowrun workflow: processes, and what they share.
    pub struct Workflow as "the workflow", extensible {
        /// A name for people; default the file's own.
        name: String,
        /// For people.
        description: String,
        /// Values for expressions, read as `${{ vars.name }}`; `--set name=value` overrides one.
        vars: Map<Name, ScalarText>,
        /// Environment variables for every process.
        env: Map<EnvName, Tmpl<String>>,
        /// A file of `NAME=value` lines for every process, or a list of such files.
        env_file: OneOrMany<Tmpl<String>>,
        /// Process keys that every process starts from.
        defaults: Process,
        /// The most processes that run at once: a number, a percentage of the processors, or `cpus`. Default unlimited.
        jobs: Tmpl<JobLimit>,
        /// The run is stopped when it takes longer.
        timeout: Tmpl<Period>,
        /// After a failure: `finish` (default) starts nothing new, `continue` runs what does not depend on it, `kill` stops everything.
        on_failure: Tmpl<OnFailure>,
        /// Locks, held by one process at a time: a list of names, or a mapping such as `{db: {scope: host}}`.
        locks: Locks,
        /// Semaphores with their numbers of permits.
        semaphores: Map<Name, Permits>,
        /// Queues between processes: a list of names, or a mapping such as `{buns: {maxsize: 3}}`.
        queues: Queues,
        /// Processes that are not run, only extended.
        templates: Map<Name, Process>,
        /// The processes, by name.
        processes: Map<Name, Process>,
    }
}

words! {
    /// Who shares a lock or semaphore.
    Scope as "a scope" {
        /// The processes of one run.
        #[default]
        Run = "run",
        /// All runs of the same user on this machine.
        Host = "host",
    }
}

mapping! {
    /// A lock in full.
    pub struct LockSpec as "a lock" {
        /// Who shares it: `run` (default), or `host` for all runs of the same user on this machine.
        scope: Tmpl<Scope>,
        /// With `scope: host`, its name on this machine; default the workflow's name and the lock's, as in `shop/db`.
        name: Tmpl<String>,
    }
}

/// The declared locks.
pub type Locks = Declared<LockSpec>;

impl Declaration for LockSpec {
    const LIST: &'static str = "a list of names such as `[db, audit]`";
    fn examples() -> Value {
        json!([["db", "audit"], { "db": { "scope": "host" } }])
    }
}

mapping! {
    /// A semaphore in full.
    pub struct PermitsSpec as "a semaphore" {
        /// How many permits it has, at least 1.
        permits: Tmpl<u32>,
        /// Who shares it: `run` (default), or `host` for all runs of the same user on this machine.
        scope: Tmpl<Scope>,
        /// With `scope: host`, its name on this machine; default the workflow's name and the semaphore's.
        name: Tmpl<String>,
    }
}

/// A number of permits, or the full form.
pub type Permits = Full<PermitsSpec>;

impl Shorthand for PermitsSpec {
    type Short = u32;
    const SHORT: &'static str = "4";
    fn in_full(permits: Field<Tmpl<u32>>) -> Self {
        Self { permits, ..Self::default() }
    }
    fn examples() -> Value {
        json!([4, { "permits": 8, "scope": "host" }])
    }
}
