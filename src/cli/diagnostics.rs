//! Shows what is wrong with a workflow: for people with the source underlined, for tools as JSON.
//!
//! The only file that names miette.

use std::fmt;
use std::io::Write;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity as Level};
use serde::Serialize;

use super::args::{MessageFormat, WorkflowArgs};
use super::color;
use super::load::Source;
use super::text::count;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::Span;

/// More findings than this are counted, not shown: miette reads the text anew for each label.
const MOST_SHOWN: usize = 20;

/// Prints findings to standard error (JSON to standard output).
pub fn show(source: &Source, diagnostics: &[Diagnostic], args: &WorkflowArgs) {
    if diagnostics.is_empty() {
        return;
    }
    match args.message_format {
        MessageFormat::Human => {
            let (_, stderr) = color::surfaces(args.color);
            let width = if stderr.terminal { usize::from(console::Term::stderr().size().1) } else { 100 };
            let text = render(source, diagnostics, stderr.color, width.clamp(40, 140));
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
        MessageFormat::Json => {
            let mut out = std::io::stdout().lock();
            for found in diagnostics {
                let _ = writeln!(out, "{}", json(source, found));
            }
        }
    }
}

/// Findings for people.
pub fn render(source: &Source, diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).with_context_lines(1);
    let shown = printable(&source.text);
    let named = std::sync::Arc::new(NamedSource::new(&source.name, shown));
    let mut text = String::new();
    for found in diagnostics.iter().take(MOST_SHOWN) {
        let report = Report::from(to_miette(found, &source.text)).with_source_code(std::sync::Arc::clone(&named));
        // Writing to a String fails only when a diagnostic's own formatting does.
        let _ = handler.render_report(&mut text, report.as_ref());
    }
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    if diagnostics.len() > MOST_SHOWN {
        text.push_str(&format!("\n… and {} more\n", diagnostics.len() - MOST_SHOWN));
    }
    text.push_str(&closing(&source.name, errors, warnings));
    text
}

fn closing(name: &str, errors: usize, warnings: usize) -> String {
    match (errors, warnings) {
        (0, warnings) => format!("\nflowrun: {} in {name}\n", count(warnings, "warning")),
        (errors, 0) => format!("\nflowrun: {} in {name}; nothing was started\n", count(errors, "error")),
        (errors, warnings) => {
            format!("\nflowrun: {} and {} in {name}; nothing was started\n", count(errors, "error"), count(warnings, "warning"))
        }
    }
}

fn to_miette(found: &Diagnostic, text: &str) -> MietteDiagnostic {
    let labels = found.labels.iter().enumerate().map(|(index, label)| {
        let span = visible(label.span, text);
        let text = if label.text.is_empty() { None } else { Some(label.text.clone()) };
        if index == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    });
    let mut diagnostic = MietteDiagnostic::new(printable(&found.message)).with_code(found.code).with_labels(labels.collect::<Vec<_>>());
    diagnostic.severity = Some(match found.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    });
    diagnostic.help = found.help.as_deref().map(printable);
    diagnostic
}

/// A span that underlines at least one character and not more than one line: the whole of a long value
/// would fill the screen.
fn visible(span: Span, text: &str) -> (usize, usize) {
    let start = (span.start as usize).min(text.len());
    let slice = span.slice(text);
    let line = slice.lines().next().unwrap_or("").trim_end().len();
    (start, line.max(usize::from(start < text.len())))
}

/// Control characters become `␀` and the like of the same length in bytes or less, so that a workflow
/// cannot write escape sequences to a terminal; places stay where they are.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { control_picture(c) } else { c }).collect()
}

/// One byte for one byte, two for two: spans count bytes.
fn control_picture(c: char) -> char {
    if c.len_utf8() == 1 { '?' } else { '¿' }
}

/// A finding as data.
#[derive(Serialize)]
struct JsonFinding<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    help: Option<&'a str>,
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

struct Json<'a>(JsonFinding<'a>);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

fn json<'a>(source: &'a Source, found: &'a Diagnostic) -> Json<'a> {
    let place = |span: Span| {
        let (line, column) = line_column(&source.text, span.start as usize);
        let (end_line, end_column) = line_column(&source.text, span.end as usize);
        JsonPlace { line, column, end_line, end_column, start_byte: span.start, end_byte: span.end }
    };
    Json(JsonFinding {
        severity: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: found.code,
        message: &found.message,
        help: found.help.as_deref(),
        file: &source.name,
        place: found.labels.first().map(|label| place(label.span)),
        related: found.labels.iter().skip(1).map(|label| JsonRelated { message: &label.text, place: place(label.span) }).collect(),
    })
}

fn line_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
