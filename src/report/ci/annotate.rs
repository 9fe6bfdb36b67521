//! Points out failures and warnings to the host, at their places in the workflow.

use super::super::clean::{clean_text, plain};
use super::super::view::RunView;
use super::super::{Out, Reporter, words};
use super::{Finding, Host};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::ids::ProcessId;
use crate::notice::{Event, HaltReason, Notice, Outcome, Stream};

/// The workflow's file, as far as places in it need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    file: Option<String>,
    /// Where each line after the first begins.
    breaks: Vec<usize>,
}

impl Source {
    /// Of this text; `file` is what the host calls it, none when it knows no such file.
    pub fn new(file: Option<String>, text: &str) -> Self {
        Self { file, breaks: text.match_indices('\n').map(|(at, _)| at + 1).collect() }
    }

    /// The file, and the line of this byte, from 1.
    fn place(&self, at: usize) -> Option<(&str, usize)> {
        self.file.as_deref().map(|file| (file, self.breaks.partition_point(|start| *start <= at) + 1))
    }
}

impl Source {
    /// The line that points out what is wrong with the workflow itself, where the host has such lines.
    pub fn mistake(&self, host: Host, found: &Diagnostic) -> Option<String> {
        let help = found.help.as_ref().map_or_else(String::new, |help| format!("\n{}", clean_text(help)));
        let message = format!("{}{help}", clean_text(&found.message));
        let place = found.labels.first().and_then(|label| self.place(label.span.start as usize));
        host.point_out(&Finding { error: found.severity == Severity::Error, title: found.code, place, message: &message })
    }
}

/// Of so many that the run's timeout cuts off, the last lines are told.
const CUT_OFF: usize = 3;

/// Tells a host.
pub struct Annotate {
    host: Host,
    source: Source,
}

impl Annotate {
    /// Findings of a run of this workflow.
    pub fn new(host: Host, source: Source) -> Self {
        Self { host, source }
    }

    fn point_out(&self, error: bool, process: Option<ProcessId>, message: &str, view: &RunView, out: &mut Out) {
        let plan = view.plan();
        let title = process.map_or_else(|| clean_text(&plan.name), |process| words::name(plan, process));
        let place = process.and_then(|process| self.source.place(plan.processes[process].place.start as usize));
        if let Some(line) = self.host.point_out(&Finding { error, title: &title, place, message }) {
            out.command(Stream::Stdout, &line);
        }
    }
}

impl Reporter for Annotate {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        let plan = view.plan();
        match &notice.event {
            Event::Ended { process, outcome: Outcome::Failed { failure, allowed }, .. } => {
                let mut message = words::failure(plan, *process, failure);
                for line in view.last_lines(*process) {
                    message.push('\n');
                    message.push_str(&plain(line));
                }
                self.point_out(!allowed, Some(*process), &message, view, out);
            }
            Event::Halted { reason: HaltReason::Timeout } => self.point_out(true, None, &timed_out(view), view, out),
            Event::Warning { process, message } => self.point_out(false, *process, &clean_text(message), view, out),
            Event::Left { job, processes, kept: false } => {
                self.point_out(false, Some(job.process), &words::left(processes, false), view, out);
            }
            Event::ItemSetAside { queue, item, deliveries } => {
                self.point_out(true, None, &words::set_aside(plan, *queue, item, *deliveries), view, out);
            }
            Event::QueueAbandoned { queue, left } => self.point_out(true, None, &words::abandoned(plan, *queue, *left), view, out),
            _ => {}
        }
    }
}

/// That the run took too long, and what it did until then. Daemons run as long as the others, so they are not the cause.
fn timed_out(view: &RunView) -> String {
    let plan = view.plan();
    let running: Vec<ProcessId> = view.live().filter(|process| !plan.processes[*process].control.daemon).collect();
    let mut message = words::run_timeout(plan);
    if !running.is_empty() {
        message += &format!("; still running: {}", words::list(running.iter().map(|process| words::name(plan, *process))));
    }
    for process in running.into_iter().take(CUT_OFF) {
        for line in view.last_lines(process) {
            message += &format!("\n{} | {}", words::name(plan, process), plain(line));
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::testing::{note, output, plan, started};
    use super::*;

    #[test]
    fn what_the_timeout_of_the_run_cuts_off_is_told_with_its_last_lines() {
        let mut plan = plan(&["a", "db", "waits"]);
        plan.timeout = Some(std::time::Duration::from_secs(1));
        plan.processes[ProcessId(1)].control.daemon = true;
        let mut view = RunView::new(Arc::new(plan));
        assert_eq!(timed_out(&view), "timed out after 1 s");
        let line = b"\x1b[31mconnecting\x1b[0m\n";
        for event in [started(0, 1), started(1, 1), output(0, Stream::Stdout, line), output(1, Stream::Stdout, line)] {
            view.apply(&note(0, event));
        }
        assert_eq!(timed_out(&view), "timed out after 1 s; still running: a\na | connecting");
    }
}
