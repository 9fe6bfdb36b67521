//! What clients of the control socket ask for, and their answers: one arm for each request.
//!
//! What the core has to decide becomes an input of it; what is only asked is answered from what the audience
//! was told. Nothing in here waits: an answer that comes later is kept in [`super::waits`].

use std::sync::Arc;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::patience::until;
use super::runner::Runner;
use super::sections::Wish;
use super::server::{Asked, ClientId, refusal};
use super::waits::{EndWait, Interest, Pending};
use crate::base::ids::ProcessId;
use crate::base::suggest;
use crate::control::message::{Body, Code, Request};
use crate::io::reap;
use crate::sched::Input;

/// The most requests of one client that may be open at once.
const MOST_OPEN: usize = 16;
/// The largest signal number of the system.
const LAST_SIGNAL: i32 = 64;

impl Runner<'_> {
    /// Does what a client asks for, or begins to.
    pub(super) fn carry_out(&mut self, asked: Asked) {
        let pending = Pending { client: asked.client, id: asked.id };
        let over = self.core.summary().is_some();
        let answer = match asked.request {
            // Every process has its outcome; only the last output is on its way.
            Request::Stop { .. } | Request::Restart { .. } | Request::Signal { .. } | Request::Lock { .. } if over => Err(ending()),
            Request::Put { .. } | Request::Get { .. } | Request::Done { .. } | Request::Close { .. } if over => Err(ending()),
            ref request if may_wait(request) && self.open_requests(asked.client) >= MOST_OPEN => Err(refusal(
                Code::NotNow,
                format!("{MOST_OPEN} requests of this client wait already, or hold locks; wait for an answer before you ask for more"),
            )),
            Request::Status => Ok(Some(self.status())),
            Request::Logs { process, follow, last } => self.logs(pending, process.as_deref(), follow, last),
            Request::Attach { lines: None } => Ok(self.attach(pending)),
            Request::Attach { lines: Some(lines) } => Ok(self.print_for_client(pending, &lines)),
            Request::Stop { process: None } => Ok(Some(self.stop_run_for_client())),
            Request::Stop { process: Some(name) } => self.stop_for_client(&name),
            Request::Restart { process } => self.restart_for_client(&process),
            Request::Signal { process, signal } => self.signal_for_client(&process, signal),
            Request::Put { .. } | Request::Get { .. } | Request::Done { .. } | Request::Len { .. } | Request::Close { .. } => {
                self.ask_queue(asked)
            }
            Request::Lock { names, shared, permits, timeout, within } => {
                let wish = Wish { names: &names, shared, permits, timeout, within: &within };
                self.lock_for_client(pending, asked.process.as_deref(), &wish)
            }
            Request::Unlock { request } => self.unlock_for_client(pending, request),
            Request::Wait { process, timeout } => self.wait_for_client(pending, process.as_deref(), timeout),
        };
        let body = match answer {
            Ok(Some(value)) => Body::Ok(value),
            Ok(None) => return,
            Err(refused) => refused,
        };
        self.answer(pending, body);
    }

    /// How many requests of a client wait for an answer, or for the end of what they were granted.
    fn open_requests(&self, client: ClientId) -> usize {
        self.waits.requests_of(client)
            + self.printers.requests_of(client)
            + self.sections.requests_of(client)
            + self.queues.requests_of(client)
    }

    /// A client is gone: nothing is kept for it.
    pub(super) fn client_gone(&mut self, client: ClientId) {
        self.waits.forget(client);
        self.printers.forget(client);
        self.sections_of_client_over(client);
        self.give_up_requests_of(client);
    }

    /// How things stand: what the audience was told, and the queues.
    fn status(&self) -> Value {
        let mut status = self.setup.audience.status(self.setup.clock.now());
        if let Value::Object(whole) = &mut status {
            whole.insert("queues".to_owned(), self.queues_status().into());
        }
        status
    }

    /// The processes of a name; one with copies stands for all of them.
    fn called(&self, name: &str) -> Result<Vec<ProcessId>, Body> {
        let plan = &self.setup.plan;
        let found: Vec<ProcessId> = plan.named(name).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let names = plan.processes.iter().flat_map(|process| [process.declared.as_str(), process.name.as_str()]);
        let help = suggest::hint(name, names);
        Err(refusal(Code::Unknown, format!("the run has no process `{name}`{help}")))
    }

    fn called_or_all(&self, name: Option<&str>) -> Result<Vec<ProcessId>, Body> {
        name.map_or_else(|| Ok(self.setup.plan.processes.ids().collect()), |name| self.called(name))
    }

    fn logs(&mut self, pending: Pending, name: Option<&str>, follow: bool, last: Option<u32>) -> Result<Option<Value>, Body> {
        let processes = self.called_or_all(name)?;
        let plan = Arc::clone(&self.setup.plan);
        let most = last.map_or(usize::MAX, |last| usize::try_from(last).unwrap_or(usize::MAX));
        for process in &processes {
            let lines = self.setup.audience.last_lines(*process, most);
            if !lines.is_empty() {
                let event = json!({"process": plan.processes[*process].name, "lines": String::from_utf8_lossy(&lines)});
                self.answer(pending, Body::Event(event));
            }
        }
        if !follow {
            return Ok(Some(Value::Null));
        }
        self.waits.add_follower(pending, Interest::Output(processes));
        Ok(None)
    }

    /// The names come first: notices have numbers in their place.
    fn attach(&mut self, pending: Pending) -> Option<Value> {
        let plan = &self.setup.plan;
        let processes: Vec<&str> = plan.processes.iter().map(|process| process.name.as_str()).collect();
        let resources: Vec<&str> = plan.resources.iter().map(|resource| resource.name.as_str()).collect();
        let queues: Vec<&str> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
        let names = json!({"event": "names", "processes": processes, "resources": resources, "queues": queues});
        self.answer(pending, Body::Event(names));
        self.waits.add_follower(pending, Interest::All);
        None
    }

    /// As a first SIGTERM to flowrun; asking again, or after a signal, is no second one.
    fn stop_run_for_client(&mut self) -> Value {
        if !std::mem::replace(&mut self.asked_to_stop, true) {
            self.inputs.push_back(Input::Interrupt { signal: Signal::SIGTERM as i32, at_once: false });
        }
        Value::Null
    }

    fn stop_for_client(&mut self, name: &str) -> Result<Option<Value>, Body> {
        let processes = self.called(name)?;
        self.inputs.extend(processes.into_iter().map(|process| Input::StopProcess { process }));
        Ok(Some(Value::Null))
    }

    fn restart_for_client(&mut self, name: &str) -> Result<Option<Value>, Body> {
        let mut processes = self.called(name)?;
        processes.retain(|process| self.core.can_restart(*process));
        if processes.is_empty() {
            return Err(refusal(Code::NotNow, self.why_no_restart(name)));
        }
        self.inputs.extend(processes.into_iter().map(|process| Input::RestartProcess { process }));
        Ok(Some(Value::Null))
    }

    /// Why no process of this name can be begun anew.
    fn why_no_restart(&self, name: &str) -> String {
        let plan = &self.setup.plan;
        let processes: Vec<ProcessId> = plan.named(name).collect();
        if plan.chains().iter().flatten().any(|id| processes.contains(id)) {
            return format!("`{name}` is one of a pipe: those begin together and only once");
        }
        if processes.iter().all(|id| self.handle.is_over(*id)) {
            return format!("`{name}` has ended, and nothing begins it again in this run");
        }
        let now = self.setup.clock.now();
        let runs = |state: &Value| ["running", "ready"].iter().any(|word| state == word);
        let states: Vec<Value> = processes.iter().map(|id| self.setup.audience.status_of(*id, now)["state"].take()).collect();
        if states.iter().any(runs) {
            return format!("the run is ending, or nothing uses `{name}` any more: it is not begun anew");
        }
        let state = states.iter().find_map(Value::as_str).unwrap_or("waiting");
        format!("`{name}` is not running (it is {state}); only what runs can be begun anew")
    }

    fn signal_for_client(&mut self, name: &str, signal: i32) -> Result<Option<Value>, Body> {
        if !(1..=LAST_SIGNAL).contains(&signal) {
            return Err(refusal(Code::BadRequest, format!("there is no signal {signal}; give a number from 1 to {LAST_SIGNAL}")));
        }
        let processes = self.called(name)?;
        let leaders: Vec<u32> = self.jobs.steps().filter(|(job, _)| processes.contains(&job.process)).map(|(_, pid)| pid).collect();
        if leaders.is_empty() {
            return Err(refusal(Code::NotNow, format!("no command of `{name}` is running")));
        }
        leaders.iter().for_each(|leader| reap::signal_group(*leader, signal));
        Ok(Some(json!({"signalled": leaders})))
    }

    fn wait_for_client(&mut self, pending: Pending, name: Option<&str>, timeout: Option<f64>) -> Result<Option<Value>, Body> {
        let processes = name.map(|name| self.called(name)).transpose()?;
        let until = until(timeout)?;
        self.waits.add_end(EndWait { pending, processes, until });
        self.answer_ended();
        Ok(None)
    }

    /// Answers those that wait for processes that have ended.
    pub(super) fn answer_ended(&mut self) {
        let handle = Arc::clone(&self.handle);
        for wait in self.waits.take_ended(|process| handle.is_over(process)) {
            let now = self.setup.clock.now();
            let rows: Vec<Value> = wait.processes.iter().flatten().map(|process| self.setup.audience.status_of(*process, now)).collect();
            self.answer(wait.pending, Body::Ok(json!({"processes": rows})));
        }
    }

    /// Sends an answer, or an event on the way to it; false when nobody is there to take it.
    pub(super) fn answer(&mut self, to: Pending, body: Body) -> bool {
        self.server.as_mut().is_some_and(|server| server.answer(to.client, to.id, body, &self.setup.poller))
    }
}

/// Whether the answer to a request may come later.
fn may_wait(request: &Request) -> bool {
    match request {
        Request::Put { .. } | Request::Get { .. } | Request::Lock { .. } | Request::Wait { .. } | Request::Attach { .. } => true,
        Request::Logs { follow, .. } => *follow,
        Request::Status
        | Request::Stop { .. }
        | Request::Restart { .. }
        | Request::Signal { .. }
        | Request::Done { .. }
        | Request::Len { .. }
        | Request::Close { .. }
        | Request::Unlock { .. } => false,
    }
}

fn ending() -> Body {
    refusal(Code::Ending, "the run has ended")
}
