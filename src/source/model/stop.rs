//! `stop`: how a process is asked to end.

use super::command::Command;
use super::scalars::{Period, SignalName};
use crate::source::read::Tmpl;

crate::mapping! {
    /// How a process is asked to end; after `grace` its whole group is killed.
    pub struct Stop as "`stop`" {
        /// The signal that asks it to end; default `SIGTERM`.
        signal: Tmpl<SignalName>,
        /// Time it has to end before it is killed; default 10 seconds.
        grace: Tmpl<Period>,
        /// A command that is run first; the signal is sent when it has ended.
        command: Command,
    }
}
