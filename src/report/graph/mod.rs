//! The graph of a workflow or of a run: what waits for what, what is held and what goes through queues, by declared
//! names, so that ten copies are one node.
//!
//! Made of a plan (`of_plan`) or of a report alone (`of_report`), laid out (`layout`) and drawn (`svg`) in one way for the
//! command that shows graphs and for the page of a report. Knows nothing of pages.

mod layout;
mod legend;
mod of_plan;
mod of_report;
mod outcomes;
pub mod svg;

use serde::Serialize;

pub use outcomes::Outcomes;

/// What is drawn. Ends of edges are places in the lists of nodes.
#[derive(Debug, Default, Serialize)]
pub struct GraphPicture {
    /// All processes, by declared names.
    pub processes: Vec<Node>,
    /// Who waits for whom.
    pub joins: Vec<Edge>,
    /// Who reads what another writes.
    pub pipes: Vec<Pipe>,
    /// Locks and semaphores.
    pub resources: Vec<ResourceNode>,
    /// Who holds what.
    pub holds: Vec<Hold>,
    /// All queues.
    pub queues: Vec<QueueNode>,
    /// Who puts into which queue.
    pub puts: Vec<Flow>,
    /// Who takes from which queue.
    pub takes: Vec<Flow>,
}

/// The processes of one declared name.
#[derive(Debug, Serialize)]
pub struct Node {
    /// That name.
    pub name: String,
    /// Whether it is a background service.
    pub daemon: bool,
    /// How many there are.
    pub instances: usize,
}

/// One process waits for another.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Which is waited for.
    pub from: usize,
    /// Which waits.
    pub to: usize,
    /// Until when.
    pub until: &'static str,
}

/// One process reads what another writes.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pipe {
    /// Which writes.
    pub from: usize,
    /// Which reads.
    pub to: usize,
}

/// A lock or semaphore.
#[derive(Debug, Serialize)]
pub struct ResourceNode {
    /// Its name.
    pub name: String,
    /// `lock` or `semaphore`.
    pub kind: &'static str,
    /// How many permits; none for a lock.
    pub permits: Option<u32>,
}

/// A process holds a lock or permits.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// Who.
    pub process: usize,
    /// What.
    pub resource: usize,
    /// Whether others may hold it at the same time.
    pub shared: bool,
    /// Whether a step or a command of it does, not the process as a whole.
    pub step: bool,
}

/// A queue.
#[derive(Debug, Serialize)]
pub struct QueueNode {
    /// Its name.
    pub name: String,
    /// How many items it holds at most.
    pub maxsize: Option<u32>,
}

/// A process at one end of a queue.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Who.
    pub process: usize,
    /// Which queue.
    pub queue: usize,
}

impl GraphPicture {
    /// How a process is called, with the number of its copies.
    pub fn title(&self, node: usize) -> String {
        let node = &self.processes[node];
        if node.instances > 1 { format!("{} ×{}", node.name, node.instances) } else { node.name.clone() }
    }

    /// How a lock or semaphore is called, with its permits.
    pub fn resource_title(&self, resource: usize) -> String {
        let resource = &self.resources[resource];
        resource.permits.map_or_else(|| resource.name.clone(), |permits| format!("{} ({permits})", resource.name))
    }

    /// How a queue is called, with its size.
    pub fn queue_title(&self, queue: usize) -> String {
        let queue = &self.queues[queue];
        queue.maxsize.map_or_else(|| queue.name.clone(), |size| format!("{} ({size})", queue.name))
    }
}
