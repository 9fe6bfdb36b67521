//! What a process may leave running until the end of the run.
//!
//! Without the usual harness: a run is divided into keeper and runner by the only thread that there is.

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use flowrun::exec::environment::BaseEnvironment;
use flowrun::io::keeper::{self, Side};
use flowrun::io::poller::Poller;
use flowrun::io::reap::{self, Ended};
use flowrun::io::signals::Signals;
use flowrun::notice::{Event, Notice};
use flowrun::plan::{self, NoHost, Options, Plan};
use flowrun::run::{Audience, RunClock, Setup, run};
use flowrun::sched::Settings;
use flowrun::source;

/// `leaves` ends at once and gives its lock back; what it left ends after the daemon has.
const WORKFLOW: &str = "locks: [l]
processes:
  daemon: {daemon: true, command: 'trap \"kill -0 \\$(cat left) && touch outlived; exit 0\" TERM; touch up; while :; do sleep 0.02; done'}
  leaves: {join: {daemon: start}, lock: l, command: '(setsid sh -c \"echo \\$\\$ > left; exec sleep 1000\" &); until [ -s left ] && [ -e up ]; do sleep 0.02; done'}
  after: {lock: l, join: leaves, command: 'kill -0 $(cat left)'}
";

#[derive(Default)]
struct Recorder(RefCell<Vec<Event>>);

impl Audience for Recorder {
    fn tell(&self, notice: Notice) {
        self.0.borrow_mut().push(notice.event);
    }
    fn has_room(&self) -> bool {
        true
    }
    fn settle(&self) {}
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan =
        plan::build(&source::parse(WORKFLOW), &Options::in_folder(folder.path()), &NoHost::default()).plan.expect("a good workflow");
    let leaves = plan.named("leaves").next().expect("it is in the workflow");
    Arc::make_mut(&mut plan.processes[leaves].work).keep_leftovers = true;
    match keeper::divide().expect("there is room for two processes") {
        Side::Runner(signals) => {
            lead(plan, &signals, folder.path());
            // The folder is the keeper's to remove.
            std::mem::forget(folder);
            ExitCode::SUCCESS
        }
        Side::Keeper(kept) => {
            assert_eq!(kept.ended, Ended::Code(0), "the runner found a mistake");
            println!("what may be kept lives until the end of the run ... ok");
            ExitCode::SUCCESS
        }
    }
}

fn lead(plan: Plan, signals: &Signals, folder: &Path) {
    let audience = Recorder::default();
    let ended = run(Setup {
        plan: Arc::new(plan),
        settings: Settings::default(),
        environment: BaseEnvironment::new(std::env::vars_os(), &[], "keep", false),
        signals,
        poller: Poller::new().expect("descriptors are free"),
        clock: RunClock::start(),
        audience: &audience,
    })
    .expect("the loop can wait");
    let told = audience.0.borrow();
    assert_eq!(ended.summary.failed, 0, "{told:?}");
    assert!(folder.join("outlived").exists(), "it was ended before the daemon: {told:?}");
    let left: u32 = std::fs::read_to_string(folder.join("left")).expect("a number").trim().parse().expect("a number");
    assert!(!reap::exists(left), "it is alive");
    let tells = |event: &Event| matches!(event, Event::Left { processes, kept: true, .. } if processes.iter().any(|(pid, _)| *pid == left));
    assert!(told.iter().any(tells), "{told:?}");
    assert!(!told.iter().any(|event| matches!(event, Event::Warning { .. } | Event::Left { kept: false, .. })), "{told:?}");
}
