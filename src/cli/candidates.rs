//! The names that may stand at a place of a command line: of processes, runs, tasks and signals.
//!
//! Every source of names is asked anew, since somebody types and the world goes on. What cannot be had is as good
//! as nothing; whoever asks bounds the time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{load, reach};
use crate::control::message::Request;
use crate::{source, task};

/// A larger file is no workflow that somebody has typed.
const LARGEST_FILE: u64 = 4 << 20;

/// A name and what it stands for.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name.
    pub name: String,
    /// A few words.
    pub about: Option<String>,
}

impl From<String> for Candidate {
    fn from(name: String) -> Self {
        Self { name, about: None }
    }
}

/// The words before the one that is completed.
#[derive(Debug)]
pub struct Line {
    words: Vec<String>,
    with_value: Vec<String>,
}

impl Line {
    /// After these words, without the program's and the subcommand's own. `with_value`: flags that are followed by
    /// a value.
    pub fn new(words: Vec<String>, with_value: Vec<String>) -> Self {
        Self { words, with_value }
    }

    /// Processes of the workflow that the words name, or of the one that is found here.
    pub fn processes_of_file(&self) -> Vec<Candidate> {
        self.file().map(|file| processes_in(&file)).unwrap_or_default()
    }

    /// Whether no workflow is named yet.
    pub fn names_file_next(&self) -> bool {
        let (file, names) = load::split_words(self.value_of("-f", "--file").map(Path::new), &self.plain());
        self.awaits_file() || file.is_none() && names.is_empty()
    }

    /// The runs that go on, by id and by name.
    pub fn runs(&self) -> Vec<Candidate> {
        let runs = reach::runs().unwrap_or_default();
        let ids = runs.iter().map(|(about, _)| Candidate { name: about.id.clone(), about: Some(about.name.clone()) });
        let names: BTreeSet<&String> = runs.iter().map(|(about, _)| &about.name).collect();
        names.into_iter().map(|name| Candidate::from(name.clone())).chain(ids).collect()
    }

    /// First a run, or a process of the one that is meant without a name, then a process.
    pub fn run_or_process(&self) -> Vec<Candidate> {
        match self.plain().as_slice() {
            [] => self.runs().into_iter().chain(processes_of_run(None)).collect(),
            [run] => processes_of_run(Some(run)),
            _ => Vec::new(),
        }
    }

    /// As [`Self::run_or_process`], and signals after the process.
    pub fn run_process_or_signal(&self) -> Vec<Candidate> {
        let plain = self.plain();
        let first_is_run = || self.runs().iter().any(|run| run.name == plain[0]);
        match plain.len() {
            1 if !first_is_run() => signals(),
            2 if first_is_run() => signals(),
            _ => self.run_or_process(),
        }
    }

    /// The queues of the run that the words name, or of the one that is meant without a name.
    pub fn queues(&self) -> Vec<Candidate> {
        if !self.plain().is_empty() {
            return Vec::new();
        }
        let status = status_of_run(self.value_of("--run", "--run"));
        let names = status["queues"].as_array().into_iter().flatten().filter_map(|row| row["queue"].as_str());
        names.map(|name| Candidate::from(name.to_owned())).collect()
    }

    /// The built-in tasks.
    pub fn tasks(&self) -> Vec<Candidate> {
        let candidate = |task: &task::Definition| Candidate { name: task.name.to_owned(), about: Some(task.summary.to_owned()) };
        task::TASKS.iter().map(candidate).collect()
    }

    /// The words that are neither flags nor values of flags.
    fn plain(&self) -> Vec<String> {
        let mut plain = Vec::new();
        let mut value = false;
        for word in &self.words {
            if !std::mem::replace(&mut value, self.with_value.contains(word)) && (!word.starts_with('-') || word == "-") {
                plain.push(word.clone());
            }
        }
        plain
    }

    fn awaits_file(&self) -> bool {
        matches!(self.words.last().map(String::as_str), Some("-f" | "--file"))
    }

    fn value_of(&self, short: &str, long: &str) -> Option<&str> {
        let equals = format!("{long}=");
        let mut found = None;
        for (number, word) in self.words.iter().enumerate() {
            if word == short || word == long {
                found = self.words.get(number + 1).map(String::as_str);
            } else if let Some(value) = word.strip_prefix(&equals) {
                found = Some(value);
            }
        }
        found
    }

    fn file(&self) -> Option<PathBuf> {
        let here = std::env::current_dir().ok()?;
        let here = self.value_of("-C", "--directory").map_or_else(|| here.clone(), |folder| here.join(folder));
        let (file, _) = load::split_words(self.value_of("-f", "--file").map(Path::new), &self.plain());
        match file {
            Some(file) => Some(here.join(file)),
            None => load::find_above(&here),
        }
    }
}

/// Names as they are written: nothing is planned while somebody types.
fn processes_in(file: &Path) -> Vec<Candidate> {
    // A pipe would be waited for.
    let readable = std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_FILE);
    let Some(text) = readable.then(|| std::fs::read_to_string(file).ok()).flatten() else { return Vec::new() };
    let parsed = source::parse(&text);
    let processes = parsed.workflow.processes.value();
    processes.iter().flat_map(|processes| &processes.entries).map(|(name, _)| Candidate::from(name.value.clone())).collect()
}

/// How a run that goes on stands; null when it does not answer.
fn status_of_run(run: Option<&str>) -> Value {
    reach::find(run).ok().and_then(|run| run.ask(Request::Status, |_| true).ok()).unwrap_or_default()
}

/// The processes of a run that goes on; one with copies by the name that they share, too.
fn processes_of_run(run: Option<&str>) -> Vec<Candidate> {
    let status = status_of_run(run);
    let rows = status["processes"].as_array().into_iter().flatten();
    let mut shared = BTreeSet::new();
    let mut found = Vec::new();
    for row in rows {
        let (Some(name), state) = (row["process"].as_str(), row["state"].as_str()) else { continue };
        if let Some((declared, _)) = name.split_once('[')
            && shared.insert(declared.to_owned())
        {
            found.push(Candidate::from(declared.to_owned()));
        }
        found.push(Candidate { name: name.to_owned(), about: state.map(str::to_owned) });
    }
    found
}

fn signals() -> Vec<Candidate> {
    Signal::iterator().map(|signal| Candidate::from(signal.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Line::new(words(text), words("-f --file -j --jobs -C --directory --timeout"))
    }

    #[test]
    fn a_workflow_is_named_once() {
        for (text, next) in [
            ("", true),
            ("-k -j 4", true),
            ("shop.yaml", false),
            ("-k shop.yaml", false),
            ("-f shop.yaml", false),
            ("--file=shop.yaml", false),
            ("build", false),
            ("-f", true),
        ] {
            assert_eq!(line(text).names_file_next(), next, "{text}");
        }
    }

    #[test]
    fn values_of_flags_are_no_words() {
        assert_eq!(line("--timeout 3s shop - -n web").plain(), ["shop", "-", "web"]);
        assert_eq!(line("-C there -f shop.yaml").value_of("-C", "--directory"), Some("there"));
        assert_eq!(line("-f one.yaml --file=two.yaml").value_of("-f", "--file"), Some("two.yaml"));
    }
}
