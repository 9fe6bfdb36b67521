//! `sleep`: does nothing for a while.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, Definition, Task, TaskError};
use crate::mapping;
use crate::source::model::Period;
use crate::source::read::{Mapping as _, Tmpl};

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
        let args = SleepArgs::read_entries(entries, reader);
        let Period(duration) = reader.require(&args.duration, "duration", place)?;
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
