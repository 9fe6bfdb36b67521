//! What flowrun itself says while the run goes on: `flowrun: …` lines on standard error.
//!
//! Knows nothing of the output of processes. One function says which notices are worth a line at which
//! verbosity; the rest is sentences.

use std::time::Duration;

use super::paint::Paint;
use super::words::{GET, SECTION};
use super::{Out, Reporter, RunView, Settings, words};
use crate::base::duration::human;
use crate::base::ids::{JobId, ProcessId};
use crate::notice::{Event, Exit, HaltReason, Notice, Outcome, Stream};
use crate::plan::Plan;

/// Sentences.
pub struct Voice {
    verbosity: i8,
    paint: Paint,
}

/// How a line looks.
#[derive(Clone, Copy)]
enum Tone {
    Detail,
    Plain,
    Caution,
    Alarm,
}

impl Voice {
    /// As loud and as colourful as told.
    pub fn new(settings: Settings) -> Self {
        Self { verbosity: settings.verbosity, paint: Paint::new(settings.stderr.color) }
    }

    fn say(&self, tone: Tone, text: &str, out: &mut Out) {
        let text = match tone {
            Tone::Detail => self.paint.dim(text),
            Tone::Plain => text.to_owned(),
            Tone::Caution => self.paint.yellow(text),
            Tone::Alarm => self.paint.red(text),
        };
        out.line(Stream::Stderr, &format!("{} {text}", self.paint.dim("flowrun:")));
    }
}

/// A line about the run that no notice tells.
pub fn detail(settings: Settings, text: &str, out: &mut Out) {
    Voice::new(settings).say(Tone::Detail, text, out);
}

impl Reporter for Voice {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        if let Some((least, tone)) = weight(&notice.event, view)
            && self.verbosity >= least
            && let Some(text) = sentence(notice, view)
        {
            self.say(tone, &text, out);
        }
    }
}

/// From which verbosity on an event is told, and how.
fn weight(event: &Event, view: &RunView) -> Option<(i8, Tone)> {
    let interrupted = matches!(view.halted(), Some(HaltReason::Interrupt { .. } | HaltReason::Timeout));
    Some(match event {
        Event::Output { .. } | Event::RunEnded { .. } | Event::StatusAsked => return None,
        Event::RunStarted { .. }
        | Event::Queued { .. }
        | Event::Acquired { .. }
        | Event::Withdrawn { .. }
        | Event::Released { .. }
        | Event::SectionQueued { .. }
        | Event::SectionAcquired { .. }
        | Event::SectionWithdrawn { .. }
        | Event::SectionReleased { .. }
        | Event::Started { .. }
        | Event::Ready { .. }
        | Event::ProbeFailed { live: false, .. }
        | Event::SaidStatus { .. }
        | Event::Suspended
        | Event::Resumed
        | Event::Stopping { .. }
        | Event::HeldElsewhere { again: true, .. }
        | Event::BeginningAnew { .. }
        | Event::WaitsForItem { .. }
        | Event::GetWaits { .. }
        | Event::GetOver { .. }
        | Event::ItemDone { .. }
        | Event::QueueClosed { .. }
        | Event::Left { kept: true, .. } => (1, Tone::Detail),
        Event::Ended { outcome, .. } => match outcome {
            Outcome::Failed { allowed: false, .. } => (0, Tone::Alarm),
            Outcome::Failed { allowed: true, .. } => (0, Tone::Caution),
            Outcome::Success | Outcome::Skipped(_) | Outcome::Cancelled(_) | Outcome::Stopped => (1, Tone::Detail),
        },
        Event::ItemSetAside { .. } | Event::QueueAbandoned { .. } => (0, Tone::Alarm),
        Event::Retrying { .. }
        | Event::ItemFailed { .. }
        | Event::Restarting { .. }
        | Event::ProbeFailed { live: true, .. }
        | Event::Warning { .. }
        | Event::Left { kept: false, .. }
        | Event::Killing { .. } => (0, Tone::Caution),
        Event::Halted { reason: HaltReason::Failure { .. } } | Event::HeldElsewhere { again: false, .. } => (0, Tone::Plain),
        Event::Halted { .. } => (-1, Tone::Caution),
        Event::WaitingFor { .. } => (if interrupted { -1 } else { 0 }, Tone::Plain),
        Event::KillingAll { .. } => (-1, Tone::Alarm),
    })
}

fn sentence(notice: &Notice, view: &RunView) -> Option<String> {
    let plan = view.plan();
    let name = |process: ProcessId| words::name(plan, process);
    Some(match &notice.event {
        Event::Output { .. } | Event::RunEnded { .. } | Event::StatusAsked => return None,
        Event::RunStarted { name, processes } => {
            // In front of it stands `flowrun:` already.
            let about = if name == "flowrun" { String::new() } else { format!("{name}: ") };
            format!("{about}{processes} {}", if *processes == 1 { "process" } else { "processes" })
        }
        Event::Queued { job, step, wants } => {
            let wanted = if wants.is_empty() { "a job slot".to_owned() } else { words::shares(plan, wants) };
            format!("{} waits for {wanted}{}", at_step(plan, *job, *step), behind(view, job.process))
        }
        Event::Acquired { holds: shares, .. } | Event::Released { freed: shares, .. } if shares.is_empty() => return None,
        Event::Acquired { job, step, holds } => format!("{} holds {}", at_step(plan, *job, *step), words::shares(plan, holds)),
        Event::Released { job, step, freed } => format!("{} no longer holds {}", at_step(plan, *job, *step), words::shares(plan, freed)),
        Event::Withdrawn { job, step, wanted } => {
            let wanted = if wanted.is_empty() { "a job slot".to_owned() } else { words::shares(plan, wanted) };
            format!("{} no longer waits for {wanted}", at_step(plan, *job, *step))
        }
        Event::SectionQueued { process, wants, .. } => {
            format!("{}{SECTION} waits for {}{}", name(*process), words::shares(plan, wants), behind(view, *process))
        }
        Event::SectionAcquired { process, holds, .. } => format!("{}{SECTION} holds {}", name(*process), words::shares(plan, holds)),
        Event::SectionReleased { process, freed, .. } => {
            format!("{}{SECTION} no longer holds {}", name(*process), words::shares(plan, freed))
        }
        Event::SectionWithdrawn { process, wanted, .. } => {
            format!("{}{SECTION} no longer waits for {}", name(*process), words::shares(plan, wanted))
        }
        Event::HeldElsewhere { job, resource, holders, .. } => {
            format!("{} waits for {}, held by {}", name(job.process), words::resource(plan, *resource), words::host_holders(holders))
        }
        Event::Started { job, step, pid } => started(plan, *job, *step, *pid),
        Event::Stopping { job, reason, grace } => {
            format!("{} is asked to end within {}: {}", name(job.process), words::span(*grace), words::stop(reason))
        }
        Event::BeginningAnew { job } => format!("{} begins anew, as attempt {}", name(job.process), job.attempt + 1),
        Event::Killing { job, grace_over: true } => format!("{} did not end when asked: killed", name(job.process)),
        Event::Killing { job, grace_over: false } => format!("{} is killed", name(job.process)),
        Event::Retrying { job, failure, attempts, delay } => {
            let reason = words::failure(plan, job.process, failure);
            let again = if delay.is_zero() { "again now".to_owned() } else { format!("again in {}", words::span(*delay)) };
            format!("{} failed: {reason}, attempt {} of {attempts}; {again}", name(job.process), job.attempt)
        }
        Event::WaitsForItem { job, queue } => format!("{} waits for an item of {}", name(job.process), words::queue(plan, *queue)),
        Event::GetWaits { job, queue, .. } => format!("{}{GET} waits for an item of {}", name(job.process), words::queue(plan, *queue)),
        Event::GetOver { job, queue, granted: true, .. } => {
            format!("{}{GET} has an item of {}", name(job.process), words::queue(plan, *queue))
        }
        Event::GetOver { job, queue, granted: false, .. } => {
            format!("{}{GET} no longer waits for an item of {}", name(job.process), words::queue(plan, *queue))
        }
        Event::ItemDone { job, queue } => format!("{} has done an item of {}", name(job.process), words::queue(plan, *queue)),
        Event::ItemFailed { job, failure, deliveries, max, .. } => {
            let reason = words::failure(plan, job.process, failure);
            let again = if deliveries < max { "it is delivered again" } else { "it is set aside" };
            format!("{} failed: {reason}, delivery {deliveries} of {max} of its item; {again}", name(job.process))
        }
        Event::ItemSetAside { queue, item, deliveries } => words::set_aside(plan, *queue, item, *deliveries),
        Event::QueueClosed { queue, items } => format!("{} is closed after {}", words::queue(plan, *queue), words::items(*items)),
        Event::QueueAbandoned { queue, left } => words::abandoned(plan, *queue, *left),
        Event::Ready { job } => format!("{} is ready", name(job.process)),
        Event::ProbeFailed { job, live: false, why, .. } => {
            format!("{} is not ready yet: {}", name(job.process), super::clean::clean_text(why))
        }
        Event::ProbeFailed { job, live: true, failures, why } => {
            let most = plan.processes[job.process].control.live.map_or(*failures, |live| live.failures);
            format!("{} does not answer as it should, {failures} of {most}: {}", name(job.process), super::clean::clean_text(why))
        }
        Event::SaidStatus { process, text } => format!("{} says: {}", name(*process), super::clean::clean_text(text)),
        Event::Restarting { job, failure, restarts, max, delay } => {
            let ended = failure
                .as_ref()
                .map_or_else(|| "ended by itself".to_owned(), |failure| format!("failed: {}", words::failure(plan, job.process, failure)));
            let again = if delay.is_zero() { "now".to_owned() } else { format!("in {}", words::span(*delay)) };
            format!("{} {ended}; restart {restarts} of {max} {again}", name(job.process))
        }
        Event::Suspended => "suspended; `fg` lets everything go on".to_owned(),
        Event::Resumed => "going on".to_owned(),
        Event::Ended { process, outcome, exit, attempts, started } => {
            let took = started.map(|started| notice.at.since(started));
            let last = if *attempts > 1 { format!(", after {attempts} attempts") } else { String::new() };
            format!("{} {}{last}", name(*process), end(plan, *process, outcome, exit.as_ref(), took))
        }
        Event::Halted { reason } => words::halt(plan, reason),
        Event::WaitingFor { processes, .. } if processes.is_empty() => return None,
        Event::WaitingFor { processes, at_most } => {
            let bound = at_most.map_or_else(String::new, |bound| format!(" (at most {})", words::span(bound)));
            format!("stopping: waiting for {}{bound}", words::list(processes.iter().map(|process| words::quoted(plan, *process))))
        }
        Event::KillingAll { overdue: true } => "the time for stopping is over: killing what still runs".to_owned(),
        Event::KillingAll { overdue: false } => "killing what still runs".to_owned(),
        Event::Left { job, processes, kept: true } => format!("{} {}", name(job.process), words::left(processes, true)),
        Event::Left { job, processes, kept: false } => format!("warning: {}: {}", name(job.process), words::left(processes, false)),
        Event::Warning { process, message } => {
            let about = process.map_or_else(String::new, |process| format!("{}: ", name(process)));
            format!("warning: {about}{}", super::clean::clean_text(message))
        }
    })
}

/// ` behind 2`, if anybody is before a process in a queue.
fn behind(view: &RunView, process: ProcessId) -> String {
    let ahead = view.longest_queue(process).map(|(_, ahead)| ahead).filter(|ahead| *ahead > 0);
    ahead.map_or_else(String::new, |ahead| format!(" behind {ahead}"))
}

/// `buyer[3]`, and the step if it is about one.
fn at_step(plan: &Plan, job: JobId, step: Option<u32>) -> String {
    let name = words::name(plan, job.process);
    let step = step.filter(|_| plan.processes[job.process].control.steps.len() > 1);
    step.map_or_else(|| name.clone(), |step| format!("{name}, {}", step_name(plan, job.process, step)))
}

/// `step 2 of 3 (`buy`)`
pub fn step_name(plan: &Plan, process: ProcessId, step: u32) -> String {
    let process = &plan.processes[process];
    let name = process.work.steps.get(step as usize).and_then(|step| step.name.as_deref());
    let name = name.map_or_else(String::new, |name| format!(" (`{}`)", super::clean::clean_text(name)));
    format!("step {} of {}{name}", step + 1, process.control.steps.len())
}

fn started(plan: &Plan, job: JobId, step: u32, pid: Option<u32>) -> String {
    let process = &plan.processes[job.process];
    let mut text = format!("{} started", words::name(plan, job.process));
    if process.control.steps.len() > 1 {
        text += &format!(", {}", step_name(plan, job.process, step));
    }
    if job.attempt > 1 {
        text += &format!(", attempt {}", job.attempt);
    }
    pid.map_or_else(|| text.clone(), |pid| format!("{text}, pid {pid}"))
}

/// What became of a process, to follow its name. Its exit code is told unless the rest says it already.
pub fn end(plan: &Plan, process: ProcessId, outcome: &Outcome, exit: Option<&Exit>, took: Option<Duration>) -> String {
    let time = took.map_or_else(String::new, |took| format!(" in {}", human(took)));
    let code = |exit: &Exit| format!(": {}", words::exit(exit));
    match outcome {
        Outcome::Success => format!("succeeded{time}{}", exit.filter(|exit| **exit != Exit::Code(0)).map(code).unwrap_or_default()),
        Outcome::Failed { failure, allowed } => {
            let allowed = if *allowed { " (allowed)" } else { "" };
            format!("failed{allowed}: {}", words::failure(plan, process, failure))
        }
        Outcome::Skipped(reason) => format!("skipped: {}", words::skip(plan, reason)),
        Outcome::Cancelled(reason) => format!("cancelled: {}", words::cancel(plan, reason)),
        Outcome::Stopped => {
            let time = took.map_or_else(String::new, |took| format!(" after {}", human(took)));
            format!("stopped{time}{}", exit.map(code).unwrap_or_default())
        }
    }
}

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
