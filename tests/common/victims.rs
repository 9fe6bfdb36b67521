//! Processes that tests look for through `/proc`: by a mark that only they carry.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Place;

/// How long what must come is waited for: only a machine that is out of breath takes more than moments.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A workflow file whose name is the mark, so that flowrun's own processes carry it too.
pub struct Marked {
    /// The folder.
    pub place: Place,
    /// The mark.
    pub mark: String,
}

impl Marked {
    /// A workflow; `@fake` becomes the call of the fake process up to its kind, `@mark` the mark and the folder, `@name` the mark.
    pub fn new(workflow: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mark = format!("mark-{}-{count}-x", std::process::id());
        let place = Place::new();
        let fake = format!("python3 -S -E {}/tests/common/fake.py", super::repository().display());
        let own = format!("{mark} {}", place.path("").display());
        let text = workflow.replace("@fake", &fake).replace("@mark", &own).replace("@name", &mark);
        Self { place: place.file(&format!("{mark}.yaml"), &text), mark }
    }

    /// The call that runs it.
    pub fn flowrun(&self, line: &str) -> super::Call {
        self.place.flowrun(&format!("{line} {}.yaml", self.mark))
    }

    /// All that is alive and carries the mark, in its words or in its environment.
    pub fn alive(&self) -> Vec<u32> {
        let carries = |pid: u32, file: &str| {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            bytes.windows(self.mark.len()).any(|piece| piece == self.mark.as_bytes())
        };
        let all = std::fs::read_dir("/proc").expect("there is a /proc").flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| lives(*pid) && (carries(*pid, "cmdline") || carries(*pid, "environ"))).collect()
    }

    /// Waits until nothing carries the mark.
    #[track_caller]
    pub fn none_alive(&self) {
        until("nothing of the run is alive", || self.alive().is_empty());
    }

    /// Waits until the fake process says that what it leaves is up; the number of that one.
    #[track_caller]
    pub fn up(&self) -> u32 {
        let file: PathBuf = self.place.path("up");
        until("the victim is up", || file.exists());
        self.place.read("up").parse().expect("a number")
    }
}

/// Waits for a condition.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process is alive: a zombie is not.
pub fn lives(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The letter of a process's state.
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// The children of a process, of all its threads.
pub fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let mut all: Vec<u32> =
        texts.flat_map(|text| text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>()).collect();
    all.sort_unstable();
    all
}

/// The process below the keeper, which runs the workflow.
#[track_caller]
pub fn runner(keeper: u32) -> u32 {
    let mut found = None;
    until("the keeper has a runner", || {
        found = children(keeper).first().copied();
        found.is_some()
    });
    found.expect("it was found")
}
