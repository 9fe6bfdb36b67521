//! From whom processes read, and when that ended.
//!
//! Only what ends tells something: a reader that ends before its input does was held up by nobody.

use std::collections::HashMap;

use super::model::{Name, Process, Queue};
use crate::base::ids::Id as _;
use crate::base::time::RunTime;
use crate::plan::{Plan, Stdin};

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// The items of a queue.
    Queue(Name),
    /// The output of a process.
    Process(usize),
}

/// The input of a process, which has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// From where.
    pub from: From,
    /// When it ended.
    pub ended: RunTime,
}

/// All of them, by reader.
#[derive(Debug, Default)]
pub struct Inputs(HashMap<usize, Input>);

impl Inputs {
    /// Those of a plan; processes and queues stand in its order.
    pub fn of(plan: &Plan, processes: &[Process], queues: &[Queue]) -> Self {
        let all = plan.processes.entries().filter_map(|(id, process)| {
            let input = match (&process.work.stdin, process.control.pipe_from) {
                (Stdin::Queue(queue), _) => {
                    let queue = queues.get(queue.index())?;
                    Input { from: From::Queue(queue.name.clone()), ended: queue.closed? }
                }
                (_, Some(writer)) => {
                    let ended = processes.get(writer.index())?.ended?;
                    Input { from: From::Process(writer.index()), ended }
                }
                _ => return None,
            };
            Some((id.index(), input))
        });
        Self(all.collect())
    }

    /// That of a process.
    pub fn of_process(&self, who: usize) -> Option<&Input> {
        self.0.get(&who)
    }
}
