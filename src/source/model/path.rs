//! Paths in values.

use schemars::{Schema, json_schema};

use crate::source::read::Scalar;

/// A path as it was written: not empty, and without a `~` that only a shell would replace.
#[derive(Clone, Debug, PartialEq)]
pub struct PathText(pub String);

impl Scalar for PathText {
    const EXPECTED: &'static str = "a path";
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the path is empty; write a path".to_owned());
        }
        if let Some(rest) = text.strip_prefix("~/") {
            return Err(format!("`~` is not replaced here; write `${{{{ env.HOME }}}}/{rest}`, or `./{text}` for a folder named `~`"));
        }
        String::parse(text).map(Self)
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "minLength": 1 })
    }
}
