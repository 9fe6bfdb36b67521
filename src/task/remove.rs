//! Placeholder.
use super::Definition;
pub(super) const DEFINITION: Definition =
    Definition { name: "remove", summary: "", example: "", schema: |_| schemars::Schema::default(), build: |_, _, _| None };
