//! What containment costs for each process.
//!
//! Four loops start and reap `/bin/true` in a process group of its own with two pipes, as a run does: `bare`
//! does nothing else; `group` also asks whether its process group is empty; `contained` reads the list of
//! orphans as well, as a run does now; `markers`, which is the whole of it, is `contained` with the three marks
//! in the environment. Rounds are interleaved, each figure is a median of rounds; then the same beside 100 and
//! 1,000 children that live on. The goal is a ratio of `markers` to `bare` of at most 1.03.
//!
//! `cargo bench --bench containment`

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use flowrun::io::child::{self, Channel, Spec};
use flowrun::io::keeper::{self, Side};
use flowrun::io::procfs::ChildList;
use flowrun::io::shim::{Preparation, Shim};
use flowrun::io::{limits, reap};

const ROUNDS: usize = 31;
const PROCESSES: usize = 100;

#[derive(Clone, Copy)]
enum Kind {
    Bare,
    Group,
    Contained,
    Markers,
}

const KINDS: [(&str, Kind); 4] = [("bare", Kind::Bare), ("group", Kind::Group), ("contained", Kind::Contained), ("markers", Kind::Markers)];

/// Both made once: what a run puts together for each process is not what is measured.
struct Environments {
    plain: Vec<(OsString, OsString)>,
    marked: Vec<(OsString, OsString)>,
}

impl Environments {
    fn new() -> Self {
        let plain: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        let marks = [("FLOWRUN_RUN_ID", "bench"), ("FLOWRUN_PROCESS", "process"), ("FLOWRUN_ATTEMPT", "1")];
        let marked = plain.iter().cloned().chain(marks.map(|(name, value)| (name.into(), value.into()))).collect();
        Self { plain, marked }
    }
}

fn main() {
    // The keeper ends what lives on in the end.
    if let Side::Runner(_signals) = keeper::divide().expect("there is room for two processes") {
        limits::raise_descriptors();
        // As a run does it: the first thread's list of children holds orphans only.
        std::thread::spawn(measure_all).join().expect("it comes to its end");
    }
}

fn measure_all() {
    let env = Environments::new();
    let mut known = HashSet::new();
    for beside in [0, 100, 1000] {
        while known.len() < beside {
            known.insert(start("/bin/sleep", &["sleep".to_owned(), "1000".to_owned()], &env.plain));
        }
        measure(beside, &known, &env);
    }
}

fn measure(beside: usize, known: &HashSet<u32>, env: &Environments) {
    let mut list = ChildList::open().expect("the system lists children");
    let mut times: [Vec<Duration>; 4] = Default::default();
    for round in 0..=ROUNDS {
        for turn in 0..KINDS.len() {
            // Nobody is always the first.
            let at = (turn + round) % KINDS.len();
            let began = Instant::now();
            (0..PROCESSES).for_each(|_| one(KINDS[at].1, &mut list, known, env));
            // The first round only warms up.
            if round > 0 {
                times[at].push(began.elapsed());
            }
        }
    }
    let each = times.map(median);
    println!("beside {beside} children that live on");
    for ((name, _), micros) in KINDS.iter().zip(each) {
        println!("  {name:10} {micros:>8.1} µs a process, {:>6.3} of bare", micros / each[0]);
    }
    println!("  one look at the list of children takes {:.2} µs", look_alone(&mut list, known));
}

/// Microseconds a process.
fn median(mut rounds: Vec<Duration>) -> f64 {
    rounds.sort();
    rounds[rounds.len() / 2].as_secs_f64() * 1e6 / PROCESSES as f64
}

/// Microseconds of what `contained` adds, measured by itself: far below what loops of processes can show.
fn look_alone(list: &mut ChildList, known: &HashSet<u32>) -> f64 {
    const LOOKS: u32 = 2000;
    let began = Instant::now();
    for _ in 0..LOOKS {
        assert_eq!(unknown(list, known), 0, "nothing is left behind here");
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKS)
}

fn one(kind: Kind, list: &mut ChildList, known: &HashSet<u32>, env: &Environments) {
    let pid = match kind {
        Kind::Markers => start("/bin/true", &["true".to_owned()], &env.marked),
        Kind::Bare | Kind::Group | Kind::Contained => start("/bin/true", &["true".to_owned()], &env.plain),
    };
    // Waits for the end by itself: a loop of calls would be what is measured.
    let waited = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a number")), None);
    waited.expect("it ends");
    match kind {
        Kind::Bare => {}
        Kind::Group => assert!(!reap::group_exists(pid), "it leaves nothing"),
        Kind::Contained | Kind::Markers => assert_eq!(unknown(list, known), 0, "it leaves nothing"),
    }
}

fn unknown(list: &mut ChildList, known: &HashSet<u32>) -> usize {
    list.read().filter(|pid| !known.contains(pid)).count()
}

/// Starts a program as a run does; its outputs are closed at once.
fn start(program: &str, argv: &[String], env: &[(OsString, OsString)]) -> u32 {
    let (stdin, stdout, stderr) = (Channel::Null, Channel::Pipe, Channel::Pipe);
    let spec = Spec {
        program: Path::new(program),
        argv,
        env,
        cwd: Path::new("/"),
        stdin,
        stdout,
        stderr,
        listener: None,
        preparation: Preparation::default(),
    };
    // Opened once, as a run does.
    static SHIM: std::sync::OnceLock<Shim> = std::sync::OnceLock::new();
    child::spawn(spec, SHIM.get_or_init(Shim::open)).expect("it starts").pid
}
