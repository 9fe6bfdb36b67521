//! flowrun runs the processes that a YAML workflow names.

pub mod base;
pub mod notice;
pub mod plan;
pub mod report;
pub mod source;
pub mod task;
