//! Shows what is wrong with a workflow: for people with the source underlined, for tools as JSON.
//!
//! The only file that names miette.

use std::io::Write;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report, Severity as Level,
    SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;

use super::args::{MessageFormat, WorkflowArgs};
use super::excerpt::{self, Excerpt, Lines, Part, printable};
use super::load::Source;
use super::text::count;
use super::{ci, color};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::Span;

/// More findings than this are counted, not shown: who reads them corrects a few and asks again.
const MOST_SHOWN: usize = 20;

/// Of a ring of thousands so many places are shown.
pub const MOST_LABELS: usize = 30;

/// Prints findings to standard error (JSON to standard output).
pub fn show(source: &Source, diagnostics: &[Diagnostic], args: &WorkflowArgs) {
    if diagnostics.is_empty() {
        return;
    }
    match args.message_format {
        MessageFormat::Human => {
            let (_, stderr) = color::surfaces(args.color);
            let width = if stderr.terminal { usize::from(console::Term::stderr().size().1) } else { 100 };
            let text = render(&source.name, &source.text, diagnostics, stderr.color, width.clamp(40, 140));
            let _ = std::io::stderr().write_all(text.as_bytes());
            let _ = std::io::stderr().write_all(pointed_out(source, diagnostics, stderr.terminal).as_bytes());
        }
        MessageFormat::Json => {
            let mut out = std::io::stdout().lock();
            let lines = Lines::new(&source.text);
            for found in diagnostics {
                let _ = writeln!(out, "{}", json(&source.name, &lines, found));
            }
        }
    }
}

/// The same for a host of continuous integration, on standard error: standard output may be read by a program.
fn pointed_out(source: &Source, diagnostics: &[Diagnostic], terminal: bool) -> String {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(host) = ci::look(terminal, variable).host else { return String::new() };
    let places = ci::source(host, source, variable);
    diagnostics.iter().take(MOST_SHOWN).filter_map(|found| places.mistake(host, found)).map(|line| line + "\n").collect()
}

/// Findings for people.
pub fn render(name: &str, text: &str, diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).with_context_lines(excerpt::CONTEXT);
    let lines = Lines::new(text);
    let mut out = String::new();
    for found in diagnostics.iter().take(MOST_SHOWN) {
        let (excerpt, places) = Excerpt::new(&printable(name), &lines, found);
        let report = Report::from(to_miette(found, &places)).with_source_code(excerpt);
        // Writing to a String fails only when a diagnostic's own formatting does.
        let _ = handler.render_report(&mut out, report.as_ref());
        out.push('\n');
    }
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    if diagnostics.len() > MOST_SHOWN {
        out.push_str(&format!("… and {} more\n\n", diagnostics.len() - MOST_SHOWN));
    }
    out.push_str(&closing(&printable(name), errors, warnings));
    out
}

fn closing(name: &str, errors: usize, warnings: usize) -> String {
    match (errors, warnings) {
        (0, warnings) => format!("flowrun: {} in {name}\n", count(warnings, "warning")),
        (errors, 0) => format!("flowrun: {} in {name}; nothing was started\n", count(errors, "error")),
        (errors, warnings) => {
            format!("flowrun: {} and {} in {name}; nothing was started\n", count(errors, "error"), count(warnings, "warning"))
        }
    }
}

fn to_miette(found: &Diagnostic, places: &[(usize, usize)]) -> MietteDiagnostic {
    let labels = found.labels.iter().take(MOST_LABELS).zip(places).enumerate().map(|(index, (label, place))| {
        let text = if label.text.is_empty() { None } else { Some(one_line(&label.text, 120)) };
        if index == 0 { LabeledSpan::new_primary_with_span(text, *place) } else { LabeledSpan::new_with_span(text, *place) }
    });
    let mut diagnostic = MietteDiagnostic::new(one_line(&found.message, 300)).with_code(found.code).with_labels(labels.collect::<Vec<_>>());
    diagnostic.severity = Some(match found.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    });
    diagnostic.help = found.help.as_deref().map(|help| one_line(help, 900));
    diagnostic
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Part { text, at, place: (line, column), lines } =
            self.part(span.offset(), span.offset() + span.len(), before, after).ok_or(MietteError::OutOfBounds)?;
        let span = (at, text.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(self.name().to_owned(), text.as_bytes(), span, line, column, lines)))
    }
}

/// A sentence that may quote a value of any length: in one line, and of at most so many characters.
fn one_line(text: &str, most: usize) -> String {
    let text = printable(&text.replace(['\n', '\t'], " "));
    let length = text.chars().count();
    if length <= most {
        return text;
    }
    let head: String = text.chars().take(most * 2 / 3).collect();
    let tail: String = text.chars().skip(length - most / 3).collect();
    format!("{head} … {tail}")
}

/// A finding as data.
#[derive(Serialize)]
struct JsonFinding<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    /// What stands at the main place.
    label: Option<&'a str>,
    file: &'a str,
    #[serde(flatten)]
    place: Option<JsonPlace>,
    related: Vec<JsonRelated<'a>>,
}

/// Lines and columns count from 1, columns in characters; the end is behind the last character.
#[derive(Clone, Copy, Serialize)]
struct JsonPlace {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start_byte: u32,
    end_byte: u32,
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: JsonPlace,
}

/// A finding for tools, as one line of JSON.
pub fn json(name: &str, lines: &Lines<'_>, found: &Diagnostic) -> String {
    let place = |span: Span| {
        let (line, column) = lines.place(span.start as usize);
        let (end_line, end_column) = lines.place(span.end as usize);
        let one = |line: usize, column: usize| (line + 1, column + 1);
        let ((line, column), (end_line, end_column)) = (one(line, column), one(end_line, end_column));
        JsonPlace { line, column, end_line, end_column, start_byte: span.start, end_byte: span.end }
    };
    let finding = JsonFinding {
        severity: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: found.code,
        message: &found.message,
        help: found.help.as_deref(),
        label: found.labels.first().map(|label| label.text.as_str()).filter(|text| !text.is_empty()),
        file: name,
        place: found.labels.first().map(|label| place(label.span)),
        related: found.labels.iter().skip(1).map(|label| JsonRelated { message: &label.text, place: place(label.span) }).collect(),
    };
    // Strings and numbers always have a form in JSON.
    serde_json::to_string(&finding).unwrap_or_default()
}
