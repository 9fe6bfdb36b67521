//! flowrun runs the processes that a YAML workflow names.
//!
//! Text becomes a `Workflow` ([`source`]), a `Workflow` becomes a `Plan` ([`plan`]), a pure scheduler
//! ([`sched`]) turns inputs into effects and notices, one loop ([`run`]) performs the effects and brings
//! the inputs, reporters ([`report`]) read the notices. Layers, each using only those before it: `base`,
//! `source`, `notice`, `io`, `task`, `plan`, `sched`, `exec`, `ready`, `control`, `run`, `report`, `cli`.

pub mod base;
pub mod cli;
pub mod control;
pub mod exec;
pub mod io;
pub mod notice;
pub mod plan;
pub mod ready;
pub mod report;
pub mod run;
pub mod sched;
pub mod source;
pub mod task;
