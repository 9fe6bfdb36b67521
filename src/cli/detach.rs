//! `flowrun --detach`: a run that goes on in the background.
//!
//! The workflow is read and checked in the foreground. Then a second process leads the run, and says once how it
//! began: when it runs, or when it cannot, the command that was typed ends. All that the run says afterwards goes
//! to a log; how it ended stays written down beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde::{Deserialize, Serialize};

use super::args::RunArgs;
use super::list::one_line;
use super::load::Source;
use super::reports::Reports;
use super::run::Led;
use super::{Failure, Status, print, run};
use crate::control::place::About;
use crate::control::record::{Life, Record};
use crate::io::detach::{self, Ear, Mouth, Side};
use crate::io::machine::reason;
use crate::plan::{Action, Plan, Process, Stdin};

/// How a run in the background begins, as it says itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// It runs.
    Begun(About),
    /// It cannot: why.
    Failed(String),
}

/// Starts a run in the background, and returns in the foreground when it runs.
///
/// # Errors
/// A process needs a terminal, or the run cannot begin.
pub fn start(plan: Arc<Plan>, source: &Source, args: &RunArgs, reports: Reports) -> Result<Status, Failure> {
    refuse_terminals(&plan)?;
    match detach::divide().map_err(|error| cannot(&reason(&error)))? {
        Side::Above(ear) => above(ear, args),
        Side::Below(mouth) => Ok(below(mouth, plan, source, args, reports)),
    }
}

fn cannot(why: &str) -> Failure {
    Failure::system(format!("cannot begin a run in the background: {why}"))
}

/// In the background nobody sits at a terminal. One of its own (`tty: true`) a process has everywhere.
fn refuse_terminals(plan: &Plan) -> Result<(), Failure> {
    let commands = |process: &Process| process.work.steps.iter().any(|step| matches!(step.action, Action::Command { .. }));
    let needs = |process: &&Process| commands(process) && matches!(process.work.stdin, Stdin::Inherit);
    match plan.processes.iter().find(needs) {
        None => Ok(()),
        Some(process) => Err(Failure::usage(format!(
            "`{}` needs a terminal (`stdin: inherit`), and a run in the background has none; leave out --detach, or name the processes that are to run",
            one_line(&process.name)
        ))),
    }
}

fn above(ear: Ear, args: &RunArgs) -> Result<Status, Failure> {
    let line = ear.hear().map_err(|error| cannot(&reason(&error)))?;
    let line = line.ok_or_else(|| cannot("the process that was to lead it has ended without a word"))?;
    match serde_json::from_str(&line).map_err(|error| cannot(&error.to_string()))? {
        Word::Failed(why) => Err(cannot(&why)),
        Word::Begun(about) => {
            if !args.quiet {
                print::err(&introduction(&about));
            }
            print::out(&format!("{}\n", about.id))?;
            Ok(Status::Success)
        }
    }
}

fn introduction(about: &About) -> String {
    let (id, name) = (&about.id, one_line(&about.name));
    let log = about.log.as_ref().map_or_else(String::new, |log| format!("\n  its log is {}", log.display()));
    format!(
        "`{name}` runs in the background as {id}\n  follow it with `flowrun attach {id}` or `flowrun logs -f {id}`, end it with `flowrun stop {id}`{log}"
    )
}

/// What is left to do is told by the exit status, and by what the log says.
fn below(mouth: Mouth, plan: Arc<Plan>, source: &Source, args: &RunArgs, reports: Reports) -> Status {
    let (about, recorder) = run::recorded(source, &plan, &reports);
    let herald = match prepare(about) {
        Ok((record, life)) => Herald { mouth, record, _life: life, begun: AtomicBool::new(false) },
        Err(why) => {
            say(&mouth, &Word::Failed(why));
            return Status::System;
        }
    };
    let led = Led { source, about: herald.record.about.clone(), reports, recorder, herald: Some(&herald) };
    match run::lead(plan, args, led) {
        Ok(status) => {
            if matches!(status, Status::Kept(_)) {
                herald.record.close(status.code());
            }
            status
        }
        Err(failure) => {
            herald.failed(&failure);
            failure.status
        }
    }
}

/// From here on the foreground is told over the socket alone.
fn prepare(mut about: About) -> Result<(Record, Life), String> {
    let mut record = Record::begin(about.clone())?;
    let life = record.live()?;
    about.log = Some(record.log());
    record.about = about;
    let log = record.open_log()?;
    detach::redirect(&log).map_err(|error| format!("cannot write to the log {}: {}", record.log().display(), reason(&error)))?;
    Ok((record, life))
}

fn say(mouth: &Mouth, word: &Word) {
    mouth.say(&serde_json::to_string(word).unwrap_or_default());
}

/// Tells the foreground how the run begins, and writes down how it ends.
pub struct Herald {
    mouth: Mouth,
    record: Record,
    _life: Life,
    begun: AtomicBool,
}

impl Herald {
    /// The run goes on without the foreground.
    pub fn begun(&self) {
        if !self.begun.swap(true, SeqCst) {
            say(&self.mouth, &Word::Begun(self.record.about.clone()));
        }
    }

    /// Whether the run goes on without the foreground.
    pub fn has_begun(&self) -> bool {
        self.begun.load(SeqCst)
    }

    /// The run has ended. Whoever asks for it afterwards finds this.
    pub fn ended(&self, status: Status) {
        self.record.close(status.code());
    }

    /// The run was lost, before it began or later.
    fn failed(&self, failure: &Failure) {
        if self.has_begun() {
            print::err(&failure.message);
        } else {
            say(&self.mouth, &Word::Failed(failure.message.clone()));
            self.record.remove();
        }
    }
}
