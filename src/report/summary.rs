//! The end of a run in words: what failed and why, what did not run, and one line that counts.
//!
//! A pure function from what is known of the run to a text. The counts come last, where a person looks
//! first; lists are bounded, so that a run of 100,000 failures ends with a page and not with a book.

use std::collections::BTreeMap;
use std::time::Duration;

use super::clean::clean;
use super::paint::Paint;
use super::view::{End, RunView};
use super::{Out, OutputMode, Reporter, Settings, Surface, advice, fates, verdict, words};
use crate::base::duration::human;
use crate::notice::{CancelReason, Event, Exit, Failure, Notice, Outcome, RunSummary, Stream};

/// The most failures that are told with all their lines.
const FAILURES: usize = 20;
/// The slowest processes are told of runs that took longer.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Tells the end of the run on standard error.
pub struct Summary(Settings);

impl Summary {
    /// For all modes; a quiet run that went well ends without a word.
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Reporter for Summary {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        if let Event::RunEnded { summary } = &notice.event
            && !(self.0.mode == OutputMode::Quiet && went_well(view, summary))
        {
            let plain = counts(view, summary, Paint::new(false));
            if let Some(head) = self.0.host.and_then(|host| host.head(&plain)) {
                out.command(Stream::Stderr, &head);
            }
            out.write(Stream::Stderr, &render(view, summary, self.0.stderr));
        }
    }
}

/// Whether nobody needs to be told anything.
fn went_well(view: &RunView, summary: &RunSummary) -> bool {
    let trouble = summary.failed + summary.queues + summary.unaccounted + view.counts().cancelled + view.counts().failed;
    trouble == 0 && summary.interrupted.is_none() && !summary.timed_out
}

/// The whole text; bytes, because last lines of output need not be UTF-8.
pub fn render(view: &RunView, summary: &RunSummary, surface: Surface) -> Vec<u8> {
    let paint = Paint::new(surface.color);
    let mut text = Vec::new();
    failures(view, surface, &mut text);
    let mut notes = unstarted(view, paint);
    notes.extend(warnings(view, paint));
    notes.extend(advice::daemon_forgotten(view).map(|advice| paint.yellow(&format!("! {advice}"))));
    if !notes.is_empty() {
        text.push(b'\n');
    }
    for note in &notes {
        push_line(note, &mut text);
    }
    if !text.is_empty() {
        text.push(b'\n');
    }
    if let Some(line) = slowest(view, paint) {
        push_line(&line, &mut text);
    }
    push_line(&counts(view, summary, paint), &mut text);
    text
}

fn push_line(line: &str, text: &mut Vec<u8>) {
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
}

fn failures(view: &RunView, surface: Surface, text: &mut Vec<u8>) {
    let is = |end: &&End, wanted| matches!(end.outcome, Outcome::Failed { allowed, .. } if allowed == wanted);
    let of = |allowed| view.troubles().iter().filter(move |end| is(end, allowed));
    let all = || of(false).chain(view.troubles().iter().filter(|end| cut_off(view, end))).chain(of(true));
    for end in all().take(FAILURES) {
        failure(view, end, surface, text);
    }
    let more: Vec<_> = all().skip(FAILURES).map(|end| words::name(view.plan(), end.process)).collect();
    if !more.is_empty() {
        let line = format!("\n✗ {} more failed: {}", more.len(), words::list(more.iter().cloned()));
        push_line(&Paint::new(surface.color).red(&line), text);
    }
}

/// Whether the run's own timeout cut it off while it ran: what hangs is to be found here. Daemons run as long as the others.
fn cut_off(view: &RunView, end: &End) -> bool {
    let timed_out = matches!(end.outcome, Outcome::Cancelled(CancelReason::RunTimeout));
    timed_out && end.took.is_some() && !view.plan().processes[end.process].control.daemon
}

/// One failure: a line that says what happened, and the last lines of output.
fn failure(view: &RunView, end: &End, surface: Surface, text: &mut Vec<u8>) {
    let paint = Paint::new(surface.color);
    let name = words::name(view.plan(), end.process);
    let (head, why) = match &end.outcome {
        Outcome::Failed { failure, allowed: true } => (paint.yellow(&format!("! {name} failed (allowed)")), Some(failure)),
        Outcome::Failed { failure, allowed: false } => (paint.red(&format!("✗ {name} failed")), Some(failure)),
        Outcome::Cancelled(_) => (paint.red(&format!("✗ {name} cancelled while running")), None),
        Outcome::Success | Outcome::Skipped(_) | Outcome::Stopped => return,
    };
    let mut facts = vec![why.map_or_else(
        || words::cancel(view.plan(), &CancelReason::RunTimeout),
        |failure| words::failure(view.plan(), end.process, failure),
    )];
    if let (Some(Failure::Timeout(_)), Some(exit @ (Exit::Code(_) | Exit::Signal(_)))) = (why, &end.exit) {
        facts.push(words::exit(exit));
    }
    let most = view.plan().processes[end.process].control.retries.count + 1;
    if most > 1 && end.attempts > 0 {
        facts.push(format!("attempt {} of {most}", end.attempts));
    }
    facts.extend(end.took.map(|took| format!("after {}", human(took))));
    text.push(b'\n');
    push_line(&format!("{head}: {}", facts.join(", ")), text);
    for line in view.last_lines(end.process) {
        text.extend_from_slice(paint.dim("  |").as_bytes());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            text.push(b' ');
            if surface.terminal { clean(line, text) } else { text.extend_from_slice(line) }
        }
        text.push(b'\n');
    }
}

/// What was skipped or cancelled, one line a reason.
fn unstarted(view: &RunView, paint: Paint) -> Vec<String> {
    let mut order = Vec::new();
    let mut names: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for end in view.troubles().iter().filter(|end| !cut_off(view, end)) {
        let key = match &end.outcome {
            Outcome::Skipped(reason) => ("skipped", words::skip(view.plan(), reason)),
            Outcome::Cancelled(reason) if end.took.is_some() => ("cancelled while running", words::cancel(view.plan(), reason)),
            Outcome::Cancelled(reason) => ("cancelled", words::cancel(view.plan(), reason)),
            Outcome::Success | Outcome::Failed { .. } | Outcome::Stopped => continue,
        };
        let group = names.entry(key.clone()).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(words::name(view.plan(), end.process));
    }
    let more = order.len().saturating_sub(10);
    let lines = order.iter().take(10).map(|key| format!("- {}", fates::line(&names[key], key.0, &key.1)));
    let mut lines: Vec<_> = lines.map(|line| paint.yellow(&line)).collect();
    if more > 0 {
        lines.push(paint.yellow(&format!("- … and more, for {more} other reasons")));
    }
    lines
}

fn warnings(view: &RunView, paint: Paint) -> Vec<String> {
    let one = |(process, message): &(Option<_>, String)| {
        let about = process.map_or_else(String::new, |process| format!("{}: ", words::name(view.plan(), process)));
        paint.yellow(&format!("! {about}{}", super::clean::clean_text(message)))
    };
    let mut lines: Vec<_> = view.warnings().iter().map(one).collect();
    let more = view.warned() - lines.len();
    if more > 0 {
        lines.push(paint.yellow(&format!("! … and {more} more warnings")));
    }
    lines
}

fn slowest(view: &RunView, paint: Paint) -> Option<String> {
    if view.slowest().len() < 2 || view.length() <= WORTH_TELLING {
        return None;
    }
    let times = view.slowest().iter().map(|(took, process)| format!("{} {}", words::name(view.plan(), *process), human(*took)));
    Some(paint.dim(&format!("slowest: {}", words::list(times))))
}

/// `shop: 11 succeeded, 1 failed, 2 skipped in 1.42 s`
fn counts(view: &RunView, summary: &RunSummary, paint: Paint) -> String {
    let name = paint.bold(&super::clean::clean_text(&view.plan().name));
    format!("{name}: {}", verdict::line(view, summary, paint))
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
