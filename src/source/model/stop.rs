//! `stop`: how a process is asked to end.

use super::command::Command;
use super::scalars::{Period, SignalName, words};
use crate::source::read::Tmpl;

words! {
    /// When a daemon is stopped.
    StopWhen as "a moment for stopping a daemon" {
        /// When the last finite process has ended.
        #[default]
        End = "end",
        /// As soon as all that join it have ended.
        Unused = "unused",
    }
}

crate::mapping! {
    /// How a process is asked to end; after `grace` its whole group is killed.
    pub struct Stop as "`stop`" {
        /// The signal that asks it to end; default `SIGTERM`.
        signal: Tmpl<SignalName>,
        /// Time it has to end before it is killed; default 10 seconds.
        grace: Tmpl<Period>,
        /// A command that is run first; the signal is sent when it has ended.
        command: Command,
        /// Daemons: `end` (default) with the end of all work, `unused` as soon as all that join it have ended.
        when: Tmpl<StopWhen>,
    }
}
