//! `print`: writes a line.
//!
//! The whole message goes out in one piece, so that no other output stands inside it. A message that
//! already ends with a line break, as a block text does, gets no second one.

use std::sync::Arc;

use super::args::{Given, print_line};
use super::{Context, Definition, Task, TaskError};
use crate::mapping;
use crate::source::read::Tmpl;

mapping! {
    /// Arguments of `print`.
    pub struct PrintArgs as "the task `print`" {
        /// The text to print; a line break is added if it does not end with one.
        message: Tmpl<String>,
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "print",
    summary: "Prints a message to its standard output.",
    example: "task: print\nwith: {message: \"All tickets are sold\"}",
    schema: |generator| generator.subschema_for::<PrintArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<PrintArgs>(entries, place, reader);
        let message = given.require(&args.message, "message", reader);
        given.accepted(reader)?;
        Some(Arc::new(Print { message: message? }))
    },
};

#[derive(Debug)]
struct Print {
    message: String,
}

impl Task for Print {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        print_line(context.output, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, refused};

    #[test]
    fn a_line_break_is_added_once() {
        let bench = Bench::new();
        assert_eq!(bench.ok("print", "message: hello"), "hello\n");
        assert_eq!(bench.ok("print", "message: 3"), "3\n");
        assert_eq!(bench.ok("print", "message: \"\""), "\n");
        assert_eq!(bench.ok("print", "message: |\n  one\n  two"), "one\ntwo\n");
        assert_eq!(bench.ok("print", "message: sold ${{ 5 }} tickets"), "sold 5 tickets\n");
    }

    #[test]
    fn wrong_arguments_are_refused_once() {
        assert_eq!(refused("print", ""), "`message` is missing | add `message: …` to `with`");
        assert_eq!(refused("print", "message:"), "`message` is missing | add `message: …` to `with`");
        assert_eq!(refused("print", "mesage: x"), "`mesage` is not a key of the task `print` | did you mean `message`?");
    }
}
