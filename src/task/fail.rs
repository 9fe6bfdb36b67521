//! `fail`: fails with a message.
//!
//! For the branch of a workflow that must not be reached, and for trying out what a failure does.

use std::sync::Arc;

use schemars::{Schema, json_schema};

use super::args::Given;
use super::{Context, Definition, Task, TaskError};
use crate::mapping;
use crate::source::read::{Scalar, Tmpl};

mapping! {
    /// Arguments of `fail`.
    pub struct FailArgs as "the task `fail`" {
        /// Why, for people.
        message: Tmpl<String>,
        /// The exit code, from 1 to 255; default 1.
        code: Tmpl<ExitCode>,
    }
}

/// An exit code that means failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExitCode(u8);

impl Scalar for ExitCode {
    const EXPECTED: &'static str = "an exit code from 1 to 255";
    const PLAIN_ONLY: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(0) | Err(_) => Err(format!("`{text}` is not the exit code of a failure; write a number from 1 to 255")),
            Ok(code) => Ok(Self(code)),
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 255 })
    }
}

pub(super) const DEFINITION: Definition = Definition {
    name: "fail",
    summary: "Fails with a message and an exit code.",
    example: "task: fail\nwith: {message: \"no tickets left\", code: 3}",
    schema: |generator| generator.subschema_for::<FailArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<FailArgs>(entries, place, reader);
        given.accepted(reader)?;
        let message = args.message.known().unwrap_or_else(|| "the task `fail` was reached".to_owned());
        let ExitCode(code) = args.code.known().unwrap_or(ExitCode(1));
        Some(Arc::new(Fail { message, code }))
    },
};

#[derive(Debug)]
struct Fail {
    message: String,
    code: u8,
}

impl Task for Fail {
    fn run(&self, _: &mut Context<'_>) -> Result<(), TaskError> {
        Err(TaskError::Failed { message: self.message.clone(), code: i32::from(self.code) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::TaskError;
    use super::super::testing::{Bench, refused};

    #[test]
    fn message_and_code_are_handed_on() {
        let run = |with: &str| match Bench::new().run("fail", with) {
            (Err(TaskError::Failed { message, code }), output) if output.is_empty() => (message, code),
            other => panic!("{other:?}"),
        };
        assert_eq!(run("message: sold out"), ("sold out".to_owned(), 1));
        assert_eq!(run("{message: sold out, code: 255}"), ("sold out".to_owned(), 255));
        assert_eq!(run("code: ${{ 7 }}").1, 7);
        assert_eq!(run("").0, "the task `fail` was reached");
    }

    #[test]
    fn codes_outside_the_range_are_refused() {
        for code in ["0", "256", "-1", "x", "1.5"] {
            let expected = format!("`{code}` is not the exit code of a failure | write a number from 1 to 255");
            assert_eq!(refused("fail", &format!("code: {code}")), expected);
        }
    }
}
