//! `queues`, and `for_each`: a process that runs once for each item of one.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::declared::{Declaration, Declared};
use crate::mapping;
use crate::source::read::{Field, Full, Shorthand, Tmpl};

mapping! {
    /// A queue in full.
    pub struct QueueSpec as "a queue" {
        /// The most items that wait in it; a producer that has more is held back. Default unbounded.
        maxsize: Tmpl<u32>,
        /// How often an item whose consumer failed is delivered in all, before it is set aside; default 3.
        max_deliveries: Tmpl<u32>,
    }
}

/// The declared queues.
pub type Queues = Declared<QueueSpec>;

impl Declaration for QueueSpec {
    const LIST: &'static str = "a list of names such as `[orders, replies]`";
    fn examples() -> Value {
        json!([["orders", "replies"], { "buns": { "maxsize": 3, "max_deliveries": 3 } }])
    }
}

mapping! {
    /// `for_each` in full.
    pub struct ForEachSpec as "`for_each`" {
        /// The queue.
        queue: Tmpl<String>,
        /// How many items are worked at once, each by a worker of its own; default 1.
        workers: Tmpl<u32>,
    }
}

/// The name of a queue, or the full form.
pub type ForEach = Full<ForEachSpec>;

impl Shorthand for ForEachSpec {
    type Short = String;
    fn in_full(queue: Field<Tmpl<String>>) -> Self {
        Self { queue, ..Self::default() }
    }
    fn examples() -> Value {
        json!(["buns", { "queue": "buns", "workers": 3 }])
    }
    /// No number is the name of a queue.
    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}
