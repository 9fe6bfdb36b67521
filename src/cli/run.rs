//! `flowrun run`: a workflow becomes running processes.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::args::{OutputArg, RunArgs, StampArg};
use super::ci::{self, Ci};
use super::detach::{self, Herald};
use super::log_dir::{self, LogDir};
use super::reporters::Reporters;
use super::step_summary::StepSummary;
use super::{Failure, Status, color, dry_run, exit_from, flag_variables, load, print};
use crate::control::place::{self, About};
use crate::exec::environment::BaseEnvironment;
use crate::io::keeper::{self, Kept, Side};
use crate::io::limits;
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::reap::Ended;
use crate::io::shim::Shim;
use crate::io::signals::Signals;
use crate::io::terminal;
use crate::plan::{self, Plan};
use crate::report::ci::{Annotate, Host};
use crate::report::{self, Channel, OutputMode, Reporter, RunView, Stamp};
use crate::run::{self, RunClock, Setup};
use crate::sched;
use crate::source::model::OnFailure;

/// Runs a workflow, or prints what would run.
///
/// # Errors
/// The command line or the file is wrong, or the system refuses what flowrun itself needs.
pub fn run(mut args: RunArgs) -> Result<Status, Failure> {
    load::enter(&args.workflow)?;
    let (file, names) = load::split_words(args.file.as_deref(), &args.words);
    let source = load::read(file.as_deref(), &names)?;
    let mut options = load::options(&source, &args.workflow);
    options.jobs = args.jobs;
    options.on_failure = args.keep_going.then_some(OnFailure::Continue);
    let Some(plan) = load::plan(&source, &options, &args.workflow) else { return Ok(Status::Usage) };
    let plan = Arc::new(plan::select(&plan, &names).map_err(Failure::usage)?);
    if let Some(name) = &args.exit_code_from {
        exit_from::find(&plan, name)?;
    }
    if args.dry_run {
        print::out(&dry_run::describe(plan))?;
        return Ok(Status::Success);
    }
    args.log_dir = args.log_dir.map(|folder| log_dir::prepare(&folder)).transpose()?;
    if args.detach {
        return detach::start(plan, &source, &args);
    }
    let about = about(&source, &plan);
    lead(plan, &args, &source, about, None)
}

/// Leads a run to its end, below a keeper. Returns in both: in the keeper last.
///
/// # Errors
/// The system refuses what flowrun itself needs.
pub(super) fn lead(
    plan: Arc<Plan>,
    args: &RunArgs,
    source: &load::Source,
    about: About,
    herald: Option<&Herald>,
) -> Result<Status, Failure> {
    match keeper::divide().map_err(|error| needs("a process that watches over the run", &error))? {
        Side::Runner(signals) => {
            limits::raise_descriptors();
            on_own_thread(move || supervise(plan, args, source, &signals, about, herald))
        }
        Side::Keeper(kept) => Ok(account(kept, &about.id)),
    }
}

/// The system hands orphans to the first thread and lists the children of each thread apart. With the loop
/// on another one, the first has orphans only, and looking for them costs the same however many run.
fn on_own_thread(lead: impl FnOnce() -> Result<Status, Failure> + Send) -> Result<Status, Failure> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("run".to_owned()).spawn_scoped(scope, lead).map_err(|error| needs("a thread", &error))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn needs(what: &str, error: &std::io::Error) -> Failure {
    Failure::system(format!("cannot begin: {what}: {}", reason(error)))
}

/// What the keeper has to say when all is over: nothing, if the runner could speak for itself.
fn account(kept: Kept, id: &str) -> Status {
    if let Ended::Signal(signal) = kept.ended {
        place::remove(id);
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

fn supervise(
    plan: Arc<Plan>,
    args: &RunArgs,
    source: &load::Source,
    signals: &Signals,
    about: About,
    herald: Option<&Herald>,
) -> Result<Status, Failure> {
    let poller = Poller::new().map_err(|error| needs("a descriptor to wait for events", &error))?;
    let clock = RunClock::start();
    // A log of a run in the background is read by people.
    let ci = if herald.is_some() { Ci::default() } else { ci::look(std::io::stderr().is_terminal(), variable) };
    let settings = report_settings(args, ci);
    let more = more_reporters(&plan, args, source, ci);
    let exit_from = args.exit_code_from.as_deref().map(|name| exit_from::find(&plan, name)).transpose()?;
    let waker = poller.waker();
    let told = clock.clone();
    let start =
        || Channel::start(Arc::clone(&plan), settings, more, Box::new(move || told.now()), Box::new(wall), Box::new(move || waker.wake()));
    // A terminal may be set to stop who writes to it from another process group.
    let channel = terminal::without_being_stopped(start).map_err(|error| needs("a thread for output", &error))?;
    let mut audience =
        Reporters { channel, view: RefCell::new(RunView::new(Arc::clone(&plan))), history: RefCell::default(), herald, exit_from };
    let environment = BaseEnvironment::new(std::env::vars_os(), &flag_variables(), &about.id, settings.stdout.color);
    let ended = run::run(Setup {
        plan,
        settings: sched::Settings { stop_timeout: args.stop_timeout, seed: seed() },
        environment,
        shim: Shim::open(),
        signals,
        poller,
        clock,
        audience: &audience,
        about: Some(about),
    })
    .map_err(|error| lost(&error, herald))?;
    audience.channel.close();
    let status = audience.status_of_run(&ended.summary);
    let patience = Status::of(&ended.summary) != Status::Success && ended.summary.interrupted.is_some();
    let give_up = std::time::Instant::now() + args.stop_timeout;
    loop {
        if let Some(finished) = audience.channel.try_finish(Duration::from_millis(50)) {
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

/// A run in the background that never began is told of in the foreground, which says so.
fn lost(error: &std::io::Error, herald: Option<&Herald>) -> Failure {
    let begun = herald.is_none_or(Herald::has_begun);
    Failure::system(if begun { format!("the run was lost: {error}") } else { error.to_string() })
}

/// A variable of flowrun's own environment.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Those who are told beside the ones that the settings ask for.
fn more_reporters(plan: &Plan, args: &RunArgs, source: &load::Source, ci: Ci) -> Vec<Box<dyn Reporter>> {
    let mut more: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(host) = ci.host {
        more.push(Box::new(Annotate::new(host, ci::source(host, source, variable))));
    }
    if let (Some(Host::GitHub), Some(path)) = (ci.host, variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())) {
        more.push(Box::new(StepSummary(path.into())));
    }
    if let Some(folder) = &args.log_dir {
        more.push(Box::new(LogDir::new(folder.clone(), plan)));
    }
    more
}

/// In continuous integration nobody sits before the output.
const HEARTBEAT: Duration = Duration::from_secs(30);

fn report_settings(args: &RunArgs, ci: Ci) -> report::Settings {
    let (stdout, stderr) = color::surfaces(args.workflow.color);
    let mode = match args.output.unwrap_or(if ci.on { OutputArg::Grouped } else { OutputArg::Prefixed }) {
        // Both, as when one comes from the environment, take each other back.
        _ if args.quiet && !args.verbose => OutputMode::Quiet,
        OutputArg::Prefixed => OutputMode::Prefixed,
        OutputArg::Grouped => OutputMode::Grouped,
        OutputArg::Raw => OutputMode::Raw,
        OutputArg::Failures => OutputMode::Failures,
        OutputArg::Quiet => OutputMode::Quiet,
    };
    report::Settings {
        mode,
        verbosity: i8::from(args.verbose) - i8::from(args.quiet),
        stdout,
        stderr,
        progress: !args.no_progress && color::can_draw(),
        heartbeat: args.heartbeat.or_else(|| (ci.on && mode != OutputMode::Quiet).then_some(HEARTBEAT)),
        stamp: args.timestamps.map(|stamp| match stamp {
            StampArg::Clock => Stamp::Clock,
            StampArg::Relative => Stamp::Relative,
        }),
        host: ci.host,
    }
}

/// How this run is found. Its id is one that no other run of this machine has: time and process number.
pub(super) fn about(source: &load::Source, plan: &Plan) -> About {
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let pid = std::process::id();
    About { id: format!("{started:x}-{pid}"), name: plan.name.clone(), file: source.path.clone(), pid, started, log: None }
}

/// The time of day, in milliseconds since 1970.
fn wall() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) << 32 | u64::from(std::process::id())
}
