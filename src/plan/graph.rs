//! Graph questions: the only file that names petgraph.
//!
//! Uses only algorithms that do not recurse, so that a chain of a hundred thousand is no deeper than one.

use std::collections::{HashMap, VecDeque};

use petgraph::graph::{DiGraph, NodeIndex};

fn digraph(nodes: usize, edges: &[(usize, usize)]) -> DiGraph<(), (), u32> {
    let mut graph = DiGraph::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (from, to) in edges {
        graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
    }
    graph
}

/// An order in which every edge leads from earlier to later, or `None` when there is a ring.
pub fn topological_order(nodes: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    petgraph::algo::toposort(&digraph(nodes, edges), None).ok().map(|order| order.into_iter().map(NodeIndex::index).collect())
}

/// Strongly connected components of two and more nodes, each sorted, in the order of their first nodes.
pub fn components(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut components: Vec<Vec<usize>> = petgraph::algo::kosaraju_scc(&digraph(nodes, edges))
        .into_iter()
        .filter(|component| component.len() > 1)
        .map(|component| {
            let mut nodes: Vec<usize> = component.into_iter().map(NodeIndex::index).collect();
            nodes.sort_unstable();
            nodes
        })
        .collect();
    components.sort();
    components
}

/// The nodes of a shortest path, both ends included; empty when there is none.
pub fn shortest_path(from: usize, to: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
    for (a, b) in edges {
        next.entry(*a).or_default().push(*b);
    }
    let mut came_from: HashMap<usize, usize> = HashMap::from([(from, from)]);
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if node == to {
            let mut path = vec![to];
            let mut at = to;
            while at != from {
                at = came_from[&at];
                path.push(at);
            }
            path.reverse();
            return path;
        }
        for other in next.get(&node).into_iter().flatten() {
            came_from.entry(*other).or_insert_with(|| {
                queue.push_back(*other);
                node
            });
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_very_long_chain_overflows_nothing() {
        let edges: Vec<(usize, usize)> = (1..300_000).map(|node| (node - 1, node)).collect();
        assert_eq!(topological_order(300_000, &edges).map(|order| order[299_999]), Some(299_999));
        assert!(components(300_000, &edges).is_empty());
    }

    #[test]
    fn rings_and_paths_are_found() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3)];
        assert_eq!(components(5, &edges), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(topological_order(5, &edges), None);
        assert_eq!(shortest_path(0, 4, &edges), [0, 1, 2, 3, 4]);
        assert!(shortest_path(4, 0, &edges).is_empty());
    }
}
