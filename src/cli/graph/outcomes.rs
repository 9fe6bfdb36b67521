//! What became of the processes of a graph, by their declared names, from a report.

use std::collections::{BTreeMap, HashMap};

use crate::notice::OutcomeKind;
use crate::report::record::Report;
use crate::report::record::model::Process;

/// How the instances of each declared name ended, the worst first.
pub struct Outcomes(HashMap<String, BTreeMap<Rank, usize>>);

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
        let mut all: HashMap<String, BTreeMap<Rank, usize>> = HashMap::new();
        for process in &report.processes {
            *all.entry(process.declared.to_string()).or_default().entry(Rank::of(process)).or_default() += 1;
        }
        Self(all)
    }

    /// Whether anything of this name was in the run.
    pub fn has(&self, declared: &str) -> bool {
        self.0.contains_key(declared)
    }

    /// In words, as in `✗ 1 failed ✓ 9 success`, and the look of the worst.
    pub fn of(&self, declared: &str) -> (String, &'static str) {
        let Some(ends) = self.0.get(declared) else { return ("not in the report".to_owned(), "off") };
        let many = ends.values().sum::<usize>() > 1;
        let one = |(rank, number): (&Rank, &usize)| {
            let (sign, word, _) = rank.words();
            if many { format!("{sign} {number} {word}") } else { format!("{sign} {word}") }
        };
        let look = ends.keys().next().map_or("", |rank| rank.words().2);
        (ends.iter().map(one).collect::<Vec<_>>().join(" "), look)
    }
}
