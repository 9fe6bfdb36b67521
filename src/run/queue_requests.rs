//! What clients ask of queues, and their answers.
//!
//! Whether something is taken, and by whom, the core decides; in here are the words. A request that waits is ended
//! by its answer, its timeout or the end of its client, and by only one of them: before it is given up, all that
//! the core was told before is thought through.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Value, json};

use super::patience::until;
use super::queues::{Get, MAX_ITEM, Offer, Origin, Payload};
use super::runner::Runner;
use super::server::{Asked, ClientId, refusal};
use super::waits::Pending;
use crate::base::ids::{ItemId, JobId, OfferId, QueueId, TakerId};
use crate::base::suggest;
use crate::control::message::{Body, Code, ItemText, Request};
use crate::sched::{Delivery, Input, QueueView};

/// What came of a request so far: an answer at once, none yet, or a refusal.
type Answered = Result<Option<Value>, Body>;

impl Runner<'_> {
    /// Does what a client asks of a queue, or begins to.
    pub(super) fn ask_queue(&mut self, asked: Asked) -> Answered {
        let pending = Pending { client: asked.client, id: asked.id };
        let process = asked.process.as_deref();
        match asked.request {
            Request::Put { queue, items, timeout } => self.put(pending, process, &queue, &items, timeout),
            Request::Get { queue, timeout } => self.get(pending, process, &queue, timeout),
            Request::Done { queue, item } => self.done(process, &queue, item),
            Request::Len { queue } => self.called_queue(&queue).map(|queue| Some(self.queue_status(queue))),
            Request::Close { queue } => {
                let queue = self.called_queue(&queue)?;
                self.inputs.push_back(Input::CloseQueue { queue });
                Ok(Some(Value::Null))
            }
            _ => Err(refusal(Code::BadRequest, "this is nothing that can be asked of a queue")),
        }
    }

    /// The state of all queues, as data.
    pub(super) fn queues_status(&self) -> Vec<Value> {
        self.setup.plan.queues.entries().map(|(id, _)| self.queue_status(id)).collect()
    }

    fn queue_status(&self, id: QueueId) -> Value {
        let queue = &self.setup.plan.queues[id];
        let mut row = json!({"queue": queue.name, "maxsize": queue.maxsize});
        if let (Value::Object(row), Value::Object(counts)) = (&mut row, counts(&self.core.queue_view(id))) {
            row.extend(counts);
        }
        row
    }

    fn called_queue(&self, name: &str) -> Result<QueueId, Body> {
        let queues = &self.setup.plan.queues;
        if let Some((id, _)) = queues.entries().find(|(_, queue)| queue.name == name) {
            return Ok(id);
        }
        let help = suggest::hint(name, queues.iter().map(|queue| queue.name.as_str()));
        Err(refusal(Code::Unknown, format!("the run has no queue `{name}`{help}")))
    }

    fn put(&mut self, pending: Pending, process: Option<&str>, name: &str, items: &[ItemText], timeout: Option<f64>) -> Answered {
        let queue = self.called_queue(name)?;
        let until = until(timeout)?;
        let payloads = payloads(items)?;
        let count = u32::try_from(payloads.len()).unwrap_or(u32::MAX);
        let offer = self.queues.offers.add(Origin::Request { pending, until }, queue, payloads);
        let by = process.and_then(|process| self.setup.plan.processes.entries().find(|(_, its)| its.name == process)).map(|(id, _)| id);
        self.inputs.push_back(Input::Offered { offer, queue, count, by });
        Ok(None)
    }

    fn get(&mut self, pending: Pending, process: Option<&str>, name: &str, timeout: Option<f64>) -> Answered {
        let queue = self.called_queue(name)?;
        let until = until(timeout)?;
        let keeper = process.map(|process| self.keeper(process, queue)).transpose()?;
        let taker = self.queues.new_taker();
        self.queues.gets.add(taker, Get { pending, queue, kept: keeper.is_some(), until });
        self.inputs.push_back(Input::Wanted { taker, queue, most: 1, keeper });
        Ok(None)
    }

    fn done(&mut self, process: Option<&str>, name: &str, item: Option<u64>) -> Answered {
        let queue = self.called_queue(name)?;
        let Some(process) = process else {
            return Err(refusal(Code::NotNow, "what is handed to somebody who belongs to no process of the run is done at once"));
        };
        let job = self.current_job(process)?;
        let item = item.map(ItemId);
        if !self.core.has_in_work(job, queue, item) {
            let what = item.map_or_else(|| "no item".to_owned(), |item| format!("no item {}", item.0));
            return Err(refusal(Code::NotNow, format!("`{process}` has {what} of the queue `{name}` in work")));
        }
        // At once: another request may ask the same.
        self.take(Input::ItemDone { job, queue, item });
        Ok(Some(Value::Null))
    }

    /// The attempt that has what a process takes in work, if the process may take from a queue.
    fn keeper(&self, process: &str, queue: QueueId) -> Result<JobId, Body> {
        let plan = &self.setup.plan;
        let job = self.current_job(process)?;
        let Some(of) = plan.queues.get(queue).filter(|of| !of.consumers.contains(&job.process)) else { return Ok(job) };
        let process = &plan.processes[job.process].declared;
        let why = if of.declared { "other processes say that they do" } else { "it puts into it" };
        let name = &of.name;
        Err(refusal(
            Code::NotAllowed,
            format!("`{process}` does not take from the queue `{name}`: {why}; write `consumes: [{name}]` in it"),
        ))
    }

    /// The attempt of a process that is under way.
    fn current_job(&self, process: &str) -> Result<JobId, Body> {
        let found = self.setup.plan.processes.entries().find(|(_, its)| its.name == process).map(|(id, _)| id);
        let Some(found) = found else {
            return Err(refusal(
                Code::Unknown,
                format!("the run has no process `{process}`; outsiders leave `process` out of their proof"),
            ));
        };
        let lingering = || self.lingering.jobs().filter(|job| job.process == found).max();
        self.jobs
            .current(found)
            .or_else(lingering)
            .ok_or_else(|| refusal(Code::NotNow, format!("`{process}` is not running: nobody would have the item in work")))
    }

    /// All items of a request are in the queue.
    pub(super) fn put_is_done(&mut self, pending: Pending, taken: u64) {
        self.answer(pending, Body::Ok(json!({"put": taken})));
    }

    /// The queue does not take what is left of a request.
    pub(super) fn put_is_refused(&mut self, pending: Pending, refused: &Offer) {
        let queue = &self.setup.plan.queues[refused.queue];
        let name = &queue.name;
        let state = if self.core.queue_view(refused.queue).abandoned { "abandoned" } else { "closed" };
        // It was never open, which is no surprise only to those who know why.
        let help =
            if queue.producers.is_empty() { format!(": write `produces: [{name}]` in the process that puts") } else { String::new() };
        let why = format!("the queue `{name}` is {state}{}{help}", of_all(refused));
        self.answer(pending, refusal(Code::Closed, why));
    }

    /// Hands an item to a request; false when nobody is there to take it.
    pub(super) fn get_is_done(&mut self, taker: TakerId, item: &Delivery) -> bool {
        let Some(get) = self.queues.gets.remove(taker) else { return false };
        let Some(payload) = self.queues.payload(item) else { return false };
        let text = ItemText::of(payload.bytes());
        let sent = self.answer(get.pending, Body::Ok(json!({"item": text, "number": item.item, "delivery": item.delivery})));
        if sent && !get.kept {
            self.queues.forget(item.queue, item.item);
        }
        sent
    }

    /// There is nothing more for a request.
    pub(super) fn get_is_ended(&mut self, taker: TakerId) {
        if let Some(get) = self.queues.gets.remove(taker) {
            let name = &self.setup.plan.queues[get.queue].name;
            let why = format!("the queue `{name}` has ended");
            self.answer(get.pending, refusal(Code::Closed, why));
        }
    }

    /// A client is gone: it offers nothing any more, and wants nothing.
    pub(super) fn give_up_requests_of(&mut self, client: ClientId) {
        if self.queues.requests_of(client) == 0 {
            return;
        }
        self.think();
        for offer in self.queues.offers.of_client(client) {
            self.give_up_offer(offer);
        }
        for taker in self.queues.gets.of_client(client) {
            self.give_up_get(taker);
        }
    }

    /// Ends what has waited long enough.
    pub(super) fn end_late_requests(&mut self, now: Instant) {
        if self.queues.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.think();
        for offer in self.queues.offers.late(now) {
            if let Some((pending, left)) = self.give_up_offer(offer) {
                let name = &self.setup.plan.queues[left.queue].name;
                let why = format!("the queue `{name}` had no room within the time given{}", of_all(&left));
                self.answer(pending, refusal(Code::Timeout, why));
            }
        }
        for taker in self.queues.gets.late(now) {
            if let Some(get) = self.give_up_get(taker) {
                let name = &self.setup.plan.queues[get.queue].name;
                let why = format!("the queue `{name}` had no item within the time given");
                self.answer(get.pending, refusal(Code::Timeout, why));
            }
        }
    }

    /// The run has ended: nothing is taken and handed any more.
    pub(super) fn refuse_requests(&mut self) {
        let puts = self.queues.offers.of_clients();
        let puts: Vec<Pending> = puts.into_iter().filter_map(|offer| self.give_up_offer(offer)).map(|(pending, _)| pending).collect();
        let gets = self.queues.gets.all();
        let gets: Vec<Pending> = gets.into_iter().filter_map(|taker| self.give_up_get(taker)).map(|get| get.pending).collect();
        for pending in puts.into_iter().chain(gets) {
            self.answer(pending, refusal(Code::Ending, "the run has ended"));
        }
    }

    fn give_up_offer(&mut self, offer: OfferId) -> Option<(Pending, Offer)> {
        self.inputs.push_back(Input::OfferOver { offer });
        let left = self.queues.offers.remove(offer)?;
        if let Origin::Request { pending, .. } = left.origin { Some((pending, left)) } else { None }
    }

    fn give_up_get(&mut self, taker: TakerId) -> Option<Get> {
        self.inputs.push_back(Input::TakerOver { taker, back: Vec::new() });
        self.queues.gets.remove(taker)
    }
}

/// `; 2 of 3 items were taken`, unless there was only one.
fn of_all(offer: &Offer) -> String {
    let all = offer.taken + offer.left.len() as u64;
    if all == 1 { String::new() } else { format!("; {} of {all} items were taken", offer.taken) }
}

fn counts(view: &QueueView) -> Value {
    let QueueView { waiting, in_work, taken, set_aside, closed, abandoned } = *view;
    json!({"waiting": waiting, "in_work": in_work, "taken": taken, "set_aside": set_aside, "closed": closed, "abandoned": abandoned})
}

fn payloads(items: &[ItemText]) -> Result<VecDeque<Payload>, Body> {
    if items.is_empty() {
        return Err(refusal(Code::BadRequest, "`items` is empty"));
    }
    let one = |(number, item): (usize, &ItemText)| {
        let bytes = item.bytes().ok_or_else(|| refusal(Code::BadRequest, format!("item {number} is not in base64")))?;
        if bytes.len() > MAX_ITEM {
            return Err(refusal(Code::BadRequest, format!("item {number} has {} bytes; {MAX_ITEM} are allowed", bytes.len())));
        }
        if bytes.contains(&b'\n') {
            return Err(refusal(Code::BadRequest, format!("item {number} has a line break in it")));
        }
        Ok(Payload::of(&bytes))
    };
    items.iter().enumerate().map(one).collect()
}
