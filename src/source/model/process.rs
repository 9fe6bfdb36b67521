//! One process: the heart of the language.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::command::{Command, Shell};
use super::io::{Stdin, Stdout};
use super::join::Join;
use super::listen::Listen;
use super::matrix::Matrix;
use super::names::EnvName;
use super::queue::ForEach;
use super::ready::{Live, Ready};
use super::request::{LockRequest, SemaphoreRequest};
use super::restart::Restart;
use super::retries::Retries;
use super::scalars::{Leftovers, Period, ScalarText};
use super::step::Step;
use super::stop::Stop;
use super::umask::Umask;
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::read::{List, Map, Merge, OneOrMany, Read, Reader, Tmpl};
use crate::source::tree::{Entry, NodeId};

mapping! {
    /// One process. Exactly one of `command`, `task` and `steps` says what it does.
    pub struct Process as "a process", extensible {
        /// A text for the shell, or a list: a program and its arguments, run without a shell.
        command: Command,
        /// Arguments added to the command; a text with shell syntax must say `"$@"` where it wants them.
        args: List<Tmpl<String>>,
        /// A built-in task instead of a command: `sleep`, `print`, `fail`, `write`, `copy`, `remove`, `mkdir`, `wait`, `json`, `stop` or `assert`.
        task: Tmpl<String>,
        /// The arguments of the built-in task.
        with: With,
        /// What the process does one after another; a step with a lock is a critical section.
        steps: List<Step>,
        /// A template, or a list of them, that this process starts from; its own keys win.
        extends: OneOrMany<String>,
        /// For people: shown by `flowrun list`.
        description: Tmpl<String>,
        /// `true`: a background service, stopped when the last finite process has ended.
        daemon: Tmpl<bool>,
        /// What must have happened before it starts: names, or names with conditions.
        join: Join,
        /// Locks held from start to end of each attempt.
        lock: LockRequest,
        /// Permits held from start to end of each attempt.
        semaphore: SemaphoreRequest,
        /// Fail the attempt instead of waiting longer for locks and permits.
        acquire_timeout: Tmpl<Period>,
        /// Copies: `10` makes `name[0]` to `name[9]`, each with its `${{ index }}`.
        replicas: Tmpl<u32>,
        /// One instance for each combination of values, read as `${{ matrix.name }}`.
        matrix: Matrix,
        /// Run once for each item of a queue, read as `${{ item }}`: its name, or `{queue: buns, workers: 3}`.
        for_each: ForEach,
        /// Queues into which its commands put items with `flowrun queue put`: one, or a list.
        produces: OneOrMany<Tmpl<String>>,
        /// Queues from which its commands take items with `flowrun queue get`: one, or a list.
        consumes: OneOrMany<Tmpl<String>>,
        /// An expression; false skips the process, and joins on its success hold.
        condition = "if": ScalarText,
        /// Environment variables; null unsets one.
        env: Map<EnvName, Tmpl<String>>,
        /// A file of `NAME=value` lines, or a list of such files.
        env_file: OneOrMany<Tmpl<String>>,
        /// Names of environment variables whose values are masked as `***` wherever output is shown or stored.
        secrets: OneOrMany<Tmpl<String>>,
        /// The folder it runs in, relative to the workflow file; default the workflow file's own.
        cwd: Tmpl<String>,
        /// The shell for text commands; default `sh -c`.
        shell: Shell,
        /// The permissions that new files do not get, octal and in quotes, as in `"022"`; default flowrun's own.
        umask: Umask,
        /// Standard input: `none` (default), `inherit` (flowrun's own, one process at a time), a text, a file, what another process writes or the items of a queue.
        stdin: Stdin,
        /// Standard output into a file or, line by line, into a queue; default captured and shown.
        stdout: Stdout,
        /// Standard error into a file, into a queue or to `stdout`; default captured and shown.
        stderr: Stdout,
        /// `true`: writes to a terminal of its own, so that programs keep their colours.
        tty: Tmpl<bool>,
        /// The address at which flowrun listens for it: the socket is handed over, or with `accept: true` each connection is given to a command of its own.
        listen: Listen,
        /// Finite processes: an attempt that runs longer is stopped and has failed. Waiting for locks is not counted.
        timeout: Tmpl<Period>,
        /// Finite processes: how often a failed attempt is tried again.
        retries: Retries,
        /// When it counts as ready: exactly one condition; without one, when its last step has been started.
        ready: Ready,
        /// A condition that is asked again and again once it is ready.
        live: Live,
        /// Daemons: whether one that ended is started again: `no` (default), `on-failure`, `always`, or in full.
        restart: Restart,
        /// Finite processes: what they leave running is stopped (`stop`, default) or kept until the end of the run (`keep`).
        leftovers: Tmpl<Leftovers>,
        /// How it is asked to end.
        stop: Stop,
        /// Exit codes that mean success; default `[0]`.
        success_codes: OneOrMany<Tmpl<u32>>,
        /// `true`: a failure is shown but does not fail the run.
        allow_failure: Tmpl<bool>,
    }
}

impl Merge for bool {}

/// The arguments of a built-in task as they were written; the task decides what they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct With(pub Vec<WithEntry>);

/// One argument.
#[derive(Clone, Debug)]
pub struct WithEntry {
    /// Its name.
    pub key: Spanned<String>,
    /// Its value, in the workflow's document.
    pub value: NodeId,
}

impl PartialEq for WithEntry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl With {
    /// The arguments as entries of a mapping.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.iter().map(|entry| Entry { key: entry.key.clone(), value: entry.value }).collect()
    }
}

impl Read for With {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let entries =
            reader.entries(node, "a mapping with the arguments of the task", Some("write `{name: value}`; `flowrun tasks` lists them"))?;
        Some(Self(entries.iter().map(|entry| WithEntry { key: entry.key.clone(), value: entry.value }).collect()))
    }
}

impl Merge for With {
    fn merge(mut self, over: Self) -> Self {
        for entry in over.0 {
            match self.0.iter_mut().find(|inherited| inherited.key == entry.key) {
                Some(inherited) => *inherited = entry,
                None => self.0.push(entry),
            }
        }
        self
    }
}

impl JsonSchema for With {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "With".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
