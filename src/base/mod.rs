//! What every layer speaks: addresses, places in a text, ids, run time, durations, names, diagnostics, secrets, escape
//! sequences.
//!
//! Knows nothing of workflows, files or processes.

pub mod address;
pub mod base64;
pub mod diagnostic;
pub mod duration;
pub mod escape;
pub mod host_name;
pub mod ids;
pub mod pattern;
pub mod secret;
pub mod span;
pub mod suggest;
pub mod time;
