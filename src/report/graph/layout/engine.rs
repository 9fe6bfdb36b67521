//! Careful layout of small graphs: layers, few crossings, edges led around nodes. One file names the engine, a port of
//! dagre.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::{BELOW, Layout, Wish};

/// Lays out nodes of these widths and heights. Edges from a node to itself get no points.
pub fn layout(sizes: &[(f64, f64)], wishes: &[Wish]) -> Layout {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (index, (width, height)) in sizes.iter().enumerate() {
        graph.set_node(index.to_string(), Some(NodeLabel { width: *width, height: *height, ..NodeLabel::default() }));
    }
    for (index, wish) in wishes.iter().enumerate().filter(|(_, wish)| wish.from != wish.to) {
        let label = EdgeLabel { width: wish.label.0, height: wish.label.1, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        graph.set_edge(wish.from.to_string(), wish.to.to_string(), Some(label), Some(&index.to_string()));
    }
    let options = LayoutOptions { rankdir: RankDir::LR, nodesep: BELOW, ranksep: 48.0, edgesep: 12.0, ..LayoutOptions::default() };
    dagre::layout(&mut graph, Some(options));
    read(&graph, sizes, wishes)
}

fn read(graph: &Graph<NodeLabel, EdgeLabel>, sizes: &[(f64, f64)], wishes: &[Wish]) -> Layout {
    let place = |index: usize| graph.node(&index.to_string()).and_then(|node| node.x.zip(node.y)).unwrap_or_default();
    let nodes: Vec<_> = (0..sizes.len()).map(place).collect();
    let edge = |index: usize, wish: &Wish| graph.edge(&wish.from.to_string(), &wish.to.to_string(), Some(&index.to_string()));
    let edges: Vec<Vec<_>> = wishes
        .iter()
        .enumerate()
        .map(|(index, wish)| edge(index, wish).map_or_else(Vec::new, |edge| edge.points.iter().map(|point| (point.x, point.y)).collect()))
        .collect();
    let middle = |(index, wish)| edge(index, wish).and_then(|edge| edge.x.zip(edge.y)).unwrap_or_default();
    let labels = wishes.iter().enumerate().map(middle).collect();
    let corners = nodes.iter().zip(sizes).map(|((x, y), (width, height))| (x + width / 2.0, y + height / 2.0));
    let size = corners.chain(edges.iter().flatten().copied()).fold((0.0, 0.0), |(a, b): (f64, f64), (x, y)| (a.max(x), b.max(y)));
    Layout { nodes, edges, labels, size }
}
