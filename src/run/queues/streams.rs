//! The pipes of a child whose standard streams come from queues or go there: made before it starts, watched from
//! then on, emptied when it has ended.
//!
//! Each step has pipes of its own. What a step wrote is on offer before its end is told; a last line without a
//! line break is an item too. Nothing that lives on after it can write into a queue any more.

use std::io;
use std::os::fd::OwnedFd;

use super::super::lingering;
use super::super::runner::Runner;
use super::offers::Origin;
use super::sinks::Ahead;
use super::sources::Brought;
use super::{MAX_ITEM, Queues};
use crate::base::ids::{JobId, QueueId};
use crate::exec::command::Ends;
use crate::io::child::set_nonblocking;
use crate::io::machine::reason;
use crate::io::pipe;
use crate::plan::{Output, Plan, Process, Stdin};
use crate::sched::Input;
use crate::source::model::RestartPolicy;

/// A pipe with a queue behind it.
#[derive(Debug)]
struct Tied {
    queue: QueueId,
    /// The child's end.
    theirs: OwnedFd,
    /// This program's, which does not block.
    ours: OwnedFd,
}

/// The pipes of one child.
#[derive(Debug, Default)]
pub struct Streams {
    input: Option<Tied>,
    output: Option<Tied>,
    errors: Option<Tied>,
}

impl Streams {
    /// Makes the pipes that a process needs, if any.
    ///
    /// # Errors
    /// The system's error.
    pub fn make(process: &Process, plan: &Plan) -> io::Result<Self> {
        let work = &process.work;
        let out = |output: &Output| if let Output::Queue(queue) = output { outgoing(*queue, plan).map(Some) } else { Ok(None) };
        let input = if let Stdin::Queue(queue) = work.stdin { Some(incoming(process, queue, plan)?) } else { None };
        Ok(Self { input, output: out(&work.stdout)?, errors: out(&work.stderr)? })
    }

    /// The child's ends, beside those that it has from elsewhere.
    pub fn ends<'a>(&'a self, others: Ends<'a>) -> Ends<'a> {
        let end = |tied: &'a Option<Tied>| tied.as_ref().map(|tied| &tied.theirs);
        Ends {
            input: end(&self.input).or(others.input),
            output: end(&self.output).or(others.output),
            errors: end(&self.errors).or(others.errors),
        }
    }
}

/// A pipe out of a queue.
fn incoming(process: &Process, queue: QueueId, plan: &Plan) -> io::Result<Tied> {
    let (theirs, ours) = pipe::make(Some(ahead(process, queue, plan).pipe_size()))?;
    set_nonblocking(&ours)?;
    Ok(Tied { queue, theirs, ours })
}

/// A pipe into a queue: a small one where the queue is bounded, so that who writes is held back soon.
fn outgoing(queue: QueueId, plan: &Plan) -> io::Result<Tied> {
    let bounded = plan.queues[queue].maxsize.is_some();
    let (ours, theirs) = pipe::make(bounded.then_some(pipe::SMALLEST))?;
    set_nonblocking(&ours)?;
    Ok(Tied { queue, theirs, ours })
}

/// What is in its pipe when a consumer ends is lost, as in a shell: one that may be run again, or with others, has
/// nothing ahead. A bound of the queue holds for what waits, and a large pipe would make it meaningless.
fn ahead(process: &Process, queue: QueueId, plan: &Plan) -> Ahead {
    let queue = &plan.queues[queue];
    let again = process.control.retries.count > 0 || process.control.restart.policy != RestartPolicy::No;
    match queue.maxsize {
        _ if again || queue.consumers.len() > 1 => Ahead::No,
        Some(_) => Ahead::Little,
        None => Ahead::Far,
    }
}

impl Queues {
    /// Whether a job has streams that are open.
    fn has_streams(&self, job: JobId) -> bool {
        self.sources.has(job) || self.sinks.has(job)
    }
}

impl Runner<'_> {
    /// A child was started with these pipes: they are watched.
    pub(in crate::run) fn watch_streams(&mut self, job: JobId, streams: Streams) {
        for tied in [streams.output, streams.errors].into_iter().flatten() {
            let key = self.queues.new_key();
            if let Err(error) = self.queues.sources.add(key, tied.ours, job, tied.queue, &self.setup.poller) {
                self.warn(job.process, format!("what it writes does not get into its queue: cannot watch a pipe: {}", reason(&error)));
            }
        }
        if let Some(Tied { queue, ours, .. }) = streams.input {
            let key = self.queues.new_key();
            let ahead = ahead(&self.setup.plan.processes[job.process], queue, &self.setup.plan);
            if let Err(error) = self.queues.sinks.add(key, ours, job, queue, ahead, &self.setup.poller) {
                self.warn(job.process, format!("it gets no items: cannot watch a pipe: {}", reason(&error)));
            }
        }
    }

    /// Reads and writes what can be read and written.
    pub(in crate::run) fn serve_streams(&mut self) {
        for brought in self.queues.sources.read_ready(&self.setup.poller) {
            self.offer_lines(brought);
        }
        let Queues { sinks, handed, takers, .. } = &mut self.queues;
        let (over, wants) = sinks.turn(&self.setup.poller, handed, || takers.next());
        self.queues.forget_handed();
        over.into_iter().for_each(|over| self.sink_over(over));
        for want in wants {
            self.inputs.push_back(Input::Wanted { taker: want.taker, queue: want.queue, most: want.most, keeper: None });
        }
    }

    fn offer_lines(&mut self, brought: Brought) {
        let Brought { key, job, queue, lines, bad } = brought;
        if !lines.is_empty() {
            let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            let offer = self.queues.offers.add(Origin::Stream { key, by: job.process }, queue, lines.into());
            self.queues.sources.offered(key, offer);
            self.inputs.push_back(Input::Offered { offer, queue, count, by: Some(job.process) });
        }
        if bad {
            let queue = &self.setup.plan.queues[queue].name;
            let why = format!("a line for the queue `{queue}` is longer than {MAX_ITEM} bytes");
            self.inputs.push_back(Input::BadItem { job, why });
        }
    }

    pub(super) fn sink_over(&mut self, over: super::sinks::Over) {
        for item in over.done {
            self.queues.forget(over.queue, item);
        }
        self.inputs.push_back(Input::TakerOver { taker: over.taker, back: over.back });
    }

    /// A step is over in all its parts. With streams into or out of queues, its end is told when they are empty:
    /// [`Self::end_streams`].
    pub(in crate::run) fn keep_over(&mut self, over: lingering::Over) -> Option<lingering::Over> {
        if !self.queues.has_streams(over.job) {
            return Some(over);
        }
        self.queues.overs.push(over);
        None
    }

    /// Puts on offer what ended steps have left in their pipes, takes back what those pipes were not handed, and
    /// tells the ends. To be called when nothing else is under way.
    pub(in crate::run) fn end_streams(&mut self) {
        for over in std::mem::take(&mut self.queues.overs) {
            let job = over.job;
            for (brought, offer) in self.queues.sources.drain(job, &self.setup.poller) {
                self.offer_last(brought, offer);
            }
            // What the core has handed until now is known to the streams only when it was heard.
            self.think();
            for over in self.queues.sinks.close_of(job, &self.setup.poller) {
                self.sink_over(over);
            }
            self.step_over(over);
        }
    }

    /// The last lines of a stream: one offer with what is left of the one before, so that they stay in order.
    fn offer_last(&mut self, mut brought: Brought, offer: Option<crate::base::ids::OfferId>) {
        if let Some(offer) = offer.filter(|_| !brought.lines.is_empty()) {
            self.take(Input::OfferOver { offer });
            if let Some(before) = self.queues.offers.remove(offer) {
                brought.lines.splice(0..0, before.left);
            }
        }
        self.offer_lines(brought);
    }
}
