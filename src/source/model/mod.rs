//! The types of a workflow as it is written: one file for each setting with a form of its own.

pub mod command;
pub mod endpoint;
pub mod http;
pub mod io;
pub mod join;
pub mod matrix;
pub mod names;
pub mod path;
pub mod process;
pub mod ready;
pub mod request;
pub mod restart;
pub mod retries;
pub mod scalars;
pub mod step;
pub mod stop;
pub mod umask;
pub mod workflow;

pub use command::{Command, Shell};
pub use endpoint::Endpoint;
pub use io::{Sink, Stdin, Stdout};
pub use join::{Condition, Join, JoinEntry, OnTimeout};
pub use matrix::Matrix;
pub use names::{EnvName, Name};
pub use path::PathText;
pub use process::Process;
pub use ready::{Live, Ready};
pub use request::{Amount, LockRequest, Mode, SemaphoreRequest};
pub use restart::{Restart, RestartPolicy};
pub use retries::{Backoff, Retries};
pub use scalars::{Delay, JobLimit, Leftovers, OnFailure, Period, ScalarText, SignalName};
pub use step::Step;
pub use stop::{Stop, StopWhen};
pub use umask::{Bits, Umask};
pub use workflow::{Scope, Workflow};
