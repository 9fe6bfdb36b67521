//! `flowrun run`: a workflow becomes running processes.

use std::sync::Arc;
use std::time::Duration;

use super::args::{OutputArg, RunArgs};
use super::{Failure, Status, color, dry_run, flag_variables, load, print};
use crate::exec::environment::BaseEnvironment;
use crate::io::keeper::{self, Kept, Side};
use crate::io::limits;
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::reap::Ended;
use crate::io::shim::Shim;
use crate::io::signals::Signals;
use crate::io::terminal;
use crate::notice::Notice;
use crate::plan::{self, Plan};
use crate::report::{self, Channel, OutputMode};
use crate::run::{self, Audience, RunClock, Setup};
use crate::sched;
use crate::source::model::OnFailure;

/// Runs a workflow, or prints what would run.
///
/// # Errors
/// The command line or the file is wrong, or the system refuses what flowrun itself needs.
pub fn run(args: RunArgs) -> Result<Status, Failure> {
    load::enter(&args.workflow)?;
    let (file, names) = load::split_words(args.file.as_deref(), &args.words);
    let source = load::read(file.as_deref(), &names)?;
    let mut options = load::options(&source, &args.workflow);
    options.jobs = args.jobs;
    options.on_failure = args.keep_going.then_some(OnFailure::Continue);
    let Some(plan) = load::plan(&source, &options, &args.workflow) else { return Ok(Status::Usage) };
    let plan = Arc::new(plan::select(&plan, &names).map_err(Failure::usage)?);
    if args.dry_run {
        print::out(&dry_run::describe(plan))?;
        return Ok(Status::Success);
    }
    match keeper::divide().map_err(|error| needs("a process that watches over the run", &error))? {
        Side::Runner(signals) => {
            limits::raise_descriptors();
            supervise(plan, &args, &signals)
        }
        Side::Keeper(kept) => Ok(account(kept)),
    }
}

fn needs(what: &str, error: &std::io::Error) -> Failure {
    Failure::system(format!("cannot begin: {what}: {}", reason(error)))
}

/// What the keeper has to say when all is over: nothing, if the runner could speak for itself.
fn account(kept: Kept) -> Status {
    if let Ended::Signal(signal) = kept.ended {
        print::err(&format!(
            "the run was cut off: the flowrun process that led it was killed by {}; everything it had started has been ended",
            report::words::signal(signal)
        ));
    }
    if kept.left > 0 {
        print::err(&format!("{} processes hang in the system and could not be ended; see `ps -o pid,stat,wchan,args`", kept.left));
    }
    Status::Kept(kept.ended)
}

fn supervise(plan: Arc<Plan>, args: &RunArgs, signals: &Signals) -> Result<Status, Failure> {
    let poller = Poller::new().map_err(|error| needs("a descriptor to wait for events", &error))?;
    let clock = RunClock::start();
    let settings = report_settings(args);
    let waker = poller.waker();
    let told = clock.clone();
    let start = || Channel::start(Arc::clone(&plan), settings, Vec::new(), Box::new(move || told.now()), Box::new(move || waker.wake()));
    // A terminal may be set to stop who writes to it from another process group.
    let channel = terminal::without_being_stopped(start).map_err(|error| needs("a thread for output", &error))?;
    let mut audience = Reporters(channel);
    let environment = BaseEnvironment::new(std::env::vars_os(), &flag_variables(), &run_id(), settings.stdout.color);
    let ended = run::run(Setup {
        plan,
        settings: sched::Settings { stop_timeout: args.stop_timeout, seed: seed() },
        environment,
        shim: Shim::open(),
        signals,
        poller,
        clock,
        audience: &audience,
    })
    .map_err(|error| Failure::system(format!("the run was lost: {error}")))?;
    audience.0.close();
    let status = Status::of(&ended.summary);
    let patience = Status::of(&ended.summary) != Status::Success && ended.summary.interrupted.is_some();
    let give_up = std::time::Instant::now() + args.stop_timeout;
    loop {
        if let Some(finished) = audience.0.try_finish(Duration::from_millis(50)) {
            return match finished.error {
                Some(error) => Err(Failure::system(error)),
                None => Ok(status),
            };
        }
        // Nobody takes the last output; the run itself is over, so a signal ends the waiting.
        let late = patience && std::time::Instant::now() >= give_up;
        if ended.abandoned || late || signals.keeper_lost() || !signals.take_ending().is_empty() {
            return Ok(status);
        }
    }
}

fn report_settings(args: &RunArgs) -> report::Settings {
    let (stdout, stderr) = color::surfaces(args.workflow.color);
    let mode = match args.output {
        // Both, as when one comes from the environment, take each other back.
        _ if args.quiet && !args.verbose => OutputMode::Quiet,
        OutputArg::Prefixed => OutputMode::Prefixed,
        OutputArg::Grouped => OutputMode::Grouped,
        OutputArg::Raw => OutputMode::Raw,
        OutputArg::Quiet => OutputMode::Quiet,
    };
    report::Settings {
        mode,
        verbosity: i8::from(args.verbose) - i8::from(args.quiet),
        stdout,
        stderr,
        progress: !args.no_progress && color::can_draw(),
    }
}

/// A name for this run that no other run of this machine has: time and process number.
fn run_id() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{}", since.as_secs(), std::process::id())
}

fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) << 32 | u64::from(std::process::id())
}

/// The reporters as the run's audience.
struct Reporters(Channel);

impl Audience for Reporters {
    fn tell(&self, notice: Notice) {
        self.0.send(notice);
    }
    fn has_room(&self) -> bool {
        self.0.has_room()
    }
    fn hush(&self) -> bool {
        self.0.hush()
    }
    fn speak(&self) {
        self.0.speak();
    }
}
