//! Placeholder.
use super::Definition;
pub(super) const DEFINITION: Definition =
    Definition { name: "assert", summary: "", example: "", schema: |_| schemars::Schema::default(), build: |_, _, _| None };
