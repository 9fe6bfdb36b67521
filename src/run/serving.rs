//! The control socket within the loop: opened before anything starts, looked at in each turn, closed when
//! all is told.
//!
//! Clients never hold up the run: what they ask is taken a fair part at a time, and at the end of the run they
//! have a moment to take what is still on its way to them.

use std::io;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::runner::Runner;
use super::server::{News, Server, refusal};
use super::waits::Interest;
use crate::control::message::{Body, Code};
use crate::notice::{Event, Notice};

/// How long the end of the run waits for clients that have not taken everything.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Runner<'_> {
    /// Opens the control socket. A run without one goes on, and says so, unless nobody could ever reach it.
    pub(super) fn open_server(&mut self) -> io::Result<()> {
        let Some(about) = &self.setup.about else { return Ok(()) };
        match Server::open(about, &self.setup.poller) {
            Ok(server) => {
                self.setup.environment.set_control(&server.place().socket(), &server.key().hex());
                self.server = Some(server);
            }
            Err(why) if about.is_in_background() => return Err(io::Error::other(why)),
            Err(why) => {
                let message = format!("`flowrun status`, `stop` and the like cannot reach this run: {why}");
                self.tell_now(Event::Warning { process: None, message });
            }
        }
        Ok(())
    }

    /// Whether clients have something to be done at once.
    pub(super) fn clients_wait(&self) -> bool {
        self.server.as_ref().is_some_and(Server::has_pending)
    }

    /// How long until something is to be done for clients by itself.
    pub(super) fn clients_deadline(&self) -> Option<Duration> {
        let moments =
            self.server.as_ref().and_then(Server::deadline).into_iter().chain(self.waits.deadline()).chain(self.queues.deadline());
        moments.min().map(|moment| moment.saturating_duration_since(Instant::now()))
    }

    /// Takes a fair part of what clients ask, and does it.
    pub(super) fn serve_clients(&mut self) {
        let Some(server) = &mut self.server else { return };
        if !server.has_pending() && server.deadline().is_none() && self.waits.deadline().is_none() && self.queues.deadline().is_none() {
            return;
        }
        let now = Instant::now();
        for news in server.turn(&self.setup.poller, now) {
            match news {
                News::Asked(asked) => self.carry_out(asked),
                News::Gone(client) => self.client_gone(client),
            }
        }
        for late in self.waits.take_late(now) {
            self.answer(late, refusal(Code::Timeout, "it has not ended within the time given"));
        }
        self.end_late_requests(now);
    }

    /// Tells the audience, and the clients whom it concerns: the one place where notices leave the runner.
    pub(super) fn tell_everybody(&mut self, mut notice: Notice) {
        notice.event.hide(&self.secrets.hidden().borrow());
        if !self.waits.followers().is_empty() {
            self.tell_followers(&notice);
        }
        self.print_for_followers(&notice);
        let ended = match &notice.event {
            Event::Ended { .. } => Some(None),
            Event::RunEnded { summary } => Some(Some(summary.clone())),
            _ => None,
        };
        self.setup.audience.tell(notice);
        match ended {
            None => {}
            Some(None) => self.answer_ended(),
            Some(Some(summary)) => {
                let status = self.setup.audience.exit_status(&summary);
                self.answer_all(&json!({"summary": summary, "status": status}));
            }
        }
    }

    fn tell_followers(&mut self, notice: &Notice) {
        let output = match &notice.event {
            Event::Output { process, stream, lines } => {
                let name = &self.setup.plan.processes[*process].name;
                Some((*process, json!({"process": name, "stream": stream, "lines": String::from_utf8_lossy(lines)})))
            }
            _ => None,
        };
        for (pending, interest) in self.waits.followers().to_vec() {
            match (interest, &output) {
                (Interest::All, _) => {
                    let event = serde_json::to_value(notice).unwrap_or_default();
                    self.answer(pending, Body::Event(event));
                }
                (Interest::Output(processes), Some((process, event))) if processes.contains(process) => {
                    self.answer(pending, Body::Event(event.clone()));
                }
                (Interest::Output(_), _) => {}
            }
        }
    }

    /// The run has ended: everybody who waits for that is answered.
    fn answer_all(&mut self, end: &Value) {
        self.refuse_requests();
        let (ends, followers) = self.waits.take_all();
        let followers = followers.into_iter().chain(self.printers.take_all());
        for pending in ends.into_iter().chain(followers) {
            self.answer(pending, Body::Ok(end.clone()));
        }
    }

    /// Gives clients a moment to take what is on its way to them, and takes the socket away.
    pub(super) fn part_from_clients(&mut self) -> io::Result<()> {
        let until = Instant::now() + LAST_WORDS;
        while let Some(server) = &mut self.server
            && server.has_backlog()
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            self.setup.poller.wait(Some(left), &mut self.keys)?;
            self.keys.clear();
            server.flush(&self.setup.poller);
        }
        self.server = None;
        Ok(())
    }
}
