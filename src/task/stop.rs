//! Placeholder.
use super::Definition;
pub(super) const DEFINITION: Definition =
    Definition { name: "stop", summary: "", example: "", schema: |_| schemars::Schema::default(), build: |_, _, _| None };
