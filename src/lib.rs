//! flowrun runs the processes that a YAML workflow names.
//!
//! The layers, each using only those above it: [`base`], [`source`] (text to `Workflow`) and so on.

pub mod base;
pub mod source;
pub mod task;
