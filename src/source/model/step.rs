//! `steps`: what a process does one after another.

use super::command::{Command, Shell};
use super::names::EnvName;
use super::request::{LockRequest, SemaphoreRequest};
use super::scalars::Period;
use super::umask::Umask;
use crate::mapping;
use crate::source::model::process::With;
use crate::source::read::{List, Map, OneOrMany, Tmpl};

mapping! {
    /// One step of a process. A step with a lock is a critical section: it holds the lock while it
    /// runs, and the rest of the process runs concurrently with others.
    pub struct Step as "a step", extensible {
        /// A name for people; default its number.
        name: String,
        /// A text for the shell, or a list: a program and its arguments, run without a shell.
        command: Command,
        /// Arguments added to the command.
        args: List<Tmpl<String>>,
        /// A built-in task instead of a command.
        task: Tmpl<String>,
        /// The arguments of the built-in task.
        with: With,
        /// Environment variables for this step, over those of the process.
        env: Map<EnvName, Tmpl<String>>,
        /// Names of environment variables whose values are masked as `***`, beside those of the process.
        secrets: OneOrMany<Tmpl<String>>,
        /// The folder it runs in, relative to the workflow file; default that of the process.
        cwd: Tmpl<String>,
        /// The shell for a text command; default that of the process.
        shell: Shell,
        /// The permissions that new files do not get, octal and in quotes; default that of the process.
        umask: Umask,
        /// The step is stopped and has failed when it runs longer.
        timeout: Tmpl<Period>,
        /// Locks held while this step runs.
        lock: LockRequest,
        /// Permits held while this step runs.
        semaphore: SemaphoreRequest,
    }
}
