//! The pure core: decides what starts, waits, stops and has ended.
//!
//! Inputs go in, effects and notices come out; time is an argument. Knows no clocks, files, threads,
//! randomness or hash order: the same inputs give the same outputs. A process's failure is data in a
//! notice, never an error. A step costs what it changes: joins are counted down, never searched.

mod attempts;
mod closing;
mod ending;
mod groups;
mod holders;
mod host;
mod inputs;
mod joins;
mod levels;
mod lifelong;
mod locks;
mod probes;
mod protocol;
mod queueing;
mod queues;
mod readiness;
mod refused;
mod restart;
mod retry;
mod rings;
mod room;
mod scheduler;
mod sections;
mod slots;
mod state;
mod stopping;
mod suspension;
mod timers;
mod unused;
mod waits;
mod workers;

pub use protocol::{Delivery, Effect, Input, Outbox, SectionAsk, Settings};
pub use queues::QueueView;
pub use refused::{Link, Obstacle, Refused};
pub use scheduler::Scheduler;
