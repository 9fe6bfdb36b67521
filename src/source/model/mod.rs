//! The types of a workflow as it is written: one file for each setting with a form of its own.

pub mod command;
pub mod io;
pub mod join;
pub mod matrix;
pub mod names;
pub mod process;
pub mod request;
pub mod retries;
pub mod scalars;
pub mod step;
pub mod stop;
pub mod umask;
pub mod workflow;

pub use command::{Command, Shell};
pub use io::{Sink, Stdin, Stdout};
pub use join::{Condition, Join, JoinEntry, OnTimeout};
pub use matrix::Matrix;
pub use names::{EnvName, Name};
pub use process::Process;
pub use request::{Amount, LockRequest, Mode, SemaphoreRequest};
pub use retries::{Backoff, Retries};
pub use scalars::{JobLimit, OnFailure, Period, ScalarText, SignalName};
pub use step::Step;
pub use stop::Stop;
pub use umask::{Bits, Umask};
pub use workflow::Workflow;
