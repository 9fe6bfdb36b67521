//! `sleep`: does nothing for a while.
//!
//! Sleeps on the cancel flag, so that a stop wakes it at once. The time is the machine's own: it goes on
//! while the run is suspended.

use std::sync::Arc;
use std::time::Duration;

use super::args::Given;
use super::{Context, Definition, Task, TaskError};
use crate::mapping;
use crate::source::model::Period;
use crate::source::read::Tmpl;

mapping! {
    /// Arguments of `sleep`.
    pub struct SleepArgs as "the task `sleep`" {
        /// How long.
        duration: Tmpl<Period>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "sleep",
    summary: "Does nothing for a while.",
    example: "task: sleep\nwith: {duration: 3s}",
    schema: |generator| generator.subschema_for::<SleepArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<SleepArgs>(entries, place, reader);
        let duration = given.require(&args.duration, "duration", reader);
        given.accepted(reader)?;
        let Period(duration) = duration?;
        Some(Arc::new(Sleep { duration }))
    },
};

#[derive(Debug)]
struct Sleep {
    duration: Duration,
}

impl Task for Sleep {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        context.cancel.sleep(self.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::super::TaskError;
    use super::super::testing::{Bench, refused};

    #[test]
    fn it_ends_by_itself_or_by_a_cancel() {
        let bench = Bench::new();
        assert_eq!(bench.ok("sleep", "duration: 1ms"), "");
        bench.cancel.cancel();
        assert!(matches!(bench.run("sleep", "duration: 2h").0, Err(TaskError::Cancelled)));
    }

    #[test]
    fn wrong_arguments_are_refused_once() {
        assert_eq!(refused("sleep", ""), "`duration` is missing | add `duration: …` to `with`");
        assert_eq!(refused("sleep", "duration: 1:30"), "`1:30` is clock notation | for minutes and seconds write `1m30s`");
        assert_eq!(refused("sleep", "seconds: 3"), "`seconds` is not a key of the task `sleep` | its only key is `duration`");
    }
}
