//! The words that a run and those who ask it speak over its control socket, and the asking side.
//!
//! One JSON object a line, both ways. The run greets with a challenge, the client proves that it knows
//! the run's key, then each request has a number and gets one answer with the same number; some requests
//! bring events before it. Knows nothing of what requests do: that is the run's.

pub mod auth;
pub mod client;
pub mod frame;
pub mod message;
pub mod place;
pub mod record;
