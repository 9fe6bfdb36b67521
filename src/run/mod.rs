//! The loop: performs what the core decides and brings it the news.
//!
//! One thread, readiness from the kernel. In each turn signals, messages of tasks, output, exits and
//! timers are gathered in this order; output is read before an exit is told. What blocks runs on helper
//! threads and posts into the same inbox. Decides nothing; knows nothing of how notices are shown.

mod accepting;
mod audience;
mod clock;
mod connection;
pub mod dry;
mod endings;
mod finish;
mod host_locks;
mod inbox;
mod jobs;
mod keys;
mod leftovers;
mod lines;
mod lingering;
mod listeners;
mod orphans;
mod outputs;
mod patience;
mod pipes;
mod printers;
mod probes;
mod probing;
mod queue_requests;
mod queues;
mod refusals;
mod requests;
mod runner;
mod secrets;
mod sections;
mod server;
mod serving;
mod starting;
mod stopping;
mod suspension;
mod terminals;
mod ties;
mod waits;
mod wishes;

pub use audience::{Audience, Printer};
pub use clock::RunClock;
pub use runner::{Ended, Setup, run};
