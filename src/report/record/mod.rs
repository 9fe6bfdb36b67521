//! What a run was: recorded while it goes on, told when it is over.
//!
//! [`Recorder`] takes notices and makes a [`Report`] of them: plain data, versioned, the same for every format. Knows
//! nothing of formats and files. Memory is bounded: of a process the first and the last attempts are kept (ten in
//! all), of a lock or semaphore the first thousand uses, of a failure the last lines; what is left out is counted.

mod attempts;
mod context;
mod critical;
mod inner_waits;
mod inputs;
mod joins;
pub mod model;
mod pieces;
mod producers;
mod queues;
mod reasons;
mod recorder;
mod uses;

pub use context::Context;
pub use model::Report;
pub use recorder::Recorder;

#[cfg(test)]
pub(in crate::report) mod testing;
