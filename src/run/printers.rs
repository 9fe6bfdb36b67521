//! Clients that want to read what happens as people do, and not as data.
//!
//! The words are made here, in the run, since only it knows all that they are about; the price is that each such
//! client costs the loop as much as another reporter would. What the words are is the audience's.

use serde_json::{Value, json};

use super::audience::Printer;
use super::runner::Runner;
use super::server::ClientId;
use super::waits::Pending;
use crate::control::message::{Body, Lines};
use crate::notice::Notice;

/// Those who read.
#[derive(Default)]
pub struct Printers(Vec<(Pending, Box<dyn Printer>)>);

impl Printers {
    /// How many requests of a client are open.
    pub fn requests_of(&self, client: ClientId) -> usize {
        self.0.iter().filter(|(pending, _)| pending.client == client).count()
    }

    /// A client is gone.
    pub fn forget(&mut self, client: ClientId) {
        self.0.retain(|(pending, _)| pending.client != client);
    }

    /// Takes everybody out.
    pub fn take_all(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.0).into_iter().map(|(pending, _)| pending).collect()
    }
}

impl Runner<'_> {
    /// A client wants to read what happens from now on.
    pub(super) fn print_for_client(&mut self, pending: Pending, lines: &Lines) -> Option<Value> {
        self.printers.0.push((pending, self.setup.audience.printer(lines)));
        None
    }

    /// Tells them in words.
    pub(super) fn print_for_followers(&mut self, notice: &Notice) {
        let mut printers = std::mem::take(&mut self.printers);
        for (pending, printer) in &mut printers.0 {
            for (stream, bytes) in printer.print(notice) {
                self.answer(*pending, Body::Event(json!({"stream": stream, "lines": String::from_utf8_lossy(&bytes)})));
            }
        }
        self.printers = printers;
    }
}
