//! Lines of progress at the bottom of a terminal: one for each process that is alive, and a bar.
//!
//! Draws what the view knows, about ten times a second, and nothing in between: a state that lasted
//! shorter is never seen. Output of processes is written above the lines by [`Above`], which takes them
//! away for that moment. What runs is shown before what waits, in file order, so that lines stay calm.

use console::truncate_str;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::paint::{Names, Paint};
use super::sink::{Drain, Finished};
use super::view::{RunView, State};
use super::{voice, words};
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;
use crate::notice::Stream;
use crate::plan::{Control, Plan};

/// Columns of the bar.
const BAR: usize = 24;

/// The lines.
pub struct Progress {
    multi: MultiProgress,
    states: ProgressBar,
    overall: ProgressBar,
    /// The same terminal, asked for its size.
    screen: Box<dyn TermLike>,
    names: Names,
    paint: Paint,
}

impl Progress {
    /// On this terminal; nothing is drawn yet.
    pub fn new<S: TermLike + Clone + 'static>(plan: &Plan, screen: S, color: bool) -> Self {
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let multi = MultiProgress::with_draw_target(target);
        let style = |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let states = multi.add(ProgressBar::new(0).with_style(style("{msg}")));
        // Colours stand in prefix and message, because the library's own follow the environment.
        let bar = style(&format!("{{prefix}}{{bar:{BAR}}}{{msg}}")).progress_chars("━╸─");
        let paint = Paint::new(color);
        let (begin, _) = bar_color(paint);
        let overall = multi.add(ProgressBar::new(plan.processes.len() as u64).with_style(bar).with_prefix(begin));
        Self { multi, states, overall, screen: Box::new(screen), names: Names::new(plan), paint }
    }

    /// A drain that writes above the lines.
    pub fn above(&self, inner: Box<dyn Drain>) -> Above {
        Above { multi: self.multi.clone(), inner }
    }

    /// Draws the state of things.
    pub fn draw(&self, view: &RunView, now: RunTime) {
        let width = usize::from(self.screen.width()).saturating_sub(1);
        let rows = usize::from(self.screen.height() / 2).max(2);
        let lines = self.lines(view, now, rows);
        let lines: Vec<_> = lines.iter().map(|line| truncate_str(line, width, "…")).collect();
        self.states.set_message(lines.join("\n"));
        let text = overall(view, now, self.paint);
        // Room for the `^C` that the terminal echoes behind the last line: wrapping, it would shift all lines.
        let text = truncate_str(&text, width.saturating_sub(BAR + 3), "…");
        let (_, end) = bar_color(self.paint);
        self.overall.set_position(view.counts().ended() as u64);
        self.overall.set_message(format!("{end} {text}"));
    }

    fn lines(&self, view: &RunView, now: RunTime, rows: usize) -> Vec<String> {
        let all = view.live().len() + view.queued().len();
        let shown = if all > rows { rows - 1 } else { all };
        let line = |process: ProcessId| {
            let name = self.paint.process(process, &self.names.padded(view.plan(), process));
            format!("{name} {}", state_line(view, process, now))
        };
        let mut lines: Vec<_> = view.live().chain(view.queued()).take(shown).map(line).collect();
        if all > shown {
            lines.push(self.paint.dim(&format!("… and {} more", all - shown)));
        }
        lines
    }

    /// Takes the lines away until they are drawn again.
    pub fn hide(&self) {
        // The screen has no errors, see there.
        let _ = self.multi.clear();
    }

    /// Takes the lines away for good.
    pub fn clear(&self) {
        self.states.finish_and_clear();
        self.overall.finish_and_clear();
        self.multi.remove(&self.states);
        self.multi.remove(&self.overall);
    }
}

/// What a process does, to follow its name.
pub fn state_line(view: &RunView, process: ProcessId, now: RunTime) -> String {
    let control = &view.plan().processes[process].control;
    let text = match view.state(process) {
        State::Waiting => "waiting".to_owned(),
        State::Queued { .. } if view.held_elsewhere(process).is_some() => {
            view.held_elsewhere(process).map_or_else(String::new, |(resource, holders)| {
                format!("waiting for {} held by {}", words::resource(view.plan(), resource), words::host_holders(holders))
            })
        }
        State::Queued { .. } => match view.longest_queue(process) {
            Some((resource, ahead)) if ahead > 0 => format!("waiting for {} behind {ahead}", words::resource(view.plan(), resource)),
            _ => "waiting for a job slot".to_owned(),
        },
        State::Running { step, ready } => {
            let since = words::ticking(now.since(view.begun(process).unwrap_or(now)));
            let steps = control.steps.len();
            let step = if steps > 1 { format!(", {}", voice::step_name(view.plan(), process, *step)) } else { String::new() };
            let attempt = attempt(control, view.attempt(process));
            let word = if control.ready.is_none() || *ready { "running" } else { "starting" };
            let why = view.probe_trouble(process).map_or_else(String::new, |why| format!(": {}", super::clean::clean_text(why)));
            let said = view.said(process).map_or_else(String::new, |said| format!(" · {}", super::clean::clean_text(said)));
            let lock = view.longest_queue(process).map_or_else(String::new, |(resource, ahead)| {
                format!(" · waiting for {} behind {ahead}", words::resource(view.plan(), resource))
            });
            let item = view
                .awaited_queue(process)
                .map_or_else(String::new, |queue| format!(" · waiting for an item of {}", words::queue(view.plan(), queue)));
            format!("{word} {since}{step}{attempt}{why}{said}{lock}{item}")
        }
        State::Stopping { killed: true, .. } => "killed".to_owned(),
        State::Stopping { since, grace, .. } => {
            format!("stopping {} of {}", words::ticking(now.since(*since).min(*grace)), words::span(*grace))
        }
        State::Retrying { until, attempt, attempts } => format!("retrying in {} (attempt {attempt} of {attempts})", left(*until, now)),
        State::Restarting { until, restart, max } => format!("restarting in {} (restart {restart} of {max})", left(*until, now)),
        State::Idle { queue } => format!("waiting for an item of {}", words::queue(view.plan(), *queue)),
        State::Ended(_) => "ended".to_owned(),
    };
    if control.daemon { format!("{text} · daemon") } else { text }
}

/// Time until a moment, rounded up, so that it never says that nothing is left.
pub fn left(until: RunTime, now: RunTime) -> String {
    words::ticking(until.since(now) + std::time::Duration::from_millis(999))
}

/// Which attempt it is, after the first.
fn attempt(control: &Control, attempt: u32) -> String {
    match attempt {
        0 | 1 => String::new(),
        attempt if control.daemon => format!(" (restarted, start {attempt})"),
        attempt => format!(" (attempt {attempt} of {})", control.retries.count + 1),
    }
}

/// What switches the colour of the bar on and off.
fn bar_color(paint: Paint) -> (String, String) {
    let around = paint.green("\0");
    around.split_once('\0').map(|(begin, end)| (begin.to_owned(), end.to_owned())).unwrap_or_default()
}

/// `7/15 · 3 s · 4 running · 2 waiting · 1 failed`
fn overall(view: &RunView, now: RunTime, paint: Paint) -> String {
    let counts = view.counts();
    let mut parts = vec![format!("{}/{}", counts.ended(), view.plan().processes.len()), words::ticking(view.elapsed(now))];
    let between_steps = view.live().filter(|process| matches!(view.state(*process), State::Queued { .. })).count();
    for (count, word) in [(view.live().len() - between_steps, "running"), (view.queued().len() + between_steps, "waiting")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    if view.suspended() {
        parts.push("suspended".to_owned());
    }
    if counts.failed > 0 {
        parts.push(paint.red(&format!("{} failed", counts.failed)));
    }
    parts.join(" · ")
}

/// Writes above the lines of progress.
pub struct Above {
    multi: MultiProgress,
    inner: Box<dyn Drain>,
}

impl Drain for Above {
    fn drain(&mut self, parts: &[(Stream, &[u8])]) {
        self.multi.suspend(|| self.inner.drain(parts));
    }
    fn finished(&self) -> Finished {
        self.inner.finished()
    }
    fn trouble(&mut self, message: String) {
        self.inner.trouble(message);
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
