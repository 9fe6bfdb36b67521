//! `flowrun lock`: a command that runs while it holds locks or permits, with `--host` those that runs share.
//!
//! The locks are this program's, not the command's: what the command leaves running in the background keeps none
//! of them, and they are free as soon as this program has ended, even by SIGKILL.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::args::{LockArgs, Permits};
use super::list::one_line;
use super::{Failure, Status, print, section};
use crate::base::host_name::{self, MAX_NAME};
use crate::control::place;
use crate::io::host_lock::{Held, Holder, Taken, Wanted, try_take};
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::reap::{self, Ended};
use crate::io::signals::Signals;
use crate::notice::HostHolder;
use crate::report::words;
use crate::source::model::names::env_form;

/// Between the first two tries; doubled after each further one.
const FIRST: Duration = Duration::from_millis(5);
/// It grows no further.
const LONGEST: Duration = Duration::from_millis(80);
/// With `--no-wait`: how long somebody may be just taking or looking.
const LOOKING: Duration = Duration::from_secs(1);
/// What a command of `flowrun lock` runs in, the outermost first: of `lock --host` its process number, of a section its
/// name, which has a dot in it.
const OUTER: &str = "FLOWRUN_LOCK_HOLDER";
/// The longest text by which others know the command.
const TEXT: usize = 60;

/// Takes the locks, runs the command, and ends as it did.
///
/// # Errors
/// The locks were not had, or the command could not be run.
pub fn lock(args: &LockArgs) -> Result<Status, Failure> {
    if args.host.is_empty() {
        let section = section::take(args)?;
        return run(&args.command, &section.name, &section.slots);
    }
    let mut names = args.host.clone();
    names.sort();
    names.dedup();
    if let Some(name) = names.iter().find(|name| !host_name::fits(name)) {
        let name = one_line(name);
        return Err(Failure::usage(format!(
            "the name `{name}` cannot be a lock's: it must have 1 to {MAX_NAME} bytes, all of them visible"
        )));
    }
    let wanted = match args.permits {
        Some(Permits { of: None, .. }) => {
            return Err(Failure::usage("with --host write how many permits, and how many the semaphore has, as in 1/8"));
        }
        Some(Permits { count, of: Some(of) }) if names.len() == 1 => Wanted::Permits { count, of },
        Some(_) => return Err(Failure::usage("--permits is for one name: for several, let one `flowrun lock` run the next")),
        None => Wanted::Lock { shared: args.shared },
    };
    // In the order of their names, as everybody takes them: nobody can wait for each other.
    let held = names.iter().map(|name| take(name, wanted, args)).collect::<Result<Vec<Held>, Failure>>()?;
    let with_permits = names.iter().zip(&held).filter(|(_, held)| !held.numbers().is_empty());
    let slots: Vec<(String, String)> = with_permits
        .map(|(name, held)| {
            let numbers: Vec<String> = held.numbers().iter().map(u32::to_string).collect();
            (format!("FLOWRUN_SLOT_{}", env_form(name)), numbers.join(","))
        })
        .collect();
    run(&args.command, &std::process::id().to_string(), &slots)
}

/// Takes one, waiting as long as it may.
fn take(name: &str, wanted: Wanted, args: &LockArgs) -> Result<Held, Failure> {
    let shown = one_line(name);
    let base = place::base().map_err(Failure::system)?;
    let who = holder(&args.command);
    let began = Instant::now();
    let mut pause = FIRST;
    let mut told = false;
    loop {
        let holders = match try_take(&base, name, wanted, &who).map_err(|trouble| Failure::system(trouble.to_string()))? {
            Taken::Held(held) => return Ok(held),
            Taken::Differs(why, holders) => {
                return Err(Failure::usage(format!("`{shown}` cannot be shared with {}: {why}", list(&holders))));
            }
            Taken::Busy(holders) => holders,
            Taken::Gate => Vec::new(),
        };
        let waited = began.elapsed();
        if let Some(own) = holders.iter().find(|holder| matches!(wanted, Wanted::Lock { .. }) && waits_for_this(holder)) {
            let by = list(std::slice::from_ref(own));
            let message = format!("`{shown}` is held by {by}, which waits for this command: take it once");
            return Err(Failure { message, status: Status::NotFree });
        }
        if args.no_wait && (!holders.is_empty() || waited >= LOOKING) {
            let by = if holders.is_empty() { "somebody who is just taking it".to_owned() } else { list(&holders) };
            return Err(Failure { message: format!("`{shown}` is held by {by}"), status: Status::NotFree });
        }
        if let Some(timeout) = args.timeout.filter(|timeout| waited >= *timeout) {
            let by = if holders.is_empty() { String::new() } else { format!(": it is held by {}", list(&holders)) };
            let message = format!("`{shown}` not had within {}{by}", words::span(timeout));
            return Err(Failure { message, status: Status::TimedOut });
        }
        if !holders.is_empty() && !std::mem::replace(&mut told, true) {
            print::err(&format!("waiting for `{shown}`, held by {}", list(&holders)));
        }
        let left = args.timeout.map_or(pause, |timeout| timeout - waited);
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST);
    }
}

/// Whether a holder is what this program runs in: the process of a run, or an outer `flowrun lock`.
fn waits_for_this(holder: &Holder) -> bool {
    let process = std::env::var("FLOWRUN_PROCESS").is_ok_and(|process| process == holder.process);
    let run = holder.run.is_some() && holder.run == std::env::var("FLOWRUN_RUN_ID").ok();
    let outer = std::env::var(OUTER).is_ok_and(|all| all.split('/').any(|pid| pid == holder.pid.to_string()));
    outer || holder.workflow.is_some() && run && process
}

/// What others see of this program.
fn holder(command: &[String]) -> Holder {
    let text = command.join(" ");
    let short: String = text.chars().take(TEXT).collect();
    let process = if short.len() < text.len() { format!("{short}…") } else { short };
    let run = std::env::var("FLOWRUN_RUN_ID").ok();
    Holder { run, workflow: None, process, pid: std::process::id() }
}

fn list(holders: &[Holder]) -> String {
    let told = |holder: &Holder| {
        let Holder { run, workflow, process, pid } = holder.clone();
        HostHolder { run, workflow, process, pid }
    };
    words::host_holders(&holders.iter().map(told).collect::<Vec<_>>())
}

/// The names of the sections that this program runs in.
pub fn within() -> Vec<String> {
    let outer = std::env::var(OUTER).unwrap_or_default();
    outer.split('/').filter(|one| one.contains('.')).map(str::to_owned).collect()
}

/// Runs the command to its end, with the name by which what runs in it knows this program, and its permits.
fn run(words: &[String], name: &str, slots: &[(String, String)]) -> Result<Status, Failure> {
    let (program, arguments) = words.split_first().ok_or_else(|| Failure::usage("there is no command to run"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    let outer = std::env::var(OUTER).map(|all| format!("{all}/")).unwrap_or_default();
    command.env(OUTER, format!("{outer}{name}")).envs(slots.iter().cloned());
    let lost = |error: std::io::Error| Failure::system(format!("cannot hear of signals: {}", reason(&error)));
    let signals = Signals::install().map_err(lost)?;
    let mut poller = Poller::new().map_err(lost)?;
    for (key, fd) in signals.descriptors().into_iter().enumerate() {
        poller.add(fd, key).map_err(lost)?;
    }
    let mut child = command.spawn().map_err(|error| Failure {
        message: format!("cannot run `{program}`: {}", reason(&error)),
        status: if error.kind() == ErrorKind::NotFound { Status::NotFound } else { Status::NotRunnable },
    })?;
    loop {
        if let Some(status) = child.try_wait().map_err(lost)? {
            return Ok(ended(status));
        }
        poller.wait(None, &mut Vec::new()).map_err(lost)?;
        hand_on(&signals, &child);
    }
}

/// Signals to this program are meant for the command. Those of a terminal have reached it already.
fn hand_on(signals: &Signals, child: &Child) {
    let of_terminal = [Signal::SIGINT as i32, Signal::SIGQUIT as i32];
    for signal in signals.take_ending().into_iter().filter(|signal| !of_terminal.contains(signal)) {
        reap::signal(child.id(), signal);
    }
    if signals.take_suspend() {
        // Fails only where nobody may stop; then the command alone has stopped.
        let _ = signals.suspend_self();
    }
    signals.take_child();
    signals.take_status();
    signals.take_resized();
}

fn ended(status: ExitStatus) -> Status {
    Status::Kept(status.signal().map_or_else(|| Ended::Code(status.code().unwrap_or(0)), Ended::Signal))
}
