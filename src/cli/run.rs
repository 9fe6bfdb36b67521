//! `flowrun run`: a workflow becomes running processes.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::args::{OutputArg, RunArgs};
use super::{Failure, Status, color, dry_run, flag_variables, load, print};
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
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
use crate::notice::Notice;
use crate::plan::{self, Plan};
use crate::report::{self, Channel, OutputMode, RunView, snapshot};
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
    let about = about(&source, &plan);
    match keeper::divide().map_err(|error| needs("a process that watches over the run", &error))? {
        Side::Runner(signals) => {
            limits::raise_descriptors();
            supervise(plan, &args, &signals, about)
        }
        Side::Keeper(kept) => Ok(account(kept, &about.id)),
    }
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

fn supervise(plan: Arc<Plan>, args: &RunArgs, signals: &Signals, about: About) -> Result<Status, Failure> {
    let poller = Poller::new().map_err(|error| needs("a descriptor to wait for events", &error))?;
    let clock = RunClock::start();
    let settings = report_settings(args);
    let waker = poller.waker();
    let told = clock.clone();
    let start = || Channel::start(Arc::clone(&plan), settings, Vec::new(), Box::new(move || told.now()), Box::new(move || waker.wake()));
    // A terminal may be set to stop who writes to it from another process group.
    let channel = terminal::without_being_stopped(start).map_err(|error| needs("a thread for output", &error))?;
    let mut audience = Reporters { channel, view: RefCell::new(RunView::new(Arc::clone(&plan))) };
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
    .map_err(|error| Failure::system(format!("the run was lost: {error}")))?;
    audience.channel.close();
    let status = Status::of(&ended.summary);
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

/// How this run is found. Its id is one that no other run of this machine has: time and process number.
fn about(source: &load::Source, plan: &Plan) -> About {
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let pid = std::process::id();
    About { id: format!("{started:x}-{pid}"), name: plan.name.clone(), file: source.path.clone(), pid, started }
}

fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) << 32 | u64::from(std::process::id())
}

/// The reporters as the run's audience; what clients ask is answered from a view of its own, which is never behind
/// because a terminal takes nothing.
struct Reporters {
    channel: Channel,
    view: RefCell<RunView>,
}

impl Audience for Reporters {
    fn tell(&self, notice: Notice) {
        self.view.borrow_mut().apply(&notice);
        self.channel.send(notice);
    }
    fn has_room(&self) -> bool {
        self.channel.has_room()
    }
    fn hush(&self) -> bool {
        self.channel.hush()
    }
    fn speak(&self) {
        self.channel.speak();
    }
    fn status(&self, now: RunTime) -> Value {
        serde_json::to_value(snapshot::whole(&self.view.borrow(), now, std::process::id())).unwrap_or_default()
    }
    fn status_of(&self, process: ProcessId, now: RunTime) -> Value {
        serde_json::to_value(snapshot::entry(&self.view.borrow(), process, now, std::process::id())).unwrap_or_default()
    }
    fn last_lines(&self, process: ProcessId) -> Vec<u8> {
        self.view.borrow().last_lines(process).flat_map(|line| [line, b"\n"].concat()).collect()
    }
}
