//! Layout of what is too large for the engine, by layers: which column (`ranks`), through which points (`web`), in which
//! order (`order`), at which height (`place`).
//!
//! Long edges that leave one node, or lead to one, share their way, as the wires of a bus do: that keeps both the picture
//! readable and the work small. Beyond a number of points the longest edges go above everything.

mod order;
mod place;
mod ranks;
mod web;

use super::{Layout, Wish};
use web::Web;

/// Pixels between columns.
const ASIDE: f64 = 64.0;
/// How high above everything the longest edges go.
const ABOVE: f64 = 28.0;

/// Lays out one part. Edges from a node to itself get no points.
pub fn layout(sizes: &[(f64, f64)], wishes: &[Wish]) -> Layout {
    let edges: Vec<(usize, usize)> = wishes.iter().map(|wish| (wish.from, wish.to)).collect();
    let layers = ranks::layers(sizes.len(), &edges);
    let mut web = Web::new(&layers, &edges);
    order::few_crossings(&mut web, sizes.len());
    let (heights, tall) = place::heights(&web, sizes);
    let spans = place::spans(&web, sizes);
    let above = if web.routes.iter().any(Option::is_none) { ABOVE } else { 0.0 };
    let middle = |item: usize| heights[item] + above;
    let nodes: Vec<_> = (0..sizes.len()).map(|node| ((spans[layers[node]].0 + spans[layers[node]].1) / 2.0, middle(node))).collect();
    let mut points = Vec::with_capacity(edges.len());
    let mut labels = Vec::with_capacity(edges.len());
    for ((from, to), route) in edges.iter().zip(&web.routes) {
        let mut way = way(&web, &spans, (layers[*from], layers[*to]), route.as_deref(), &middle);
        if from == to {
            way.clear();
        } else {
            let forth = layers[*from] < layers[*to];
            if !forth {
                way.reverse();
            }
            let side = |node: usize, right: bool| (nodes[node].0 + sizes[node].0 * if right { 0.5 } else { -0.5 }, nodes[node].1);
            way.insert(0, side(*from, forth));
            way.push(side(*to, !forth));
        }
        labels.push(label(&way, web.shared_end(*from, *to)));
        points.push(way);
    }
    Layout { nodes, edges: points, labels, size: (spans.last().map_or(0.0, |span| span.1), tall + above) }
}

/// The points of an edge between its ends, from left to right: two in each column, so that it is level beside nodes.
fn way(
    web: &Web,
    spans: &[(f64, f64)],
    (one, other): (usize, usize),
    route: Option<&[usize]>,
    middle: &impl Fn(usize) -> f64,
) -> Vec<(f64, f64)> {
    let Some(route) = route else {
        let (left, right) = (one.min(other), one.max(other));
        return vec![(spans[left + 1].0, ABOVE / 4.0), (spans[right - 1].1, ABOVE / 4.0)];
    };
    let through = |item: &usize| {
        let (left, right) = spans[web.layers[*item]];
        [(left, middle(*item)), (right, middle(*item))]
    };
    route.iter().flat_map(through).collect()
}

/// Where the label of an edge stands: in a gap that it does not share.
fn label(way: &[(f64, f64)], at_begin: bool) -> (f64, f64) {
    let pair = if at_begin { way.first_chunk::<2>() } else { way.last_chunk::<2>() };
    pair.map_or((0.0, 0.0), |[a, b]| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0))
}
