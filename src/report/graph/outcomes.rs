//! What became of the processes of a graph, by their declared names, from a report: how they ended, how long they took,
//! and what is on the critical path.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::base::duration::human;
use crate::notice::OutcomeKind;
use crate::report::formats::words;
use crate::report::record::Report;
use crate::report::record::model::{Link, Process};

/// The most instances of one name that are told one by one.
const TOLD: usize = 10;

/// How the instances of each declared name went, and what made the run as long as it was.
pub struct Outcomes {
    ends: HashMap<String, End>,
    /// Two names that an edge of the critical path connects.
    critical: HashSet<(String, String)>,
}

/// How the instances of one declared name went.
#[derive(Default)]
struct End {
    /// How many ended how, the worst first.
    ranks: BTreeMap<Rank, usize>,
    /// How long each took that was started.
    times: Vec<std::time::Duration>,
    /// A line for each of the first.
    lines: Vec<String>,
    critical: bool,
}

/// Ends, in the order in which they are worth telling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Lost,
    Failed,
    Allowed,
    Cancelled,
    Skipped,
    Stopped,
    Success,
}

impl Rank {
    fn of(process: &Process) -> Self {
        match process.outcome.as_ref().map(|outcome| (outcome.kind, outcome.allowed)) {
            None => Self::Lost,
            Some((OutcomeKind::Failed, false)) => Self::Failed,
            Some((OutcomeKind::Failed, true)) => Self::Allowed,
            Some((OutcomeKind::Cancelled, _)) => Self::Cancelled,
            Some((OutcomeKind::Skipped, _)) => Self::Skipped,
            Some((OutcomeKind::Stopped, _)) => Self::Stopped,
            Some((OutcomeKind::Success, _)) => Self::Success,
        }
    }

    /// Its sign, its word and its look.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Lost => ("?", "lost", "bad"),
            Self::Failed => ("✗", "failed", "bad"),
            Self::Allowed => ("!", "failed, allowed", "warn"),
            Self::Cancelled => ("■", "cancelled", "off"),
            Self::Skipped => ("–", "skipped", "off"),
            Self::Stopped => ("●", "stopped", "good"),
            Self::Success => ("✓", "success", "good"),
        }
    }
}

impl Outcomes {
    /// Those of a report.
    pub fn of_report(report: &Report) -> Self {
        let mut ends: HashMap<String, End> = HashMap::new();
        let mut declared: HashMap<&str, &str> = HashMap::new();
        for process in &report.processes {
            declared.insert(&process.name, &process.declared);
            let end = ends.entry(process.declared.to_string()).or_default();
            *end.ranks.entry(Rank::of(process)).or_default() += 1;
            if process.started.is_some() {
                end.times.push(took(process, report));
            }
            if end.lines.len() < TOLD {
                end.lines.push(line(process, report));
            }
        }
        let name = |process: &str| declared.get(process).map_or_else(|| process.to_owned(), |name| (*name).to_owned());
        let mut critical = HashSet::new();
        for (index, piece) in report.critical_path.iter().enumerate() {
            let one = name(&piece.process);
            if let Some(end) = ends.get_mut(&one) {
                end.critical = true;
            }
            let Some(next) = report.critical_path.get(index + 1).map(|next| name(&next.process)) else { continue };
            match &piece.then {
                Link::Join { .. } | Link::Pipe => drop(critical.insert((one, next))),
                Link::Items { queue } => critical.extend([(one, queue.to_string()), (queue.to_string(), next)]),
                Link::Locks { wants } => {
                    let both =
                        |want: &crate::report::record::model::Share| [&one, &next].map(|name| (name.clone(), want.resource.to_string()));
                    critical.extend(wants.iter().flat_map(both));
                }
                Link::End | Link::Next | Link::Slot | Link::Stop => {}
            }
        }
        Self { ends, critical }
    }

    /// Whether anything of this name was in the run.
    pub fn has(&self, declared: &str) -> bool {
        self.ends.contains_key(declared)
    }

    /// In words, as in `✗ 1 failed ✓ 9 success`, and the look of the worst.
    pub fn of(&self, declared: &str) -> (String, &'static str) {
        let Some(End { ranks, .. }) = self.ends.get(declared) else { return ("not in the report".to_owned(), "off") };
        let many = ranks.values().sum::<usize>() > 1;
        let one = |(rank, number): (&Rank, &usize)| {
            let (sign, word, _) = rank.words();
            if many { format!("{sign} {number} {word}") } else { format!("{sign} {word}") }
        };
        let look = ranks.keys().next().map_or("", |rank| rank.words().2);
        (ranks.iter().map(one).collect::<Vec<_>>().join(" "), look)
    }

    /// How long it took, of several the longest; empty if none was started.
    pub fn time(&self, declared: &str) -> String {
        let Some(times) = self.ends.get(declared).map(|end| &end.times) else { return String::new() };
        let up_to = if times.len() > 1 { "up to " } else { "" };
        times.iter().max().map_or_else(String::new, |most| format!("{up_to}{}", human(*most)))
    }

    /// All that is worth knowing, in lines.
    pub fn lines(&self, declared: &str) -> Vec<String> {
        let Some(end) = self.ends.get(declared) else { return Vec::new() };
        let mut lines = end.lines.clone();
        let more = end.ranks.values().sum::<usize>() - lines.len();
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines.extend(end.critical.then(|| "on the critical path".to_owned()));
        lines
    }

    /// Whether it is on the critical path.
    pub fn is_critical(&self, declared: &str) -> bool {
        self.ends.get(declared).is_some_and(|end| end.critical)
    }

    /// Whether the critical path leads from one to the other: processes, or a process and what it holds or waits for.
    pub fn leads(&self, from: &str, to: &str) -> bool {
        self.critical.contains(&(from.to_owned(), to.to_owned()))
    }
}

fn took(process: &Process, report: &Report) -> std::time::Duration {
    process
        .started
        .map_or_else(Default::default, |started| process.ended.map_or(report.run.length.0, |ended| ended.0).saturating_sub(started.0))
}

/// `train[2]: failed, exit code 3, at 0.38 s for 0.25 s`
fn line(process: &Process, report: &Report) -> String {
    let mut line = format!("{}: {}", process.name, words::outcome(process));
    let reason = words::reason(process);
    if !reason.is_empty() {
        line += &format!(", {reason}");
    }
    if let Some(code) = process.code.filter(|code| !reason.contains(&format!("exit code {code}"))) {
        line += &format!(", exit code {code}");
    }
    if let Some(started) = process.started {
        line += &format!(", at {} for {}", human(started.0), human(took(process, report)));
    }
    line
}
