//! What worlds met, so that a rule that is never put to the test does not go unnoticed.

use std::collections::BTreeMap;

/// How often each thing happened.
pub type Met = BTreeMap<&'static str, u64>;

/// Everything that many worlds must meet.
pub const THINGS: &[&str] = &[
    "item accepted",
    "offer waited for room",
    "offer accepted in parts",
    "two offers waited at once",
    "offer refused",
    "offer given up",
    "item handed",
    "several items handed at once",
    "several takers waited",
    "taker gave up",
    "end of queue",
    "item done by a worker",
    "item done by a client",
    "item given back",
    "item of a dead client delivered again",
    "item of a failed worker delivered again",
    "item set aside for a worker",
    "item set aside for a client",
    "set aside at the first delivery",
    "worker failed for items set aside",
    "worker waited for an item",
    "worker waited for a lock with an item",
    "worker begun anew",
    "stopped with an item",
    "closed by its producers",
    "closed by request",
    "ring closed",
    "abandoned",
    "deserted with nothing left",
    "offers of what has ended accepted",
    "end seen in spite of own items",
    "slot lent",
    "halted with items left",
    "daemon stopped after its queue was drained",
    "run of one slot",
    "cut off what cannot be an item",
];
