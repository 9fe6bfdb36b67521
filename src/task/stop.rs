//! `stop`: asks for processes to be stopped.
//!
//! Returns at once, as sending a signal does: `task: wait` with `process` waits for the end.

use std::sync::Arc;

use super::args::Given;
use super::{Context, Definition, Task, TaskError};
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::read::{OneOrMany, Tmpl};

mapping! {
    /// Arguments of `stop`.
    pub struct StopArgs as "the task `stop`" {
        /// A process, or a list of them; a name with replicas means all, `"buyer[3]"` one.
        process: OneOrMany<Tmpl<String>>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "stop",
    summary: "Asks for other processes of the workflow to be stopped, as their `stop` says, and does not wait for their end.",
    example: "task: stop\nwith: {process: heartbeat}",
    schema: |generator| generator.subschema_for::<StopArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<StopArgs>(entries, place, reader);
        given.require_some(&args.process, "process", reader);
        given.accepted(reader)?;
        let named = args.process.value()?.0.iter().map(|name| match &name.value {
            Tmpl::Known(text) => Some(Spanned::new(text.clone(), name.span)),
            Tmpl::Expression(_) => None,
        });
        Some(Arc::new(Stop { processes: named.collect::<Option<_>>()? }))
    },
};

#[derive(Debug)]
struct Stop {
    processes: Vec<Spanned<String>>,
}

impl Task for Stop {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for process in &self.processes {
            context.run.stop(&process.value);
        }
        Ok(())
    }

    fn mentions(&self) -> Vec<Spanned<String>> {
        self.processes.clone()
    }

    fn stops(&self) -> Vec<Spanned<String>> {
        self.processes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, build, refused};

    #[test]
    fn each_process_is_asked_to_stop() {
        let bench = Bench::new();
        bench.ok("stop", "process: heartbeat");
        bench.ok("stop", "process: [a, \"buyer[3]\", \"${{ b }}\"]");
        assert_eq!(*bench.stopped.lock().unwrap(), ["heartbeat", "a", "buyer[3]", "b"]);
    }

    #[test]
    fn names_are_mentioned_with_their_places() {
        let mentions = build("stop", "process: [a, b]").unwrap().mentions();
        let names: Vec<&str> = mentions.iter().map(|name| name.value.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(mentions[0].span.end <= mentions[1].span.start);
    }

    #[test]
    fn a_name_is_required() {
        assert_eq!(refused("stop", ""), "`process` is missing | add `process: …` to `with`");
        assert_eq!(refused("stop", "process: []"), "`process` is an empty list | write one value, or a list of them");
    }
}
