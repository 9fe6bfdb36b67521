//! What the scheduler itself costs, as a share of whole runs.
//!
//! Runs graphs of `/bin/true` through the library and prints, for each, the wall time, the time spent in
//! the scheduler alone and the share of the one in the other. The goal is a share under 1 %.
//!
//! `cargo bench --bench runner`; with a word, only graphs whose names contain it.

use std::fmt::Write;
use std::sync::Arc;

use flowrun::base::ids::ProcessId;
use flowrun::base::time::RunTime;
use flowrun::control::message::Lines;
use flowrun::exec::environment::BaseEnvironment;
use flowrun::io::limits;
use flowrun::io::poller::Poller;
use flowrun::io::signals::Signals;
use flowrun::notice::{Notice, RunSummary, Stream};
use flowrun::plan::{self, NoHost, Options};
use flowrun::run::{Audience, Printer, RunClock, Setup, run};
use flowrun::sched::Settings;
use flowrun::source;
use serde_json::Value;

/// Nobody reads either.
struct Mute;

impl Printer for Mute {
    fn print(&mut self, _: &Notice) -> Vec<(Stream, Vec<u8>)> {
        Vec::new()
    }
}

/// Nobody listens: what is measured is not the writing of lines.
struct Deaf;

impl Audience for Deaf {
    fn tell(&self, _: Notice) {}
    fn has_room(&self) -> bool {
        true
    }
    fn exit_status(&self, _: &RunSummary) -> u8 {
        0
    }
    fn status(&self, _: RunTime) -> Value {
        Value::Null
    }
    fn status_of(&self, _: ProcessId, _: RunTime) -> Value {
        Value::Null
    }
    fn printer(&self, _: &Lines) -> Box<dyn Printer> {
        Box::new(Mute)
    }
    fn last_lines(&self, _: ProcessId, _: usize) -> Vec<u8> {
        Vec::new()
    }
}

fn main() {
    limits::raise_descriptors();
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let signals = Signals::install().expect("handlers can be installed");
    println!("{:24} {:>9} {:>10} {:>10} {:>8} {:>9}", "graph", "processes", "wall", "scheduler", "share", "per input");
    for (name, text) in graphs() {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        measure(name, &text, &signals);
    }
}

fn graphs() -> Vec<(&'static str, String)> {
    let alone = |count: usize| with_joins(count, |_| Vec::new());
    vec![
        ("independent, 1", alone(1)),
        ("independent, 100", alone(100)),
        ("independent, 10000 -j 8", format!("jobs: 8\n{}", alone(10_000))),
        ("chain, 1000", with_joins(1000, |index| index.checked_sub(1).into_iter().collect())),
        (
            "layers of 100, 3 joins",
            with_joins(2000, |index| match (index / 100, index % 100) {
                (0, _) => Vec::new(),
                (layer, place) => (0..3).map(|step| (layer - 1) * 100 + (place + step) % 100).collect(),
            }),
        ),
        ("one lock, 500", format!("locks: [l]\n{}", alone(500).replace("true]", "true], lock: l"))),
        ("semaphore of 4, 500", format!("semaphores: {{s: 4}}\n{}", alone(500).replace("true]", "true], semaphore: s"))),
    ]
}

fn with_joins(count: usize, joins: impl Fn(usize) -> Vec<usize>) -> String {
    let mut text = "processes:\n".to_owned();
    for index in 0..count {
        let joins: Vec<String> = joins(index).iter().map(|other| format!("p{other}")).collect();
        let _ = writeln!(text, "  p{index}: {{command: [/bin/true], join: [{}]}}", joins.join(", "));
    }
    text
}

fn measure(name: &str, text: &str, signals: &Signals) {
    let planned = plan::build(&source::parse(text), &Options::in_folder("/"), &NoHost::default());
    let plan = Arc::new(planned.plan.expect("the graph is a good workflow"));
    let count = plan.processes.len();
    let clock = RunClock::start();
    let ended = run(Setup {
        plan,
        settings: Settings::default(),
        environment: BaseEnvironment::new(std::env::vars_os(), &[], "bench", false),
        shim: flowrun::io::shim::Shim::open(),
        signals,
        poller: Poller::new().expect("descriptors are free"),
        clock: clock.clone(),
        audience: &Deaf,
        about: None,
    })
    .expect("the loop can wait");
    let wall = clock.now().0;
    assert_eq!(ended.summary.failed, 0, "{name}: a process failed");
    let share = ended.core_time.as_secs_f64() / wall.as_secs_f64() * 100.0;
    let each = ended.core_time.as_secs_f64() / ended.inputs as f64 * 1e6;
    println!(
        "{name:24} {count:>9} {:>7.1} ms {:>7.2} ms {share:>6.2} % {each:>6.2} µs",
        wall.as_secs_f64() * 1e3,
        ended.core_time.as_secs_f64() * 1e3
    );
}
