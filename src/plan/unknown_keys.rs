//! Where keys were reported as unknown: what seems to be missing around one may be what it meant.

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// Their places.
#[derive(Debug)]
pub struct UnknownKeys {
    starts: Vec<u32>,
}

impl UnknownKeys {
    /// From all that was found while reading.
    pub fn new(diagnostics: &[Diagnostic]) -> Self {
        let mut starts: Vec<u32> = diagnostics.iter().filter(|found| found.code == "unknown-key").map(|found| found.span().start).collect();
        starts.sort_unstable();
        Self { starts }
    }

    /// Whether one stands in a place.
    pub fn any_within(&self, place: Span) -> bool {
        let first = self.starts.partition_point(|start| *start < place.start);
        self.starts.get(first).is_some_and(|start| *start < place.end)
    }
}
