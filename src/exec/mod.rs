//! How a job comes alive: one file for each way.
//!
//! Knows the plan's `Work` and the system; nothing of what is decided or of who is told.

pub mod command;
pub mod environment;
pub mod outputs;
mod streams;
pub mod task;
