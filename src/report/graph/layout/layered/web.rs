//! Nodes and the points through which long edges are led, by columns. Long edges share points.

use std::collections::{BTreeSet, HashMap};

/// The most points; edges beyond that, the longest, get none.
const POINTS: usize = 20_000;

/// All items: nodes first, then points.
pub struct Web {
    /// The column of each item.
    pub layers: Vec<usize>,
    /// The items of each column, from top to bottom.
    pub columns: Vec<Vec<usize>>,
    /// The neighbours of each item in the columns left and right of it.
    pub left: Vec<Vec<usize>>,
    pub right: Vec<Vec<usize>>,
    /// The points of each edge from left to right; none for those that go above everything.
    pub routes: Vec<Option<Vec<usize>>>,
    leave: Vec<usize>,
    arrive: Vec<usize>,
}

impl Web {
    pub fn new(layers: &[usize], edges: &[(usize, usize)]) -> Self {
        let nodes = layers.len();
        let (mut leave, mut arrive) = (vec![0; nodes], vec![0; nodes]);
        for (from, to) in edges {
            leave[*from] += 1;
            arrive[*to] += 1;
        }
        let mut columns = vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
        layers.iter().enumerate().for_each(|(node, layer)| columns[*layer].push(node));
        let none = Vec::new();
        let mut web =
            Self { layers: layers.to_vec(), columns, left: none.clone(), right: none, routes: vec![None; edges.len()], leave, arrive };
        web.lead(edges);
        web
    }

    /// Whether an edge shares its way with others that lead to the same node, rather than with those that leave one.
    pub fn shared_end(&self, from: usize, to: usize) -> bool {
        self.arrive[to] > self.leave[from]
    }

    fn lead(&mut self, edges: &[(usize, usize)]) {
        let nodes = self.layers.len();
        let length = |(from, to): (usize, usize)| self.layers[from].abs_diff(self.layers[to]);
        let mut order: Vec<usize> = (0..edges.len()).collect();
        order.sort_by_key(|edge| length(edges[*edge]));
        let mut points: HashMap<(usize, bool, usize), usize> = HashMap::new();
        let mut pairs = BTreeSet::new();
        for edge in order {
            let (from, to) = edges[edge];
            let end = self.shared_end(from, to);
            let shared = if end { to } else { from };
            let (first, last) = if self.layers[from] < self.layers[to] { (from, to) } else { (to, from) };
            let between = self.layers[first] + 1..self.layers[last];
            if points.len() + between.len() > POINTS {
                continue;
            }
            let mut route = Vec::with_capacity(between.len());
            for layer in between {
                let point = *points.entry((shared, end, layer)).or_insert_with(|| {
                    self.layers.push(layer);
                    self.columns[layer].push(self.layers.len() - 1);
                    self.layers.len() - 1
                });
                route.push(point);
            }
            let stops: Vec<usize> = [first].into_iter().chain(route.iter().copied()).chain([last]).collect();
            pairs.extend(stops.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| (pair[0], pair[1])));
            self.routes[edge] = Some(route);
        }
        debug_assert!(self.layers.len() <= nodes + POINTS);
        (self.left, self.right) = (vec![Vec::new(); self.layers.len()], vec![Vec::new(); self.layers.len()]);
        for (one, other) in pairs {
            self.right[one].push(other);
            self.left[other].push(one);
        }
    }
}
