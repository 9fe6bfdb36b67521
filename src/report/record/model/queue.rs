//! Queues, and what became of their items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;
use crate::base::time::RunTime;

/// A queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Queue {
    /// Its name.
    pub name: Name,
    /// The most items that wait in it; none is unbounded.
    pub maxsize: Option<u32>,
    /// Who puts into it, as far as the workflow says so.
    #[serde(default)]
    pub producers: Vec<Name>,
    /// Who takes from it, as far as the workflow says so.
    #[serde(default)]
    pub consumers: Vec<Name>,
    /// Items that it took in all; none when it was never closed.
    pub items: Option<u64>,
    /// Items that the workers of `for_each` have done.
    pub done: u64,
    /// Deliveries to the workers of `for_each` that failed.
    pub failed: u64,
    /// Items that were set aside, the first hundred.
    pub set_aside: Vec<SetAside>,
    /// How many more were set aside.
    pub set_aside_left_out: u64,
    /// When it was closed.
    pub closed: Option<RunTime>,
    /// When it was abandoned because nobody could take from it any more.
    pub abandoned: Option<RunTime>,
    /// How many items were left in it then.
    pub left: u64,
}

/// An item that was delivered as often as may be and never done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// When.
    pub at: RunTime,
    /// The item, shortened; what is not UTF-8 is replaced.
    pub item: String,
    /// How often it was delivered.
    pub deliveries: u32,
}
