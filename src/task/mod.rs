//! Built-in tasks: one file each, one line in [`TASKS`].
//!
//! A task is a function on a thread of its own that can be cancelled. It knows its arguments, the
//! folder it works in and where its output goes; of the run it can only ask what [`RunAccess`] offers.

mod args;
mod assert;
mod cancel;
mod copy;
mod data;
mod fail;
mod files;
mod json;
mod mkdir;
mod print;
mod remove;
mod sleep;
mod stop;
#[cfg(test)]
pub(crate) mod testing;
mod wait;
mod write;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::{Schema, SchemaGenerator};

use crate::base::span::{Span, Spanned};
use crate::source::read::Reader;
use crate::source::tree::Entry;

pub use cancel::Cancel;

/// A task with its arguments, ready to run any number of times.
pub trait Task: fmt::Debug + Send + Sync {
    /// Does the work. Must return soon after `context.cancel` is set.
    ///
    /// # Errors
    /// Why it failed, in words that name the path or address; or that it was cancelled.
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError>;

    /// Names of processes in the arguments; planning refuses those that do not exist.
    fn mentions(&self) -> Vec<Spanned<String>> {
        Vec::new()
    }

    /// Those of them whose end it waits for without a bound; planning refuses what could only wait for ever.
    fn waits_for(&self) -> Vec<Spanned<String>> {
        Vec::new()
    }

    /// Whether it does nothing but wait: then it takes no job slot, and cannot keep what it waits for from starting.
    fn only_waits(&self) -> bool {
        false
    }

    /// Those of them that it stops.
    fn stops(&self) -> Vec<Spanned<String>> {
        Vec::new()
    }
}

/// Why a task did not succeed.
#[derive(Debug)]
pub enum TaskError {
    /// It failed: a message for people and an exit code other than 0.
    Failed {
        /// What was being done, to which path, and why it went wrong.
        message: String,
        /// As of a command; 1 unless the task says otherwise.
        code: i32,
    },
    /// It was asked to end before it was done.
    Cancelled,
}

impl TaskError {
    /// A failure with exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), code: 1 }
    }
}

/// What a running task has around it.
pub struct Context<'a> {
    /// The folder that relative paths start from.
    pub cwd: &'a Path,
    /// Set when the task should end.
    pub cancel: &'a Cancel,
    /// Its standard output.
    pub output: &'a mut dyn Write,
    /// The run it belongs to.
    pub run: &'a dyn RunAccess,
}

impl Context<'_> {
    /// A path of an argument, from the task's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.cwd.join(path)
    }
}

/// What a task may ask of its run. Names are those of processes; one with replicas means all of them.
pub trait RunAccess: Send + Sync {
    /// Asks for processes to be stopped and returns at once.
    fn stop(&self, process: &str);
    /// Whether all processes of that name have ended (or will never start).
    fn has_ended(&self, process: &str) -> bool;
}

/// How a task is made from its arguments, or `None` after recording why not.
pub type Build = fn(entries: &[Entry], place: Span, reader: &mut Reader<'_>) -> Option<Arc<dyn Task>>;

/// One built-in task: its name, its documentation and how it is made from its arguments.
pub struct Definition {
    /// The word after `task:`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// A workflow fragment that uses it.
    pub example: &'static str,
    /// The schema of its arguments.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes it from the entries of `with`; `place` is where the task stands. `None` after recording why not.
    pub build: Build,
}

/// Every built-in task, in the order of the documentation.
pub const TASKS: &[Definition] = &[
    sleep::DEFINITION,
    print::DEFINITION,
    fail::DEFINITION,
    write::DEFINITION,
    copy::DEFINITION,
    remove::DEFINITION,
    mkdir::DEFINITION,
    wait::DEFINITION,
    json::DEFINITION,
    stop::DEFINITION,
    assert::DEFINITION,
];

/// The task of a name.
pub fn find(name: &str) -> Option<&'static Definition> {
    TASKS.iter().find(|task| task.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_builds() {
        for task in TASKS {
            let (head, with) = task.example.split_once('\n').expect("two lines");
            assert_eq!(head, format!("task: {}", task.name));
            let with = with.strip_prefix("with:").expect("arguments");
            testing::build(task.name, with.trim_start_matches('\n')).unwrap_or_else(|found| panic!("{}: {found:?}", task.name));
            assert!(task.summary.ends_with('.'), "{}", task.name);
        }
    }

    #[test]
    fn every_schema_describes_every_argument() {
        for task in TASKS {
            let mut generator = SchemaGenerator::default();
            (task.schema)(&mut generator);
            let definitions = serde_json::Value::Object(generator.take_definitions(true).into_iter().collect());
            for definition in definitions.as_object().expect("definitions").values() {
                for (name, argument) in definition["properties"].as_object().expect("arguments") {
                    assert!(argument["description"].is_string(), "{} of {}", name, task.name);
                }
            }
        }
    }
}
