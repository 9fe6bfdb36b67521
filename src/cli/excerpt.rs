//! The few lines of a source text that one finding is shown with.
//!
//! What draws the findings would read the whole text anew for each label and show a line of any length. It
//! is given an excerpt instead: the lines with labels and their neighbours, long ones cut around the labels, control
//! characters replaced, so that a workflow cannot write escape sequences to a terminal.

use super::diagnostics::MOST_LABELS;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// Lines shown before and after one with a label.
pub const CONTEXT: usize = 1;
/// A line of at most so many characters is shown whole.
const WHOLE: usize = 180;
/// So many characters are kept around a label, and at the beginning of a line without one.
const AROUND: usize = 50;
/// Of a long value so many characters are underlined.
const LABEL: usize = 60;

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds them. A byte order mark is no part of the first line.
    pub fn new(text: &'t str) -> Self {
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column of a byte, both from 0, the column in characters.
    pub fn place(&self, at: usize) -> (usize, usize) {
        let at = floor(self.text, at);
        let line = self.line(at);
        (line, self.text.get(self.starts[line]..at).map_or(0, |before| before.chars().count()))
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1) - 1
    }

    /// First byte and text of a line, without its end.
    fn text(&self, line: usize) -> (usize, &'t str) {
        let start = self.starts[line];
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or("");
        (start, text.strip_suffix('\r').unwrap_or(text))
    }

    /// A file that ends with a line break has no line behind it.
    fn last(&self) -> usize {
        let empty = self.starts.len() > 1 && self.text.ends_with('\n');
        self.starts.len() - 1 - usize::from(empty)
    }

    /// The part of a span on its first line, at least one character wide: line, first byte and length in that line.
    fn first_line(&self, span: Span) -> (usize, usize, usize) {
        let at = floor(self.text, span.start as usize);
        let mut line = self.line(at);
        if line > self.last() {
            line = self.last();
        }
        let (start, text) = self.text(line);
        let from = at.saturating_sub(start).min(text.len());
        let from = floor(text, from);
        let to = floor(text, (span.end as usize).saturating_sub(start).clamp(from, text.len()));
        // Spaces at the end are not underlined, unless there is nothing else.
        let covered = Some(text[from..to].trim_end().len()).filter(|length| *length > 0).unwrap_or(to - from);
        let one = text[from..].chars().next().map_or(0, char::len_utf8);
        (line, from, covered.max(one))
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A text without characters that steer a terminal or turn the direction of writing.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Neighbouring lines that are shown together.
#[derive(Debug)]
struct Group {
    first: usize,
    /// Where each line begins in the excerpt, and where the last ends.
    starts: Vec<usize>,
}

/// What is shown of a text for one finding.
#[derive(Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    groups: Vec<Group>,
    /// For each label its begin in the excerpt, and its line and column in the text.
    labels: Vec<(usize, usize, usize)>,
}

impl Excerpt {
    /// The excerpt for a finding, and the places of its labels in the excerpt: first byte and length.
    pub fn new(name: &str, lines: &Lines<'_>, found: &Diagnostic) -> (Self, Vec<(usize, usize)>) {
        let mut excerpt = Self { name: name.to_owned(), text: String::new(), groups: Vec::new(), labels: Vec::new() };
        let spans: Vec<(usize, usize, usize)> = found.labels.iter().take(MOST_LABELS).map(|label| lines.first_line(label.span)).collect();
        let mut places = vec![(0, 0); spans.len()];
        let mut marked: Vec<usize> = spans.iter().map(|(line, ..)| *line).collect();
        marked.sort_unstable();
        marked.dedup();
        // Two groups as near as this are shown as one.
        let joins = 2 * CONTEXT + 1;
        for group in marked.chunk_by(|a, b| b - a <= joins) {
            let first = group[0].saturating_sub(CONTEXT);
            let last = (group[group.len() - 1] + CONTEXT).min(lines.last());
            let mut starts = vec![excerpt.text.len()];
            for line in first..=last {
                excerpt.add_line(line, lines, &spans, &mut places);
                starts.push(excerpt.text.len());
            }
            excerpt.groups.push(Group { first, starts });
        }
        for ((line, from, _), (at, _)) in spans.iter().zip(&places) {
            let (_, text) = lines.text(*line);
            excerpt.labels.push((*at, *line, text[..*from].chars().count()));
        }
        (excerpt, places)
    }

    /// Adds one line, cut where it is long, and finds the places of its labels.
    fn add_line(&mut self, line: usize, lines: &Lines<'_>, spans: &[(usize, usize, usize)], places: &mut [(usize, usize)]) {
        let (_, text) = lines.text(line);
        let mut labels: Vec<usize> = (0..spans.len()).filter(|label| spans[*label].0 == line).collect();
        labels.sort_unstable_by_key(|label| spans[*label].1);
        // Parts of the line that are kept, as bytes.
        let mut kept: Vec<(usize, usize)> = Vec::new();
        if text.chars().nth(WHOLE).is_none() {
            kept.push((0, text.len()));
        } else if labels.is_empty() {
            kept.push((0, forward(text, 0, 2 * AROUND)));
        }
        let whole = kept == [(0, text.len())];
        let underlined = |label: usize| {
            let (_, from, length) = spans[label];
            if whole { (from, from + length) } else { (from, forward(text, from, LABEL).min(from + length)) }
        };
        if kept.is_empty() {
            for label in &labels {
                let (from, to) = underlined(*label);
                let (from, to) = (backward(text, from, AROUND), forward(text, to, AROUND));
                match kept.last_mut() {
                    Some((_, end)) if from <= *end => *end = to.max(*end),
                    _ => kept.push((from, to)),
                }
            }
        }
        for (number, (from, to)) in kept.iter().enumerate() {
            if *from > 0 {
                self.text.push_str(if number > 0 { " " } else { "" });
                self.text.push_str("… ");
            }
            let base = self.text.len();
            self.text.push_str(&printable(&text[*from..*to]));
            for label in &labels {
                let (start, end) = underlined(*label);
                if (*from..=*to).contains(&start) && end <= *to {
                    let at = base + printable(&text[*from..start]).len();
                    places[*label] = (at, printable(&text[start..end]).len());
                }
            }
        }
        if kept.last().is_some_and(|(_, to)| *to < text.len()) {
            self.text.push_str(" …");
        }
        self.text.push('\n');
    }
}

/// The byte `count` characters behind `at`.
fn forward(text: &str, at: usize, count: usize) -> usize {
    text[at..].char_indices().nth(count).map_or(text.len(), |(offset, _)| at + offset)
}

/// The byte `count` characters before `at`.
fn backward(text: &str, at: usize, count: usize) -> usize {
    text[..at].char_indices().rev().nth(count.saturating_sub(1)).map_or(0, |(offset, _)| offset)
}

/// Lines of an excerpt, and where they stand.
#[derive(Debug)]
pub struct Part<'e> {
    /// Their text.
    pub text: &'e str,
    /// The first byte in the excerpt.
    pub at: usize,
    /// Line and column in the whole text, from 0.
    pub place: (usize, usize),
    /// How many lines they are.
    pub lines: usize,
}

impl Excerpt {
    /// What the excerpt is of.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lines with `start..end`, and some before and after; `None` for what is not shown together.
    /// Without any around, the place is that of the label which begins there.
    pub fn part(&self, start: usize, end: usize, before: usize, after: usize) -> Option<Part<'_>> {
        let inside = |group: &&Group| group.starts[0] <= start && start < group.starts[group.starts.len() - 1];
        let group = self.groups.iter().find(inside)?;
        if end > group.starts[group.starts.len() - 1] {
            return None;
        }
        if before == 0 && after == 0 {
            let place = self.labels.iter().find(|(at, ..)| *at == start).map_or((0, 0), |(_, line, column)| (*line, *column));
            return Some(Part { text: self.text.get(start..end)?, at: start, place, lines: 1 });
        }
        let line_of = |at: usize| group.starts[..group.starts.len() - 1].partition_point(|start| *start <= at) - 1;
        let first = line_of(start).saturating_sub(before);
        let last = (line_of(end.saturating_sub(1).max(start)) + after).min(group.starts.len() - 2);
        let text = self.text.get(group.starts[first]..group.starts[last + 1])?;
        Some(Part { text, at: group.starts[first], place: (group.first + first, 0), lines: last + 1 - first })
    }
}
