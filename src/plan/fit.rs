//! What of a process fits beside its queues.
//!
//! A key that means nothing beside another is reported where the process or a template of it says so; one that
//! comes from `defaults` gives way, as everywhere. What is left is a process in which all keys fit, so that
//! planning need not ask again.

use std::borrow::Cow;

use super::extend::{Extended, Given};
use super::resolve::Resolver;
use super::terminals;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::{Process, Stdin, Stdout};
use crate::source::read::{Field, Tmpl};

/// A process without what does not fit beside its queues.
pub fn fitting<'p>(process: &'p Extended<'_>, resolver: &mut Resolver<'_>) -> Cow<'p, Process> {
    let whole = &*process.whole;
    let streams = reads_queue(whole) || is_queue(&whole.stdout) || is_queue(&whole.stderr);
    if !streams && !whole.for_each.is_set() && !whole.produces.is_set() && !whole.consumes.is_set() {
        return Cow::Borrowed(whole);
    }
    let mut fit = Fit { given: process.given, whole: whole.clone(), resolver };
    fit.for_each();
    fit.input();
    fit.outputs();
    fit.commands();
    Cow::Owned(fit.whole)
}

/// Whether standard input is the items of a queue.
fn reads_queue(process: &Process) -> bool {
    matches!(process.stdin.value(), Some(Stdin::From(source)) if source.queue.is_set())
}

fn is_queue(output: &Field<Stdout>) -> bool {
    matches!(output.value(), Some(Stdout::Queue(_)))
}

struct Fit<'f, 'a> {
    given: Given,
    whole: Process,
    resolver: &'f mut Resolver<'a>,
}

impl Fit<'_, '_> {
    /// What runs once for each item is begun by its items and by nothing else.
    fn for_each(&mut self) {
        let Some(place) = self.whole.for_each.span() else { return };
        let (whole, given) = (&self.whole, self.given);
        // Of a daemon with `retries`, and of another with `restart`, others tell.
        let daemon = whole.daemon.value();
        let is_daemon = matches!(daemon, Some(Tmpl::Known(true)));
        let is_finite = matches!(daemon, None | Some(Tmpl::Known(false)));
        let reads = "the item is in `${{ item }}` and in the environment, as FLOWRUN_ITEM";
        let stdin = match whole.stdin.value() {
            Some(Stdin::Inherit) => Some("inherit"),
            Some(Stdin::From(source)) if source.process.is_set() => Some("process"),
            Some(Stdin::From(source)) if source.queue.is_set() => Some("queue"),
            _ => None,
        };
        let asked = |given: bool, span: Option<Span>| span.filter(|_| given);
        let again = "an item whose attempt fails is delivered again: write `max_deliveries: 3` of the queue";
        let ready = "it is ready as soon as it waits for items; what needs the outcome joins its success";
        let unfit = [
            ("replicas", whole.replicas.span(), "write `for_each: {queue: name, workers: 3}`: each worker is a copy"),
            ("matrix", whole.matrix.span(), "make a process for each combination, or put the combinations into the items"),
            ("retries", given.retries.filter(|_| !is_daemon), again),
            ("restart", given.restart.filter(|_| !is_finite), again),
            ("ready", asked(given.ready.is_some(), whole.ready.span()), ready),
            ("live", asked(given.live.is_some(), whole.live.span()), "an attempt that hangs is ended by `timeout`"),
            ("listen", given.listen, "remove one of the two: connections and items are served by different processes"),
            ("tty", given.tty, "remove one of the two: its output is shown line by line"),
            ("stdin", given.stdin.filter(|_| stdin.is_some()), reads),
        ];
        for (key, span, help) in unfit {
            let Some(span) = span else { continue };
            let message = format!("`{key}` does not fit a process that runs for each item of a queue");
            let found = Diagnostic::error("key-does-not-fit", span, message).label(place, "runs for each item");
            self.resolver.report(found.help(help));
        }
        let whole = &mut self.whole;
        (whole.replicas, whole.matrix) = (Field::Absent, Field::Absent);
        (whole.retries, whole.restart) = (Field::Absent, Field::Absent);
        (whole.ready, whole.live, whole.tty) = (Field::Absent, Field::Absent, Field::Absent);
        whole.listen = Field::Absent;
        if stdin.is_some() {
            whole.stdin = Field::Absent;
        }
    }

    /// One command reads the items of a queue, from a pipe.
    fn input(&mut self) {
        if !reads_queue(&self.whole) {
            return;
        }
        if self.whole.task.is_set() {
            // What a task is given is refused as any other input of it is.
            self.whole.stdin = Field::Absent;
            return;
        }
        let steps = self.whole.steps.span();
        if let (Some(steps), Some(place)) = (steps, self.given.stdin) {
            let message = "a process with `steps` cannot read the items of a queue: which step would have them?";
            let found = Diagnostic::error("key-does-not-fit", place, message).label(steps, "its steps");
            self.resolver.report(found.help("write one `command`, or `for_each: name`, which runs all steps for each item"));
        }
        if steps.is_some() {
            self.whole.stdin = Field::Absent;
            return;
        }
        match (self.given.stdin, self.given.tty) {
            (Some(place), Some(tty)) => {
                let message = "a process with `tty: true` cannot read the items of a queue";
                let found = Diagnostic::error("key-does-not-fit", place, message).label(tty, "gets a terminal of its own here");
                self.resolver.report(found.help("remove one of the two"));
                self.whole.tty = Field::Absent;
            }
            (None, Some(_)) => self.whole.stdin = Field::Absent,
            (_, None) => self.whole.tty = Field::Absent,
        }
    }

    /// Only commands write lines that are items.
    fn outputs(&mut self) {
        if terminals::runs_commands(&self.whole) {
            return;
        }
        for (output, given) in [(&mut self.whole.stdout, self.given.stdout), (&mut self.whole.stderr, self.given.stderr)] {
            if !is_queue(output) {
                continue;
            }
            if let Some(span) = given {
                let found = Diagnostic::error("key-does-not-fit", span, "built-in tasks put nothing into a queue");
                self.resolver.report(found.help("let a `command` write the lines, such as `echo`"));
            }
            *output = Field::Absent;
        }
    }

    /// Only commands can call `flowrun queue`.
    fn commands(&mut self) {
        if terminals::runs_commands(&self.whole) {
            return;
        }
        let given = [("produces", self.given.produces), ("consumes", self.given.consumes)];
        for (key, span) in given.into_iter().filter_map(|(key, span)| Some((key, span?))) {
            let found = Diagnostic::error("key-does-not-fit", span, format!("`{key}` means nothing here"));
            self.resolver.report(found.help("it belongs to a process that runs a `command`, which calls `flowrun queue`"));
        }
        (self.whole.produces, self.whole.consumes) = (Field::Absent, Field::Absent);
    }
}
