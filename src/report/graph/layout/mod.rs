//! Places for nodes and ways for edges, from left to right.
//!
//! A small graph is laid out by an engine (`engine`) that draws Mermaid's flowcharts too. Names are its only handles, and
//! it takes long for what is large: 500 nodes in layers of 20 that join two each took 1.3 s, less than half of it in the
//! search for few crossings, a third in placing, little in ranking. So what is large is divided into parts that no edge
//! connects, which fill rows, and laid out by layers of our own (`layered`), on numbers alone: less careful, but 2,000
//! nodes with 2,000 to 40,000 edges (a chain, a fan, layers, random joins, locks) took at most 0.06 s, or 0.6 s in a debug
//! build. rust-sugiyama gives no ways for edges, layout-rs draws in a style of its own.
//!
//! Figures of the engine, release: 100 nodes with 150 edges 0.09 s, with 1,600 edges 2.2 s; 200 with 350 edges 0.3 s.

mod engine;
mod layered;
mod parts;

/// More nodes than this are divided into their parts.
const WHOLE: usize = 40;
/// Of more nodes and edges than this none is given to the engine.
const FINE: usize = 300;
/// Pixels between nodes one below the other, and between parts.
const BELOW: f64 = 24.0;
const BETWEEN: f64 = 40.0;

/// An edge to be laid out: its ends, and the size of its label (0 for none).
#[derive(Clone, Copy)]
pub struct Wish {
    pub from: usize,
    pub to: usize,
    pub label: (f64, f64),
}

/// Where everything is, in pixels.
#[derive(Default)]
pub struct Layout {
    /// The middle of each node.
    pub nodes: Vec<(f64, f64)>,
    /// The points through which each edge goes.
    pub edges: Vec<Vec<(f64, f64)>>,
    /// The middle of each edge's label.
    pub labels: Vec<(f64, f64)>,
    /// Width and height of the whole.
    pub size: (f64, f64),
}

/// Lays out nodes of these widths and heights. Edges from a node to itself get no points.
pub fn layout(sizes: &[(f64, f64)], wishes: &[Wish]) -> Layout {
    let fine = sizes.len() + wishes.len() <= FINE;
    if fine && sizes.len() <= WHOLE {
        return engine::layout(sizes, wishes);
    }
    let parts = parts::divide(sizes.len(), wishes);
    let one = |part: &parts::Part| {
        let sizes: Vec<_> = part.nodes.iter().map(|node| sizes[*node]).collect();
        match &part.wishes[..] {
            [] if sizes.len() == 1 => alone(sizes[0]),
            wishes if fine => engine::layout(&sizes, wishes),
            wishes => layered::layout(&sizes, wishes),
        }
    };
    let laid = parts.iter().map(one).collect::<Vec<_>>();
    parts::pack(&parts, &laid, (sizes.len(), wishes.len()))
}

fn alone((width, height): (f64, f64)) -> Layout {
    Layout { nodes: vec![(width / 2.0, height / 2.0)], size: (width, height), ..Layout::default() }
}

#[cfg(test)]
mod tests;
