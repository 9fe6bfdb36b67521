//! What `/proc` tells of processes.
//!
//! Every answer is a picture of a moment that may be over: only the number of an own child stays its own
//! until it is reaped. Where there is no `/proc` nothing is known, and callers do with less.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

/// The longest command that is shown, in characters.
const SHOWN: usize = 60;

/// One process at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether it has ended and only waits to be reaped.
    pub zombie: bool,
    /// Whether it is suspended.
    pub stopped: bool,
    /// The number of its process group.
    pub group: u32,
    /// The number of its session.
    pub session: u32,
    /// When it began, in ticks since the machine did: tells two processes of one number apart.
    pub began: u64,
}

/// Facts about a process; none when there is no such process, or no `/proc`.
pub fn facts(pid: u32) -> Option<Facts> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// A `/proc/PID/stat` line; the name in it may contain anything, `)` too.
fn parse_stat(stat: &str) -> Option<Facts> {
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let state = *fields.first()?;
    let (zombie, stopped) = (matches!(state, "Z" | "X"), state == "T");
    let number = |at: usize| fields.get(at)?.parse().ok();
    Some(Facts { zombie, stopped, group: number(2)?, session: number(3)?, began: fields.get(19)?.parse().ok()? })
}

/// A process's words as a line for people, with `…` where it was cut; empty when it has none.
pub fn command(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let text = words.join(" ");
    let mut chars = text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() { format!("{shown}…") } else { shown }
}

/// Values of variables in the environment with which a process's program began; none where it is empty or
/// belongs to somebody else.
pub fn variables<const N: usize>(pid: u32, names: [&str; N]) -> [Option<String>; N] {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    names.map(|name| {
        let mut entries = environment.split(|byte| *byte == 0);
        let value = entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        String::from_utf8(value.to_vec()).ok()
    })
}

/// Children of a process, of all its threads; none where the system does not tell.
pub fn children(pid: u32) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    let mut told = false;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        if let Ok(text) = std::fs::read_to_string(thread.path().join("children")) {
            told = true;
            all.extend(numbers(&text));
        }
    }
    told.then_some(all)
}

/// All that lives below a process, parents before their children; empty where the system does not tell.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut all = children(pid).unwrap_or_default();
    let mut next = 0;
    while next < all.len() {
        let below = children(all[next]).unwrap_or_default();
        // What is adopted meanwhile must not be walked in a ring.
        all.extend(below.into_iter().filter(|child| *child != pid).collect::<Vec<_>>());
        next += 1;
        if all.len() > MOST {
            break;
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// More than this is not looked at in one tree.
const MOST: usize = 100_000;

fn numbers(text: &str) -> impl Iterator<Item = u32> {
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok())
}

/// The list of the first thread's children, kept open: reading it again costs a fraction of a microsecond for
/// each. Orphans are adopted by that thread; who starts children on another one finds nothing else there.
#[derive(Debug)]
pub struct ChildList {
    file: File,
    text: Vec<u8>,
}

impl ChildList {
    /// The list; none where the system does not tell.
    pub fn open() -> Option<Self> {
        let own = std::process::id();
        let file = File::open(format!("/proc/{own}/task/{own}/children")).ok()?;
        Some(Self { file, text: vec![0; 4096] })
    }

    /// The children now, those that have ended and are not reaped included.
    pub fn read(&mut self) -> impl Iterator<Item = u32> + '_ {
        let mut length = 0;
        while let Ok(count @ 1..) = self.file.read_at(&mut self.text[length..], length as u64) {
            length += count;
            if length == self.text.len() {
                self.text.resize(length * 2, 0);
            }
        }
        numbers(str::from_utf8(&self.text[..length]).unwrap_or_default())
    }
}

/// The signals that this process ignores, as a mask with bit 0 for signal 1; 0 where the system does not tell.
pub fn ignored_signals() -> u64 {
    let mut status = String::new();
    let read = File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    read.ok().and(mask).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_do_not_confuse() {
        let stat = "12 (a) b (c)) S 1 77 78 0 -1 4194560 9 0 0 0 0 0 0 0 20 0 1 0 4711 1000 1";
        assert_eq!(parse_stat(stat), Some(Facts { zombie: false, stopped: false, group: 77, session: 78, began: 4711 }));
        assert_eq!(parse_stat(&stat.replace(" S ", " Z ")).map(|facts| facts.zombie), Some(true));
        assert_eq!(parse_stat("12 (x"), None);
    }

    #[test]
    fn a_process_knows_itself() {
        let own = std::process::id();
        assert!(facts(own).is_some_and(|facts| !facts.zombie));
        let [path, none] = variables(own, ["PATH", "PAT"]);
        assert_eq!((path, none), (std::env::var("PATH").ok(), None));
        assert!(!command(own).is_empty());
    }
}
