//! What a report says that no notice tells: the run's id and file, its start on the wall clock, places in the file.

use std::time::Duration;

use super::model::Place;
use crate::base::ids::{DenseMap, ProcessId};
use crate::base::span::Span;
use crate::plan::Plan;
use crate::report::stamp;

/// What is known before the run.
#[derive(Clone, Debug)]
pub struct Context {
    /// The run's id.
    pub id: String,
    /// The workflow's file as it was named.
    pub file: String,
    /// What those call it who know the repository.
    pub in_repository: String,
    /// When the run started: wall-clock time, UTC, as in RFC 3339.
    pub started: String,
    /// Where the processes stand in the file.
    pub places: DenseMap<ProcessId, Place>,
}

impl Context {
    /// For a run of a plan that was made of `text`; `started` is the time since 1970, UTC.
    pub fn new(id: String, file: String, started: Duration, text: &str, plan: &Plan) -> Self {
        let started = stamp::clock(started);
        let breaks: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let places = plan.processes.iter().map(|process| place(process.place, text, &breaks)).collect();
        Self { id, in_repository: file.clone(), file, started, places }
    }

    /// With what those call the file who know the repository.
    #[must_use]
    pub fn in_repository(self, file: Option<String>) -> Self {
        Self { in_repository: file.unwrap_or_else(|| self.file.clone()), ..self }
    }
}

/// Line and column; what does not fit the text is at its beginning.
fn place(span: Span, text: &str, breaks: &[usize]) -> Place {
    let start = span.start as usize;
    let line = breaks.partition_point(|at| *at < start);
    let begin = if line == 0 { 0 } else { breaks[line - 1] + 1 };
    let column = text.get(begin..start).map_or(0, |before| before.chars().count());
    let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    Place { line: number(line), column: number(column) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a:\n  ü: b\n  c";
        let breaks = [2, 10];
        for (start, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 3), (9, 2, 6), (13, 3, 3), (99, 3, 1)] {
            assert_eq!(place(Span::new(start, start), text, &breaks), Place { line, column }, "{start}");
        }
    }

    #[test]
    fn the_start_is_told_as_wall_clock_time() {
        let at = Duration::from_millis(1_700_000_000_250);
        let context = Context::new(String::new(), String::new(), at, "", &Plan::default());
        assert_eq!(context.started, "2023-11-14T22:13:20.250Z");
    }
}
