//! Parts of a graph that no edge connects: found, and put side by side in rows.

use super::{BETWEEN, Layout, Wish};

/// Nodes that hang together, and their edges by places among these nodes.
pub struct Part {
    pub nodes: Vec<usize>,
    pub wishes: Vec<Wish>,
    /// Where these edges stand among all.
    edges: Vec<usize>,
}

/// All parts, in the order of their first nodes.
pub fn divide(nodes: usize, wishes: &[Wish]) -> Vec<Part> {
    let mut heads: Vec<usize> = (0..nodes).collect();
    for wish in wishes {
        let (one, other) = (head(&mut heads, wish.from), head(&mut heads, wish.to));
        heads[one.max(other)] = one.min(other);
    }
    let mut parts: Vec<Part> = Vec::new();
    // The part of each node, and its place in it.
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(nodes);
    for node in 0..nodes {
        let first = head(&mut heads, node);
        if first == node {
            places.push((parts.len(), 0));
            parts.push(Part { nodes: vec![node], wishes: Vec::new(), edges: Vec::new() });
        } else {
            let part = places[first].0;
            places.push((part, parts[part].nodes.len()));
            parts[part].nodes.push(node);
        }
    }
    for (edge, wish) in wishes.iter().enumerate() {
        let part = &mut parts[places[wish.from].0];
        part.wishes.push(Wish { from: places[wish.from].1, to: places[wish.to].1, label: wish.label });
        part.edges.push(edge);
    }
    parts
}

/// The first node of a part, which is its smallest: each step halves the way for the next who asks.
fn head(heads: &mut [usize], mut node: usize) -> usize {
    while heads[node] != node {
        heads[node] = heads[heads[node]];
        node = heads[node];
    }
    node
}

/// One picture of all parts, the largest first, in rows that make it about as wide as screens are.
pub fn pack(parts: &[Part], laid: &[Layout], (nodes, edges): (usize, usize)) -> Layout {
    let mut whole =
        Layout { nodes: vec![(0.0, 0.0); nodes], edges: vec![Vec::new(); edges], labels: vec![(0.0, 0.0); edges], size: (0.0, 0.0) };
    let area: f64 = laid.iter().map(|one| (one.size.0 + BETWEEN) * (one.size.1 + BETWEEN)).sum();
    let wide = laid.iter().fold((area * 1.8).sqrt(), |wide, one| wide.max(one.size.0));
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|part| std::cmp::Reverse(parts[*part].nodes.len()));
    let (mut x, mut y, mut tall): (f64, f64, f64) = (0.0, 0.0, 0.0);
    for part in order {
        let (part, one) = (&parts[part], &laid[part]);
        if x > 0.0 && x + one.size.0 > wide {
            (x, y, tall) = (0.0, y + tall + BETWEEN, 0.0);
        }
        let moved = |(a, b): (f64, f64)| (a + x, b + y);
        part.nodes.iter().zip(&one.nodes).for_each(|(node, place)| whole.nodes[*node] = moved(*place));
        for (index, edge) in part.edges.iter().enumerate() {
            whole.edges[*edge] = one.edges[index].iter().copied().map(moved).collect();
            whole.labels[*edge] = moved(one.labels[index]);
        }
        whole.size = (whole.size.0.max(x + one.size.0), whole.size.1.max(y + one.size.1));
        tall = tall.max(one.size.1);
        x += one.size.0 + BETWEEN;
    }
    whole
}
