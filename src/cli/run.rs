//! `flowrun run`: a workflow becomes running processes.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::args::{OutputArg, RunArgs, StampArg};
use super::ci::{self, Ci};
use super::detach::{self, Herald};
use super::log_dir::{self, LogDir};
use super::reporters::Reporters;
use super::reports::Reports;
use super::step_summary::StepSummary;
use super::{Failure, Status, color, dry_run, exit_from, flag_variables, load, print, wrong_word};
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
use crate::report::record::{Context, Recorder, Report};
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
    let plan = Arc::new(plan::select(&plan, &names).map_err(|why| Failure::usage(why + &wrong_word::help_for_names(&plan, &names)))?);
    if let Some(name) = &args.exit_code_from {
        exit_from::find(&plan, name)?;
    }
    if args.dry_run {
        print::out(&dry_run::describe(plan))?;
        return Ok(Status::Success);
    }
    args.log_dir = args.log_dir.map(|folder| log_dir::prepare(&folder)).transpose()?;
    let reports = Reports::new(&args.report)?;
    if args.detach {
        return detach::start(plan, &source, &args, reports);
    }
    let (about, recorder) = recorded(&source, &plan, &reports);
    lead(plan, &args, Led { source: &source, about, reports, recorder, herald: None })
}

/// A run that is to be led.
pub(super) struct Led<'a> {
    /// Its workflow.
    pub source: &'a load::Source,
    /// How it is found.
    pub about: About,
    /// What is to be written of it.
    pub reports: Reports,
    /// Who records it, if something is.
    pub recorder: Option<Recorder>,
    /// Who tells that it goes on, of one in the background.
    pub herald: Option<&'a Herald>,
}

/// Leads a run to its end, below a keeper. Returns in both: in the keeper last.
///
/// # Errors
/// The system refuses what flowrun itself needs.
pub(super) fn lead(plan: Arc<Plan>, args: &RunArgs, led: Led<'_>) -> Result<Status, Failure> {
    match keeper::divide().map_err(|error| needs("a process that watches over the run", &error))? {
        Side::Runner(signals) => {
            limits::raise_descriptors();
            on_own_thread(move || supervise(plan, args, &signals, led))
        }
        Side::Keeper(kept) => Ok(account(kept, &led.about.id)),
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

fn supervise(plan: Arc<Plan>, args: &RunArgs, signals: &Signals, led: Led<'_>) -> Result<Status, Failure> {
    let Led { source, about, reports, recorder, herald } = led;
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
    let recorder = RefCell::new(recorder);
    let view = RefCell::new(RunView::new(Arc::clone(&plan)));
    let mut audience = Reporters { channel, view, history: RefCell::default(), recorder, herald, exit_from };
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
    .map_err(|error| lost(&error, herald));
    let status = ended.as_ref().map_or(Status::System, |ended| audience.status_of_run(&ended.summary));
    let report = audience.recorder.take().map(|recorder| (reports, recorder.finish(status.code())));
    let report = report.map(Arc::new);
    audience.channel.close();
    let interrupted = ended.as_ref().is_ok_and(|ended| ended.summary.interrupted.is_some());
    let give_up = (interrupted && status != Status::Success).then(|| Instant::now() + args.stop_timeout);
    let mut patience = Patience { signals, give_up, over: false };
    let mut troubles = report.as_ref().map_or_else(Vec::new, |report| patience.report(report, |(reports, report)| reports.write(report)));
    let ended = ended.inspect_err(|_| troubles.iter().for_each(|trouble| print::err(trouble)))?;
    patience.over |= ended.abandoned;
    let finished = patience.wait(|within| audience.channel.try_finish(within));
    if let Some(report) = report.filter(|_| finished.is_some()) {
        troubles.extend(patience.report(&report, |(reports, report)| reports.print(report)));
    }
    troubles.iter().for_each(|trouble| print::err(trouble));
    match finished.and_then(|finished| finished.error) {
        Some(error) => Err(Failure::system(error)),
        None if status == Status::Success && !troubles.is_empty() => Ok(Status::System),
        None => Ok(status),
    }
}

/// How long the end of flowrun waits for what is still to be written: the run itself is over, so a signal ends it.
struct Patience<'a> {
    signals: &'a Signals,
    give_up: Option<Instant>,
    over: bool,
}

impl Patience<'_> {
    /// Waits for an answer; none when it is not waited for any longer.
    fn wait<T>(&mut self, mut answer: impl FnMut(Duration) -> Option<T>) -> Option<T> {
        loop {
            if let Some(answer) = answer(Duration::from_millis(50)) {
                return Some(answer);
            }
            let late = self.give_up.is_some_and(|give_up| Instant::now() >= give_up);
            self.over |= late || self.signals.keeper_lost() || !self.signals.take_ending().is_empty();
            if self.over {
                return None;
            }
        }
    }

    /// Writes reports on a thread of their own, since a pipe may take nothing, and says what went wrong.
    fn report(&mut self, report: &Arc<Written>, write: fn(&Written) -> Vec<String>) -> Vec<String> {
        let (sender, receiver) = mpsc::channel();
        let theirs = Arc::clone(report);
        let work = move || sender.send(write(&theirs)).unwrap_or_default();
        if let Err(error) = thread::Builder::new().name("write".to_owned()).spawn(work) {
            return vec![format!("cannot write reports: {}", reason(&error))];
        }
        self.wait(|within| receiver.recv_timeout(within).ok())
            .unwrap_or_else(|| vec!["reports are incomplete: nobody takes them".to_owned()])
    }
}

/// A report and where it goes.
type Written = (Reports, Report);

/// How the run is found, and who records it if reports are wanted.
pub(super) fn recorded(source: &load::Source, plan: &Arc<Plan>, reports: &Reports) -> (About, Option<Recorder>) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let about = about(source, plan, now);
    let file = || ci::file(ci::look(false, variable).host, source, variable);
    let context = || Context::new(about.id.clone(), source.name.clone(), now, &source.text, plan).in_repository(file());
    let recorder = (!reports.is_empty()).then(|| Recorder::new(Arc::clone(plan), context()));
    (about, recorder)
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
fn more_reporters(plan: &Arc<Plan>, args: &RunArgs, source: &load::Source, ci: Ci) -> Vec<Box<dyn Reporter>> {
    let mut more: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(host) = ci.host {
        more.push(Box::new(Annotate::new(host, ci::source(host, source, variable))));
    }
    if let (Some(Host::GitHub), Some(path)) = (ci.host, variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())) {
        // What it shows has no place for when and under which name it ran.
        let context = Context::new(String::new(), source.name.clone(), Duration::ZERO, &source.text, plan);
        more.push(Box::new(StepSummary::new(path.into(), Recorder::new(Arc::clone(plan), context))));
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
    let asked = args.output.unwrap_or(if ci.on { OutputArg::Grouped } else { OutputArg::Prefixed });
    // Both, as when one comes from the environment, take each other back.
    let mode = if args.quiet && !args.verbose { OutputMode::Quiet } else { asked.into() };
    report::Settings {
        mode,
        verbosity: i8::from(args.verbose) - i8::from(args.quiet),
        stdout,
        stderr,
        progress: !args.no_progress && color::can_draw(),
        heartbeat: args.heartbeat.or((ci.on && mode != OutputMode::Quiet).then_some(HEARTBEAT)).filter(|every| !every.is_zero()),
        stamp: args.timestamps.map(|stamp| match stamp {
            StampArg::Clock => Stamp::Clock,
            StampArg::Relative => Stamp::Relative,
        }),
        whole_blocks: ci.on,
        host: ci.host,
    }
}

/// How this run is found. Its id is one that no other run of this machine has: time and process number.
fn about(source: &load::Source, plan: &Plan, now: Duration) -> About {
    let started = now.as_secs();
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
